package claims_test

import (
	"flag"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz"
	"github.com/lockstep-ebpf/lockstep/fuzz/claims"
	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/reports"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

var seed = flag.Uint64("seed", 1, "seed of the first program")

func open(t testing.TB) *claims.Target {
	t.Helper()
	x, err := claims.New(claims.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

// TestRunsAreFollowed runs valid programs: no claim is broken, and most steps are held
// against the claims of their own path, not of some path.
func TestRunsAreFollowed(t *testing.T) {
	t.Logf("seed %d", *seed)
	x := open(t)
	g := gen.New(gen.Options{})
	var src tape.Source
	for n := range uint64(300) {
		src.Seed(*seed + n)
		for i, o := range x.Run(g.Generate(&src)) {
			if o.Kind == vm.Broken {
				t.Errorf("seed %d, input %d: %s", *seed+n, i, o.Reason)
			}
		}
	}
	t.Logf("%d cases, %d steps, %d of them followed", x.Cases, x.Visits, x.Followed)
	if x.Followed*2 < x.Visits {
		t.Errorf("of %d steps only %d were followed", x.Visits, x.Followed)
	}
}

// TestBrokenClaimsAreFindings has a machine that adds one too many, so that what the
// verifier says is false: the campaign reduces that to a few instructions.
func TestBrokenClaimsAreFindings(t *testing.T) {
	wrong := func(s *refvm.State) {
		if s.PC > 0 && s.Prog.Insns[s.PC-1].Op == 0x07 && s.Prog.Insns[s.PC-1].Imm == 1 { // add64 by 1
			s.Regs[s.Prog.Insns[s.PC-1].Dst] += 2
		}
	}
	targets := func() ([]vm.Target, error) {
		m, err := mem.New()
		if err != nil {
			return nil, err
		}
		x, err := claims.New(claims.Options{Before: wrong})
		return []vm.Target{vm.NewTarget(&refvm.Engine{}, m), x}, err
	}
	c, err := fuzz.New(fuzz.Options{
		Seed: *seed, Programs: 512, Jobs: 1, Targets: targets,
		Generator: func() fuzz.Generator {
			g, src := gen.New(gen.Options{Mix: gen.Scalar, Inputs: 1}), new(tape.Source)
			return func(stream uint64) *vm.Case {
				src.Seed(stream)
				return g.Generate(src)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, f := range c.Findings() {
		if f.Kind == reports.Claim {
			t.Log(reports.Render(f))
			if f.Insns > 5 || f.Signature.Insn != "add64.k" || !strings.Contains(f.Outcomes[1].Reason, "claim broken") {
				t.Errorf("signature %s, %d instructions, %+v", f.Signature, f.Insns, f.Outcomes[1])
			}
			return
		}
	}
	t.Errorf("no claim is broken: %d findings", len(c.Findings()))
}
