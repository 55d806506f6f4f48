package corpus

import (
	"slices"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Flags of perf_event_output: this CPU's event, and where the number of packet bytes stands.
const (
	thisCPU     = 0xffff_ffff
	packetBytes = 32
)

// order is struct order of sampler.c.
type order struct{ skip, show uint32 }

var usualOrder = order{3, 32}

// samplerState is what is in the program's maps, as Go would have it.
type samplerState struct {
	reading                  bool // user space has opened perf events
	current                  order
	orders                   []order  // the oldest first
	lost                     []uint64 // the oldest first
	packets, samples, missed uint64
}

// pass is a packet that no sample is taken of.
func (s *samplerState) pass() {
	s.packets++
	s.current.skip--
}

// sample takes a sample of so many bytes; then the next order holds.
func (s *samplerState) sample(frame []byte, shown int) func(spec.ByteOrder) []effect {
	s.packets++
	number := s.packets
	if len(s.orders) > 0 {
		s.current, s.orders = s.orders[0], s.orders[1:]
	} else {
		s.current = usualOrder
	}
	if !s.reading {
		s.missed++
		s.lost = append(s.lost, number)
		s.lost = s.lost[max(0, len(s.lost)-3):]
		return nil
	}
	s.samples++
	return func(o spec.ByteOrder) []effect {
		data := append(numbers(o, number), words(o, uint32(len(frame)), uint32(shown))...)
		return []effect{{"samples", vm.Event{Kind: vm.PerfSample, Flags: thisCPU | uint64(shown)<<packetBytes, Data: append(data, frame[:shown]...)}}}
	}
}

func (s *samplerState) maps() func(spec.ByteOrder) entries {
	c := *s
	c.orders, c.lost = slices.Clone(s.orders), slices.Clone(s.lost)
	return func(o spec.ByteOrder) entries {
		e := entries{
			".data":   section(words(o, c.current.skip, c.current.show)),
			".rodata": section(words(o, usualOrder.skip, usualOrder.show)),
			".bss":    section(numbers(o, c.packets, c.samples, c.missed)),
			"orders":  queued(c.orders)(o),
			"lost":    nil,
		}
		for _, n := range slices.Backward(c.lost) {
			e["lost"] = append(e["lost"], maps.Entry{Value: numbers(o, n)})
		}
		return e
	}
}

func queued(orders []order) func(o spec.ByteOrder) []maps.Entry {
	return func(o spec.ByteOrder) (all []maps.Entry) {
		for _, x := range orders {
			all = append(all, maps.Entry{Value: words(o, x.skip, x.show)})
		}
		return all
	}
}

// give is what user space does: it orders, and opens perf events if it is to read.
func (s *samplerState) give(read bool, orders ...order) func(spec.ByteOrder) entries {
	s.reading = s.reading || read
	s.orders = append(s.orders, orders...)
	return func(o spec.ByteOrder) entries {
		e := entries{"orders": queued(orders)(o)}
		if read {
			e["samples"] = []maps.Entry{entry(words(o, 0), words(o, 0))} // CPU 0's at index 0
		}
		return e
	}
}

// samplerStep is a packet of some bytes, and how many of them are shown: by hand.
type samplerStep struct {
	name   string
	length int
	shown  int // or not
	read   bool
	orders []order // before the packet comes
}

const not = -1

var samplerSteps = []samplerStep{
	{"the first packet, but nobody reads", 60, 16, false, []order{{0, 8}, {0, 8}}},
	{"nor now", 60, 8, false, nil},
	{"nor now, and no order is left", 60, 8, false, nil},
	{"3 are passed over", 60, not, false, nil},
	{"the second", 60, not, false, nil},
	{"the third", 60, not, false, nil},
	{"the stack holds three: the oldest goes", 60, 32, false, nil},
	{"somebody reads from now on, and orders", 60, not, true, []order{{0, 0}, {1, 14}, {0, 9999}, {0, 20}}},
	{"another one", 60, not, false, nil},
	{"and another", 60, not, false, nil},
	{"the usual order is over: 32 bytes", 60, 32, false, nil},
	{"nothing but the header", 61, 0, false, nil},
	{"one is passed over", 62, not, false, nil},
	{"14 bytes", 63, 14, false, nil},
	{"all there is", 100, 100, false, nil},
	{"20 bytes of 14", 14, 14, false, nil},
	{"the usual order again", 60, not, false, nil},
	{"still", 60, not, false, nil},
	{"and still", 60, not, false, []order{{2, 1}}},
	{"its sample", 64, 32, false, nil},
	{"what was ordered meanwhile: two", 60, not, false, nil},
	{"are passed over", 60, not, false, nil},
	{"a byte", 60, 1, false, nil},
}

// samplerFrame has another byte everywhere.
func samplerFrame(length int) []byte {
	f := build(ethernet(layers.EthernetTypeIPv4), gopacket.Payload(make([]byte, max(length, 60)-14)))[:length]
	for i := 14; i < len(f); i++ {
		f[i] = byte(i)
	}
	return f
}

func TestSampler(t *testing.T) {
	s := samplerState{current: order{0, 16}}
	var want []expected
	for _, step := range samplerSteps {
		e := expected{name: step.name, packet: samplerFrame(step.length), r0: xdpPass}
		if step.read || step.orders != nil {
			e.set = s.give(step.read, step.orders...)
		}
		if step.shown == not {
			s.pass()
		} else {
			e.events = s.sample(e.packet, step.shown)
		}
		e.maps = s.maps()
		want = append(want, e)
	}
	check(t, "sampler", want)
}
