package kernelcmp

import (
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// TestVerifyWithout: capabilities are gone while a program is loaded, and back for the next.
func TestVerifyWithout(t *testing.T) {
	k := kernel(t, Options{})
	leak := &vm.Case{Programs: []*vm.Program{{Type: hook.SocketFilter, Insns: insns(movx(0, 10), exit)}}}
	xdp := &vm.Case{Programs: []*vm.Program{{Type: hook.XDP, Insns: insns(mov(0, 2), exit)}}}
	const perfmon, netAdmin, sysAdmin = 1 << 38, 1 << 12, 1 << 21
	for _, x := range []struct {
		c       *vm.Case
		lacking uint64
		want    string // of the reason; empty: accepted
	}{
		{leak, 0, ""},
		{leak, perfmon | sysAdmin, "R0 leaks addr as return value"},
		{leak, 0, ""},
		{xdp, netAdmin | sysAdmin, "EPERM: a capability is missing"},
		{xdp, perfmon | sysAdmin, ""},
	} {
		v := k.VerifyWithout([]*vm.Case{x.c}, x.lacking)[0]
		if v.Accepted() != (x.want == "") || !strings.Contains(v.Reason, x.want) {
			t.Errorf("%s without %#x: %s %s, want %q", x.c.Programs[0].Type, x.lacking, v.Kind, v.Reason, x.want)
		}
	}
}

// TestLicense: a program's licence goes along.
func TestLicense(t *testing.T) {
	k := kernel(t, Options{})
	for license, want := range map[string]bool{"": true, "GPL": true, "Dual MIT/GPL": true, "MIT": false, vm.NoLicense: false} {
		p := &vm.Program{Type: hook.RawTracepoint, License: license, Insns: insns(spec.Insn{Op: spec.CALL, Imm: 35}, mov(0, 0), exit)}
		v := k.Verify([]*vm.Case{{Programs: []*vm.Program{p}}})[0]
		if v.Accepted() != want || p.GPLCompatible() != want {
			t.Errorf("licence %q: %s %s, GPL compatible %v; want %v", license, v.Kind, v.Reason, p.GPLCompatible(), want)
		}
	}
}
