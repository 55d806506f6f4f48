package corpus

import (
	"bytes"
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Numbers of conntrack.c.
const (
	none, synSent, synReceived, established, aClosed, bClosed, bothClosed, gone = 0, 1, 2, 3, 4, 5, 6, 7

	opened, continued, closed, misfit, tableFull, noTCP, badSegment = 0, 1, 2, 3, 4, 5, 6

	mostConnections = 8
)

// Flags of TCP.
const fin, syn, rst, psh, ack, urg = 1, 2, 4, 8, 16, 32

// socket is an end of a connection.
type socket struct {
	addr [4]byte
	port uint16
}

func (s socket) compare(o socket) int {
	return bytes.Compare(binary.BigEndian.AppendUint16(s.addr[:], s.port), binary.BigEndian.AppendUint16(o.addr[:], o.port))
}

// connectionKey has the lower end first.
type connectionKey [2]socket

func (k connectionKey) encode() []byte {
	b := append(k[0].addr[:], k[1].addr[:]...)
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, k[0].port), k[1].port)
}

// connection is struct connection of conntrack.c.
type connection struct {
	state, opener  uint32
	packets, bytes [2]uint64
}

// conntrackState is what is in the program's maps, and what it has just put out.
type conntrackState struct {
	connections map[connectionKey]connection
	outcomes    [7]uint64
	records     []func(spec.ByteOrder) effect
}

// take accounts for a segment that leads to a state.
func (s *conntrackState) take(from, to socket, bytes uint64, outcome int, next uint32, reset bool) {
	s.outcomes[outcome]++
	s.records = nil
	if outcome > closed {
		return
	}
	k, sender := connectionKey{from, to}, uint32(0)
	if from.compare(to) > 0 {
		k, sender = connectionKey{to, from}, 1
	}
	c, known := s.connections[k]
	if !known {
		c.opener = sender
	}
	by := sender ^ c.opener // 0: who opened it
	c.packets[by]++
	c.bytes[by] += bytes
	if outcome == closed {
		delete(s.connections, k)
		s.records = append(s.records, func(o spec.ByteOrder) effect {
			last := []uint32{c.opener, c.state, 0}
			if reset {
				last[2] = 1
			}
			data := append(append(k.encode(), words(o, last...)...), numbers(o, c.packets[0], c.packets[1], c.bytes[0], c.bytes[1])...)
			return effect{"ended", vm.Event{Kind: vm.RingRecord, Data: data}}
		})
		return
	}
	c.state = next
	s.connections[k] = c
}

func (s *conntrackState) maps() func(spec.ByteOrder) entries {
	connections, outcomes := maps.Clone(s.connections), s.outcomes
	return func(o spec.ByteOrder) entries {
		e := entries{"outcomes": perCPU(array(o, outcomes[:]...)), ".bss": section(numbers(o, 0))}
		for k, c := range connections {
			value := append(words(o, c.state, c.opener), numbers(o, c.packets[0], c.packets[1], c.bytes[0], c.bytes[1])...)
			e["connections"] = append(e["connections"], entry(k.encode(), value))
		}
		return e
	}
}

func (s *conntrackState) events() func(spec.ByteOrder) []effect {
	records := s.records
	return func(o spec.ByteOrder) (all []effect) {
		for _, r := range records {
			all = append(all, r(o))
		}
		return all
	}
}

// conntrackCase is a packet, what is to become of it, and the state of its connection
// afterwards: worked out by hand from RFC 9293, section 3.3.2, as the two ends pass through it.
type conntrackCase struct {
	packet
	outcome  int
	state    uint32
	from, to socket
	bytes    uint64 // of IPv4
	reset    bool
}

