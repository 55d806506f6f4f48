package corpus

import (
	"context"
	"flag"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/kernelcmp/guest"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

var kernels = flag.String("kernels", "", "kernels to run the programs on too, of lockstep kernels list, by comma")

// guests are opened by the first test that wants them, and serve all.
var guests struct {
	asked bool
	open  []*kernelcmp.Target
}

func guestTargets(t *testing.T) (all []vm.Target) {
	t.Helper()
	if !guests.asked && *kernels != "" {
		guests.asked = true
		for _, name := range strings.Split(*kernels, ",") {
			r, err := guest.ByName(name)
			if err != nil {
				t.Fatal(err)
			}
			k, err := guest.Open(context.Background(), r, guest.Options{})
			if err != nil {
				t.Fatal(err)
			}
			guests.open = append(guests.open, k)
		}
	}
	for _, k := range guests.open {
		all = append(all, k)
	}
	return all
}

// isKernel: the host's, or a guest's.
func isKernel(t vm.Target) bool { return strings.HasPrefix(t.Name(), "kernel") }

// skipUnsupported skips what a target cannot run, where that is to be expected: programs
// of the other byte order, and, on a guest without a JIT or older than the programs'
// instructions, what needs them. On every other kernel all programs run.
func skipUnsupported(t *testing.T, target vm.Target, order spec.ByteOrder, o *vm.Outcome) {
	t.Helper()
	if o.Kind != vm.LoadUnsupported {
		return
	}
	name, isGuest := strings.CutPrefix(target.Name(), "kernel:")
	native := spec.Little // of the JIT and fastvm, too
	lean := false
	if isGuest {
		r, err := guest.ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		release, err := gen.ParseRelease(r.Linux)
		if err != nil {
			t.Fatal(err)
		}
		native = r.Order
		lean = r.NoJIT || release.Before(gen.Release{Major: 6, Minor: 6}) // -mcpu=v4
	}
	if order != native || lean {
		t.Skip("unsupported:", o.Reason)
	}
}
