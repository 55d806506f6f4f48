package kernelcmp

import (
	"strings"
	"syscall"
	"testing"
)

// TestRejectionSays: the reason is the last line that gives one, whatever a release adds
// behind it. The logs are shortened ones of those releases.
func TestRejectionSays(t *testing.T) {
	const stats = "processed 8 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"
	for _, c := range []struct{ name, messages, log, want string }{
		{"6.18", "R0 !read_ok\n" + stats, "0: (95) exit\nR0 !read_ok\n" + stats, "EFAULT: R0 !read_ok"},
		{"stack", "invalid stack\nstack depth 0\n" + stats, "", "EFAULT: invalid stack"},
		{"7.3", "R0 !read_ok\nsubprog 1 (f) static insns_self 3 insns_total 3 stack 0\n" + stats, "", "EFAULT: R0 !read_ok"},
		{
			"7.3, in a log of states alone", "subprog 1 (f) static insns_self 3 insns_total 3 stack 0\n" + stats,
			"8: (95) exit\nverifier bug: No program to jit at insn 9 (subprog < 0)\n" + stats, "EFAULT: verifier bug: No program to jit at insn 9 (subprog < 0)",
		},
		{"6.1", "", "8: (95) exit\n" + stats, "EFAULT, and the verifier's log is empty"},
	} {
		err := rejection(0, syscall.EFAULT, c.messages, c.log)
		if first, _, _ := strings.Cut(err.Error(), "\n"); !strings.HasSuffix(first, c.want) {
			t.Errorf("%s: %q, want %q", c.name, first, c.want)
		}
	}
}
