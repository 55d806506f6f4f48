package refvm

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

const (
	k, x = spec.SrcK, spec.SrcX
	alu  = spec.ClassALU
	alu6 = spec.ClassALU64
)

func movi(dst uint8, imm int32) spec.Insn { return spec.Insn{Op: spec.MOV, Dst: dst, Imm: imm} }
func movr(dst, src uint8) spec.Insn       { return spec.Insn{Op: spec.MOVX, Dst: dst, Src: src} }

var exit = spec.Insn{Op: spec.EXIT}

func lddw(dst uint8, v uint64) []spec.Insn {
	return []spec.Insn{{Op: spec.LDDW, Dst: dst, Imm: int32(v)}, {Imm: int32(v >> 32)}}
}

func prog(parts ...any) *vm.Program {
	p := &vm.Program{}
	for _, x := range parts {
		switch x := x.(type) {
		case spec.Insn:
			p.Insns = append(p.Insns, x)
		case []spec.Insn:
			p.Insns = append(p.Insns, x...)
		}
	}
	return p
}

// bothForms runs a case by the trees and by the generated code, in both forms of
// memory.
func bothForms(t *testing.T, c *vm.Case) vm.Outcome {
	t.Helper()
	var first vm.Outcome
	for i, walk := range []bool{true, false} {
		for _, list := range []bool{false, true} {
			m := mem.NewList()
			if !list {
				var err error
				if m, err = mem.New(); err != nil {
					t.Fatal(err)
				}
			}
			target := vm.NewTarget(&Engine{Walk: walk}, m)
			got := target.Run(c)[0]
			if i == 0 && !list {
				first = got
			} else if d, ok := vm.Compare(&first, &got, vm.ObsAll); !ok {
				t.Errorf("walk %v, list %v: %v", walk, list, d)
			}
			target.Close()
		}
	}
	return first
}

