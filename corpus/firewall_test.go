package corpus

import (
	"encoding/binary"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// Addresses are those set aside for documentation (RFC 5737).
var (
	client = [4]byte{198, 51, 100, 5}
	server = [4]byte{192, 0, 2, 80}
	banned = [4]byte{203, 0, 113, 66}
)

// The rules: one flow, and everything from one source.
const flowRule, sourceRule = 0, 1

var flow = flowKey{client, server, 4444, 80, 6}

// firewallCase is a packet, and what is to become of it: worked out by hand.
type firewallCase struct {
	packet
	outcome int
	rule    int // if blocked: by which
}

func pass(name string, frame []byte) firewallCase {
	return firewallCase{packet: packet{name: name, frame: frame}, outcome: passed}
}

func drop(rule int, name string, frame []byte) firewallCase {
	return firewallCase{packet{name: name, frame: frame}, blocked, rule}
}

func broken(name string, frame []byte) firewallCase {
	return firewallCase{packet: packet{name: name, frame: frame}, outcome: malformed}
}

func other(name string, frame []byte) firewallCase {
	return firewallCase{packet: packet{name: name, frame: frame}, outcome: notIPv4}
}

func firewallCases() []firewallCase {
	const ip4, dot1q, qinq = layers.EthernetTypeIPv4, layers.EthernetTypeDot1Q, layers.EthernetTypeQinQ
	syn := func(sport uint16) []byte {
		return build(ethernet(ip4), ipv4(client, server, layers.IPProtocolTCP), tcp(sport, 80))
	}
	bad := syn(4444)
	vlan := func(types ...layers.EthernetType) []byte {
		parts := []gopacket.SerializableLayer{ethernet(types[0])}
		for i := range types {
			next := ip4
			if i+1 < len(types) {
				next = types[i+1]
			}
			parts = append(parts, &layers.Dot1Q{VLANIdentifier: uint16(100 + i), Type: next})
		}
		return build(append(parts, gopacket.Payload(bad[14:]))...)
	}
	options := ipv4(client, server, layers.IPProtocolTCP)
	options.Options = []layers.IPv4Option{{OptionType: 1}, {OptionType: 1}, {OptionType: 1}, {OptionType: 0}}
	fragment := func(src [4]byte, offset uint16, flags layers.IPv4Flag) []byte {
		ip := ipv4(src, server, layers.IPProtocolTCP)
		ip.FragOffset, ip.Flags = offset, flags
		return build(ethernet(ip4), ip, tcp(4444, 80))
	}
	dns := func(src [4]byte) []byte {
		return build(ethernet(ip4), ipv4(src, server, layers.IPProtocolUDP), udp(5353, 53), &layers.DNS{
			ID: 0x1d5c, RD: true,
			Questions: []layers.DNSQuestion{{Name: []byte("example.com"), Type: layers.DNSTypeA, Class: layers.DNSClassIN}},
		})
	}
	arp := &layers.ARP{
		AddrType: 1, Protocol: ip4, HwAddressSize: 6, ProtAddressSize: 4, Operation: 1,
		SourceHwAddress: macA, SourceProtAddress: client[:], DstHwAddress: make([]byte, 6), DstProtAddress: server[:],
	}
	ping := &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(8, 0), Id: 1, Seq: 1}

	return []firewallCase{
		pass("a connection that no rule names", syn(4445)),
		drop(flowRule, "the flow", bad),
		drop(sourceRule, "DNS from the banned source", dns(banned)),
		pass("DNS from elsewhere", dns(client)),
		drop(sourceRule, "ping from the banned source", build(ethernet(ip4), ipv4(banned, server, layers.IPProtocolICMPv4), ping)),
		other("ARP", build(ethernet(layers.EthernetTypeARP), arp)),
		other("IPv6", build(ethernet(layers.EthernetTypeIPv6), gopacket.Payload(append([]byte{0x60}, make([]byte, 39)...)))),
		drop(flowRule, "the flow in a VLAN", vlan(dot1q)),
		drop(flowRule, "the flow in two VLANs", vlan(qinq, dot1q)),
		other("the flow in three VLANs: too deep to see", vlan(qinq, dot1q, dot1q)),
		drop(flowRule, "the flow behind IP options", build(ethernet(ip4), options, tcp(4444, 80))),
		pass("a later fragment of the flow: no ports to see", fragment(client, 100, 0)),
		drop(sourceRule, "a later fragment from the banned source", fragment(banned, 100, 0)),
		drop(flowRule, "the first fragment of the flow", fragment(client, 0, layers.IPv4MoreFragments)),
		pass("the flow's ports, but UDP", build(ethernet(ip4), ipv4(client, server, layers.IPProtocolUDP), udp(4444, 80))),
		pass("Ethernet padding", append(syn(4446), make([]byte, 6)...)),
		broken("cut in the IPv4 header", bad[:14+12]),
		broken("cut in the TCP header", bad[:14+20+8]), // total_len says 40
		broken("ihl 4", with(bad, 14, 0x44)),
		broken("version 6", with(bad, 14, 0x65)),
		broken("total_len smaller than the header", with(bad, 14+2, 0, 19)),
		broken("total_len ends in the ports", with(bad, 14+2, 0, 23)),
		broken("cut in the VLAN tag", vlan(dot1q)[:16]),
		broken("nothing behind Ethernet", bad[:14]),
		broken("no whole Ethernet header", bad[:13]),
		broken("nothing", bad[:0]),
	}
}

