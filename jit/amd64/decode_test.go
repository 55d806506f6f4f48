package amd64

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/arch/x86/x86asm"

	"github.com/lockstep-ebpf/lockstep/jit/plan"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the random tests")

// TestEverythingDecodes compiles random instructions of every row, in every mode,
// and decodes all of it. Every slot's code has to begin where an instruction does.
func TestEverythingDecodes(t *testing.T) {
	t.Logf("-seed %d", *seed)
	rnd := rand.New(rand.NewPCG(*seed, 0))
	var c Compiler // without BMI2, whose prefixes x86asm does not know: see TestShiftX
	count := 0
	for range 20 {
		p := everyRow(rnd)
		for m := range plan.Mode(plan.NumModes) {
			made := c.Compile(plan.New(p, m, nil))
			starts := map[int]bool{}
			for at := 0; at < len(made.Bytes); count++ {
				starts[at] = true
				in, err := x86asm.Decode(made.Bytes[at:], 64)
				if err != nil {
					t.Fatalf("mode %b: % x at %d: %v", m, made.Bytes[at:min(at+15, len(made.Bytes))], at, err)
				}
				at += in.Len
			}
			for pc, off := range made.Offset {
				if !starts[int(off)] && int(off) != len(made.Bytes) {
					t.Errorf("mode %b: code of %v at %d is no start of an instruction", m, p.Insns[pc], off)
				}
			}
		}
	}
	t.Logf("%d instructions decoded", count)
}

// everyRow is a program with one instruction of every row, in random order.
func everyRow(rnd *rand.Rand) *vm.Loaded {
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
