package corpus

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/lockstep-ebpf/lockstep/spec"
	vmmaps "github.com/lockstep-ebpf/lockstep/vm/maps"
)

// policy is struct policy of cgroup.c, with its prefix.
type policy struct {
	bits         uint32
	addr         [4]byte
	left, denied uint64
	mark         uint32
}

// cgPolicies: the longest prefix decides, even if a shorter one has more to give.
var cgPolicies = []policy{
	{8, [4]byte{10}, 1000, 0, 0x11},
	{16, [4]byte{10, 1}, 100, 0, 0x22},
	{32, [4]byte{10, 1, 2, 3}, 0, 0, 0x33},
	{24, [4]byte{192, 0, 2}, 1 << 32, 0, 0x44},
}

const wide, middle, shut, test = 0, 1, 2, 3 // indices in cgPolicies

// Outcomes of cgroup.c.
const cgPassed, cgNoPolicy, cgNoBudget, cgNoRoom, cgStranger, cgNotIPv4 = 0, 1, 2, 3, 4, 5

// cgroupCase is a packet on its way out or in, and what is to become of it.
type cgroupCase struct {
	name    string
	program string
	peer    [4]byte // the other side
	size    int     // of the packet, with the IPv4 header
	outcome int
	policy  int // of an egress: whose budget, if any
}

// cgroupCases: four peers are remembered.
var cgroupCases = []cgroupCase{
	{"nobody has been written to", "ingress", [4]byte{10, 9, 9, 9}, 28, cgStranger, -1},
	{"a destination without a policy", "egress", [4]byte{198, 51, 100, 1}, 28, cgNoPolicy, -1},
	{"the wide prefix", "egress", [4]byte{10, 9, 9, 9}, 400, cgPassed, wide},
	{"and an answer", "ingress", [4]byte{10, 9, 9, 9}, 1000, cgPassed, -1},
	{"from elsewhere", "ingress", [4]byte{10, 9, 9, 8}, 28, cgStranger, -1},
	{"the same budget, to another", "egress", [4]byte{10, 200, 0, 1}, 500, cgPassed, wide},
	{"100 are left, 101 are too many", "egress", [4]byte{10, 9, 9, 9}, 101, cgNoBudget, wide},
	{"100 are not", "egress", [4]byte{10, 9, 9, 9}, 100, cgPassed, wide},
	{"then it is empty", "egress", [4]byte{10, 9, 9, 9}, 28, cgNoBudget, wide},
	{"the middle prefix has its own", "egress", [4]byte{10, 1, 0, 1}, 60, cgPassed, middle},
	{"the longest prefix decides", "egress", [4]byte{10, 1, 2, 3}, 28, cgNoBudget, shut},
	{"its neighbour is the middle one's", "egress", [4]byte{10, 1, 2, 2}, 28, cgPassed, middle},
	{"a fifth peer has no room, and has spent", "egress", [4]byte{192, 0, 2, 7}, 68, cgNoRoom, test},
	{"a known one has", "egress", [4]byte{10, 200, 0, 1}, 28, cgNoBudget, wide},
	{"nor are there answers to the fifth", "ingress", [4]byte{192, 0, 2, 7}, 28, cgStranger, -1},
	{"an answer from the fourth", "ingress", [4]byte{10, 1, 2, 2}, 28, cgPassed, -1},
	{"another", "ingress", [4]byte{10, 1, 2, 2}, 28, cgPassed, -1},
}

var host = [4]byte{10, 9, 0, 1}

// packet is the case's: IPv4 and UDP, zeros behind. It has no Ethernet header.
func (c *cgroupCase) packet() []byte {
	src, dst := host, c.peer
	if c.program == "ingress" {
		src, dst = c.peer, host
	}
	payload := gopacket.Payload(make([]byte, c.size-28))
	return build(ipv4(src, dst, layers.IPProtocolUDP), udp(1, 2), payload)
}

