package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/lockstep-ebpf/lockstep/fuzz"
	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/kernelcmp/guest"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

type fuzzCmd struct {
	For      time.Duration `help:"How long, as 30s or 8h; the default is 10s." xor:"length" placeholder:"TIME"`
	Programs uint64        `help:"How many programs." xor:"length" placeholder:"N"`
	Seed     *uint64       `help:"Where programs come from: the same seed, the same programs. Default: another one each time." placeholder:"S"`
	Targets  []string      `default:"refvm,fastvm" help:"What to compare: refvm, fastvm, jit, claims (what the verifier says of each step), kernel (as root), kernel:NAME (of lockstep kernels list), plugin:PATH (a bpf_conformance plugin), jsonl:PATH (a server of the line protocol)." placeholder:"NAME"`
	Mix      string        `help:"What programs are made of: ${mixes}." placeholder:"NAME"`
	Jobs     int           `help:"Workers; the default is one a CPU." placeholder:"N"`
	Out      string        `help:"Folder for findings, and for going on later." placeholder:"DIR"`
	Resume   bool          `help:"Go on with the campaign in --out."`
	Blind    blindFlag     `help:"${blind}"`
	PerfMap  perfMapFlag   `help:"${perfmap}"`
	JSON     bool          `name:"json" help:"End with a JSON object: seed, programs, accepted, acceptance, programs_per_second, targets, coverage, findings."`
}

func (c *fuzzCmd) Help() string {
	return `Programs are made so that Linux's verifier accepts them; every target runs them on the
same inputs, and whatever disagrees is reduced to a few instructions. Where all targets
are engines of this project, one program in four is broken on purpose: then the place and
kind of the fault are compared; and one in eight runs in the modes of programs that a
verifier has accepted, half of these with fuel charged in bulk. With the target claims, what
the verifier accepts must not fault, and every register and stack slot must hold what the
verifier says. Ctrl-C ends a run early, with its summary.

Examples:

  lockstep fuzz
  lockstep fuzz --for 1h --out findings
  lockstep fuzz --for 1h --out findings --resume
  lockstep fuzz --targets refvm,claims
  sudo lockstep fuzz --targets refvm,fastvm,kernel
  lockstep fuzz --targets refvm,plugin:./ubpf_plugin --mix scalar
  lockstep fuzz --seed 7 --programs 100000 --json`
}

const defaultFor = 10 * time.Second