func segmentFrame(from, to socket, flags, data int, change ...func(*layers.IPv4)) []byte {
	ip := ipv4(from.addr, to.addr, layers.IPProtocolTCP)
	for _, do := range change {
		do(ip)
	}
	l := &layers.TCP{SrcPort: layers.TCPPort(from.port), DstPort: layers.TCPPort(to.port), Seq: 1, Window: 65535}
	l.FIN, l.SYN, l.RST, l.PSH, l.ACK, l.URG = flags&fin != 0, flags&syn != 0, flags&rst != 0, flags&psh != 0, flags&ack != 0, flags&urg != 0
	return build(ethernet(layers.EthernetTypeIPv4), ip, l, gopacket.Payload(make([]byte, data)))
}

func conntrackCases() []conntrackCase {
	segment := func(name string, from, to socket, flags, data, outcome int, state uint32) conntrackCase {
		return conntrackCase{packet{name, segmentFrame(from, to, flags, data)}, outcome, state, from, to, uint64(40 + data), flags&rst != 0}
	}
	plain := func(name string, outcome int, frame []byte) conntrackCase {
		return conntrackCase{packet: packet{name, frame}, outcome: outcome}
	}
	port := func(n uint16) socket { return socket{client, n} }
	a, b, www := port(1000), port(1001), socket{server, 80}
	tagged := segment("in a VLAN", a, www, syn, 0, continued, synSent)
	tagged.frame = slices.Insert(tagged.frame, 12, 0x81, 0, 0, 5)
	optioned := segment("with IP options", a, www, syn, 0, continued, synSent)
	optioned.bytes += 4
	optioned.frame = segmentFrame(a, www, syn, 0, func(ip *layers.IPv4) { ip.Options = []layers.IPv4Option{{OptionType: 1}, {OptionType: 0}} })
	local := socket{server, 1000}

	all := []conntrackCase{
		segment("no connection yet", a, www, ack, 0, misfit, none),
		segment("a connection", a, www, syn, 0, opened, synSent),
		segment("its SYN again", a, www, syn, 0, continued, synSent),
		tagged,
		optioned,
		segment("too early", a, www, ack, 10, misfit, synSent),
		segment("a SYN the other way", www, a, syn, 0, misfit, synSent),
		segment("the answer", www, a, syn|ack, 0, continued, synReceived),
		segment("the answer again", www, a, syn|ack, 0, continued, synReceived),
		segment("SYN and ACK by who opens", a, www, syn|ack, 0, misfit, synReceived),
		segment("data before the handshake is over", www, a, ack, 10, misfit, synReceived),
		segment("the handshake is over", a, www, ack, 0, continued, established),
		segment("the answer once more: the ACK was lost", www, a, syn|ack, 0, continued, established),
		segment("a request", a, www, ack|psh, 100, continued, established),
		segment("a reply", www, a, ack|urg, 1000, continued, established),
		segment("a SYN in the middle", a, www, syn, 0, misfit, established),
		segment("no flags at all", a, www, 0, 0, misfit, established),
		segment("SYN and FIN", a, www, syn|fin|ack, 0, misfit, established),
		segment("SYN and RST", a, www, syn|rst, 0, misfit, established),
		segment("FIN without ACK", a, www, fin|psh|urg, 0, misfit, established),
		segment("one end is done", a, www, fin|ack, 0, continued, aClosed),
		segment("and says so again", a, www, fin|ack, 0, continued, aClosed),
		segment("the other is not", www, a, ack, 1000, continued, aClosed),
		segment("now it is", www, a, fin|ack, 5, continued, bothClosed),
		segment("and says so again", www, a, fin|ack, 5, continued, bothClosed),
		segment("the last ACK", a, www, ack, 0, closed, gone),
		segment("nothing is left", a, www, ack, 0, misfit, none),

		segment("a second connection", b, www, syn, 0, opened, synSent),
		segment("it is answered", www, b, syn|ack, 0, continued, synReceived),
		segment("it ends as soon as it begins", b, www, fin|ack, 3, continued, aClosed),
		segment("a FIN from there", www, b, fin|ack, 0, continued, bothClosed),
		segment("the last ACK comes from there", www, b, ack, 0, closed, gone),

		segment("a third", b, www, syn, 0, opened, synSent),
		segment("is refused", www, b, rst|ack, 0, closed, gone),
		segment("a fourth", b, www, syn, 0, opened, synSent),
		segment("answered", www, b, syn|ack, 0, continued, synReceived),
		segment("established", b, www, ack, 0, continued, established),
		segment("the other end is done first", www, b, fin|ack, 0, continued, bClosed),
		segment("data, in spite of it", b, www, ack, 7, continued, bClosed),
		segment("an ACK from who is done", www, b, ack, 0, continued, bClosed),
		segment("both are", b, www, fin|ack, 0, continued, bothClosed),
		segment("but one resets", b, www, rst, 0, closed, gone),
		segment("a reset of nothing", b, www, rst, 0, misfit, none),

		segment("both ends on one host: the higher port opens", local, www, syn, 0, opened, synSent),
		segment("the lower port answers", www, local, syn|ack, 0, continued, synReceived),
	}
	for n := range uint16(mostConnections - 1) {
		all = append(all, segment("one of many", port(2000+n), www, syn, 0, opened, synSent))
	}
	ok := segmentFrame(a, www, syn, 0)
	return append(all,
		segment("there is no room", a, www, syn, 0, tableFull, none),
		segment("for those inside there is", www, port(2003), syn|ack, 0, continued, synReceived),
		segment("one leaves", port(2003), www, rst, 0, closed, gone),
		segment("now there is room", a, www, syn, 0, opened, synSent),

		plain("UDP", noTCP, build(ethernet(layers.EthernetTypeIPv4), ipv4(client, server, layers.IPProtocolUDP), udp(1000, 80))),
		plain("ARP", noTCP, build(ethernet(layers.EthernetTypeARP), gopacket.Payload(make([]byte, 28)))),
		plain("IPv6", noTCP, build(ethernet(layers.EthernetTypeIPv6), ipv6("2001:db8::5", "2001:db8::80", layers.IPProtocolTCP), tcp(1000, 80))),
		plain("ihl 4", badSegment, with(ok, 14, 0x44)),
		plain("total_len ends in the TCP header", badSegment, with(ok, 14+2, 0, 39)),
		plain("total_len behind the packet", badSegment, with(ok, 14+2, 1, 0)),
		plain("cut in the TCP header", badSegment, ok[:14+39]),
		plain("a last fragment", badSegment, segmentFrame(a, www, syn, 0, func(ip *layers.IPv4) { ip.FragOffset = 1 })),
		plain("cut in the VLAN tag", badSegment, tagged.frame[:16]),
		plain("cut in the IPv4 header", badSegment, ok[:14+19]),
		plain("no whole Ethernet header", badSegment, ok[:13]),
	)
}

