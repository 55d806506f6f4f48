package render

import (
	"flag"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/reduce"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/verifier/transfer"
)

var historySeed = flag.Uint64("history-seed", 1, "seed of the first program whose history is looked at")

// TestHistoryEndsInTheFailure replays the changes of paths to failures: together they are
// the state that failed, and their instructions are the failure's path.
func TestHistoryEndsInTheFailure(t *testing.T) {
	t.Logf("-history-seed %d", *historySeed)
	var src tape.Source
	failures := 0
	for _, mix := range gen.Mixes {
		g := gen.New(gen.Options{Mix: mix})
		for i := range uint64(100) {
			src.Seed(*historySeed + i)
			c := reduce.Clone(g.Perturb(&src))
			h := &history{want: 0}
			res := verifier.Verify(c, verifier.Options{Trace: h.trace(), MaxInsns: 20_000})
			f := res.Failure
			if f == nil || f.State == nil || f.Prog != 0 || f.Class != transfer.Unsafe || f.Rule == "infinite-loop" {
				continue
			}
			failures++
			var slots []int
			for st := h.last; st != nil && st.pc >= 0; st = st.prev {
				slots = append(slots, st.pc)
			}
			want := f.Steps(c.Programs[0].Insns)
			for n := range want {
				if len(slots) != len(want) || slots[len(slots)-1-n] != want[n] {
					t.Fatalf("mix %s, seed %d: the history has other instructions than the path: %v, %v", mix.Name, *historySeed+i, slots, want)
				}
			}
			for n, frame := range f.State.Frames {
				for r := range frame.Regs {
					_, got := find(h.last.prev, place{n, false, r})
					if got == nil {
						got = &state.Reg{}
					}
					if !same(got, &frame.Regs[r]) {
						t.Fatalf("mix %s, seed %d: frame %d r%d is %s, its history ends in %s", mix.Name, *historySeed+i, n, r, &frame.Regs[r], got)
					}
				}
			}
		}
	}
	if failures < 100 {
		t.Errorf("only %d programs failed on a path", failures)
	}
	t.Logf("%d failures", failures)
}
