package planted

import (
	"math/rand/v2"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// scalars are the rows that only compute.
var scalars = func() (rows []*spec.Row) {
	for i := range spec.Table {
		if r := &spec.Table[i]; r.ScalarOp() {
			rows = append(rows, r)
		}
	}
	return rows
}()

var jumps = func() (rows []*spec.Row) {
	for i := range spec.Table {
		if r := &spec.Table[i]; r.Conditional() && r.Group != spec.Linux {
			rows = append(rows, r)
		}
	}
	return rows
}()

// Case makes a random case: registers from the input memory, arithmetic, forward
// branches, spills to the stack, and a result of all registers.
func Case(r *rand.Rand) *vm.Case {
	var p []spec.Insn
	add := func(i spec.Insn) { p = append(p, i) }
	for reg := uint8(0); reg < 10; reg++ {
		if reg != 1 {
			add(spec.Insn{Op: spec.LDXDW, Dst: reg, Src: 1, Off: int16(8 * reg)})
		}
	}
	add(spec.Insn{Op: spec.LDXDW, Dst: 1, Src: 1, Off: 8})
	for n := 20 + r.IntN(30); n > 0; n-- {
		switch k := r.IntN(10); {
		case k == 0:
			i := random(r, jumps[r.IntN(len(jumps))])
			i.Off = int16(r.IntN(min(n, 5)))
			add(i)
		case k == 1:
			slot, reg := -8*int16(1+r.IntN(4)), uint8(r.IntN(10))
			add(spec.Insn{Op: spec.STXDW, Dst: 10, Src: reg, Off: slot})
			add(spec.Insn{Op: spec.LDXDW, Dst: uint8(r.IntN(10)), Src: 10, Off: slot})
		default:
			add(random(r, scalars[r.IntN(len(scalars))]))
		}
	}
	for i := 0; i < 4; i++ { // where the last branches land
		add(spec.Insn{Op: spec.MOV | spec.SrcX, Dst: 9, Src: 9})
	}
	for reg := uint8(1); reg < 10; reg++ {
		add(spec.Insn{Op: spec.ClassALU64 | spec.OpMUL, Dst: 0, Imm: 31})
		add(spec.Insn{Op: spec.ClassALU64 | spec.OpXOR | spec.SrcX, Dst: 0, Src: reg})
	}
	add(spec.Insn{Op: spec.EXIT})
	memory := make([]byte, 80)
	for i := range memory {
		if memory[i] = byte(r.Uint32()); i/8%3 == 0 && i%8 > 1 {
			memory[i] = 0
		}
	}
	return &vm.Case{
		Programs: []*vm.Program{{Insns: p}},
		Inputs:   []vm.Input{{Memory: memory}, {Memory: make([]byte, 80), Seed: 1}},
	}
}

// random draws the fields of a row.
func random(r *rand.Rand, row *spec.Row) spec.Insn {
	field := func(f spec.Field) int64 {
		switch {
		case f.Kind == spec.Reserved:
			return 0
		case f.IsRegister():
			return r.Int64N(10)
		case f == spec.NonZero:
			return int64(1 + r.Int32N(1000))
		case f == spec.Any && r.IntN(2) == 0:
			return r.Int64N(64) - 32
		}
		return f.Lo + r.Int64N(f.Hi-f.Lo+1)
	}
	return spec.Insn{
		Op: row.Op, Dst: uint8(field(row.Dst)), Src: uint8(field(row.Src)),
		Off: int16(field(row.Off)), Imm: int32(field(row.Imm)),
	}
}
