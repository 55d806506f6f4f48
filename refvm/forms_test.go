package refvm

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the random tests")

// TestFormsAgree runs every row on random operands by the trees and by the
// generated code, in both byte orders: all registers, marks and memory agree.
func TestFormsAgree(t *testing.T) {
	t.Logf("-seed %d", *seed)
	rnd := rand.New(rand.NewPCG(*seed, 0))
	var targets [2]*vm.EngineTarget
	for i := range targets {
		m, err := mem.New()
		if err != nil {
			t.Fatal(err)
		}
		targets[i] = vm.NewTarget(&Engine{Walk: i == 0}, m)
		defer targets[i].Close()
	}
	ran := 0
	for i := range spec.Table {
		row := &spec.Table[i]
		if row.Internal || row.Op == spec.CALL || row.Casts() || row.IsWide() && row.Src.Lo != 0 {
			continue // calls and addresses need a program around them: TestPrograms
		}
		for range 100 {
			c := oneRow(rnd, row)
			a, b := targets[0].Run(c)[0], targets[1].Run(c)[0]
			if a.Kind == vm.LoadRejected {
				t.Fatalf("%s: %s", row.Name, a.Reason)
			}
			if d, ok := vm.Compare(&a, &b, vm.ObsAll); !ok || a.Undef != b.Undef || a.Tainted != b.Tainted {
				t.Errorf("%s: %v, undef %b and %b, insns %v", row.Name, d, a.Undef, b.Undef, c.Programs[0].Insns)
			}
		}
		ran++
	}
	t.Logf("%d rows", ran)
}

// oneRow is a program that puts random numbers into r0 to r9 and some of the
// stack, leaves one register undefined, and runs one instruction of the row.
func oneRow(rnd *rand.Rand, row *spec.Row) *vm.Case {
	var insns []spec.Insn
	undef := uint8(rnd.IntN(20)) // often none
	for r := uint8(0); r < 10; r++ {
		if r == undef {
			continue
		}
		v := corner(rnd)
		insns = append(insns, spec.Insn{Op: spec.LDDW, Dst: r, Imm: int32(v)}, spec.Insn{Imm: int32(v >> 32)})
	}
	insns = append(insns, spec.Insn{Op: spec.STDW, Dst: 10, Off: -16, Imm: int32(corner(rnd))})
	in := spec.Insn{Op: row.Op, Dst: pick(rnd, row.Dst), Src: pick(rnd, row.Src), Off: int16(inField(rnd, row.Off)), Imm: int32(inField(rnd, row.Imm))}
	if row.Branches() {
		in.Off = 1
		if row.JumpsByImm() {
			in.Off, in.Imm = 0, 1
		}
	}
	if base := addressRegister(row); base != nil {
		if at := base(&in); *at < 10 && undef != *at {
			insns = append(insns, spec.Insn{Op: spec.MOVX, Dst: *at, Src: 10})
		}
		in.Off = int16(-8 * (1 + rnd.IntN(3)))
	}
	insns = append(insns, in)
	if row.IsWide() {
		insns = append(insns, spec.Insn{Imm: int32(corner(rnd))})
	}
	insns = append(insns, spec.Insn{Op: spec.ClassALU64 | spec.OpADD, Dst: 0, Imm: 1}, spec.Insn{Op: spec.EXIT})
	p := &vm.Program{Type: hook.SocketFilter, Order: spec.ByteOrder(rnd.IntN(2)), Insns: insns}
	return &vm.Case{Programs: []*vm.Program{p}, Inputs: []vm.Input{{Packet: []byte{1, 2, 3, 4, 5, 6, 7, 8}}}}
}

// addressRegister says which register holds the address of a row's access.
func addressRegister(row *spec.Row) func(*spec.Insn) *uint8 {
	switch row.Class() {
	case spec.ClassLDX:
		return func(i *spec.Insn) *uint8 { return &i.Src }
	case spec.ClassST, spec.ClassSTX:
		if row.Imm == spec.Is(spec.AtomicLoadAcq) {
			return func(i *spec.Insn) *uint8 { return &i.Src }
		}
		return func(i *spec.Insn) *uint8 { return &i.Dst }
	}
	return nil
}

func corner(rnd *rand.Rand) uint64 {
	switch rnd.IntN(4) {
	case 0:
		return rnd.Uint64()
	case 1:
		return uint64(rnd.IntN(5) - 2)
	case 2:
		return 1<<rnd.IntN(64) - uint64(rnd.IntN(3)-1)
	}
	return uint64(int64(int32(rnd.Uint32())))
}

func pick(rnd *rand.Rand, f spec.Field) uint8 { return uint8(inField(rnd, f)) }

func inField(rnd *rand.Rand, f spec.Field) int64 {
	if f == spec.NonZero {
		return int64(int32(corner(rnd) | 1))
	}
	if f == spec.Any {
		return int64(int32(corner(rnd)))
	}
	return f.Lo + rnd.Int64N(f.Hi-f.Lo+1)
}
