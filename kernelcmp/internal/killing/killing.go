// Package killing is a test of what becomes of cases and findings when executors are
// killed at random: every case has an outcome, and each is the right one or a crash
// that the finding of it names.
package killing

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// Victim is what is to be killed: the latest of those that were started.
type Victim[T any] struct {
	mu  sync.Mutex
	now T
	ok  bool
}

// Set names the victim.
func (v *Victim[T]) Set(x T) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.now, v.ok = x, true
}

// Do calls f with the victim, if there is one, and forgets it: nobody is killed twice.
func (v *Victim[T]) Do(f func(T)) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.ok {
		return false
	}
	f(v.now)
	v.ok = false
	return true
}

// Link is kernelcmp's.
type Link interface {
	Send(frame []byte) error
	Recv() ([]byte, error)
	Kill()
	Cause() string
}

// Expose makes a link that has been started the victim, one in four at once, the others
// when their first frame has come: a target gives up an executor that is killed again
// and again before its hello, and on a busy machine that would happen.
func Expose[T Link](v *Victim[T], started int, l T) Link {
	if started%4 == 3 {
		v.Set(l)
		return l
	}
	return &awaited{Link: l, first: func() { v.Set(l) }}
}

type awaited struct {
	Link
	once  sync.Once
	first func()
}

func (a *awaited) Recv() ([]byte, error) {
	frame, err := a.Link.Recv()
	if err == nil {
		a.once.Do(a.first)
	}
	return frame, err
}

// Campaign is a run in which executors are killed.
type Campaign struct {
	Kills int
	Pause func() time.Duration // between two kills
	Kill  func() bool          // false: there was nobody to kill
	Run   func([]*vm.Case) [][]vm.Outcome
	Type  hook.Type
	Order spec.ByteOrder
}

// batch is how many cases are run at once.
const batch = 400

// planted is how often a case returns what it should not.
const planted = 17

// enough is when a campaign ends although no kill has hit a case.
const enough = 100_000

// Check runs batches of cases until all kills are done and one has hit a case, then one
// batch more. Case n returns n; one in so many is planted and returns n+1.
func (c *Campaign) Check(t *testing.T) {
	var done atomic.Int64
	quit := make(chan struct{})
	defer close(quit)
	go func() {
		for done.Load() < int64(c.Kills) {
			pause := c.Pause()
			select {
			case <-time.After(pause):
				if c.Kill() {
					done.Add(1)
				}
			case <-quit:
				return
			}
		}
	}()
	var cases, crashes, found, want int
	for last := false; ; {
		cs := c.cases(cases)
		outs := c.Run(cs)
		if len(outs) != len(cs) {
			t.Fatalf("%d outcomes for %d cases", len(outs), len(cs))
		}
		for i, o := range outs {
			n := cases + i
			switch {
			case len(o) != 1:
				t.Fatalf("case %d: %d outcomes", n, len(o))
			case o[0].Kind == vm.Crash:
				crashes++
				continue // a finding of its own
			case o[0].Kind != vm.Exit:
				t.Fatalf("case %d: %s (%s)", n, o[0].Kind, o[0].Reason)
			}
			if n%planted == 0 {
				want++
			}
			if o[0].R0 != uint64(n) {
				found++
			}
		}
		cases += len(cs)
		if last {
			break
		}
		last = done.Load() == int64(c.Kills) && (crashes > 0 || cases > enough)
	}
	t.Logf("%d kills in %d cases: %d crashes, %d of %d planted cases found", c.Kills, cases, crashes, found, want)
	if found != want {
		t.Errorf("%d findings, want %d", found, want)
	}
	if crashes > c.Kills {
		t.Errorf("%d crashes of %d kills", crashes, c.Kills)
	}
	if crashes == 0 {
		t.Error("no kill hit a case: nothing was tested")
	}
}

func (c *Campaign) cases(from int) (all []*vm.Case) {
	for n := from; n < from+batch; n++ {
		r0 := n
		if n%planted == 0 {
			r0++
		}
		p := &vm.Program{Type: c.Type, Order: c.Order, Insns: []spec.Insn{{Op: spec.MOV, Imm: int32(r0)}, {Op: spec.EXIT}}}
		all = append(all, &vm.Case{Programs: []*vm.Program{p}, Inputs: []vm.Input{{Packet: make([]byte, 64)}}})
	}
	return all
}