// cgroupState is what the programs keep.
type cgroupState struct {
	policies []policy
	peers    map[[4]byte][2]uint64 // sent, received
	outcomes [6]uint64
}

func (g *cgroupState) step(c cgroupCase) step {
	g.outcomes[c.outcome]++
	if c.policy >= 0 {
		p := &g.policies[c.policy]
		if c.outcome == cgNoBudget {
			p.denied++
		} else {
			p.left -= uint64(c.size)
		}
	}
	s := step{name: c.name, program: c.program, packet: c.packet(), context: skbOf(0x0800)}
	var mark uint32
	if c.outcome == cgPassed {
		s.r0 = 1
		peer := g.peers[c.peer]
		if c.program == "egress" {
			mark = g.policies[c.policy].mark
			peer[0]++
		} else {
			peer[1]++
		}
		g.peers[c.peer] = peer
	}
	s.fields = func(o spec.ByteOrder) map[int][]byte { return map[int][]byte{8: word(o, mark)} }
	s.maps = g.maps()
	return s
}

func (g *cgroupState) maps() func(spec.ByteOrder) entries {
	policies, peers, outcomes := slices.Clone(g.policies), maps.Clone(g.peers), g.outcomes
	return func(o spec.ByteOrder) entries {
		var known []vmmaps.Entry
		for addr, n := range peers {
			known = append(known, entry(addr[:], numbers(o, n[:]...)))
		}
		return entries{"policies": policyEntries(o, policies), "peers": known, "outcomes": array(o, outcomes[:]...)}
	}
}

func policyEntries(o spec.ByteOrder, policies []policy) (all []vmmaps.Entry) {
	for _, p := range policies {
		value := numbers(o, p.left, p.denied, 0)
		o.Binary().PutUint32(value[16:], p.mark)
		key := append(append(word(o, p.bits), p.addr[:]...), 0, 0, 0, 0)
		all = append(all, entry(key, value))
	}
	return all
}

// skbOf is a context that says a protocol, which stands there as in the packet.
func skbOf(protocol uint16) func(spec.ByteOrder) []byte {
	return func(o spec.ByteOrder) []byte {
		ctx := make([]byte, 192)
		var wire [2]byte
		binary.BigEndian.PutUint16(wire[:], protocol)
		o.Binary().PutUint32(ctx[16:], uint32(o.Binary().Uint16(wire[:])))
		return ctx
	}
}

func TestCgroup(t *testing.T) {
	g := &cgroupState{policies: slices.Clone(cgPolicies), peers: map[[4]byte][2]uint64{}}
	var steps []step
	for _, c := range cgroupCases {
		steps = append(steps, g.step(c))
	}
	steps[0].set = func(o spec.ByteOrder) entries { return entries{"policies": policyEntries(o, cgPolicies)} }
	steps[1].set = steps[0].set // the first program has no use for them

	good := (&cgroupCase{program: "egress", peer: [4]byte{10, 1, 2, 2}, size: 28}).packet()
	six := append([]byte{0x60}, make([]byte, 39)...)
	for _, x := range []struct {
		name     string
		protocol uint16
		packet   []byte
		beyond   string
	}{
		{"IPv6", 0x86dd, six, ""},
		{"what says IPv4 and is version 6", 0x0800, with(good, 0, 0x65), ""},
		{"an IPv4 packet that says ARP", 0x0806, good, ""},
		{"half a header", 0x0800, good[:19], "test run takes no IPv4 packet without a whole header"},
		{"nothing", 0x0800, []byte{}, "the same"},
	} {
		for _, program := range []string{"egress", "ingress"} {
			g.outcomes[cgNotIPv4]++
			steps = append(steps, step{
				name: x.name + ", " + program, program: program, packet: bytes.Clone(x.packet), context: skbOf(x.protocol), maps: g.maps(), beyond: x.beyond,
			})
		}
	}
	checkSteps(t, "cgroup", steps)
	checkStepsKernel(t, "cgroup", steps)
}
