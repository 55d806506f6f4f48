package spec

// fit is a row's fields in a form that is quick to test. Almost every instruction
// that is looked up or checked is a right one, and for these it is all that is
// needed: the rows themselves are for the others, and for saying what is wrong.
type fit struct {
	row          *Row
	immLo, immHi int32
	offLo, offHi int16
	src, dst     [2]uint8 // lowest, highest
	nonZero      bool     // the immediate
}

var fits = func() (x [256][]fit) {
	for i := range Table {
		r := &Table[i]
		f := fit{row: r, src: [2]uint8{uint8(r.Src.Lo), uint8(r.Src.Hi)}, dst: [2]uint8{uint8(r.Dst.Lo), uint8(r.Dst.Hi)}}
		f.offLo, f.offHi = int16(max(r.Off.Lo, -1<<15)), int16(min(r.Off.Hi, 1<<15-1))
		f.immLo, f.immHi = int32(r.Imm.Lo), int32(r.Imm.Hi)
		if r.Imm == NonZero {
			f.immLo, f.immHi, f.nonZero = -1<<31, 1<<31-1, true
		}
		x[r.Op] = append(x[r.Op], f)
	}
	return x
}()

// fitting is the row that an instruction fits in every field, or nil.
func fitting(i Insn) *Row {
	rows := fits[i.Op]
	for n := range rows {
		f := &rows[n]
		if i.Dst >= f.dst[0] && i.Dst <= f.dst[1] && i.Src >= f.src[0] && i.Src <= f.src[1] &&
			i.Off >= f.offLo && i.Off <= f.offHi && i.Imm >= f.immLo && i.Imm <= f.immHi && (!f.nonZero || i.Imm != 0) {
			return f.row
		}
	}
	return nil
}
