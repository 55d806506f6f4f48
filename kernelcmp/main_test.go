package kernelcmp

import (
	"encoding/binary"
	"errors"
	"os"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

func TestMain(m *testing.M) {
	ExecutorMain()
	os.Exit(m.Run())
}

// kernel opens a Target, or skips the test where bpf(2) is not permitted. In CI as
// root it must be.
func kernel(t testing.TB, opts Options) *Target {
	t.Helper()
	k, err := Open(opts)
	switch {
	case err == nil:
		t.Cleanup(func() { k.Close() })
		return k
	case errors.Is(err, ErrNotPermitted) && (os.Getenv("CI") != "true" || os.Getuid() != 0):
		t.Skipf("needs bpf(2): %v", err)
	}
	t.Fatal(err)
	return nil
}

// A few instructions by name, so that the tests read like programs.

func insns(parts ...any) []spec.Insn {
	var out []spec.Insn
	for _, p := range parts {
		switch p := p.(type) {
		case spec.Insn:
			out = append(out, p)
		case []spec.Insn:
			out = append(out, p...)
		}
	}
	return out
}

var exit = spec.Insn{Op: spec.EXIT}

func mov(dst uint8, imm int32) spec.Insn { return spec.Insn{Op: spec.MOV, Dst: dst, Imm: imm} }
func movx(dst, src uint8) spec.Insn      { return spec.Insn{Op: spec.MOVX, Dst: dst, Src: src} }
func add(dst uint8, imm int32) spec.Insn {
	return spec.Insn{Op: spec.ClassALU64 | spec.OpADD, Dst: dst, Imm: imm}
}

func addx(dst, src uint8) spec.Insn {
	return spec.Insn{Op: spec.ClassALU64 | spec.OpADD | spec.SrcX, Dst: dst, Src: src}
}
func call(helper int32) spec.Insn { return spec.Insn{Op: spec.CALL, Imm: helper} }
func jmp(op, dst uint8, imm int32, off int16) spec.Insn {
	return spec.Insn{Op: spec.ClassJMP | op, Dst: dst, Imm: imm, Off: off}
}

func jmpx(op, dst, src uint8, off int16) spec.Insn {
	return spec.Insn{Op: spec.ClassJMP | spec.SrcX | op, Dst: dst, Src: src, Off: off}
}

func ldx(size, dst, src uint8, off int16) spec.Insn {
	return spec.Insn{Op: spec.ClassLDX | spec.ModeMEM | size, Dst: dst, Src: src, Off: off}
}

func st(size, dst uint8, off int16, imm int32) spec.Insn {
	return spec.Insn{Op: spec.ClassST | spec.ModeMEM | size, Dst: dst, Off: off, Imm: imm}
}

func stx(size, dst, src uint8, off int16) spec.Insn {
	return spec.Insn{Op: spec.ClassSTX | spec.ModeMEM | size, Dst: dst, Src: src, Off: off}
}

func lddw(dst, src uint8, v uint64) []spec.Insn {
	return []spec.Insn{{Op: spec.LDDW, Dst: dst, Src: src, Imm: int32(v)}, {Imm: int32(v >> 32)}}
}
func mapFD(dst uint8, n int) []spec.Insn { return lddw(dst, spec.LDDWMapFD, uint64(n)) }

func prog(t hook.Type, parts ...any) *vm.Program {
	return &vm.Program{Type: t, Order: hostOrder, Insns: insns(parts...)}
}

func u32(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }
func u64(v uint64) []byte { return binary.NativeEndian.AppendUint64(nil, v) }

func one(p *vm.Program, inputs ...vm.Input) *vm.Case {
	if len(inputs) == 0 {
		inputs = []vm.Input{{Packet: make([]byte, 64), Memory: make([]byte, 8), Context: nil}}
	}
	return &vm.Case{Programs: []*vm.Program{p}, Inputs: inputs}
}

func exited(t *testing.T, o vm.Outcome) vm.Outcome {
	t.Helper()
	if o.Kind != vm.Exit {
		t.Fatalf("%s: %s", o.Kind, o.Reason)
	}
	return o
}

var arrayOf8 = maps.Spec{Name: "a", Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 4}
