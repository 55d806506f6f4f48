package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/kernelcmp/guest"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
)

type ladderCmd struct {
	Case    string   `arg:"" help:"A case file, or FILE.o:PROG."`
	Kernels []string `help:"Kernels to ask, of lockstep kernels list; the default are those that have been fetched." placeholder:"NAME"`
	inputFlags
	JSON bool `name:"json" help:"End with a JSON object: agree, rungs:[{name, release, verdict, reason, verified, rewritten, native, runs, difference}]."`
}

func (c *ladderCmd) Help() string {
	return `Our engines, the host's kernel (as root) and every kernel that has been fetched load the
case and run its inputs. The table says for each what the verifier thought, how many
instructions it looked at, how many there are after its rewriting, how many bytes of
native code the JIT made, and r0 of each input. All of an outcome is compared with the
reference VM's: memory, packet, context and maps too. Exit status 1 means that one
differs, or that some kernels load the case and others refuse.

Examples:

  lockstep kernels fetch
  lockstep ladder case.txtar
  lockstep ladder firewall.o:firewall --pcap traffic.pcap --kernels amd64-6.1,amd64-6.12`
}

// rungResult is a line of the table, and of the JSON object.
type rungResult struct {
	Name       string   `json:"name"`
	Release    string   `json:"release,omitempty"`
	Verdict    string   `json:"verdict"` // accepted, rejected, unsupported, missing, crash, hang
	Reason     string   `json:"reason,omitempty"`
	Verified   uint32   `json:"verified,omitempty"`  // instructions that the verifier looked at
	Rewritten  int      `json:"rewritten,omitempty"` // slots after its rewriting
	Native     uint32   `json:"native,omitempty"`    // bytes; 0 of a kernel: the interpreter
	Runs       []string `json:"runs,omitempty"`      // one an input
	Difference string   `json:"difference,omitempty"`
	step       *guest.Step
}

func (c *ladderCmd) Run(t *terminal) error {
	t.json = c.JSON
	f, err := loadCase(t, c.Case)
	if err != nil {
		return err
	}
	if c.given() {
		if f.Inputs, err = c.inputs(); err != nil {
			return err
		}
	}
	names, err := c.targets()
	if err != nil {
		return err
	}
	results := climbAll(names, f)
	ref := results[0].step
	if ref == nil {
		return fmt.Errorf("the reference VM cannot run this case: %s", results[0].Reason)
	}
	for i := range results[1:] {
		r := &results[1+i]
		if r.step != nil {
			r.Difference = r.step.Against(ref)
		}
	}
	printLadder(t.human(), results)
	accepted, rejected := verdicts(results)
	agree := !slices.ContainsFunc(results, func(r rungResult) bool { return r.Difference != "" }) && (len(accepted) == 0 || len(rejected) == 0)
	if err := t.object(struct {
		Agree bool         `json:"agree"`
		Rungs []rungResult `json:"rungs"`
	}{agree, results}); err != nil {
		return err
	}
	if !agree {
		return errFound
	}
	return nil
}

// verdicts are the kernels that take the case and those that refuse it.
func verdicts(results []rungResult) (accepted, rejected []string) {
	for i := range results {
		switch r := &results[i]; {
		case r.step == nil || r.step.Verdict == nil:
		case r.Verdict == "accepted":
			accepted = append(accepted, r.Name)
		case r.Verdict == vm.LoadRejected.String():
			rejected = append(rejected, r.Name)
		}
	}
	return accepted, rejected
}

// targets are the names of what is asked, the reference first.
func (c *ladderCmd) targets() ([]string, error) {
	names := []string{"refvm", "fastvm", "jit", "kernel"}
	if len(c.Kernels) > 0 {
		for _, k := range c.Kernels {
			if _, err := guest.ByName(k); err != nil {
				return nil, err
			}
			names = append(names, kernelPrefix+k)
		}
		return names, nil
	}
	cache, err := guest.Cache()
	if err != nil {
		return nil, err
	}
	for i := range guest.Rungs {
		if _, err := guest.Cached(&guest.Rungs[i], cache); err == nil || !errors.Is(err, guest.ErrUnavailable) {
			names = append(names, kernelPrefix+guest.Rungs[i].Name)
		}
	}
	return names, nil
}