func TestPrograms(t *testing.T) {
	// The expectations are RFC 9669's, worked out by hand.
	const min64 = 1 << 63
	array := &maps.Spec{Name: "a", Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 2}
	for _, tt := range []struct {
		name string
		p    *vm.Program
		r0   uint64
	}{
		{"mov sign-extends", prog(movi(0, -1), exit), ^uint64(0)},
		{"mov32 zero-extends", prog(spec.Insn{Op: alu | spec.OpMOV, Imm: -1}, exit), 0xffff_ffff},
		{"lddw", prog(lddw(0, 0x1122334455667788), exit), 0x1122334455667788},
		{"div by zero", prog(movi(0, 7), movi(1, 0), spec.Insn{Op: alu6 | spec.OpDIV | x, Dst: 0, Src: 1}, exit), 0},
		{"mod32 by zero truncates", prog(lddw(0, 0x1_0000_0007), movi(1, 0), spec.Insn{Op: alu | spec.OpMOD | x, Src: 1}, exit), 7},
		{"sdiv MIN by -1", prog(lddw(0, min64), movi(1, -1), spec.Insn{Op: alu6 | spec.OpDIV | x, Src: 1, Off: 1}, exit), min64},
		{"div by imm -1 is by 2^64-1", prog(lddw(0, ^uint64(0)), spec.Insn{Op: alu6 | spec.OpDIV, Imm: -1}, exit), 1},
		{"shift counts wrap", prog(movi(0, 1), movi(1, 65), spec.Insn{Op: alu6 | spec.OpLSH | x, Src: 1}, exit), 2},
		{"le16 truncates", prog(lddw(0, 0x1122334455667788), spec.Insn{Op: alu | spec.OpEND, Imm: 16}, exit), 0x7788},
		{"be16 swaps", prog(lddw(0, 0x1122334455667788), spec.Insn{Op: alu | spec.OpEND | x, Imm: 16}, exit), 0x8877},
		{"stack", prog(
			spec.Insn{Op: spec.STDW, Dst: 10, Off: -8, Imm: -2},
			spec.Insn{Op: spec.ClassLDX | spec.ModeMEMSX | spec.SizeB, Dst: 0, Src: 10, Off: -8}, exit), ^uint64(1)},
		{"cmpxchg32 zero-extends", prog(
			spec.Insn{Op: spec.STDW, Dst: 10, Off: -8, Imm: 5}, lddw(0, 0xffffffff_00000005), movi(2, 9),
			spec.Insn{Op: spec.ClassSTX | spec.ModeATOMIC | spec.SizeW, Dst: 10, Src: 2, Off: -8, Imm: spec.AtomicCmpXchg},
			exit), 5},
		{"local call", prog(movi(1, 20), movi(6, 2), spec.Insn{Op: spec.CALL, Src: spec.CallLocal, Imm: 2},
			spec.Insn{Op: alu6 | spec.OpADD | x, Dst: 0, Src: 6}, exit,
			movr(0, 1), movi(6, 100), exit), 22},
		{"map lookup", prog(
			spec.Insn{Op: spec.ClassST | spec.ModeMEM | spec.SizeW, Dst: 10, Off: -4, Imm: 1},
			spec.Insn{Op: spec.LDDW, Dst: 1, Src: spec.LDDWMapFD}, spec.Insn{}, movr(2, 10), spec.Insn{Op: alu6 | spec.OpADD, Dst: 2, Imm: -4},
			spec.Insn{Op: spec.CALL, Imm: vm.HelperMapLookup},
			spec.Insn{Op: spec.STDW, Dst: 0, Imm: 77}, spec.Insn{Op: spec.LDXDW, Dst: 0, Src: 0}, exit), 77},
		{"bpf_loop", prog(
			spec.Insn{Op: spec.STDW, Dst: 10, Off: -8, Imm: 0}, movi(1, 10),
			spec.Insn{Op: spec.LDDW, Dst: 2, Src: spec.LDDWFunc, Imm: 7}, spec.Insn{}, movr(3, 10), movi(4, 0),
			spec.Insn{Op: spec.CALL, Imm: vm.HelperLoop},
			spec.Insn{Op: spec.LDXDW, Dst: 1, Src: 10, Off: -8},
			spec.Insn{Op: alu6 | spec.OpADD | x, Dst: 0, Src: 1}, exit,
			// callback: *(ctx-8) += index
			spec.Insn{Op: spec.LDXDW, Dst: 3, Src: 2, Off: -8}, spec.Insn{Op: alu6 | spec.OpADD | x, Dst: 3, Src: 1},
			spec.Insn{Op: spec.STXDW, Dst: 2, Src: 3, Off: -8}, movi(0, 0), exit), 10 + 45},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := bothForms(t, &vm.Case{Programs: []*vm.Program{tt.p}, Maps: []*maps.Spec{array}, Inputs: []vm.Input{{}}})
			if o.Kind != vm.Exit || o.R0 != tt.r0 || o.Undef&1 != 0 || o.Tainted {
				t.Errorf("got %v r0 %#x undef %b (%s %v), want exit r0 %#x", o.Kind, o.R0, o.Undef, o.Reason, o.Fault, tt.r0)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		name string
		p    *vm.Program
		want vm.Fault
	}{
		{"null", prog(movi(1, 0), spec.Insn{Op: spec.LDXDW, Dst: 0, Src: 1, Off: 4}, exit), vm.Fault{Kind: vm.FaultRead, PC: 1, Addr: 4}},
		{"above the stack", prog(spec.Insn{Op: spec.STDW, Dst: 10, Off: -4}, exit), vm.Fault{Kind: vm.FaultWrite, Addr: mem.StackBase + 508}},
		{
			"beyond 4 GiB", prog(lddw(1, 1<<40|mem.StackBase), spec.Insn{Op: spec.LDXDW, Dst: 0, Src: 1}, exit),
			vm.Fault{Kind: vm.FaultRead, PC: 2, Addr: 1<<40 | mem.StackBase},
		},
		{
			"misaligned atomic", prog(movi(0, 0), spec.Insn{Op: spec.ClassSTX | spec.ModeATOMIC | spec.SizeDW, Dst: 10, Off: -12}, exit),
			vm.Fault{Kind: vm.FaultAlign, PC: 1, Addr: mem.StackBase + 500},
		},
		{"nine frames", prog(spec.Insn{Op: spec.CALL, Src: spec.CallLocal, Imm: -1}, exit), vm.Fault{Kind: vm.FaultDepth}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := bothForms(t, &vm.Case{Programs: []*vm.Program{tt.p}, Inputs: []vm.Input{{}}})
			if o.Kind != vm.Faulted || o.Fault != tt.want {
				t.Errorf("got %v %v (%s), want %v", o.Kind, o.Fault, o.Reason, tt.want)
			}
		})
	}
}

func TestUndefined(t *testing.T) {
	for _, tt := range []struct {
		name    string
		p       *vm.Program
		undef   bool
		tainted bool
	}{
		{"unwritten stack", prog(spec.Insn{Op: spec.LDXDW, Dst: 0, Src: 10, Off: -8}, exit), true, false},
		{"r1 after a call", prog(spec.Insn{Op: spec.CALL, Imm: vm.HelperProcessorID}, movr(0, 1), exit), true, false},
		{"branch on r3", prog(movi(0, 0), spec.Insn{Op: spec.ClassJMP | spec.OpJEQ, Dst: 3}, exit), false, true},
		{"spill and fill keeps it", prog(spec.Insn{Op: spec.STXDW, Dst: 10, Src: 4, Off: -8}, spec.Insn{Op: spec.LDXDW, Dst: 0, Src: 10, Off: -8}, exit), true, false},
		{"written stack", prog(spec.Insn{Op: spec.STDW, Dst: 10, Off: -8}, spec.Insn{Op: spec.LDXDW, Dst: 0, Src: 10, Off: -8}, exit), false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.p.Type = hook.XDP
			o := bothForms(t, &vm.Case{Programs: []*vm.Program{tt.p}, Inputs: []vm.Input{{}}})
			if o.Kind != vm.Exit || o.Undef&1 != 0 != tt.undef || o.Tainted != tt.tainted {
				t.Errorf("got %v undef %b tainted %v (%s)", o.Kind, o.Undef, o.Tainted, o.Reason)
			}
		})
	}
}
