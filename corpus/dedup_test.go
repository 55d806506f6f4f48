package corpus

import (
	"slices"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// Places in a kernel's code.
const (
	placeA = 0xffff_ffff_8100_0010 + iota*0x1000
	placeB
	placeC
	placeD
	placeE
	placeF
)

// TestDedup: the first sight of a place is reported, the queue has the last four of
// these, the stack the last three of all.
func TestDedup(t *testing.T) {
	var fresh, recent []uint64 // the oldest first
	var drops, places, overwritten uint64
	known := map[uint64]bool{}
	var steps []step
	for _, e := range []struct {
		name  string
		place uint64
	}{
		{"A", placeA},
		{"A again", placeA},
		{"B", placeB},
		{"A once more", placeA},
		{"C", placeC},
		{"D fills the queue", placeD},
		{"E displaces A", placeE},
		{"A is known, though it is in no list", placeA},
		{"F displaces B", placeF},
		{"no place at all", 0},
		{"again", 0},
	} {
		drops++
		recent = append(recent, e.place)
		if !known[e.place] {
			known[e.place] = true
			places++
			if fresh = append(fresh, e.place); len(fresh) > 4 {
				fresh = fresh[1:]
				overwritten++
			}
		}
		queue, stack := slices.Clone(fresh), slices.Clone(recent[max(0, len(recent)-3):])
		slices.Reverse(stack) // in the order in which they would be popped
		drops, places, overwritten := drops, places, overwritten
		steps = append(steps, step{
			name: e.name, program: "dedup", context: args(0, e.place, 2),
			maps: func(o spec.ByteOrder) entries {
				return entries{"fresh": list(o, queue...), "recent": list(o, stack...), ".bss": globals(o, drops, places, overwritten)}
			},
		})
	}
	checkSteps(t, "dedup", steps)
	checkStepsKernel(t, "dedup", steps)
}