func TestConntrack(t *testing.T) {
	s := conntrackState{connections: map[connectionKey]connection{}}
	var want []expected
	all := frames(t, "conntrack.pcap")
	for i, w := range conntrackCases() {
		s.take(w.from, w.to, w.bytes, w.outcome, w.state, w.reset)
		want = append(want, expected{name: w.name, packet: all[i], r0: conntrackVerdict(w.outcome), maps: s.maps(), events: s.events()})
	}
	check(t, "conntrack", want)
}

func conntrackVerdict(outcome int) uint64 {
	if slices.Contains([]int{misfit, tableFull, badSegment}, outcome) {
		return tcShot
	}
	return tcOK
}

// newConntrackModel has the rules in words, where the program has a table.
func newConntrackModel() model {
	s := conntrackState{connections: map[connectionKey]connection{}}
	return model{
		outcomes: s.outcomes[:],
		mutate:   s.segment,
		step: func(frame []byte) (uint64, []byte) {
			outcome, from, to, flags, bytes := conntrackParse(frame)
			next := uint32(none)
			if outcome == continued {
				outcome, next = s.judge(from, to, flags)
			}
			s.take(from, to, bytes, outcome, next, flags&rst != 0)
			return conntrackVerdict(outcome), frame
		},
		maps:   func() func(spec.ByteOrder) entries { return s.maps() },
		events: func() func(spec.ByteOrder) []effect { return s.events() },
	}
}

