package verifier_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// speculates reports whether a refusal may be due to the paths that only speculation takes. The
// kernel follows them for those without CAP_PERFMON: they use up its limits, and bring it round
// loops that have an end otherwise.
func speculates(log string) bool {
	for _, words := range []string{"infinite loop detected", "jumps is too complex", "program is too large"} {
		if strings.Contains(log, words) {
			return true
		}
	}
	return false
}

// TestUnprivilegedSelftests: what Linux 6.18 says of the kernel's tests when nobody has a right.
func TestUnprivilegedSelftests(t *testing.T) {
	equal, total, unsupported := 0, 0, 0
	for _, x := range readSelftests(t) {
		want, ok := x.Kernel["unpriv"]
		if !ok {
			continue
		}
		total++
		c, ok := x.toCase(t)
		if !ok {
			unsupported++
			continue
		}
		res := verifier.Verify(c, verifier.Options{Attach: x.Attach, StrictAlign: x.Flags&2 != 0, Lacks: release.Root})
		got, text := "REJECT", ""
		switch res.Verdict {
		case verifier.Accepted:
			got = "ACCEPT"
		case verifier.Unsupported:
			unsupported++
			got = "UNSUPPORTED"
		}
		if res.Failure != nil {
			text = res.Failure.Error()
		}
		if got == want.Verdict {
			equal++
			continue
		}
		t.Logf("%s %q: ours %s %s, Linux 6.18 %s", x.File, x.Name, got, text, want.Verdict)
	}
	t.Logf("%d of %d as on Linux 6.18 (%.1f%%), %d unsupported, which count as unequal", equal, total, 100*float64(equal)/float64(total), unsupported)
	if equal*100 < 90*total {
		t.Errorf("%d of %d are equal", equal, total)
	}
}

// slow is how many programs of a mix a kernel is asked about if it takes a second over some: more only
// if they are asked for.
const slow = 40

// TestParityWithoutPerfmon compares verdicts on broken programs that are loaded without
// CAP_PERFMON: what the host's kernel can be asked, wherever its switch for the unprivileged stands.
func TestParityWithoutPerfmon(t *testing.T) {
	k := openKernel(t)
	t.Logf("seed %d", *firstSeed)
	all := tally{options: verifier.Options{Lacks: release.Perfmon | release.SysAdmin}}
	for _, mix := range mixes() {
		all.compare(k, gen.New(gen.Options{Mix: mix}).Perturb, atMost(slow))
	}
	all.report(t, "no perfmon")
	all.equal(t, 97)
}

// TestParityOfUnprivileged compares verdicts on programs that guests are given without any right.
func TestParityOfUnprivileged(t *testing.T) {
	asked(t, func(t *testing.T, k *kernelcmp.Target, r *release.Release, o gen.Options) {
		all := tally{options: verifier.Options{Release: r, Lacks: release.Root}, light: lightEnough}
		for _, mix := range mixes() {
			filter := hook.SocketFilter
			o.Mix, o.Type = mix, &filter
			all.compare(k, gen.New(o).Perturb, *brokenN)
		}
		all.report(t, "unprivileged")
		all.equal(t, 97)
	})
}

// equal demands that so many percent of verdicts are equal.
func (y *tally) equal(t *testing.T, percent int) {
	t.Helper()
	n := y.counts[0][0] + y.counts[0][1] + y.counts[1][0] + y.counts[1][1]
	if same := y.counts[0][0] + y.counts[1][1]; same*100 < percent*n {
		t.Errorf("only %d of %d verdicts are the kernel's", same, n)
	}
}

var exitZero = []spec.Insn{{Op: spec.MOV}, {Op: spec.EXIT}}

// TestDenials: what a right is missing for is named with the right.
func TestDenials(t *testing.T) {
	for _, c := range []struct {
		lacks release.Caps
		typ   hook.Type
		want  string
	}{
		{release.Root, hook.XDP, "CAP_BPF and CAP_NET_ADMIN"},
		{release.NetAdmin, hook.XDP, "CAP_NET_ADMIN"},
		{release.Perfmon, hook.RawTracepoint, "CAP_PERFMON"},
		{release.Root, hook.Syscall, "CAP_BPF"},
		{release.Root, hook.SocketFilter, ""},
		{release.NetAdmin, hook.RawTracepoint, ""},
	} {
		v := readVerdicts(t)[0].c
		p := *v.Programs[0]
		p.Type = c.typ
		one := *v
		one.Programs = append(one.Programs[:0:0], &p)
		one.Maps = nil
		p.Insns = exitZero
		res := verifier.Verify(&one, verifier.Options{Lacks: c.lacks})
		switch {
		case c.want == "" && res.Verdict != verifier.Accepted:
			t.Errorf("%s without %s: %s", c.typ, c.lacks, res.Failure)
		case c.want != "" && (res.Verdict != verifier.Denied || !strings.Contains(res.Failure.Text, "takes "+c.want+", ")):
			t.Errorf("%s without %s: %s %v, want it to be denied for %s", c.typ, c.lacks, res.Verdict, res.Failure, c.want)
		}
	}
}

// atMost is -broken, or less if nobody asked for more than what is usual.
func atMost(n int) int {
	if *brokenN > usualBroken {
		return *brokenN
	}
	return min(n, *brokenN)
}

// TestRightsOnlyAdd: what is accepted of somebody is accepted of anybody with more rights, for
// each release, and nothing panics.
func TestRightsOnlyAdd(t *testing.T) {
	t.Logf("seed %d", *firstSeed)
	r := rand.New(rand.NewPCG(*firstSeed, 2))
	g := gen.New(gen.Options{})
	all := append(cases(g.Perturb, *firstSeed, *validN), cases(g.Generate, *firstSeed, *validN)...)
	for range *validN {
		all = append(all, randomProgram(r))
	}
	accepted := 0
	for i, c := range all {
		ok, wrong := rightsAdd(c, r.IntN(256))
		if wrong != "" {
			t.Errorf("case %d: %s", i, wrong)
		}
		accepted += b(ok)
	}
	if t.Logf("%d of %d accepted with few rights", accepted, len(all)); accepted*50 < len(all) {
		t.Errorf("only %d of %d are accepted", accepted, len(all))
	}
}

// rightsAdd judges a case as some caller and as root; n chooses the release and the rights.
func rightsAdd(c *vm.Case, n int) (accepted bool, wrong string) {
	few := []release.Caps{release.Root, release.SysAdmin | release.Perfmon, release.Root &^ release.BPF}[n%3]
	o := verifier.Options{MaxInsns: lightEnough, Lacks: few}
	if n = n / 3 % (len(release.All) + 1); n > 0 {
		o.Release = release.All[n-1]
	}
	if verifier.Verify(c, o).Verdict != verifier.Accepted {
		return false, ""
	}
	o.Lacks = 0
	if res := verifier.Verify(c, o); res.Verdict != verifier.Accepted {
		return true, fmt.Sprintf("%v: accepted without %s, refused with it: %v", o.Release, few, res.Failure)
	}
	return true, ""
}

// FuzzRights is TestRightsOnlyAdd on anything.
func FuzzRights(f *testing.F) {
	f.Add([]byte{}, byte(0))
	f.Add(append([]byte{1, 1}, spec.Encode(exitZero, spec.Little)...), byte(4))
	f.Fuzz(func(t *testing.T, b []byte, n byte) {
		if _, wrong := rightsAdd(anyProgram(b), int(n)); wrong != "" {
			t.Error(wrong)
		}
	})
}
