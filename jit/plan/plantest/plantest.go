// Package plantest makes programs to test lowerings with.
package plantest

import (
	"math/rand/v2"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// EveryRow is a program with one instruction of every row of the table, in random
// order. It is to be compiled, not run.
func EveryRow(rnd *rand.Rand) *vm.Loaded {
	l := &vm.Loaded{Program: &vm.Program{}, Funcs: []int{0}}
	for _, r := range rnd.Perm(len(spec.Table)) {
		row := &spec.Table[r]
		if row.Internal || row.Casts() || row.Op == spec.CALL && row.Src == spec.Is(spec.CallKfunc) {
			continue
		}
		i := spec.Insn{Op: row.Op, Dst: within(rnd, row.Dst), Src: within(rnd, row.Src)}
		switch {
		case row.Op == spec.CALL && row.Src == spec.Is(spec.CallLocal):
			i.Imm = int32(-1 - len(l.Insns))
		case row.Op == spec.CALL:
			i.Imm = vm.HelperKtime
		case row.Branches():
			i.Off = int16(-rnd.IntN(len(l.Insns) + 1))
			if row.JumpsByImm() {
				i.Off, i.Imm = 0, int32(i.Off)
			} else if row.Imm == spec.Any {
				i.Imm = number(rnd)
			}
		default:
			i.Off, i.Imm = int16(row.Off.Lo), int32(row.Imm.Lo)
			if row.Off == spec.Any {
				i.Off = int16(number(rnd))
			}
			if row.Imm == spec.Any || row.Imm == spec.NonZero {
				i.Imm = number(rnd) | 1
			}
		}
		l.Insns = append(l.Insns, i)
		if row.IsWide() {
			l.Insns = append(l.Insns, spec.Insn{})
		}
	}
	l.Aux = make([]vm.InsnAux, len(l.Insns))
	for i := range l.Aux {
		l.Aux[i].Value = uint64(number(rnd)) * uint64(number(rnd))
	}
	return l
}

func number(rnd *rand.Rand) int32 { return int32(rnd.Uint32()) >> rnd.IntN(32) }

func within(rnd *rand.Rand, f spec.Field) uint8 { return uint8(f.Lo + rnd.Int64N(f.Hi-f.Lo+1)) }
