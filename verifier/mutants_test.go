//go:build mutants

package verifier_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/vm"
)

var (
	onlyMutants  = flag.String("mutant", "", "hunt only planted bugs with one of these in their names, by comma")
	mutantBudget = flag.Duration("budget", budget, "how long each is hunted")
)

// wanted reports whether a bug is to be hunted.
func wanted(m mutant.Mutant) bool {
	return strings.HasPrefix(m.Name, "verifier-") &&
		slices.ContainsFunc(strings.Split(*onlyMutants, ","), func(part string) bool { return strings.Contains(m.Name, part) })
}

// budget is how long each planted bug is hunted.
const budget = 60 * time.Second

// byCases are bugs that snippets do not show: they are about other callers and licences,
// and about objects that snippets do not have. The cases of testdata show them.
var byCases = []string{
	"verifier-pointer-leaks", "verifier-unwritten-stack", "verifier-licence-ignored", "verifier-lock-not-compared", "verifier-slice-outlives",
	"verifier-field-touched", "verifier-other-lock", "verifier-cast-outlives", "verifier-cast-null-releases", "verifier-dynptr-forged",
	"verifier-dynptr-read", "verifier-key-writable", "verifier-packet-passed", "verifier-later-return", "verifier-sock-whole",
}

// TestMutantsAreCaught switches every planted bug of the verifier on, and hunts it with
// random programs: one whose verdict is not the kernel's, one that runs into a fault or
// breaks a claim, or a valid one that is refused.
func TestMutantsAreCaught(t *testing.T) {
	if !mutant.Built {
		t.Skip("needs -tags mutants")
	}
	h := hunt{k: openKernel(t), ref: watch(t)}
	caught, times := 0, []time.Duration{}
	for _, m := range mutant.All {
		if !wanted(m) {
			continue
		}
		start := time.Now()
		n, how := h.mutant(t, m)
		took := time.Since(start)
		if how == "" {
			t.Errorf("%-36s not caught by %d programs in %v", m.Name, n, took)
			continue
		}
		caught++
		times = append(times, took)
		t.Logf("%-36s %6.2fs %6d programs  %s", m.Name, took.Seconds(), n, how)
	}
	slices.Sort(times)
	if len(times) > 0 {
		t.Logf("%d caught, median %v, slowest %v", caught, times[len(times)/2], times[len(times)-1])
	}
}

// hunt has programs with the kernel's verdicts, which all bugs are held against. Those on
// which the verifier without a bug disagrees are left out.
type hunt struct {
	k     *kernelcmp.Target
	ref   *watched
	known []judged
	asked uint64
}

type judged struct {
	seed     uint64
	c        *vm.Case
	accepted bool
}

// more asks the kernel about more programs. No bug is switched on meanwhile.
func (h *hunt) more() {
	var cs []*vm.Case
	for i := range uint64(256) {
		cs = append(cs, snippetCase(*firstSeed+h.asked+i))
	}
	for i, v := range h.k.Verify(cs) {
		res := verifier.Verify(cs[i], verifier.Options{})
		if ours := res.Verdict == verifier.Accepted; (v.Kind == vm.Exit || v.Kind == vm.LoadRejected) && ours == v.Accepted() {
			h.known = append(h.known, judged{*firstSeed + h.asked + uint64(i), cs[i], ours})
		}
	}
	h.asked += 256
}

// mutant says how many programs it took to catch a bug, and how.
func (h *hunt) mutant(t *testing.T, m mutant.Mutant) (n int, how string) {
	defer func() {
		mutant.Enable(mutant.None)
		if r := recover(); r != nil {
			how = fmt.Sprintf("panic: %v", r)
		}
	}()
	if slices.Contains(byCases, m.Name) {
		mutant.Enable(m.ID)
		return h.cases(t)
	}
	g := gen.New(gen.Options{})
	var src tape.Source
	for start := time.Now(); time.Since(start) < *mutantBudget; n++ {
		if n == len(h.known) {
			mutant.Enable(mutant.None)
			h.more()
			mutant.Enable(m.ID)
		}
		mutant.Enable(m.ID)
		x := h.known[n]
		if got := verifier.Verify(x.c, verifier.Options{}); (got.Verdict == verifier.Accepted) != x.accepted {
			return n + 1, fmt.Sprintf("snippets %d: %s, and Linux does not: %v", x.seed, got.Verdict, got.Failure)
		}
		if n%8 != 0 {
			continue
		}
		src.Seed(uint64(n))
		if _, wrong := h.ref.judge(g.Perturb(&src)); wrong != "" {
			return n + 1, "broken program: " + strings.ReplaceAll(wrong, "\n", " ")
		}
	}
	return n, ""
}

func (h *hunt) cases(t *testing.T) (n int, how string) {
	for i, v := range readVerdicts(t) {
		if wrong := v.wrong(); wrong != "" {
			return i + 1, "case " + v.name + ": " + wrong
		}
	}
	return 0, ""
}
