package release_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/kernelcmp/guest"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
)

func TestMain(m *testing.M) {
	kernelcmp.ExecutorMain()
	os.Exit(m.Run())
}

var (
	kernels  = flag.String("kernels", "host", "the kernels to ask, by comma: host, or guests such as amd64-6.12")
	deep     = flag.Bool("deep", false, "ask about helpers at every hook, not at three each: 20 s on a host, minutes in a guest")
	generate = flag.Bool("generate", false, "rewrite the tables of the releases that -kernels names")
)

// kernel is one that can be asked, and the release whose table it has to agree with.
type kernel struct {
	*kernelcmp.Target
	release *release.Release
	quick   bool // thousands of questions a second; a guest is slower
}

// each calls f for every kernel of -kernels. One that is not to be had is skipped only if
// it was not asked for by name, or is the host's without the rights.
func each(t *testing.T, f func(t *testing.T, k kernel)) {
	for _, name := range strings.Split(*kernels, ",") {
		t.Run(name, func(t *testing.T) {
			k, err := open(name)
			if errors.Is(err, kernelcmp.ErrNotPermitted) && (os.Getenv("CI") != "true" || os.Getuid() != 0) {
				t.Skipf("needs bpf(2): %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer k.Close()
			r := tableOf(k.Release())
			if r == nil {
				t.Skipf("there is no table for Linux %s", k.Release())
			}
			t.Logf("Linux %s against %s", k.Release(), r.Name)
			f(t, kernel{k, r, name == "host"})
		})
	}
}

func open(name string) (*kernelcmp.Target, error) {
	if name == "host" {
		return kernelcmp.Open(kernelcmp.Options{})
	}
	rung, err := guest.ByName(name)
	if err != nil {
		return nil, err
	}
	return guest.Open(context.Background(), rung, guest.Options{})
}

// tableOf is the table for a kernel, by its version as uname -r has it.
func tableOf(version string) *release.Release {
	for _, r := range release.All {
		if strings.HasPrefix(version, strings.TrimPrefix(r.Name, "linux-")+".") {
			return r
		}
	}
	return nil
}
