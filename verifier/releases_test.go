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

var kernels = flag.String("kernels", "host", "the kernels whose verdicts to compare with, by comma: host, or guests such as amd64-6.12")

// asked calls f for every kernel of -kernels that has a release's table, with what programs it can
// be given.
func asked(t *testing.T, f func(t *testing.T, k *kernelcmp.Target, r *release.Release, o gen.Options)) {
	t.Helper()
	for _, name := range strings.Split(*kernels, ",") {
		t.Run(name, func(t *testing.T) {
			k, o := openGuest(t, name)
			var version []string
			if version = strings.SplitN(k.Release(), ".", 3); len(version) < 3 {
				t.Fatalf("Linux %s", k.Release())
			}
			r, err := release.ByName(version[0] + "." + version[1])
			if err != nil {
				t.Skipf("Linux %s: %v", k.Release(), err)
			}
			t.Logf("Linux %s against %s, seed %d", k.Release(), r, *firstSeed)
			f(t, k, r, o)
		})
	}
}

func openGuest(t *testing.T, name string) (*kernelcmp.Target, gen.Options) {
	if name == "host" {
		return openKernel(t), gen.Options{}
	}
	rung, err := guest.ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	o, err := rung.Generated()
	if err != nil {
		t.Fatal(err)
	}
	k, err := guest.Open(context.Background(), rung, guest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k, o
}

// TestParityOfReleases compares verdicts with those of other kernels, on broken programs of what
// the kernel has.
func TestParityOfReleases(t *testing.T) {
	asked(t, func(t *testing.T, k *kernelcmp.Target, r *release.Release, o gen.Options) {
		all := tally{options: verifier.Options{Release: r}}
		for _, mix := range mixes() {
			o.Mix = mix
			all.compare(k, gen.New(o).Perturb, *brokenN)
		}
		all.report(t, "all")
		all.equal(t, 97)
	})
}
