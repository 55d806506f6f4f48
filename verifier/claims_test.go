package verifier_test

import (
	"fmt"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/cfg"
	"github.com/lockstep-ebpf/lockstep/verifier/num"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// place is an instruction of one of the programs.
type place struct{ prog, pc int }

// claim is what the verifier held of the function on top.
type claim struct {
	depth int
	regs  [11]state.Reg
}

// claims are all that it held, by place. In claim mode what it let go was covered by one
// of them, so each vector of live registers of each run lies in one.
type claims struct {
	held   map[place][]claim
	last   map[place]int // the claim that held last: the next round is often like it
	graphs []*cfg.Graph
}

// claimsOf verifies a case; nil if it is not accepted or too long to remember.
func claimsOf(c *vm.Case, limit int) *claims {
	x := &claims{held: map[place][]claim{}, last: map[place]int{}}
	res := verifier.Verify(c, verifier.Options{Exact: true, MaxInsns: limit, Observe: func(prog int, s *state.State) {
		at := place{prog, s.PC}
		x.held[at] = append(x.held[at], claim{s.Depth(), s.Frame().Regs})
	}})
	if res.Verdict != verifier.Accepted {
		return nil
	}
	for _, p := range c.Programs {
		g, err := cfg.Build(p.Insns, cfg.Options{Args: helperArgs})
		if err != nil {
			return nil
		}
		x.graphs = append(x.graphs, g)
	}
	return x
}

// helperArgs is how many registers a helper looks at: all that there are, of one that is
// unknown, which no path calls.
func helperArgs(id int32) int {
	if h := vm.HelperByID(id); h != nil {
		return h.Args
	}
	return 5
}

// broken says what a run has shown to be false, or "".
func (x *claims) broken(s *refvm.State) string {
	at := place{s.Prog.ID, s.PC}
	held, live := x.held[at], x.graphs[at.prog].Live[at.pc]
	if n := x.last[at]; n < len(held) && held[n].wrong(s, live) < 0 {
		return ""
	}
	worst := -1
	for n := range held {
		r := held[n].wrong(s, live)
		if r < 0 {
			x.last[at] = n
			return ""
		}
		worst = r
	}
	if worst < 0 {
		return fmt.Sprintf("program %d, instruction %d ran, and the verifier never came there", at.prog, at.pc)
	}
	text := fmt.Sprintf("program %d, instruction %d: r%d is %#x, and none of %d states has all registers so:", at.prog, at.pc, worst, s.Regs[worst], len(held))
	for _, c := range held[:min(len(held), 5)] {
		r := c.wrong(s, live)
		text += fmt.Sprintf("\n  r%d = %s, is %#x", r, &c.regs[r], s.Regs[r])
	}
	return text
}

// wrong is a register that is not as claimed, or -1.
func (c *claim) wrong(s *refvm.State, live uint16) int {
	for r := range c.regs {
		if live>>r&1 == 0 || s.Undef>>r&1 != 0 {
			continue
		}
		if reg := &c.regs[r]; !c.holds(reg, s.Regs[r], s.Regs[10]) {
			return r
		}
	}
	return -1
}

func (c *claim) holds(r *state.Reg, v, r10 uint64) bool {
	switch {
	case r.Kind == state.NotInit: // nobody may read it, so nothing is claimed
		return true
	case r.Kind == state.Scalar:
		return num.W64.Contains(r.Num, v)
	case r.Kind == state.Stack && int(r.Frame) == c.depth:
		return num.W64.Contains(r.Num, v-r10-uint64(int64(r.Off)))
	case v == 0:
		return r.Null
	}
	return true
}

// watched is a reference VM that shows its steps.
type watched struct {
	*vm.EngineTarget
	engine *refvm.Engine
}

func watch(t testing.TB) *watched {
	t.Helper()
	m, err := mem.New()
	if err != nil {
		t.Fatal(err)
	}
	x := &watched{engine: &refvm.Engine{}}
	x.EngineTarget = vm.NewTarget(x.engine, m)
	t.Cleanup(func() { x.Close() })
	return x
}

// judge runs an accepted case and says what is wrong: a fault, or a claim that is false.
func (x *watched) judge(c *vm.Case, limit int) (steps uint64, wrong string) {
	res := verifier.Verify(c, verifier.Options{MaxInsns: limit})
	if res.Verdict != verifier.Accepted {
		return 0, ""
	}
	for _, in := range c.Inputs { // Linux does not run a program on less than it reads
		if c.Programs[0].Type == hook.Syscall && len(in.Context) < res.Context {
			return 0, ""
		}
	}
	if held := claimsOf(c, limit); held != nil {
		x.engine.Hook = func(s *refvm.State) {
			if wrong == "" {
				wrong = held.broken(s)
			}
		}
	}
	defer func() { x.engine.Hook = nil }()
	for i, o := range x.Run(c) {
		steps += o.Steps
		if o.Kind == vm.Faulted && wrong == "" {
			wrong = fmt.Sprintf("input %d: %s", i, &o.Fault)
		}
	}
	return steps, wrong
}

// claimLimit is how long a verification may be for its claims to be kept.
const claimLimit = 20_000

// TestClaimsHold runs valid and broken programs that the verifier accepts: none faults,
// and every live register is at every step what was claimed.
func TestClaimsHold(t *testing.T) {
	t.Logf("seed %d", *firstSeed)
	x := watch(t)
	for _, mix := range mixes() {
		g := gen.New(gen.Options{Mix: mix})
		for _, how := range []struct {
			name string
			make func(*tape.Source) *vm.Case
		}{{"valid", g.Generate}, {"broken", g.Perturb}} {
			ran, bad, steps := 0, 0, uint64(0)
			var src tape.Source
			for seed := *firstSeed; seed < *firstSeed+uint64(*runN); seed++ {
				src.Seed(seed)
				n, wrong := x.judge(how.make(&src), claimLimit)
				if steps += n; n > 0 {
					ran++
				}
				if wrong != "" {
					if bad++; bad <= *show {
						t.Errorf("mix %s, %s, seed %d: %s", mix.Name, how.name, seed, wrong)
					}
				}
			}
			t.Logf("%-10s %-6s %d accepted and run, %d steps, %d broken", mix.Name, how.name, ran, steps, bad)
			if how.name == "valid" && ran*2 < *runN {
				t.Errorf("mix %s: only %d of %d were run", mix.Name, ran, *runN)
			}
		}
	}
}
