package corpus

import (
	"fmt"
	"maps"
	"math/bits"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	vmmaps "github.com/lockstep-ebpf/lockstep/vm/maps"
)

// latencyEvent is a request that is issued or completed at a time, and what becomes
// of it.
type latencyEvent struct {
	name    string
	clock   int64
	program string // issue or complete
	request uint64
	want    int // the slot of the histogram, or what happens instead
	slow    bool
}

const (
	reqNoted = -1 - iota
	reqUntracked
	reqUnknown
	reqBackwards
)

// Requests are addresses in a kernel.
const reqA, reqB = 0xffff_8881_0000_1000, 0xffff_8881_0000_2000

// latencyEvents: slot n is for 2^n to 2^(n+1)-1 ns, worked out by hand. From 1 ms on
// a request is slow.
var latencyEvents = []latencyEvent{
	{"A begins", 1000, "issue", reqA, reqNoted, false},
	{"A ends after 1 ns", 1001, "complete", reqA, 0, false},
	{"A ended already", 1001, "complete", reqA, reqUnknown, false},
	{"B was never seen", 1001, "complete", reqB, reqUnknown, false},
	{"A again", 2000, "issue", reqA, reqNoted, false},
	{"B in the meantime", 2001, "issue", reqB, reqNoted, false},
	{"B takes no time", 2001, "complete", reqB, 0, false},
	{"A takes 3", 2003, "complete", reqA, 1, false},
	{"A before time began", -500, "issue", reqA, reqNoted, false},
	{"A takes 1023", 523, "complete", reqA, 9, false},
	{"B begins", 0, "issue", reqB, reqNoted, false},
	{"B begins once more: the later time counts", 1000, "issue", reqB, reqNoted, false},
	{"B takes 1024", 2024, "complete", reqB, 10, false},
	{"A begins at 5000", 5000, "issue", reqA, reqNoted, false},
	{"A ends before that", 4999, "complete", reqA, reqBackwards, false},
	{"and is forgotten", 6000, "complete", reqA, reqUnknown, false},
	{"A at 0", 0, "issue", reqA, reqNoted, false},
	{"A takes a ms less 1 ns", ms - 1, "complete", reqA, 19, false},
	{"A at 1 ms", ms, "issue", reqA, reqNoted, false},
	{"A takes a ms", 2 * ms, "complete", reqA, 19, true},
	{"B at 2 ms", 2 * ms, "issue", reqB, reqNoted, false},
	{"B takes 2^31 - 1 ns", 2*ms + 1<<31 - 1, "complete", reqB, 30, true},
	{"A at 3 ms", 3 * ms, "issue", reqA, reqNoted, false},
	{"A takes 2^32 - 1 ns", 3*ms + 1<<32 - 1, "complete", reqA, 31, true},
	{"A at 4 ms", 4 * ms, "issue", reqA, reqNoted, false},
	{"A takes 2^62 ns: the last slot has all that is more", 4*ms + 1<<62, "complete", reqA, 31, true},
	{"B at the beginning of time", -1 << 63, "issue", reqB, reqNoted, false},
	{"B takes more ns than there are positive numbers", 1, "complete", reqB, reqBackwards, false},
}

// latencyState is what the programs keep.
type latencyState struct {
	clock   int64
	started map[uint64]uint64
	slots   [32]uint64
	totals  [4]uint64 // untracked, unknown, backwards, unreported
}

// maps is the state by now. The program `issue` does not use all of them.
func (l *latencyState) maps() func(spec.ByteOrder) entries {
	now := *l
	now.started = maps.Clone(l.started)
	return func(o spec.ByteOrder) entries {
		return entries{
			"clock": array(o, uint64(now.clock)), "started": hash(o, now.started), "slots": array(o, now.slots[:]...),
			".bss": globals(o, now.totals[:]...), ".rodata": globals(o, ms),
		}
	}
}

