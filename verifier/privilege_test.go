package verifier_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// speculative are the kernel's tests whose verdict for the unprivileged rests on paths that only
// speculation takes, which are not followed here.
var speculative = []string{}

// TestUnprivilegedSelftests: what Linux 6.18 says of the kernel's tests when nobody has a right.
func TestUnprivilegedSelftests(t *testing.T) {
	equal, total, unsupported := 0, 0, 0
	for _, x := range readSelftests(t) {
		want, ok := x.Kernel["unpriv"]
		if !ok || slices.Contains(speculative, x.Name) {
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

// TestParityWithoutPerfmon compares verdicts on broken programs that are loaded without
// CAP_PERFMON: what the host's kernel can be asked, wherever its switch for the unprivileged stands.
func TestParityWithoutPerfmon(t *testing.T) {
	k := openKernel(t)
	t.Logf("seed %d", *firstSeed)
	all := tally{options: verifier.Options{Lacks: release.Perfmon | release.SysAdmin}}
	for _, mix := range mixes() {
		all.compare(k, gen.New(gen.Options{Mix: mix}).Perturb, *brokenN)
	}
	all.report(t, "no perfmon")
	all.equal(t, 97)
}

// TestParityOfUnprivileged compares verdicts on programs that guests are given without any right.
func TestParityOfUnprivileged(t *testing.T) {
	asked(t, func(t *testing.T, k *kernelcmp.Target, r *release.Release, o gen.Options) {
		all := tally{options: verifier.Options{Release: r, Lacks: release.Root}}
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
