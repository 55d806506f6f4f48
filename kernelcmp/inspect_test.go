package kernelcmp

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// The verifier turns a division by a register into instructions that ask for zero, and
// a JIT makes code of it.
func TestInspect(t *testing.T) {
	k := kernel(t, Options{})
	div := spec.Insn{Op: spec.ClassALU64 | spec.OpDIV | spec.SrcX, Dst: 0, Src: 1}
	p := prog(hook.SocketFilter, ldx(spec.SizeW, 1, 1, 0), mov(0, 7), div, exit)
	v := k.Verify([]*vm.Case{one(p)})[0]
	if !v.Accepted() || len(v.Programs) != 1 {
		t.Fatalf("%+v", v)
	}
	info := v.Programs[0]
	xlated, err := spec.Split(info.Xlated, k.Order())
	if err != nil || len(xlated) <= len(p.Insns) {
		t.Errorf("rewritten: %v (%v), want more than the %d instructions of the program", xlated, err, len(p.Insns))
	}
	if info.Verified != uint32(len(p.Insns)) {
		t.Errorf("the verifier looked at %d instructions, want %d", info.Verified, len(p.Insns))
	}
	if info.JIT != nil && len(info.JIT) != int(info.JITLen) {
		t.Errorf("%d bytes of native code, said to be %d", len(info.JIT), info.JITLen)
	}
	t.Logf("%d bytes of native code, %d shown", info.JITLen, len(info.JIT))
}
