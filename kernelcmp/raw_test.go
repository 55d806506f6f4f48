package kernelcmp

import (
	"strings"
	"syscall"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// A load of any type is judged as it is, and says why it was refused or could not be asked.
func TestTryLoads(t *testing.T) {
	k := kernel(t, Options{})
	const sysctl, sleepableFlag = 23, 1 << 4
	lookup := []spec.Insn{
		{Op: spec.LDDW, Dst: 1, Src: spec.LDDWMapFD},
		{},
		{Op: spec.CALL, Imm: 1},
		mov(0, 0), exit,
	}
	loads := []*Load{
		{Type: sysctl, Attach: 18, Insns: insns(mov(0, 1), exit)},
		{Type: sysctl, Attach: 18, Insns: insns(mov(0, 2), exit)},
		{Type: 1, Insns: insns(mov(1, 0), exit)},
		{Type: 1, Insns: lookup, Maps: []RawMap{{Type: uint32(maps.Array), KeySize: 4, ValueSize: 8, MaxEntries: 1, Value: "lock"}}},
		{Type: 1, Insns: lookup, Maps: []RawMap{{Type: 999, KeySize: 4, ValueSize: 8, MaxEntries: 1}}},
		{Type: 26, Attach: 23, BTF: "btf_trace_there_is_no_such", Insns: insns(mov(0, 0), exit)},
		{Type: 1, License: "none", Insns: insns(mov(0, 0), spec.Insn{Op: spec.CALL, Imm: 6}, exit)},
		{Type: 31, Flags: sleepableFlag, Insns: insns(mov(0, 0), exit)},
	}
	for i, want := range []struct {
		errno        syscall.Errno
		problem, log string
	}{
		{},
		{errno: syscall.EINVAL, log: "should have been in"},
		{errno: syscall.EACCES, log: "R0 !read_ok"},
		{errno: syscall.EINVAL, log: "cannot use bpf_spin_lock yet"},
		{problem: "map type 999"},
		{problem: "no btf_trace_there_is_no_such"},
		{errno: syscall.EINVAL, log: "GPL"},
		{},
	} {
		r := k.TryLoads(loads[i : i+1])[0]
		if r.Errno != want.errno || !strings.Contains(r.Problem, want.problem) || (r.Problem == "") != (want.problem == "") || !strings.Contains(r.Log, want.log) {
			t.Errorf("load %d: %v %q, want %v %q; the log: %s", i, r.Errno, r.Problem, want.errno, want.problem, r.Log)
		}
	}
	if got := k.TryLoads(append(loads, loads...)); len(got) != 2*len(loads) {
		t.Errorf("%d answers to %d loads", len(got), 2*len(loads))
	}
}