func TestFirewall(t *testing.T) {
	type count struct{ packets, bytes uint64 }
	var rules [2]count
	var outcomes [4]uint64
	var want []expected
	for i, frame := range frames(t, "firewall.pcap") {
		w := firewallCases()[i]
		outcomes[w.outcome]++
		if w.outcome == blocked {
			rules[w.rule].packets++
			rules[w.rule].bytes += ipLength(frame)
		}
		rules, outcomes := rules, outcomes // as they are after this packet
		want = append(want, expected{
			name: w.name, r0: firewallVerdict(w.outcome), packet: frame,
			maps: func(o spec.ByteOrder) entries {
				return entries{
					"outcomes": array(o, outcomes[:]...),
					"rules": {
						{Key: flow.encode(), Value: numbers(o, rules[flowRule].packets, rules[flowRule].bytes)},
						{Key: flowKey{src: banned}.encode(), Value: numbers(o, rules[sourceRule].packets, rules[sourceRule].bytes)},
					},
				}
			},
		})
	}
	want[0].set = firewallRules
	check(t, "firewall", want)
}

// firewallVerdict is what XDP does for an outcome.
func firewallVerdict(outcome int) uint64 {
	if outcome == passed || outcome == notIPv4 {
		return xdpPass
	}
	return xdpDrop
}

// firewallRules are the rules as user space would write them.
func firewallRules(o spec.ByteOrder) entries {
	return entries{"rules": {
		{Key: flow.encode(), Value: numbers(o, 0, 0)},
		{Key: flowKey{src: banned}.encode(), Value: numbers(o, 0, 0)},
	}}
}

// ipLength is the length of the IPv4 packet in a frame: found from the end of the
// Ethernet header or VLAN tags, whose type is the last two bytes before 0x45/0x46.
func ipLength(frame []byte) uint64 {
	at := 14
	for binary.BigEndian.Uint16(frame[at-2:]) != 0x0800 {
		at += 4
	}
	return uint64(binary.BigEndian.Uint16(frame[at+2:]))
}

// flowKey is the key of a rule.
type flowKey struct {
	src, dst     [4]byte
	sport, dport uint16
	protocol     uint8
}

// encode: addresses and ports are in network order, whatever the machine's.
func (k flowKey) encode() []byte {
	b := append(k.src[:], k.dst[:]...)
	b = binary.BigEndian.AppendUint16(b, k.sport)
	b = binary.BigEndian.AppendUint16(b, k.dport)
	return append(b, k.protocol, 0, 0, 0)
}

// Numbers of firewall.c and of XDP.
const (
	passed, blocked, malformed, notIPv4 = 0, 1, 2, 3
	xdpDrop, xdpPass                    = 1, 2
)
