package corpus

import (
	"encoding/binary"
	"hash/fnv"
	"maps"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// Outcomes and sizes of balancer.c, and what XDP does with what is sent back.
const (
	sentOn, notOurs, noBackend, badFlow = 0, 1, 2, 3
	ringSlots, backendSlots             = 61, 16
	xdpTX                               = 3
)

// backend is struct backend of balancer.c.
type backend struct {
	addr                 [4]byte
	mac                  [6]byte
	packets, connections uint64
}

// balancerState is what is in the program's maps, as Go would have it.
type balancerState struct {
	services    map[flowKey]uint64 // keys without a source
	ring        [ringSlots]uint32
	backends    [backendSlots]backend
	connections map[flowKey]uint32
	outcomes    [4]uint64
}

// newBalancer has the services TCP 80 and UDP 53 of server, and four numbers on the ring, of which the
// last has no backend yet.
func newBalancer() *balancerState {
	s := &balancerState{
		services:    map[flowKey]uint64{{dst: server, dport: 80, protocol: 6}: 0, {dst: server, dport: 53, protocol: 17}: 0},
		connections: map[flowKey]uint32{},
	}
	s.turn(0)
	copy(s.backends[:], backends[:3])
	return s
}

func (s *balancerState) turn(by int) {
	for i := range s.ring {
		s.ring[i] = uint32((i + by) % 4)
	}
}

// send accounts for a packet that goes to backend n.
func (s *balancerState) send(k flowKey, n uint32, kept bool) *backend {
	b := &s.backends[n]
	if !kept {
		s.connections[k] = n
		b.connections++
	}
	b.packets++
	return b
}

func (s *balancerState) clone() *balancerState {
	c := *s
	c.services, c.connections = maps.Clone(s.services), maps.Clone(s.connections)
	return &c
}

func (s *balancerState) entries(o spec.ByteOrder) entries {
	e := s.setup(o)
	for k, n := range s.connections {
		e["connections"] = append(e["connections"], entry(k.encode(), words(o, n)))
	}
	e["outcomes"] = array(o, s.outcomes[:]...)
	return e
}

// setup is what user space writes.
func (s *balancerState) setup(o spec.ByteOrder) entries {
	e := entries{}
	for k, packets := range s.services {
		key := append(k.dst[:], byte(k.dport>>8), byte(k.dport), k.protocol, 0)
		e["services"] = append(e["services"], entry(key, numbers(o, packets)))
	}
	var ring, backends [][]byte
	for _, n := range s.ring {
		ring = append(ring, words(o, n))
	}
	for _, b := range s.backends {
		place := append(append(b.addr[:], b.mac[:]...), make([]byte, 6)...)
		backends = append(backends, append(place, numbers(o, b.packets, b.connections)...))
	}
	e["ring"], e["backends"] = arrayOf(o, ring...), arrayOf(o, backends...)
	return e
}

// balancerCase is a packet, and what is to become of it.
type balancerCase struct {
	packet
	outcome int
	to      uint32 // number of the backend
	kept    bool   // because the connection has gone there before
	change  func(s *balancerState)
	flow    flowKey
	sent    func(src, dst []byte, addr [4]byte) []byte // the frame with those MACs and that destination
}

// The hashes, by another implementation of FNV-1a, of c6336405 c0000250, ports and protocol, modulo 61:
//
//	TCP 1001 89b2920f  5    1002 d31bf908  2    1003 ef97981d 12    1006 1a8fcd64  4
//	    1007 270b5349 17    1010 14cd3eb0 35
//	UDP 2000 6da4144e  6    2001 141a7c73 13    2007 64251eb9  4
//
// The ring's slot i has i mod 4, later i + 1 mod 4.
func balancerCases() []balancerCase {
	const ip4 = layers.EthernetTypeIPv4
	service := func(name string, to uint32, protocol uint8, sport, dport uint16, l4 ...gopacket.SerializableLayer) balancerCase {
		sent := func(src, dst []byte, addr [4]byte) []byte {
			return build(append([]gopacket.SerializableLayer{
				&layers.Ethernet{SrcMAC: src, DstMAC: dst, EthernetType: ip4}, ipv4(client, addr, layers.IPProtocol(protocol)),
			}, l4...)...)
		}
		return balancerCase{
			packet: packet{name, sent(macA, macB, server)}, to: to, sent: sent,
			flow: flowKey{src: client, dst: server, sport: sport, dport: dport, protocol: protocol},
		}
	}
	web := func(name string, to uint32, sport uint16) balancerCase {
		return service(name, to, 6, sport, 80, tcp(sport, 80), gopacket.Payload("GET"))
	}
	dns := func(name string, to uint32, sport uint16, payload ...byte) balancerCase {
		return service(name, to, 17, sport, 53, udp(sport, 53), gopacket.Payload(payload))
	}
	unchecked := dns("UDP without a checksum gets none", 0, 2007, 1, 2, 3)
	checked := unchecked.sent
	unchecked.sent = func(src, dst []byte, addr [4]byte) []byte { return with(checked(src, dst, addr), udpChecksum, 0, 0) }
	unchecked.frame = with(unchecked.frame, udpChecksum, 0, 0)

	// With a payload that equals the checksum of the packet without it the checksum is 0.
	sum := dns("", 1, 2001, 0, 0).sent(macB, backends[1].mac[:], backends[1].addr)[udpChecksum:]
	zero := dns("UDP whose checksum becomes 0, which is sent as ffff", 1, 2001, sum[0], sum[1])

	keeps := func(c balancerCase) balancerCase { c.kept = true; return c }
	fails := func(c balancerCase) balancerCase { c.outcome = noBackend; return c }
	after := func(change func(*balancerState), c balancerCase) balancerCase { c.change = change; return c }
	pass := func(name string, frame []byte) balancerCase {
		return balancerCase{packet: packet{name, frame}, outcome: notOurs}
	}
	broken := func(name string, frame []byte) balancerCase {
		return balancerCase{packet: packet{name, frame}, outcome: badFlow}
	}

	syn, query := web("", 0, 1001).frame, zero.frame
	other := func(dst [4]byte, p layers.IPProtocol, l4 gopacket.SerializableLayer) []byte {
		return build(ethernet(ip4), ipv4(client, dst, p), l4)
	}
	fragment := func(offset uint16, flags layers.IPv4Flag) []byte {
		ip := ipv4(client, server, layers.IPProtocolTCP)
		ip.FragOffset, ip.Flags = offset, flags
		return build(ethernet(ip4), ip, tcp(1001, 80))
	}
	options := ipv4(client, server, layers.IPProtocolTCP)
	options.Options = []layers.IPv4Option{{OptionType: 1}, {OptionType: 1}, {OptionType: 1}, {OptionType: 0}}

	return []balancerCase{
		web("slot 5", 1, 1001),
		web("slot 12", 0, 1003),
		web("slot 2", 2, 1002),
		keeps(web("a known connection", 1, 1001)),
		fails(web("slot 35 has the fourth backend, which is not there yet", 3, 1010)),
		dns("UDP", 2, 2000, 1, 2, 3),
		unchecked,
		zero,
		pass("another port", other(server, layers.IPProtocolTCP, tcp(1001, 81))),
		pass("another address", other(banned, layers.IPProtocolTCP, tcp(1001, 80))),
		pass("the web by UDP", other(server, layers.IPProtocolUDP, udp(1001, 80))),
		pass("ping", other(server, layers.IPProtocolICMPv4, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(8, 0)})),
		pass("a first fragment", fragment(0, layers.IPv4MoreFragments)),
		pass("a last fragment", fragment(100, 0)),
		pass("IP options", build(ethernet(ip4), options, tcp(1001, 80))),
		pass("IPv6", build(ethernet(layers.EthernetTypeIPv6), ipv6("2001:db8::5", "2001:db8::80", layers.IPProtocolTCP), tcp(1001, 80))),
		broken("cut in the IPv4 header", syn[:14+19]),
		broken("cut in the TCP header", syn[:14+20+19]),
		broken("cut in the UDP header", query[:14+20+7]),

		after(func(s *balancerState) { s.backends[3] = backends[3] }, web("now the fourth backend is there", 3, 1010)),

		after(func(s *balancerState) { s.turn(1) }, keeps(web("the ring has turned, the connection stays", 1, 1001))),
		web("a new one at slot 17 goes by the new ring", 2, 1007),
		web("slot 4", 1, 1006),
		keeps(dns("the other service's connections stay, too", 2, 2000, 4)),

		after(func(s *balancerState) { s.backends[1].addr = [4]byte{} }, web("a backend is out: slot 5 has the third one now", 2, 1001)),
		keeps(web("there it stays", 2, 1001)),
		fails(web("slot 4 has the one that is out", 1, 1006)),

		after(func(s *balancerState) { s.ring[4] = 0 }, web("slot 4 is mended", 0, 1006)),
		broken("no whole Ethernet header", syn[:13]),
	}
}

