package corpus

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	vmmaps "github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Outcomes of sockredir.c.
const srLocal, srSession, srService, srNoTarget, srExpired, srMalformed = 0, 1, 2, 3, 4, 5

// Sockets by number. Service 1 is socket 11, service 3 is 13; session "gold" is
// socket 21, session "iron" socket 11 too.
var (
	services = map[uint32]uint32{1: 11, 3: 13}
	sessions = map[string]uint32{"gold": 21, "iron": 11}
)

const received = 1 // BPF_F_INGRESS: the socket receives the message; else it sends it

// routeCase is a message, and what is to become of it.
type routeCase struct {
	name    string
	message string
	outcome int
	socket  uint64
	flags   uint64
}

// routeCases: bytes are version, hops, service, 0, and the session's name.
var routeCases = []routeCase{
	{"for the router", "\x01\x05\x00\x00none", srLocal, 0, 0},
	{"for the router, whatever the session", "\x01\x00\x00\x00goldhello", srLocal, 0, 0},
	{"to a service", "\x01\x05\x01\x00noneopen", srService, 11, 0},
	{"to another", "\x01\x01\x03\x00none", srService, 13, 0},
	{"a session that is known", "\x01\xff\x01\x00goldand more", srSession, 21, received},
	{"a session at the service's socket", "\x01\x02\x01\x00iron", srSession, 11, received},
	{"the session decides, though there is no such service", "\x01\x02\x02\x00gold", srSession, 21, received},
	{"no session, no service", "\x01\x02\x02\x00none", srNoTarget, 0, 0},
	{"a service beyond the map", "\x01\x02\x04\x00none", srNoTarget, 0, 0},
	{"far beyond", "\x01\x02\xff\x00none", srNoTarget, 0, 0},
	{"no hops left", "\x01\x00\x01\x00gold", srExpired, 0, 0},
	{"the router needs none", "\x01\x00\x00\x00none", srLocal, 0, 0},
	{"version 2", "\x02\x05\x01\x00none", srMalformed, 0, 0},
	{"a byte that must be zero", "\x01\x05\x01\x01none", srMalformed, 0, 0},
	{"seven bytes", "\x01\x05\x01\x00non", srMalformed, 0, 0},
	{"one byte", "\x01", srMalformed, 0, 0},
	{"to a service once more", "\x01\x80\x03\x00Gold", srService, 13, 0},
}

// socketEntries are the sockets as user space puts them into the maps. Their numbers
// are little-endian.
func socketEntries(o spec.ByteOrder) entries {
	value := func(n uint32) []byte { return numbers(spec.Little, uint64(n)) }
	e := entries{}
	for index, n := range services {
		e["services"] = append(e["services"], entry(word(o, index), value(n)))
	}
	for name, n := range sessions {
		e["sessions"] = append(e["sessions"], entry([]byte(name), value(n)))
	}
	return e
}

// routed is the message that arrives, with one hop less if it went on.
func (c *routeCase) routed() []byte {
	m := []byte(c.message)
	if c.outcome == srSession || c.outcome == srService || c.outcome == srNoTarget {
		m[1]--
	}
	return m
}

func routeSteps() (steps []step) {
	var outcomes [6][2]uint64
	for _, c := range routeCases {
		outcomes[c.outcome][0]++
		outcomes[c.outcome][1] += uint64(len(c.message))
		outcomes := outcomes
		s := step{
			name: c.name, program: "sockredir", packet: []byte(c.message), after: c.routed(),
			maps: func(o spec.ByteOrder) entries {
				e := socketEntries(o) // as they were
				for i, n := range outcomes {
					e["outcomes"] = append(e["outcomes"], vmmaps.Entry{Key: word(o, uint32(i)), Value: numbers(o, n[:]...)})
				}
				return e
			},
		}
		if c.outcome <= srService {
			s.r0 = 1
			s.events = func(spec.ByteOrder) []vm.Event {
				return []vm.Event{{Kind: vm.Message, Index: c.socket, Flags: c.flags, Data: c.routed()}}
			}
		}
		steps = append(steps, s)
	}
	steps[0].set = socketEntries
	return steps
}

func TestSockredir(t *testing.T) { checkSteps(t, "sockredir", routeSteps()) }
