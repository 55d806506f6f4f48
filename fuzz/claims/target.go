package claims

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Options bound the work on one case. The zero value has the defaults.
type Options struct {
	Insns  int // that the verifier may look at in a program; 0: 20,000. A case that takes more is run unwatched.
	Visits int // that are held against claims, of all inputs together; 0: 4,096

	// Before, if set, sees and may change each state before it is looked at, as the reference
	// VM's hook: tests plant mistakes of the machine there.
	Before func(*refvm.State)
}

// Target is the reference VM, which runs what the verifier accepts and answers with
// [vm.Broken] where that does what it was said not to. It is for one goroutine.
type Target struct {
	*vm.EngineTarget
	Stats

	engine refvm.Engine
	opt    Options
	trace  trace
	held   Held
	path   Followed
	outs   []vm.Outcome
}

// Stats count what was looked at.
type Stats struct {
	Cases    uint64 // accepted and run
	Visits   uint64 // held against the claims of exact mode
	Followed uint64 // and against those of their own path
}

// New makes a target with guest memory of its own.
func New(o Options) (*Target, error) {
	m, err := mem.New()
	if err != nil {
		return nil, fmt.Errorf("guest memory: %w", err)
	}
	if o.Insns == 0 {
		o.Insns = 20_000
	}
	if o.Visits == 0 {
		o.Visits = 4096
	}
	t := &Target{opt: o}
	t.EngineTarget = vm.NewTarget(&t.engine, m)
	return t, nil
}

// Name is "claims".
func (t *Target) Name() string { return "claims" }

// Run verifies a case and runs it. What the verifier refuses is not loaded.
func (t *Target) Run(c *vm.Case) []vm.Outcome {
	if c.Mode == vm.Trusted { // claims are about what a checked machine does
		checked := *c
		checked.Mode, c = vm.Checked, &checked
	}
	outs, ok := t.runAll(c)
	if !ok {
		return outs
	}
	res, at, wrong := t.judge(c)
	switch {
	case res.Verdict == verifier.Unsupported:
		return c.Every(vm.Result{Kind: vm.LoadUnsupported, Reason: res.Failure.Text})
	case res.Verdict != verifier.Accepted:
		return c.Every(vm.Result{Kind: vm.LoadRejected, Reason: res.Failure.Error()})
	}
	t.Cases++
	t.Visits += uint64(len(t.trace.visits))
	t.Followed += t.path.steps
	if wrong != "" {
		v := &t.trace.visits[at]
		outs[v.input].Result = t.broken(at, wrong)
	}
	for i := range outs {
		if o := &outs[i]; o.Kind == vm.Faulted && !t.short(c, i, &res) {
			o.Result = vm.Result{Kind: vm.Broken, Fault: o.Fault, Steps: o.Steps, Reason: "the verifier accepted it: " + o.Fault.String()}
		}
	}
	return outs
}

// runAll runs the inputs and traces them. It is false if the case is not loaded: what no
// path reaches may be malformed, and engines do not take that.
func (t *Target) runAll(c *vm.Case) (outs []vm.Outcome, ok bool) {
	loaded, err := t.Load(c)
	if err != nil {
		return c.Every(vm.FromError(err)), false
	}
	t.trace.reset(c.Programs[0].Type, t.opt.Visits)
	t.engine.Hook = func(s *refvm.State) {
		if t.opt.Before != nil {
			t.opt.Before(s)
		}
		t.trace.see(s)
	}
	defer func() { t.engine.Hook = nil }()
	m := t.Machine()
	for len(t.outs) < len(c.Inputs) {
		t.outs = append(t.outs, vm.Outcome{})
	}
	outs = t.outs[:len(c.Inputs)]
	for i := range c.Inputs {
		t.trace.input, t.trace.fresh = int32(i), true
		if err := m.Setup(loaded.Type, &c.Inputs[i]); err != nil {
			outs[i] = vm.Outcome{Result: vm.FromError(err)}
			continue
		}
		m.Observe(loaded.Instance.Run(m), &outs[i])
	}
	return outs, true
}

// judge verifies the case both ways, with the trace in hand.
func (t *Target) judge(c *vm.Case) (res verifier.Result, at int, wrong string) {
	t.path.start(c, &t.trace)
	res = verifier.Verify(c, verifier.Options{MaxInsns: t.opt.Insns, Observe: t.path.Observe, Covered: t.path.Covered})
	if res.Verdict != verifier.Accepted {
		return res, 0, ""
	}
	for i := range c.Inputs {
		if t.short(c, i, &res) {
			return res, 0, ""
		}
	}
	if at, wrong = t.path.finish(); wrong != "" {
		return res, at, wrong
	}
	t.held.start(c, &t.trace)
	exact := func(observe func(int, *state.State)) verifier.Verdict {
		return verifier.Verify(c, verifier.Options{MaxInsns: t.opt.Insns, Exact: true, Observe: observe}).Verdict
	}
	if exact(t.held.Observe) != verifier.Accepted {
		return res, 0, ""
	}
	if at = t.held.first(); at >= 0 {
		wrong = t.held.explain(at, func(observe func(int, *state.State)) { exact(observe) })
	}
	return res, max(at, 0), wrong
}

// short reports whether Linux would not run a program on an input: a syscall program on a
// context that is shorter than what it reads.
func (t *Target) short(c *vm.Case, input int, res *verifier.Result) bool {
	return c.Programs[0].Type == hook.Syscall && len(c.Inputs[input].Context) < res.Context
}

// broken is the result of a claim that does not hold at a visit. Its place is the
// instruction before, which made what is wrong.
func (t *Target) broken(at int, wrong string) vm.Result {
	v := t.trace.visits[at]
	r := vm.Result{Kind: vm.Broken, Fault: vm.Fault{Prog: int(v.prog), PC: int(v.pc)}}
	r.Reason = fmt.Sprintf("claim broken at insn %d of program %d: %s", v.pc, v.prog, wrong)
	if at > 0 && t.trace.visits[at-1].input == v.input && !v.entry {
		before := t.trace.visits[at-1]
		r.Fault.Prog, r.Fault.PC = int(before.prog), int(before.pc)
	}
	return r
}
