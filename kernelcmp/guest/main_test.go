package guest

import (
	"context"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
)

func TestMain(m *testing.M) {
	kernelcmp.ExecutorMain()
	os.Exit(m.Run())
}

var (
	seed  = flag.Uint64("seed", uint64(time.Now().UnixNano())%1_000_000_000, "of the random tests")
	only  = flag.String("kernels", "", "the kernels to test, by comma; empty: those that have been fetched, or all with -fetch")
	kills = flag.Int("kills", 3, "how often each guest is killed")
	get   = flag.Bool("fetch", false, "fetch kernels that are not there")
)

// rungs are the kernels to test. Without one the test is skipped, and says so: CI names
// those that it wants.
func rungs(t *testing.T) (all []*Rung) {
	t.Helper()
	cache, err := Cache()
	if err != nil {
		t.Fatal(err)
	}
	names := Names()
	if *only != "" {
		names = strings.Split(*only, ",")
	}
	for _, name := range names {
		r, err := ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Cached(r, cache)
		if errors.Is(err, ErrUnavailable) && *get {
			_, err = Fetch(context.Background(), r, cache)
		}
		switch {
		case err == nil:
			all = append(all, r)
		case !errors.Is(err, ErrUnavailable) || *only != "" && !*get:
			t.Fatal(err)
		default:
			t.Logf("left out: %v", err)
		}
	}
	if len(all) == 0 {
		t.Skip("needs a guest's kernel: lockstep kernels fetch")
	}
	return all
}

// boot opens a guest.
func boot(t *testing.T, r *Rung, o Options) *kernelcmp.Target {
	t.Helper()
	k, err := Open(context.Background(), r, o)
	if errors.Is(err, ErrUnavailable) && *only == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}