// report is struct report of latency.c.
func report(request uint64, ns int64, size, code uint32) func(spec.ByteOrder) []vm.Event {
	return func(o spec.ByteOrder) []vm.Event {
		b := numbers(o, request, uint64(ns), 0)
		o.Binary().PutUint32(b[16:], size)
		o.Binary().PutUint32(b[20:], code)
		return []vm.Event{{Kind: vm.RingRecord, Data: b}}
	}
}

func setClock(t int64) func(spec.ByteOrder) entries {
	return func(o spec.ByteOrder) entries { return entries{"clock": array(o, uint64(t))} }
}

func TestLatency(t *testing.T) {
	l := &latencyState{started: map[uint64]uint64{}}
	var steps []step
	for i, e := range latencyEvents {
		l.clock = e.clock
		size, code := uint32(512*i), uint32(i%3)
		s := step{
			name: e.name, program: e.program, set: setClock(e.clock),
			context: args(e.request, 0xabcd_0000_0000_0000|uint64(code), 0x1234_0000_0000_0000|uint64(size)), // the upper halves are not the kernel's to fill
		}
		switch e.want {
		case reqNoted:
			l.started[e.request] = uint64(e.clock)
			s.context = args(e.request)
		case reqUntracked, reqUnknown, reqBackwards:
			l.totals[reqUntracked-e.want]++
		default:
			l.slots[e.want]++
		}
		if e.slow {
			s.events = report(e.request, e.clock-int64(l.started[e.request]), size, code)
		}
		if e.program == "complete" {
			delete(l.started, e.request)
		}
		s.maps = l.maps()
		steps = append(steps, s)
	}
	steps = append(steps, crowd(l)...)
	checkSteps(t, "latency", steps)
	checkStepsKernel(t, "latency", steps)
}

// crowd fills the table of requests, and then the ring buffer: a record takes 24 bytes
// and a header of 8, and 4096 bytes are never all used, so 127 fit.
func crowd(l *latencyState) (steps []step) {
	const room, fit = 256, 127
	const began = 10 * ms
	fill := func(o spec.ByteOrder) entries {
		var all []vmmaps.Entry
		for i := range uint64(room) {
			all = append(all, entry(numbers(o, i), numbers(o, began)))
		}
		return entries{"started": all, "clock": array(o, began)}
	}
	for i := range uint64(room) {
		l.started[i] = began
	}
	l.clock = began
	l.totals[0]++
	steps = append(steps, step{name: "one request too many", program: "issue", set: fill, context: args(reqA), maps: l.maps()})
	l.clock = 12*ms + 345
	const slot = 20 // of 2,000,345 ns
	for i := range uint64(fit + 3) {
		delete(l.started, i)
		l.slots[slot]++
		s := step{name: fmt.Sprintf("slow request %d", i), program: "complete", context: args(i, 0, 4096)}
		if i == 0 {
			s.set = setClock(l.clock)
		}
		if i < fit {
			s.events = report(i, l.clock-began, 4096, 0)
		} else {
			l.totals[3]++
		}
		s.maps = l.maps()
		steps = append(steps, s)
	}
	return steps
}

// TestLatencyModel: random latencies; the slot is what math/bits says.
func TestLatencyModel(t *testing.T) {
	rng := random(t)
	l := &latencyState{started: map[uint64]uint64{}}
	var steps []step
	for range 60 {
		start, ns := rng.Int64N(1<<40), int64(rng.Uint64()>>1)>>rng.IntN(64)
		l.clock, l.started[reqA] = start, uint64(start)
		steps = append(steps, step{name: "random issue", program: "issue", set: setClock(start), context: args(reqA), maps: l.maps()})
		l.clock = start + ns
		s := step{name: fmt.Sprintf("%d ns", ns), program: "complete", set: setClock(l.clock), context: args(reqA, 0, 1)}
		delete(l.started, reqA)
		switch {
		case l.clock < start: // past the last of the positive numbers
			l.totals[2]++
		default:
			l.slots[min(max(bits.Len64(uint64(ns)), 1)-1, 31)]++
			if ns >= ms {
				s.events = report(reqA, ns, 1, 0)
			}
		}
		s.maps = l.maps()
		steps = append(steps, s)
	}
	checkSteps(t, "latency", steps)
}
