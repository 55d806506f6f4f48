package guest

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/killing"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// Guests that are killed at random moments lose no case and no finding. Each comes back
// from its snapshot.
func TestKillsLoseNothing(t *testing.T) {
	t.Logf("-seed %d", *seed)
	random := rand.New(rand.NewPCG(*seed, 2))
	for _, r := range rungs(t) {
		if r.Arch != "amd64" { // one of a kind is enough
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			boot(t, r, Options{}).Close() // or skip; and there is a snapshot
			cache, err := Cache()
			if err != nil {
				t.Fatal(err)
			}
			img, root, err := prepare(context.Background(), r, cache)
			if err != nil {
				t.Fatal(err)
			}
			var victim killing.Victim[kernelcmp.Link]
			started := 0
			k, err := kernelcmp.Open(kernelcmp.Options{Journal: t.TempDir(), Start: func() (kernelcmp.Link, error) {
				l, err := start(context.Background(), img, root, false)
				if err != nil {
					return nil, err
				}
				started++
				return killing.Expose(&victim, started, l), nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer k.Close()
			c := killing.Campaign{
				Kills: *kills,
				Pause: func() time.Duration { return time.Duration(300+random.IntN(1200)) * time.Millisecond },
				Kill: func() bool {
					return victim.Do(func(l kernelcmp.Link) {
						switch m := l.(type) {
						case *machine:
							_ = m.cmd.Process.Kill()
						case *unsaved:
							_ = m.cmd.Process.Kill()
						case *process:
							killGroup(m.cmd.Process.Pid)
						}
					})
				},
				Run:  func(cs []*vm.Case) [][]vm.Outcome { return k.RunBatch(cs) },
				Type: hook.SocketFilter, Order: r.Order,
			}
			c.Check(t)
		})
	}
}
