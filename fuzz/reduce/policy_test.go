package reduce_test

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-ebpf/lockstep/fuzz/internal/planted"
	"github.com/lockstep-ebpf/lockstep/fuzz/reduce"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/reports"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// dies is a process that every program kills.
type dies struct{ runs int }

func (*dies) Name() string                       { return "dies" }
func (*dies) Observables(*vm.Case) vm.Observable { return vm.ObsR0 }
func (*dies) Close() error                       { return nil }

func (d *dies) Run(c *vm.Case) []vm.Outcome {
	d.runs++
	return c.Every(vm.Result{Kind: vm.Crash, Reason: "signal 11"})
}

// TestWhatKilledATargetIsNotRunAgain: it may have been a kernel.
func TestWhatKilledATargetIsNotRunAgain(t *testing.T) {
	d := &dies{}
	o, r := reducer(t, append(planted.Targets(t, planted.Engine("right", nil)), d))
	c := planted.Case(rand.New(rand.NewPCG(1, 2)))
	m := o.Judge(c)
	if len(m) != 1 || m[0].Kind != reports.Crash {
		t.Fatalf("mismatches %+v", m)
	}
	f := r.Shrink(r.Identify(c, m[0]))
	if d.runs != 1 {
		t.Errorf("the target ran %d times", d.runs)
	}
	if f.Kind != reports.Crash || f.Insns != reports.CountInsns(c) || f.Outcomes[1].Kind != "crash (signal 11)" {
		t.Errorf("finding %+v", f)
	}
}

// mod is a mistake that needs several instructions to set up.
func mod(b, now *refvm.State) {
	if i := b.Insn(); spec.Lookup(i).Name == "lsh64.x" && b.Regs[i.Src]&63 > 40 {
		now.Regs[5]++
	}
}

func TestReductionIsDeterministicAndBounded(t *testing.T) {
	var all []*reports.Finding
	for _, budget := range []int{0, 0, 5} {
		o, r := reducer(t, planted.Targets(t, planted.Engine("wrong", mod)))
		r.Budget = budget
		rng := rand.New(rand.NewPCG(3, 4))
		for {
			c := planted.Case(rng)
			if m := o.Judge(c); len(m) > 0 {
				all = append(all, r.Shrink(r.Identify(c, m[0])))
				break
			}
		}
	}
	if d := cmp.Diff(all[0], all[1]); d != "" {
		t.Errorf("twice the same, and not the same:\n%s", d)
	}
	if all[2].Insns <= all[0].Insns {
		t.Errorf("5 evaluations came to %d instructions, all of them to %d", all[2].Insns, all[0].Insns)
	}
}

// TestCloneSharesNothing changes every part of a copy.
func TestCloneSharesNothing(t *testing.T) {
	c := planted.Case(rand.New(rand.NewPCG(5, 6)))
	c.Inputs[0].Packet, c.Inputs[0].Context = []byte{1}, []byte{2}
	want, d := reduce.Clone(c), reduce.Clone(c)
	d.Programs[0].Insns[0].Imm++
	d.Programs[0].Name = "x"
	for i := range d.Inputs {
		clear(d.Inputs[i].Memory)
		clear(d.Inputs[i].Packet)
		clear(d.Inputs[i].Context)
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("the original changed:\n%s", diff)
	}
}
