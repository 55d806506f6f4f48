package main

import (
	"errors"
	"fmt"

	"github.com/lockstep-ebpf/lockstep/conform/plugin"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
)

type runCmd struct {
	Case   string `arg:"" help:"A case file, or FILE.o:PROG; :PROG may be left out if the object has one program. - is a case file on standard input."`
	Target string `default:"refvm" help:"Where to run it: refvm, fastvm, jit, claims, kernel, kernel:NAME, plugin:PATH, jsonl:PATH."`
	inputFlags
	Trace   bool        `help:"Show every instruction with what it changes (refvm only)."`
	Count   bool        `help:"Show how often each instruction ran (refvm only)."`
	Blind   blindFlag   `help:"${blind}"`
	PerfMap perfMapFlag `help:"${perfmap}"`
	JSON    bool        `name:"json" help:"End with a JSON object: kind, r0, steps, fault, memory, packet, maps, events."`
}

func (c *runCmd) Help() string {
	return `A case file may say what should come of its inputs; then the exit status is 0 if it
does, and 1 if not. Without that it is 0 if the program returned. --packet, --pcap,
--mem and --ctx replace the inputs, and what was expected of them.

Examples:

  lockstep run case.txtar --trace
  lockstep run case.txtar --target kernel
  lockstep run firewall.o:firewall --pcap traffic.pcap --count
  lockstep run prog.o --packet '00 11 22 33 44 55  66 77 88 99 aa bb  08 00'
  lockstep run syscalls.o --ctx '0000000000000000 0100000000000000'`
}

// runReport is the JSON object. The Run at the top is that of the last input.
type runReport struct {
	plugin.Run
	Target     string          `json:"target"`
	Maps       []mapReport     `json:"maps"`
	Events     []event         `json:"events"`
	Counts     [][]uint64      `json:"counts,omitempty"`     // by program and slot
	Runs       []plugin.Run    `json:"runs,omitempty"`       // if there is more than one input
	Unexpected []inputMismatch `json:"unexpected,omitempty"` // what the case file expects otherwise
}

type mapReport struct {
	Name    string           `json:"name"`
	Type    string           `json:"type"`
	Entries []plugin.Element `json:"entries"`
}

// event is something that happened in a run, in order: Text was printed, or an
// instruction ran.
type event struct {
	Input int    `json:"input"` // from 1
	Kind  string `json:"kind"`  // print, step, or what vm.EventKind says
	Text  string `json:"text"`
	*step
}

type inputMismatch struct {
	Input int    `json:"input"` // from 1
	What  string `json:"what"`
}

func (c *runCmd) Run(t *terminal) error {
	t.json = c.JSON
	if (c.Trace || c.Count) && c.Target != "refvm" {
		return fmt.Errorf("--trace and --count look into the reference VM: they want --target refvm, not %s", c.Target)
	}
	if err := c.Blind.check(c.Target); err != nil {
		return err
	}
	f, err := loadCase(t, c.Case)
	if err != nil {
		return err
	}
	if c.given() {
		if f.Inputs, err = c.inputs(); err != nil {
			return err
		}
		f.Expect = nil
	}
	target, watch, err := c.open(f)
	if err != nil {
		return err
	}
	defer target.Close()

	report := &runReport{Target: c.Target}
	if watch != nil {
		watch.print = t.human()
		watch.trace = c.Trace
	}
	out := target.Run(&f.Case)
	if watch != nil {
		watch.finish()
	}
	obs := target.Observables(&f.Case)
	status := c.judge(t, f, out, obs, report)
	report.fill(f, out, obs)
	if watch != nil {
		report.Events = append(watch.events, report.Events...)
		if c.Count {
			report.Counts = watch.counts
			watch.printCounts(t.human(), f)
		}
	}
	if err := t.object(report); err != nil {
		return err
	}
	return status
}

// open makes the target, and a watcher where one is wanted.
func (c *runCmd) open(f *casefile.File) (vm.Target, *watcher, error) {
	if !c.Trace && !c.Count {
		target, err := openTarget(c.Target, "")
		return target, nil, err
	}
	w := newWatcher(f)
	target, err := engineTarget(&refvm.Engine{Hook: w.see})
	return target, w, err
}

// judge writes the outcomes for people, and says what the exit status comes to.
func (c *runCmd) judge(t *terminal, f *casefile.File, out []vm.Outcome, obs vm.Observable, report *runReport) error {
	var status error
	for i := range out {
		o := &out[i]
		if len(out) > 1 {
			fmt.Fprintf(t.human(), "input %d: ", i+1)
		}
		printOutcome(t.human(), f, i, o, obs)
		var expect *casefile.Expect
		if i < len(f.Expect) {
			expect = f.Expect[i]
		}
		switch {
		case expect != nil:
			if err := expect.Check(o, obs); err != nil {
				fmt.Fprintf(t.human(), "  not as expected: %v\n", err)
				report.Unexpected = append(report.Unexpected, inputMismatch{i + 1, err.Error()})
				status = errors.Join(status, errFound)
			} else {
				fmt.Fprintln(t.human(), "  as expected")
			}
		case o.Kind == vm.LoadUnsupported:
			return fmt.Errorf("target %s cannot run this case: %s", c.Target, o.Reason)
		case o.Kind != vm.Exit:
			status = errFound
		}
	}
	return status
}

func (r *runReport) fill(f *casefile.File, out []vm.Outcome, obs vm.Observable) {
	r.Maps, r.Events = []mapReport{}, []event{}
	for i := range out {
		for _, text := range out[i].Trace {
			r.Events = append(r.Events, event{Input: i + 1, Kind: "print", Text: text})
		}
		for _, e := range out[i].Events {
			r.Events = append(r.Events, event{Input: i + 1, Kind: e.Kind.String(), Text: e.String()})
		}
		r.Runs = append(r.Runs, plugin.RunOf(&out[i], obs))
	}
	if len(r.Runs) == 0 {
		return
	}
	r.Run = r.Runs[len(r.Runs)-1]
	for fd, m := range f.Maps {
		if fd < len(r.Run.Maps) {
			r.Maps = append(r.Maps, mapReport{m.Name, m.Type.String(), r.Run.Maps[fd]})
		}
	}
	if len(r.Runs) == 1 {
		r.Runs = nil
	}
}
