package public

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/internal/debian"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

var everything = flag.Bool("all", false, "fetch all packages that are listed, about 40 MB")

// stock is what could be fetched.
type stock struct {
	sources []Source
	objects [][]Object // of each source
	missing []string   // sources that cannot be had here, and why
	failed  []error    // what should not be
}

// fetched fetches once for all tests.
var fetched = sync.OnceValue(func() (s stock) {
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	wanted := Packages
	if *everything {
		wanted = append(wanted[:len(wanted):len(wanted)], More...)
	}
	var f Fetcher
	for _, src := range wanted {
		objects, err := f.Objects(ctx, src)
		switch {
		case err == nil && len(objects) == 0:
			s.failed = append(s.failed, fmt.Errorf("%v: there is no object in it", src))
		case err == nil:
			s.sources, s.objects = append(s.sources, src), append(s.objects, objects)
		case errors.Is(err, debian.ErrUnavailable), errors.Is(err, debian.ErrNoPackage) && !src.Released():
			s.missing = append(s.missing, fmt.Sprintf("%v: %v", src, err))
		default:
			s.failed = append(s.failed, fmt.Errorf("%v: %w", src, err))
		}
	}
	return s
})

// fetch gives the stock. Where packages cannot be had a test is not to blame.
func fetch(t *testing.T) stock {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: nothing is fetched")
	}
	s := fetched()
	for _, err := range s.failed {
		t.Error(err)
	}
	for _, m := range s.missing {
		t.Log("left out:", m)
	}
	if len(s.sources) == 0 && !t.Failed() {
		t.Skip("SKIPPED: no package can be had here")
	}
	return s
}

// TestCount counts the programs and what keeps them from being run, and logs it.
func TestCount(t *testing.T) {
	s := fetch(t)
	load := loader(t)
	var total Tally
	for i, src := range s.sources {
		var own Tally
		before := total.Different
		for _, o := range s.objects[i] {
			own.Add(o, load)
			total.Add(o, load)
		}
		t.Logf("%v: %d objects, %d programs, %d run here, %d are new", src, own.Objects, own.Programs, own.Runnable, total.Different-before)
		if own.Programs < src.Programs && src.Released() {
			t.Errorf("%v has %d programs that can be read: there were %d", src, own.Programs, src.Programs)
		}
	}
	var b strings.Builder
	if err := total.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", b.String())
	if len(s.missing) == 0 && total.Different < 300 {
		t.Errorf("%d different programs: want 300", total.Different)
	}
	for _, why := range slices.Concat(descending(total.Obstacles, func(o Obstacle) int { return o.Programs }), descending(total.Unread, func(n int) int { return n })) {
		if strings.HasPrefix(why, other) {
			t.Errorf("give it a name in obstacle.go: %s", why)
		}
	}
}

// loader loads cases into the reference VM.
func loader(t *testing.T) func(*vm.Case) error {
	target := vm.NewTarget(&refvm.Engine{}, memory())
	t.Cleanup(func() { target.Close() })
	return func(c *vm.Case) error {
		_, err := target.Load(c)
		return err
	}
}

func memory() *mem.Memory {
	m, err := mem.New()
	if err != nil {
		return mem.NewList()
	}
	return m
}