var backends = [4]backend{
	{addr: [4]byte{10, 1, 0, 10}, mac: [6]byte{2, 0, 0, 0, 1, 0}},
	{addr: [4]byte{10, 1, 1, 10}, mac: [6]byte{2, 0, 0, 0, 1, 1}},
	{addr: [4]byte{10, 1, 2, 10}, mac: [6]byte{2, 0, 0, 0, 1, 2}},
	{addr: [4]byte{10, 1, 3, 10}, mac: [6]byte{2, 0, 0, 0, 1, 3}},
}

func TestBalancer(t *testing.T) {
	s := newBalancer()
	var want []expected
	all := frames(t, "balancer.pcap")
	for i, w := range balancerCases() {
		e := expected{name: w.name, input: all[i], packet: all[i]}
		if w.change != nil {
			w.change(s)
		}
		if w.change != nil || i == 0 {
			e.set = s.clone().setup
		}
		s.outcomes[w.outcome]++
		if w.outcome == sentOn || w.outcome == noBackend {
			s.services[flowKey{dst: w.flow.dst, dport: w.flow.dport, protocol: w.flow.protocol}]++
		}
		if w.outcome == sentOn {
			b := s.send(w.flow, w.to, w.kept)
			e.packet = w.sent(macB, b.mac[:], b.addr)
		}
		e.r0, e.maps = balancerVerdict(w.outcome), s.clone().entries
		want = append(want, e)
	}
	check(t, "balancer", want)
}

