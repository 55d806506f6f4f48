package verifier_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// switchCases are the programs that kernels were asked with, by switch.
func switchCases(t *testing.T) map[release.Switch]*vm.Case {
	t.Helper()
	archive, err := txtar.ParseFile("release/testdata/switches.txtar")
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]hook.Type{"": hook.SocketFilter, "sched_cls": hook.SchedCLS, "syscall": hook.Syscall, "kprobe": hook.Of(2, 0)}
	all := map[release.Switch]*vm.Case{}
	for _, f := range archive.Files {
		name, typ, _ := strings.Cut(f.Name, " @")
		made, err := asm.Assemble(string(f.Data), asm.Names{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		array := &maps.Spec{Type: maps.Array, KeySize: 4, ValueSize: 64, MaxEntries: 1}
		readOnly := *array
		readOnly.Flags = maps.ReadOnly
		all[release.Switch(name)] = &vm.Case{
			Programs: []*vm.Program{{Type: types[typ], Insns: made.Insns}},
			Maps:     []*maps.Spec{array, &readOnly, {Type: maps.ProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 4}},
			Inputs:   []vm.Input{{}},
		}
	}
	return all
}

// TestSwitches: what a release accepted when it was asked, its mirror accepts.
func TestSwitches(t *testing.T) {
	cases := switchCases(t)
	for _, r := range release.All {
		for _, s := range release.Switches {
			on := r.Has(s) != (s == release.ReadOnlyMemIn)
			res := verifier.Verify(cases[s], verifier.Options{Release: r})
			switch unsafe := slices.Contains(release.Unsafe, s); {
			case (res.Verdict == verifier.Accepted) != on:
				t.Errorf("%s, %s is %v: %s %v", r, s, on, res.Verdict, res.Failure)
			case on && (res.KernelUnsound != nil) != (unsafe || s == release.ReadOnlyMemIn):
				t.Errorf("%s, %s: unsound %v", r, s, res.KernelUnsound)
			}
		}
	}
	for _, s := range release.Unsafe {
		if res := verifier.Verify(cases[s], verifier.Options{}); res.Verdict != verifier.Unsafe {
			t.Errorf("%s: %s %v by the default rules", s, res.Verdict, res.Failure)
		}
	}
}
