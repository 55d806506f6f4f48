package kernelcmp

import (
	"strings"
	"syscall"
	"testing"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/sysbpf"
	"github.com/lockstep-ebpf/lockstep/vm"
)

func TestRejection(t *testing.T) {
	const log = "R0 !read_ok\nprocessed 1 insns (limit 1000000) max_states_per_insn 0\n"
	for _, x := range []struct {
		name  string
		n     int
		err   error
		log   string
		kind  vm.Kind
		first string // line of the reason
	}{
		{"a line that says why", 0, syscall.EACCES, log, vm.LoadRejected, "EACCES: R0 !read_ok"},
		{"another program", 2, syscall.EINVAL, log, vm.LoadRejected, "program 2: EINVAL: R0 !read_ok"},
		{"no log", 0, syscall.E2BIG, "", vm.LoadRejected, "E2BIG, and the verifier's log is empty"},
		{"noise only", 0, syscall.EINVAL, "processed 1 insns\n\n", vm.LoadRejected, "EINVAL, and the verifier's log is empty"},
		{"no name", 0, syscall.Errno(133), "", vm.LoadRejected, "errno 133, and the verifier's log is empty"},
		{"no memory", 0, syscall.ENOMEM, "processed 5 insns\n", vm.LoadUnsupported, "load: ENOMEM"},
		{"the verifier's ENOMEM", 0, syscall.ENOMEM, "The sequence of 8193 jumps is too complex.\n", vm.LoadRejected, "ENOMEM: The sequence of 8193 jumps is too complex."},
		{"no JIT", 0, sysbpf.ENOTSUPP, "", vm.LoadUnsupported, "load: ENOTSUPP"},
		{"interrupted", 0, syscall.EAGAIN, "", vm.LoadUnsupported, "load: EAGAIN"},
		{"no rights", 0, syscall.EPERM, "", vm.LoadUnsupported, "load: EPERM"},
		{"the verifier's EPERM", 0, syscall.EPERM, log, vm.LoadRejected, "EPERM: R0 !read_ok"},
	} {
		r := vm.FromError(rejection(x.n, x.err, x.log, x.log))
		first, _, _ := strings.Cut(r.Reason, "\n")
		if r.Kind != x.kind || first != x.first {
			t.Errorf("%s: %s (%s), want %s (%s)", x.name, r.Kind, first, x.kind, x.first)
		}
	}
	long := strings.Repeat("line\n", 1000) + "why\n"
	r := vm.FromError(rejection(0, syscall.EACCES, long, long))
	if n := strings.Count(r.Reason, "\n"); n != logTail {
		t.Errorf("a reason of %d lines for a long log, want %d", n+1, logTail+1)
	}
}
