package kernelcmp

import (
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/vm"
)

func TestProbesAssemble(t *testing.T) {
	for _, p := range probes {
		made, err := asm.Assemble(p.source, asm.Names{})
		if err != nil {
			t.Errorf("%s: %v", p.name, err)
			continue
		}
		prog := &vm.Program{Type: p.typ, Insns: made.Insns}
		needed := false
		for _, i := range made.Insns {
			needed = needed || p.needs(prog, i)
		}
		if !needed {
			t.Errorf("%s: a case with the probe's own program would not count as one that needs it", p.name)
		}
	}
}

// The host's kernel is young enough for all of it; older ones are asked in package guest.
func TestFeatures(t *testing.T) {
	k := kernel(t, Options{})
	all, err := k.Features()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(probes)+len(mapProbes) {
		t.Errorf("%d features, want %d", len(all), len(probes)+len(mapProbes))
	}
	for _, f := range all {
		t.Logf("%-60s since %-5s %s", f.Name, f.Since, strings.TrimSpace(f.Lacks))
	}
}
