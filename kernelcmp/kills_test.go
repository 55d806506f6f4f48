package kernelcmp

import (
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/killing"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// Executors that are killed at random moments lose no case and no finding.
func TestKillsLoseNothing(t *testing.T) {
	t.Logf("-seed %d", *seed)
	r := rand.New(rand.NewPCG(*seed, 1))
	kernel(t, Options{}) // or skip
	var victim killing.Victim[Link]
	started := 0
	k, err := Open(Options{
		Journal: filepath.Join(t.TempDir(), "journal"),
		Start: func() (Link, error) {
			l, err := startProcess(nil)
			if err != nil {
				return nil, err
			}
			started++
			return killing.Expose(&victim, started, l), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	const kills = 30
	c := killing.Campaign{
		Kills: kills,
		Pause: func() time.Duration { return time.Duration(30+r.IntN(70)) * time.Millisecond },
		Kill:  func() bool { return victim.Do(func(l Link) { _ = l.(*process).cmd.Process.Kill() }) },
		Run:   func(cs []*vm.Case) [][]vm.Outcome { return k.RunBatch(cs) },
		Type:  hook.SocketFilter, Order: hostOrder,
	}
	c.Check(t)
}
