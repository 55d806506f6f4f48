package verifier_test

import (
	"context"
	"flag"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/kernelcmp/guest"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
)

var kernels = flag.String("kernels", "", "guests whose verdicts to compare with, by comma: amd64-5.10,amd64-6.1,amd64-6.12,amd64-7.3")

// asked calls f for every guest of -kernels.
func asked(t *testing.T, f func(t *testing.T, k *kernelcmp.Target, rung *guest.Rung, r *release.Release)) {
	t.Helper()
	if *kernels == "" {
		t.Skip("needs -kernels amd64-5.10,…: guests take minutes")
	}
	for _, name := range strings.Split(*kernels, ",") {
		t.Run(name, func(t *testing.T) {
			rung, err := guest.ByName(name)
			if err != nil {
				t.Fatal(err)
			}
			k, err := guest.Open(context.Background(), rung, guest.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer k.Close()
			r, err := release.ByName(rung.Linux)
			if err != nil {
				t.Fatal(err)
			}
			f(t, k, rung, r)
		})
	}
}

// TestParityOfReleases compares verdicts with those of other kernels, on broken programs of what
// the kernel has.
func TestParityOfReleases(t *testing.T) {
	asked(t, func(t *testing.T, k *kernelcmp.Target, rung *guest.Rung, r *release.Release) {
		o, err := rung.Generated()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("Linux %s against %s, seed %d", k.Release(), r, *firstSeed)
		all := tally{options: verifier.Options{Release: r}}
		for _, mix := range mixes() {
			o.Mix = mix
			all.compare(k, gen.New(o).Perturb, *brokenN)
		}
		all.report(t, "all")
		n := all.counts[0][0] + all.counts[0][1] + all.counts[1][0] + all.counts[1][1]
		if same := all.counts[0][0] + all.counts[1][1]; same*100 < 97*n {
			t.Errorf("only %d of %d verdicts are the kernel's", same, n)
		}
	})
}