// conntrackParse gives continued for every segment that is whole.
func conntrackParse(frame []byte) (outcome int, from, to socket, flags int, bytes uint64) {
	be := binary.BigEndian
	kind, ip, ok := afterVLANs(frame)
	switch {
	case !ok:
		return badSegment, from, to, 0, 0
	case kind != 0x0800:
		return noTCP, from, to, 0, 0
	case len(ip) < 20:
		return badSegment, from, to, 0, 0
	case ip[9] != 6:
		return noTCP, from, to, 0, 0
	}
	head, total := int(ip[0]&15)*4, int(be.Uint16(ip[2:]))
	if head < 20 || total < head+20 || total > len(ip) || be.Uint16(ip[6:])%0x2000 != 0 {
		return badSegment, from, to, 0, 0
	}
	l4 := ip[head:]
	return continued, socket{[4]byte(ip[12:]), be.Uint16(l4)}, socket{[4]byte(ip[16:]), be.Uint16(l4[2:])}, int(l4[13]), uint64(total)
}

// judge says what a segment does.
func (s *conntrackState) judge(from, to socket, flags int) (outcome int, next uint32) {
	k, sender := connectionKey{from, to}, uint32(0)
	if from.compare(to) > 0 {
		k, sender = connectionKey{to, from}, 1
	}
	c, known := s.connections[k]
	fromA := c.opener == sender
	is := func(set int) bool { return flags&(syn|fin|rst|ack) == set }
	reset := flags&(syn|fin|rst) == rst
	switch {
	case !known && !is(syn):
		return misfit, none
	case !known && len(s.connections) == mostConnections:
		return tableFull, none
	case !known:
		return opened, synSent
	case reset:
		return closed, gone
	}
	switch {
	case is(syn):
		if fromA && c.state <= synReceived {
			return continued, c.state
		}
	case is(syn | ack):
		if !fromA && c.state <= established {
			return continued, max(synReceived, c.state)
		}
	case c.state < synReceived, c.state == synReceived && !fromA: // who has not shaken hands may not go on
	case is(ack):
		if c.state == bothClosed {
			return closed, gone
		}
		return continued, max(established, c.state)
	case is(fin | ack):
		done, otherDone := uint32(aClosed), uint32(bClosed)
		if !fromA {
			done, otherDone = otherDone, done
		}
		if c.state == otherDone || c.state == bothClosed {
			return continued, bothClosed
		}
		return continued, done
	}
	return misfit, none
}

// segment makes up a packet: for a connection that is there, for another, or a broken one.
func (s *conntrackState) segment(rng *rand.Rand, frame []byte) []byte {
	from, to := socket{client, uint16(1000 + rng.IntN(16))}, socket{server, 80}
	flags := []int{syn, syn | ack, ack, ack | psh, fin | ack, rst, fin, 0, syn | fin}[rng.IntN(9)]
	switch rng.IntN(11) {
	case 0, 1: // as long as an IPv6 header at least: see kernelTakes
		return append(mutate(rng, frame), make([]byte, 20)...)
	case 2, 3:
		flags = syn
	case 4:
	default:
		all := slices.SortedFunc(maps.Keys(s.connections), func(a, b connectionKey) int { return bytes.Compare(a.encode(), b.encode()) })
		if len(all) > 0 {
			k := all[rng.IntN(len(all))]
			from, to = k[0], k[1]
			flags = []int{syn | ack, syn | ack, ack, ack, ack, fin | ack, fin | ack, rst | ack}[rng.IntN(8)]
		}
	}
	if rng.IntN(2) == 0 && flags != syn {
		from, to = to, from
	}
	return segmentFrame(from, to, flags, rng.IntN(20))
}
