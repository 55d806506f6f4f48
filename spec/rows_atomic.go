package spec

import "fmt"

// Atomic operations: RFC 9669 section 5.3, and Linux's load-acquire and
// store-release.

func atomicRows() []Row {
	ops := []struct {
		imm    int64
		name   string
		symbol string
		op     AtomicOp
	}{
		{AtomicAdd, "add", "+", AAdd},
		{AtomicOr, "or", "|", AOr},
		{AtomicAnd, "and", "&", AAnd},
		{AtomicXor, "xor", "^", AXor},
	}
	var rows []Row
	for _, s := range sizes[:2] {
		bits := 8 * int(s.bytes)
		base := Row{
			Op: ClassSTX | ModeATOMIC | s.bits, Dst: AnyReg, Off: Any, Section: "5.3", Since: "5.12", CPU: 3,
			Group: Group(fmt.Sprintf("atomic%d", bits)),
		}
		suffix := ""
		if bits == 32 {
			suffix = "32"
		}
		for _, o := range ops {
			step := Atomic{Op: o.op, Size: s.bytes, Addr: place(RegDst), X: RegSrc}
			plain, fetch := base, base
			plain.Name = fmt.Sprintf("atomic_%s%d", o.name, bits)
			plain.Src, plain.Imm = AnyReg, Is(o.imm)
			if o.imm == 0 {
				plain.Imm, plain.Since, plain.CPU = Zero, "3.18", 1
			}
			plain.Mnemonic = "lock " + o.name + suffix
			plain.Effect = fmt.Sprintf("atomically *(u%d *)(dst + off) %s= src", bits, o.symbol)
			plain.Do = Seq{Do{step}}
			fetch.Name = fmt.Sprintf("atomic_fetch_%s%d", o.name, bits)
			fetch.Src, fetch.Imm = WReg, Is(o.imm|AtomicFetch)
			fetch.Mnemonic = "lock fetch_" + o.name + suffix
			fetch.Effect = fmt.Sprintf("atomically old = *(u%d *)(dst + off), *(u%[1]d *)(dst + off) %s= src; src = old", bits, o.symbol)
			fetch.Do = Seq{Set{Src, step}}
			rows = append(rows, plain, fetch)
		}
		xchg, cmpxchg := base, base
		xchg.Name = fmt.Sprintf("atomic_xchg%d", bits)
		xchg.Src, xchg.Imm, xchg.Mnemonic = WReg, Is(AtomicXchg), "lock xchg"+suffix
		xchg.Effect = fmt.Sprintf("atomically exchange src and *(u%d *)(dst + off)", bits)
		xchg.Do = Seq{Set{Src, Atomic{Op: AXchg, Size: s.bytes, Addr: place(RegDst), X: RegSrc}}}
		cmpxchg.Name = fmt.Sprintf("atomic_cmpxchg%d", bits)
		cmpxchg.Src, cmpxchg.Imm, cmpxchg.Mnemonic = AnyReg, Is(AtomicCmpXchg), "lock cmpxchg"+suffix
		cmpxchg.Effect = fmt.Sprintf("atomically old = *(u%d *)(dst + off), store src there if old == (u%[1]d)r0; r0 = old", bits)
		cmpxchg.Do = Seq{Set{0, Atomic{Op: ACmpXchg, Size: s.bytes, Addr: place(RegDst), X: RegSrc, Cmp: R0}}}
		rows = append(rows, xchg, cmpxchg)
	}
	return append(rows, orderedRows()...)
}

// orderedRows are the load-acquire and store-release of Linux 6.15, which exist
// at all four sizes although RFC 9669 has no 8- and 16-bit atomics (erratum S7).
func orderedRows() []Row {
	var rows []Row
	for _, s := range sizes {
		bits := 8 * int(s.bytes)
		op := uint8(ClassSTX | ModeATOMIC | s.bits)
		rows = append(
			rows,
			Row{
				Name: fmt.Sprintf("load_acquire%d", bits), Op: op, Dst: WReg, Src: AnyReg, Off: Any, Imm: Is(AtomicLoadAcq),
				Mnemonic: "ldacq" + s.name, Group: Linux, Section: "linux/bpf.h BPF_LOAD_ACQ", Since: "6.15", CPU: 4,
				Effect: fmt.Sprintf("dst = load_acquire((u%d *)(src + off))", bits),
				Do:     Seq{Set{Dst, Atomic{Op: ALoadAcquire, Size: s.bytes, Addr: place(RegSrc)}}},
			},
			Row{
				Name: fmt.Sprintf("store_release%d", bits), Op: op, Dst: AnyReg, Src: AnyReg, Off: Any, Imm: Is(AtomicStoreRel),
				Mnemonic: "strel" + s.name, Group: Linux, Section: "linux/bpf.h BPF_STORE_REL", Since: "6.15", CPU: 4,
				Effect: fmt.Sprintf("store_release((u%d *)(dst + off), src)", bits),
				Do:     Seq{Do{Atomic{Op: AStoreRelease, Size: s.bytes, Addr: place(RegDst), X: RegSrc}}},
			})
	}
	return rows
}
