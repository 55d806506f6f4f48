package oracle_test

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/internal/planted"
	"github.com/lockstep-ebpf/lockstep/fuzz/oracle"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/reports"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// canned is a foreign target with known outcomes.
type canned struct {
	name string
	obs  vm.Observable
	out  vm.Outcome
}

func (c *canned) Name() string                       { return c.name }
func (c *canned) Observables(*vm.Case) vm.Observable { return c.obs }
func (c *canned) Run(*vm.Case) []vm.Outcome          { return []vm.Outcome{c.out} }
func (c *canned) Close() error                       { return nil }

func result(k vm.Kind, r0 uint64) vm.Outcome {
	return vm.Outcome{Result: vm.Result{Kind: k, R0: r0}}
}

func TestPolicy(t *testing.T) {
	tainted := result(vm.Exit, 1)
	tainted.Tainted = true
	for _, x := range []struct {
		name string
		a, b vm.Outcome
		obs  vm.Observable
		want reports.Kind // "": no mismatch
	}{
		{"equal", result(vm.Exit, 1), result(vm.Exit, 1), vm.ObsR0, ""},
		{"r0", result(vm.Exit, 1), result(vm.Exit, 2), vm.ObsR0, reports.Divergence},
		{"r0 not shown", result(vm.Exit, 1), result(vm.Exit, 2), vm.ObsMemory, ""},
		{"upper half not shown", result(vm.Exit, 1), result(vm.Exit, 1<<32|1), vm.ObsR0Low32, ""},
		{"undefined", tainted, result(vm.Exit, 2), vm.ObsR0, ""},
		{"fault of one", result(vm.Faulted, 0), result(vm.Exit, 0), vm.ObsR0, reports.Fault},
		{"a kernel's verdict", result(vm.Exit, 0), result(vm.LoadRejected, 0), vm.ObsAll, ""},
		{"unsupported", result(vm.LoadUnsupported, 0), result(vm.Exit, 0), vm.ObsAll, ""},
		{"fuel that one has not", result(vm.FuelSpent, 0), result(vm.Exit, 0), vm.ObsR0, ""},
		{"fuel that both have", result(vm.FuelSpent, 0), result(vm.Exit, 0), vm.ObsR0 | vm.ObsSteps, reports.Divergence},
		{"crash", result(vm.Exit, 0), result(vm.Crash, 0), vm.ObsR0, reports.Crash},
		{"crash of an undefined program", tainted, result(vm.Crash, 0), vm.ObsR0, reports.Crash},
		{"hang", result(vm.Exit, 0), result(vm.Hang, 0), vm.ObsR0, reports.Hang},
	} {
		t.Run(x.name, func(t *testing.T) {
			o := oracle.New([]vm.Target{&canned{"a", vm.ObsAll, x.a}, &canned{"b", x.obs, x.b}})
			var got reports.Kind
			if m := o.Judge(&vm.Case{Inputs: make([]vm.Input, 1)}); len(m) > 0 {
				got = m[0].Kind
			}
			if got != x.want {
				t.Errorf("%q, want %q", got, x.want)
			}
		})
	}
}

// TestReferenceIsTheFirstThatAccepts has a first target that takes no programs: the
// others are compared all the same.
func TestReferenceIsTheFirstThatAccepts(t *testing.T) {
	o := oracle.New([]vm.Target{
		&canned{"a", vm.ObsAll, result(vm.LoadRejected, 0)},
		&canned{"b", vm.ObsAll, result(vm.Exit, 1)},
		&canned{"c", vm.ObsAll, result(vm.Exit, 2)},
	})
	m := o.Judge(&vm.Case{Inputs: make([]vm.Input, 1)})
	if len(m) != 1 || m[0].A != 1 || m[0].B != 2 {
		t.Errorf("mismatches %+v, want one of b and c", m)
	}
}

// refuses is an engine that does not load programs with a division.
type refuses struct{ refvm.Engine }

func (refuses) Name() string { return "refuses" }

func (r *refuses) Load(l *vm.Loaded) (vm.Instance, error) {
	for pc, i := range l.Insns {
		if i.Op == spec.ClassALU64|spec.OpDIV {
			return nil, &vm.Rejected{Insn: pc, Reason: "no division here"}
		}
	}
	return r.Engine.Load(l)
}

func TestOurEnginesMustLoadTheSamePrograms(t *testing.T) {
	o := oracle.New(planted.Targets(t, &refuses{}))
	c := &vm.Case{
		Programs: []*vm.Program{{Insns: []spec.Insn{{Op: spec.MOV}, {Op: spec.ClassALU64 | spec.OpDIV, Imm: 3}, {Op: spec.EXIT}}}},
		Inputs:   make([]vm.Input, 1),
	}
	if m := o.Judge(c); len(m) != 1 || m[0].Kind != reports.Rejection {
		t.Errorf("mismatches %+v, want a rejection", m)
	}
}

// TestPartingIsFoundAtTheStoreAndNotAtTheLoad puts instructions between the wrong
// store and the load that shows it, and before it enough that bisection is needed.
func TestPartingIsFoundAtTheStoreAndNotAtTheLoad(t *testing.T) {
	ref, err := oracle.NewReference()
	if err != nil {
		t.Fatal(err)
	}
	defer ref.Close()
	for _, before := range []int{0, 10, 500} {
		var p []spec.Insn
		for range before {
			p = append(p, spec.Insn{Op: spec.ClassALU64 | spec.OpMOV, Dst: 3, Imm: 3})
		}
		p = append(p,
			spec.Insn{Op: spec.STDW, Dst: 10, Off: -8, Imm: 7}, // goes wrong
			spec.Insn{Op: spec.MOV, Dst: 4, Imm: 4},
			spec.Insn{Op: spec.LDXDW, Dst: 0, Src: 10, Off: -8},
			spec.Insn{Op: spec.EXIT})
		o := oracle.New(planted.Targets(t, planted.Engine("wrong", func(b, now *refvm.State) {
			if b.Insn().Op == spec.STDW {
				now.Prog.World.Mem.Store(now.Regs[10]-8, 8, 8, false)
			}
		})))
		c := &vm.Case{Programs: []*vm.Program{{Insns: p}}, Inputs: make([]vm.Input, 1)}
		m := o.Judge(c)
		if len(m) != 1 {
			t.Fatalf("%d before: mismatches %+v", before, m)
		}
		at, ok := o.Locate(c, m[0], ref.Trace(c, 0, 1000))
		if !ok || at.Effect != reports.Memory || at.Steps != uint64(before)+1 {
			t.Errorf("%d before: %+v, %v, want memory after step %d", before, at, ok, before+1)
		}
	}
}
