package spec

import "fmt"

// Loads, stores, 64-bit immediates and packet access: RFC 9669 section 5.

// sizes pairs the size bits with bytes and names, widest first as in the RFC.
var sizes = []struct {
	bits  uint8
	bytes Size
	name  string
}{
	{SizeDW, 8, "dw"}, {SizeW, 4, "w"}, {SizeH, 2, "h"}, {SizeB, 1, "b"},
}

func place(r Expr) Expr { return Binary{Add, W64, r, Off{}} }

func memRows() []Row {
	var rows []Row
	for _, s := range sizes {
		bits := 8 * uint8(s.bytes)
		g := Base32
		if s.bytes == 8 {
			g = Base64
		}
		rows = append(
			rows,
			Row{
				Name: "ldx" + s.name, Op: ClassLDX | ModeMEM | s.bits, Dst: WReg, Src: AnyReg, Off: Any,
				Mnemonic: "ldx" + s.name, Group: g, Section: "5.1", Since: "3.18", CPU: 1,
				Effect: fmt.Sprintf("dst = *(u%d *)(src + off)", bits), Do: Seq{Set{Dst, Load{s.bytes, place(RegSrc)}}},
			},
			Row{
				Name: "st" + s.name, Op: ClassST | ModeMEM | s.bits, Dst: AnyReg, Off: Any, Imm: Any,
				Mnemonic: "st" + s.name, Group: g, Section: "5.1", Since: "3.18", CPU: 1,
				Effect: fmt.Sprintf("*(u%d *)(dst + off) = imm", bits), Do: Seq{Store{s.bytes, place(RegDst), Imm{}}},
			},
			Row{
				Name: "stx" + s.name, Op: ClassSTX | ModeMEM | s.bits, Dst: AnyReg, Src: AnyReg, Off: Any,
				Mnemonic: "stx" + s.name, Group: g, Section: "5.1", Since: "3.18", CPU: 1,
				Effect: fmt.Sprintf("*(u%d *)(dst + off) = src", bits), Do: Seq{Store{s.bytes, place(RegDst), RegSrc}},
			})
		if s.bytes == 8 {
			continue
		}
		rows = append(rows, Row{
			Name: "ldxs" + s.name, Op: ClassLDX | ModeMEMSX | s.bits, Dst: WReg, Src: AnyReg, Off: Any,
			Mnemonic: "ldxs" + s.name, Group: Base32, Section: "5.2", Since: "6.6", CPU: 4,
			Effect: fmt.Sprintf("dst = (s64)*(s%d *)(src + off)", bits),
			Do:     Seq{Set{Dst, Unary{Sext, Width(bits), Load{s.bytes, place(RegSrc)}}}},
		})
	}
	rows = append(rows, lddwRows()...)
	return append(rows, packetRows()...)
}

func lddwRows() []Row {
	forms := []struct {
		src          int64
		name, effect string
		next         Field
		do           Expr
		since        string
	}{
		{LDDWValue, "lddw", "dst = (u64)next_imm << 32 | (u32)imm", Any, Wide{}, "3.18"},
		{LDDWMapFD, "lddw.map_fd", "dst = map_by_fd(imm)", Zero, Address{MapByFD}, "3.18"},
		{LDDWMapValue, "lddw.map_value", "dst = map_val(map_by_fd(imm)) + next_imm", Any, Address{MapValueByFD}, "5.2"},
		{LDDWBTFVar, "lddw.btf_var", "dst = var_addr(imm)", Any, Address{KernelVar}, "5.10"},
		{LDDWFunc, "lddw.func", "dst = code_addr(imm), a subprogram for a callback", Zero, Address{CodeAddr}, "5.13"},
		{LDDWMapIdx, "lddw.map_idx", "dst = map_by_idx(imm)", Zero, Address{MapByIdx}, "5.14"},
		{LDDWMapIdxValue, "lddw.map_idx_value", "dst = map_val(map_by_idx(imm)) + next_imm", Any, Address{MapValueByIdx}, "5.14"},
	}
	var rows []Row
	for _, f := range forms {
		src := Is(f.src)
		if f.src == 0 {
			src = Zero
		}
		rows = append(rows, Row{
			Name: f.name, Op: LDDW, Dst: WReg, Src: src, Imm: Any, Next: f.next, Mnemonic: "lddw",
			Group: Base64, Section: "5.4", Since: f.since, CPU: 1, Effect: f.effect, Do: Seq{Set{Dst, f.do}},
		})
	}
	return rows
}

// packetRows are the deprecated LD_ABS and LD_IND. RFC 9669 section 5.5 leaves
// them to the implementation; this is what Linux does.
func packetRows() []Row {
	var rows []Row
	for _, s := range sizes[1:] {
		for _, mode := range []struct {
			name string
			bits uint8
			src  Field
			at   Expr
			text string
		}{
			{"ldabs", ModeABS, Zero, Imm{}, "imm"},
			{"ldind", ModeIND, AnyReg, Binary{Add, W32, RegSrc, Imm{}}, "(u32)src + imm"},
		} {
			rows = append(rows, Row{
				Name: mode.name + s.name, Op: ClassLD | mode.bits | s.bits, Src: mode.src, Imm: Any,
				Mnemonic: mode.name + s.name, Group: Packet, Section: "5.5", Since: "3.18", CPU: 1,
				Effect: fmt.Sprintf("r0 = ntoh(*(u%d *)(packet + %s)), or r0 = 0 and exit if that is outside; r1 to r5 become undefined", 8*uint8(s.bytes), mode.text),
				Do: Seq{
					If{
						Cond: PacketHas{s.bytes, mode.at},
						Then: Seq{Set{0, PacketLoad{s.bytes, mode.at}}, Clobber{1, 5}},
						Else: Seq{Set{0, Const(0)}, Exit{}},
					},
				},
			})
		}
	}
	return rows
}