func balancerVerdict(outcome int) uint64 {
	return []uint64{sentOn: xdpTX, notOurs: xdpPass, noBackend: xdpDrop, badFlow: xdpDrop}[outcome]
}

// newBalancerModel takes the hash from hash/fnv, and calculates checksums modulo 65535.
func newBalancerModel() model {
	s := newBalancer()
	step := func(frame []byte) (outcome int, after []byte) {
		outcome, k := balancerParse(frame)
		service := flowKey{dst: k.dst, dport: k.dport, protocol: k.protocol}
		if _, ours := s.services[service]; outcome != sentOn || !ours {
			return max(outcome, notOurs), frame
		}
		s.services[service]++
		n, kept := s.connections[k]
		if !kept {
			h := fnv.New32a()
			h.Write(k.encode()[:13])
			n = s.ring[h.Sum32()%ringSlots]
		}
		if s.backends[n].addr == [4]byte{} {
			return noBackend, frame
		}
		b := s.send(k, n, kept)
		after = with(with(frame, 0, append(b.mac[:], frame[:6]...)...), 14+16, b.addr[:]...)
		replaceWords(after, 14+10, k.dst[:], b.addr[:])
		switch at := map[uint8]int{6: 34 + 16, 17: 34 + 6}[k.protocol]; {
		case k.protocol == 6:
			replaceWords(after, at, k.dst[:], b.addr[:])
		case after[at] != 0 || after[at+1] != 0:
			if replaceWords(after, at, k.dst[:], b.addr[:]); after[at] == 0 && after[at+1] == 0 {
				copy(after[at:], []byte{0xff, 0xff})
			}
		}
		return sentOn, after
	}
	return model{
		outcomes: s.outcomes[:], set: s.clone().setup,
		step: func(frame []byte) (uint64, []byte) {
			outcome, after := step(frame)
			s.outcomes[outcome]++
			return balancerVerdict(outcome), after
		},
		maps: func() func(spec.ByteOrder) entries { return s.clone().entries },
	}
}

// balancerParse says sentOn of what may be for a service.
func balancerParse(frame []byte) (outcome int, k flowKey) {
	be := binary.BigEndian
	ip := frame[14:]
	if be.Uint16(frame[12:]) != 0x0800 || ip[0] != 0x45 || be.Uint16(ip[6:])&^0xc000 != 0 || ip[9] != 6 && ip[9] != 17 {
		return notOurs, k
	}
	if l4 := ip[20:]; len(l4) < 8 || ip[9] == 6 && len(l4) < 20 {
		return badFlow, k
	}
	return sentOn, flowKey{[4]byte(ip[12:]), [4]byte(ip[16:]), be.Uint16(ip[20:]), be.Uint16(ip[22:]), ip[9]}
}

// replaceWords mends the checksum at a place. The sum of what it covers, modulo 65535, changes by the
// difference; of the two zeros it is ffff, because a sum with any bit in it never comes to 0.
func replaceWords(frame []byte, at int, old, new []byte) {
	be := binary.BigEndian
	sum := 0xffff - int(be.Uint16(frame[at:]))
	for i := 0; i < len(old); i += 2 {
		sum += int(be.Uint16(new[i:])) - int(be.Uint16(old[i:]))
	}
	if sum = (sum%0xffff + 0xffff) % 0xffff; sum == 0 {
		sum = 0xffff
	}
	be.PutUint16(frame[at:], uint16(0xffff-sum))
}