func (c *fuzzCmd) Run(t *terminal) error {
	t.json = c.JSON
	if err := errors.Join(c.complete(), c.Blind.check(c.Targets...)); err != nil {
		return err
	}
	generator, err := c.generator()
	if err != nil {
		return err
	}
	journal := ""
	if c.Out != "" {
		journal = filepath.Join(c.Out, "journal")
	}
	campaign, err := fuzz.New(fuzz.Options{
		Seed: *c.Seed, Programs: c.Programs, For: c.For, Jobs: c.Jobs, Mix: c.Mix,
		Targets:   func() ([]vm.Target, error) { return openTargets(c.Targets, journal) },
		Generator: generator,
		Out:       c.Out, Resume: c.Resume,
	})
	if err != nil {
		return err
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	defer stop()
	progress := startProgress(t.err, c, campaign.Snapshot)
	s, err := campaign.Run(ctx)
	progress.stop()
	if err != nil {
		return err
	}
	report := fuzzReport{c, campaign, s}
	report.print(t.human())
	if err := t.object(s); err != nil {
		return err
	}
	switch {
	case len(s.Findings) > 0:
		return errFound
	case s.Programs > 0 && report.compared() == 0:
		return fmt.Errorf("nothing was compared: no program was loaded by all of %s; `lockstep run CASE --target NAME` says why", strings.Join(c.Targets, ", "))
	}
	return nil
}

// complete checks the flags and fills in defaults.
func (c *fuzzCmd) complete() error {
	switch {
	case len(c.Targets) < 2:
		return fmt.Errorf("--targets %s: there is nothing to compare it with: name at least two", strings.Join(c.Targets, ","))
	case c.Resume && c.Out == "":
		return errors.New("--resume: say which campaign by --out DIR")
	case c.Resume && c.Seed != nil:
		return errors.New("--resume goes on with the seed of the campaign: leave out --seed")
	case c.Jobs < 0:
		return fmt.Errorf("--jobs %d: want 1 or more", c.Jobs)
	case c.For < 0:
		return fmt.Errorf("--for %s: want a time to come", c.For)
	}
	for i, name := range c.Targets {
		if slices.Contains(c.Targets[:i], name) {
			return fmt.Errorf("--targets: %s is named twice", name)
		}
	}
	if c.For == 0 && c.Programs == 0 {
		c.For = defaultFor
	}
	if c.Seed == nil {
		seed := uint64(time.Now().UnixNano()) % 1_000_000_000 // short, because people copy it
		c.Seed = &seed
	}
	if c.Mix == "" {
		c.Mix = c.defaultMix()
	}
	return nil
}

func (c *fuzzCmd) defaultMix() string {
	if c.hasPlugin() {
		return gen.Scalar.Name
	}
	return gen.Mixes[0].Name
}

// hasPlugin reports whether there is a target that takes only programs of type mem
// without maps.
func (c *fuzzCmd) hasPlugin() bool {
	return slices.ContainsFunc(c.Targets, func(s string) bool { return strings.HasPrefix(s, "plugin:") })
}

func (c *fuzzCmd) generator() (func() fuzz.Generator, error) {
	mix := gen.MixByName(c.Mix)
	if mix == nil {
		return nil, fmt.Errorf("--mix %s: want one of %s", c.Mix, mixNames())
	}
	o := gen.Options{Mix: mix}
	if err := c.suit(&o); err != nil {
		return nil, err
	}
	if c.hasPlugin() {
		mem := hook.Unspec
		o.Type = &mem
	}
	if !c.inProcess() {
		return func() fuzz.Generator {
			g, src := gen.New(o), new(tape.Source)
			return func(stream uint64) *vm.Case {
				src.Seed(stream)
				return g.Generate(src)
			}
		}, nil
	}
	return fuzz.ForEngines(o), nil
}

// suit makes programs that all guests among the targets can take: of the byte order
// of the one, with the instructions of the oldest.
func (c *fuzzCmd) suit(o *gen.Options) error {
	order := ""
	for _, name := range c.Targets {
		rung := strings.TrimPrefix(name, kernelPrefix)
		if rung == name {
			continue
		}
		r, err := guest.ByName(rung)
		if err != nil {
			return fmt.Errorf("--targets %s: %w", name, err)
		}
		if order != "" && o.Order != r.Order {
			return fmt.Errorf("--targets: %s and %s have different byte orders: they take no program in common", order, name)
		}
		wants, err := r.Generated()
		if err != nil {
			return err
		}
		order, o.Order, o.Aligned, o.NoJIT = name, wants.Order, o.Aligned || wants.Aligned, o.NoJIT || wants.NoJIT
		if o.Release == (gen.Release{}) || wants.Release.Before(o.Release) {
			o.Release = wants.Release
		}
	}
	return nil
}

// inProcess reports whether all targets are engines of this project: these check
// their accesses, so that programs may be broken on purpose.
func (c *fuzzCmd) inProcess() bool {
	return !slices.ContainsFunc(c.Targets, func(s string) bool { return !slices.Contains([]string{"refvm", "fastvm", "jit", "claims"}, s) })
}

func mixNames() string {
	var names []string
	for _, m := range gen.Mixes {
		names = append(names, m.Name)
	}
	return strings.Join(names, ", ")
}

// openTargets makes all targets, or none.
func openTargets(names []string, journal string) (all []vm.Target, err error) {
	for _, name := range names {
		target, err := openTarget(name, journal)
		if err != nil {
			for _, t := range all {
				err = errors.Join(err, t.Close())
			}
			return nil, err
		}
		all = append(all, target)
	}
	return all, nil
}