// atOnce is how many rungs are climbed at the same time: a guest keeps a core busy.
const atOnce = 2

func climbAll(names []string, f *casefile.File) []rungResult {
	results := make([]rungResult, len(names))
	slots := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			results[i] = climb(name, f)
		})
	}
	all.Wait()
	return results
}

func climb(name string, f *casefile.File) rungResult {
	r := rungResult{Name: name}
	target, err := openTarget(name, "")
	if err != nil {
		r.Verdict, r.Reason = "missing", strings.TrimPrefix(err.Error(), "target "+name+": ")
		return r
	}
	defer target.Close()
	s := guest.Climb(target, &f.Case)
	r.step, r.Release = &s, s.Release
	r.Verdict = "accepted"
	if o := &s.Outcomes[0]; o.Kind > vm.FuelSpent {
		r.Verdict, r.Reason = o.Kind.String(), o.Reason
	}
	if v := s.Verdict; v != nil {
		r.judged(v)
	}
	for i := range s.Outcomes {
		if o := &s.Outcomes[i]; o.Kind <= vm.FuelSpent {
			r.Runs = append(r.Runs, runText(o, s.Shown))
		}
	}
	return r
}

// judged takes in a kernel's verdict on the unchanged programs.
func (r *rungResult) judged(v *kernelcmp.Verdict) {
	if !v.Accepted() && r.Verdict == "accepted" { // refused as it is written, and run all the same
		r.Verdict, r.Reason = v.Kind.String(), v.Reason
	}
	for _, p := range v.Programs {
		r.Verified += p.Verified
		r.Rewritten += len(p.Xlated) / 8
		r.Native += p.JITLen
	}
}

func runText(o *vm.Outcome, shown vm.Observable) string {
	switch {
	case o.Kind == vm.Faulted:
		return o.Fault.String()
	case o.Kind == vm.FuelSpent:
		return "out of fuel"
	case o.Undef&1 != 0:
		return "undefined"
	case shown&vm.ObsR0 == 0:
		return fmt.Sprintf("…%08x", uint32(o.R0))
	}
	return fmt.Sprintf("%#x", o.R0)
}

// mostRuns is how many inputs have a column.
const mostRuns = 4

func printLadder(out io.Writer, results []rungResult) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "\tkernel\tverdict\tverified\trewritten\tnative\tr0\n")
	number := func(n uint32) string {
		if n == 0 {
			return "-"
		}
		return thousands(uint64(n))
	}
	for i := range results {
		r := &results[i]
		runs := strings.Join(r.Runs[:min(len(r.Runs), mostRuns)], "  ")
		if len(r.Runs) > mostRuns {
			runs += "  …"
		}
		release := r.Release
		if release == "" {
			release = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, release, r.Verdict, number(r.Verified), number(uint32(r.Rewritten)), number(r.Native), runs)
	}
	w.Flush()
	printReasons(out, results)
}

// printReasons says why, once for all that have the same reason, and which is the first
// to differ.
func printReasons(out io.Writer, results []rungResult) {
	var reasons []string
	names := map[string][]string{}
	first := ""
	for i := range results {
		r := &results[i]
		reason, _, _ := strings.Cut(r.Reason, "\n")
		if r.Difference != "" {
			short, _, _ := strings.Cut(r.Difference, "\n")
			reason = "differs from refvm: " + short
			if first == "" {
				first = r.Name
			}
		}
		if reason == "" {
			continue
		}
		if names[reason] == nil {
			reasons = append(reasons, reason)
		}
		names[reason] = append(names[reason], r.Name)
	}
	for _, reason := range reasons {
		fmt.Fprintf(out, "%s: %s\n", strings.Join(names[reason], ", "), reason)
	}
	accepted, rejected := verdicts(results)
	switch {
	case first != "":
		fmt.Fprintf(out, "the first to differ is %s\n", first)
	case len(accepted) > 0 && len(rejected) > 0:
		fmt.Fprintf(out, "kernels disagree whether to load it: accepted by %s, rejected by %s\n", strings.Join(accepted, ", "), strings.Join(rejected, ", "))
	default:
		fmt.Fprintln(out, "all that could run it agree")
	}
}
