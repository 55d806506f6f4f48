package fuzz_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-ebpf/lockstep/fuzz"
	"github.com/lockstep-ebpf/lockstep/fuzz/internal/planted"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/reports"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// targets makes the reference VM and another engine.
func targets(engine func() vm.Engine) func() ([]vm.Target, error) {
	return func() (all []vm.Target, err error) {
		for _, e := range []vm.Engine{&refvm.Engine{}, engine()} {
			m, err := mem.New()
			if err != nil {
				return nil, err
			}
			all = append(all, vm.NewTarget(e, m))
		}
		return all, nil
	}
}

// sharp is an engine with two mistakes.
func sharp() vm.Engine {
	return planted.Engine("wrong", func(b, now *refvm.State) {
		switch i := b.Insn(); spec.Lookup(i).Name {
		case "sdiv64.x":
			now.Regs[i.Dst] ^= 1 << 63
		case "bswap32":
			now.Regs[i.Dst] |= 1 << 32
		}
	})
}

func random() fuzz.Generator {
	return func(stream uint64) *vm.Case { return planted.Case(rand.New(rand.NewPCG(stream, 1))) }
}

func options(programs uint64) fuzz.Options {
	return fuzz.Options{Seed: 5, Programs: programs, Targets: targets(sharp), Generator: random, Budget: 200}
}

func run(t *testing.T, o fuzz.Options) (fuzz.Summary, *fuzz.Campaign) {
	t.Helper()
	c, err := fuzz.New(o)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	s.Seconds, s.ProgramsPerSecond = 0, 0
	for i := range s.Findings {
		s.Findings[i].Case = ""
	}
	return s, c
}

func TestResultsDoNotDependOnTheNumberOfJobs(t *testing.T) {
	o := options(3*fuzz.UnitSize + 17)
	o.Jobs = 1
	alone, _ := run(t, o)
	if alone.Programs != o.Programs || alone.Accepted != o.Programs || alone.Coverage.Forms < 50 {
		t.Errorf("summary %+v", alone)
	}
	want := []string{"refvm-wrong-register-bswap32", "refvm-wrong-register-sdiv64.x"}
	var got []string
	for _, f := range alone.Findings {
		got = append(got, f.Signature)
	}
	if d := cmp.Diff(want, got, cmp.Transformer("set", func(s []string) map[string]bool {
		m := map[string]bool{}
		for _, x := range s {
			m[x] = true
		}
		return m
	})); d != "" {
		t.Errorf("findings: %s", d)
	}
	o.Jobs = 3
	together, _ := run(t, o)
	if d := cmp.Diff(alone, together); d != "" {
		t.Errorf("one worker and three:\n%s", d)
	}
}

func TestResumedCampaignIsTheSameAsAWholeOne(t *testing.T) {
	whole := options(4*fuzz.UnitSize + 10)
	whole.Out = t.TempDir()
	want, _ := run(t, whole)

	parts := whole
	parts.Out = t.TempDir()
	parts.Programs = 2*fuzz.UnitSize + 100
	run(t, parts)
	parts.Programs, parts.Resume, parts.Seed = whole.Programs, true, 0
	got, c := run(t, parts)
	for i := range got.Findings { // what was cut off is done again, and counted again
		got.Findings[i].Count, want.Findings[i].Count = 0, 0
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("whole and resumed:\n%s", d)
	}
	for _, f := range c.Findings() {
		folder := filepath.Join(parts.Out, f.Signature.String())
		if _, err := reports.Read(folder); err != nil {
			t.Error(err)
		}
	}
}

func TestResumingWithOtherTargetsIsAnError(t *testing.T) {
	o := options(fuzz.UnitSize)
	o.Out = t.TempDir()
	run(t, o)
	o.Resume = true
	o.Targets = targets(func() vm.Engine { return planted.Engine("other", nil) })
	c, err := fuzz.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "refvm, wrong") {
		t.Errorf("error %v, want the names of the targets", err)
	}
}

func TestStoppingIsAnOrdinaryEnd(t *testing.T) {
	o := options(0)
	o.For = 50 * time.Millisecond
	s, c := run(t, o)
	if s.Programs == 0 {
		t.Error("no program was run")
	}
	if c.Snapshot().Seconds == 0 {
		t.Error("no time was spent")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	c, err := fuzz.New(options(0))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Run(ctx); err != nil {
		t.Error(err)
	}
}

func TestPanicIsACrash(t *testing.T) {
	o := options(fuzz.UnitSize)
	o.Targets = targets(func() vm.Engine {
		return planted.Engine("wrong", func(b, _ *refvm.State) {
			if spec.Lookup(b.Insn()).Name == "smod32.x" {
				panic("no smod")
			}
		})
	})
	s, _ := run(t, o)
	if len(s.Findings) != 1 || s.Findings[0].Kind != reports.Crash || s.Targets["wrong"].Crashes == 0 {
		t.Errorf("summary %+v", s)
	}
}

func TestWrongOptionsSayWhat(t *testing.T) {
	for name, x := range map[string]struct {
		change func(o *fuzz.Options)
		want   string
	}{
		"nothing":      {func(o *fuzz.Options) { *o = fuzz.Options{} }, "Targets"},
		"no folder":    {func(o *fuzz.Options) { o.Resume = true }, "folder"},
		"empty folder": {func(o *fuzz.Options) { o.Resume, o.Out = true, t.TempDir() }, "no campaign to resume"},
		"broken state": {func(o *fuzz.Options) {
			o.Resume, o.Out = true, t.TempDir()
			os.WriteFile(filepath.Join(o.Out, fuzz.StateFile), []byte("{"), 0o644)
		}, fuzz.StateFile},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(1)
			x.change(&o)
			if _, err := fuzz.New(o); err == nil || !strings.Contains(err.Error(), x.want) {
				t.Errorf("error %v, want one that names %s", err, x.want)
			}
		})
	}
}
