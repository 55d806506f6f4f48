package spec

// Forms that exist inside Linux only: its verifier writes them, its JITs read
// them, and it refuses them from user space. They are here so that a dump of a
// rewritten program can be named, and so that their refusal can be explained.
func internalRows() []Row {
	row := func(name string, op uint8, off Field, effect string) Row {
		return Row{
			Name: name, Op: op, Dst: Field{Number, 0, 15}, Src: Field{Number, 0, 15}, Off: off, Imm: Any, Mnemonic: name,
			Group: Linux, Section: "linux/filter.h", Internal: true, Effect: effect,
		}
	}
	rows := []Row{
		row("mov_percpu", MOVX, Is(-1), "dst = address of the per-CPU variable src on this CPU"),
		row("nospec", ClassST|0xc0, Any, "speculation barrier"),
		row("tail_call", ClassJMP|0xf0, Any, "tail call, in place of the call of helper 12"),
	}
	for _, s := range sizes {
		rows = append(rows, row("probe_ldx"+s.name, ClassLDX|ModeABS|s.bits, Any, "dst = load that reads 0 where it faults"))
		if s.bytes < 8 {
			rows = append(
				rows,
				row("probe_ldxs"+s.name, ClassLDX|ModeIND|s.bits, Any, "dst = sign-extending load that reads 0 where it faults"),
				row("arena_ldxs"+s.name, ClassLDX|0xc0|s.bits, Any, "dst = sign-extending load in the arena, fault-tolerant"),
			)
		}
		for _, c := range []struct {
			name  string
			class uint8
		}{{"ldx", ClassLDX}, {"st", ClassST}, {"stx", ClassSTX}} {
			rows = append(rows, row("arena_"+c.name+s.name, c.class|0xa0|s.bits, Any, c.name+" in the arena, fault-tolerant"))
		}
		rows = append(rows, row("arena_atomic"+s.name, ClassSTX|0xe0|s.bits, Any, "atomic in the arena, fault-tolerant"))
	}
	return rows
}
