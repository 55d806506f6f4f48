package corpus

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// Outcomes of blocklist.c.
const (
	unlisted, allowed, banished, badIP, notIP = 0, 1, 2, 3, 4

	noNet = -1 // no network of the list decides
)

// blockedNets are the networks on the list. The last one comes later.
var blockedNets = []struct {
	prefix string
	allow  bool
}{
	{"203.0.113.0/24", false},
	{"203.0.113.64/28", true}, // 64 to 79
	{"203.0.113.70/32", false},
	{"198.51.100.128/25", false},
	{"10.1.2.3/8", false}, // 24 bits too many: they do not count
	{"2001:db8:bad::/48", false},
	{"2001:db8:bad:cafe::/64", true},
	{"2001:db8:bad:cafe::1/128", false},
	{"2001:db8:f800::/37", false}, // f800 to ffff: the border is in a byte
	{"0.0.0.0/0", true},
}

// blocklistCase is a packet, what is to become of it, and which network decides: by hand.
type blocklistCase struct {
	packet
	outcome, net int
	everything   bool // from here on the last network is on the list
}

func blocklistCases() []blocklistCase {
	const ip4, ip6, dot1q, qinq = layers.EthernetTypeIPv4, layers.EthernetTypeIPv6, layers.EthernetTypeDot1Q, layers.EthernetTypeQinQ
	four := func(src, dst string) []byte {
		return build(ethernet(ip4), ipv4(addr(src), addr(dst), layers.IPProtocolUDP), udp(1, 2))
	}
	six := func(src, dst string) []byte {
		return build(ethernet(ip6), ipv6(src, dst, layers.IPProtocolTCP), tcp(1, 2))
	}
	vlan := func(inner []byte, types ...layers.EthernetType) []byte {
		parts := []gopacket.SerializableLayer{ethernet(types[0])}
		for i, next := range append(types[1:], layers.EthernetType(binary.BigEndian.Uint16(inner[12:]))) {
			parts = append(parts, &layers.Dot1Q{VLANIdentifier: uint16(100 + i), Type: next})
		}
		return build(append(parts, gopacket.Payload(inner[14:]))...)
	}
	const elsewhere, elsewhere6 = "192.0.2.80", "2001:db8::80"
	bad, bad6 := four("203.0.113.5", elsewhere), six("2001:db8:bad::5", elsewhere6)

	c := func(name string, frame []byte, outcome, net int) blocklistCase {
		return blocklistCase{packet{name, frame}, outcome, net, false}
	}
	all := []blocklistCase{
		c("nobody on the list", four("198.51.100.5", elsewhere), unlisted, noNet),
		c("from a blocked network", bad, banished, 0),
		c("to a blocked network", four(elsewhere, "203.0.113.200"), banished, 0),
		c("the last before the allowed part", four("203.0.113.63", elsewhere), banished, 0),
		c("the first of the allowed part", four("203.0.113.64", elsewhere), allowed, 1),
		c("the last of the allowed part", four("203.0.113.79", elsewhere), allowed, 1),
		c("the first behind it", four("203.0.113.80", elsewhere), banished, 0),
		c("a blocked host in the allowed part", four("203.0.113.70", elsewhere), banished, 2),
		c("to that host", four(elsewhere, "203.0.113.70"), banished, 2),
		c("an allowed source, a blocked destination", four("203.0.113.65", "203.0.113.70"), allowed, 1),
		c("the half below", four("198.51.100.127", elsewhere), unlisted, noNet),
		c("the half above", four("198.51.100.128", elsewhere), banished, 3),
		c("a long prefix that is a short one", four("10.200.0.1", elsewhere), banished, 4),
		c("just outside of it", four("11.1.2.3", elsewhere), unlisted, noNet),
		c("IPv6, nobody on the list", six("2001:db8::5", elsewhere6), unlisted, noNet),
		c("IPv6 from a blocked network", bad6, banished, 5),
		c("IPv6 to a blocked network", six(elsewhere6, "2001:db8:bad:1::1"), banished, 5),
		c("IPv6, the allowed part", six("2001:db8:bad:cafe::2", elsewhere6), allowed, 6),
		c("IPv6, a blocked host in it", six("2001:db8:bad:cafe::1", elsewhere6), banished, 7),
		c("IPv6, the allowed part, by its last bit", six("2001:db8:bad:cafe:8000::1", elsewhere6), allowed, 6),
		c("IPv6, below a border in a byte", six("2001:db8:f7ff:ffff::1", elsewhere6), unlisted, noNet),
		c("IPv6, above a border in a byte", six("2001:db8:f800::1", elsewhere6), banished, 8),
		c("IPv6, the end of that network", six("2001:db8:ffff::1", elsewhere6), banished, 8),
		c("in a VLAN", vlan(bad, dot1q), banished, 0),
		c("IPv6 in two VLANs", vlan(bad6, qinq, dot1q), banished, 5),
		c("in three VLANs: too deep to see", vlan(bad, qinq, dot1q, dot1q), notIP, noNet),
		c("ARP", build(ethernet(layers.EthernetTypeARP), gopacket.Payload(make([]byte, 28))), notIP, noNet),
		c("version 6 in IPv4", with(bad, 14, 0x65), badIP, noNet),
		c("version 4 in IPv6", with(bad6, 14, 0x40), badIP, noNet),
		c("cut in the IPv4 header", bad[:14+19], badIP, noNet),
		c("cut in the IPv6 header", bad6[:14+39], badIP, noNet),
		c("cut in the VLAN tag", vlan(bad, dot1q)[:16], badIP, noNet),
		c("everything on the list, nobody else", four("198.51.100.5", elsewhere), allowed, 9),
		c("the source is everybody, so the destination does not count", four(elsewhere, "203.0.113.200"), allowed, 9),
		c("everything on the list, a blocked network", bad, banished, 0),
		c("everything is IPv4 only", six("2001:db8::5", elsewhere6), unlisted, noNet),
		c("no whole Ethernet header", bad[:13], badIP, noNet),
	}
	for i, c := range all {
		all[i].everything = i > 0 && all[i-1].everything || c.name == "everything on the list, nobody else"
	}
	return all
}

func TestBlocklist(t *testing.T) {
	var outcomes [5]uint64
	counts := make([][2]uint64, len(blockedNets))
	var want []expected
	all := frames(t, "blocklist.pcap")
	listed := len(blockedNets) - 1
	for i, w := range blocklistCases() {
		e := expected{name: w.name, packet: all[i], r0: xdpPass}
		if w.everything && listed < len(blockedNets) {
			listed++
			e.set = func(o spec.ByteOrder) entries { return blocklistNets(o, listed-1, listed) }
		}
		outcomes[w.outcome]++
		if w.net != noNet {
			counts[w.net][0]++
			counts[w.net][1] += uint64(len(w.frame))
		}
		if w.outcome == banished || w.outcome == badIP {
			e.r0 = xdpDrop
		}
		e.maps = blocklistMaps(outcomes[:], counts, listed)
		want = append(want, e)
	}
	want[0].set = func(o spec.ByteOrder) entries { return blocklistNets(o, 0, len(blockedNets)-1) }
	check(t, "blocklist", want)
}

// blocklistMaps are the maps with the first networks on the list.
func blocklistMaps(outcomes []uint64, counts [][2]uint64, listed int) func(spec.ByteOrder) entries {
	outcomes, counts = slices.Clone(outcomes), slices.Clone(counts)
	return func(o spec.ByteOrder) entries {
		all := make([][]byte, 64)
		for i := range all {
			all[i] = make([]byte, 16)
		}
		for i, n := range counts {
			all[ruleNumber(i)] = numbers(o, n[:]...)
		}
		e := blocklistNets(o, 0, listed)
		e["outcomes"], e["counts"] = array(o, outcomes...), arrayOf(o, all...)
		return e
	}
}

// ruleNumber is where a network counts: anywhere, as long as it is a place of its own.
func ruleNumber(net int) uint32 { return uint32(63 - 3*net) }

// blocklistNets are networks of the list as the program has them.
func blocklistNets(o spec.ByteOrder, from, to int) entries {
	e := entries{}
	for i := from; i < to; i++ {
		p := netip.MustParsePrefix(blockedNets[i].prefix)
		rule := []uint32{0, ruleNumber(i)}
		if blockedNets[i].allow {
			rule[0] = 1
		}
		name := "nets4"
		if p.Addr().Is6() {
			name = "nets6"
		}
		e[name] = append(e[name], entry(append(words(o, uint32(p.Bits())), p.Addr().AsSlice()...), words(o, rule...)))
	}
	return e
}

// newBlocklistModel looks at every network, where the program descends a trie.
func newBlocklistModel() model {
	outcomes := make([]uint64, 5)
	counts := make([][2]uint64, len(blockedNets))
	listed := len(blockedNets) - 1
	return model{
		outcomes: outcomes,
		set:      func(o spec.ByteOrder) entries { return blocklistNets(o, 0, listed) },
		step: func(frame []byte) (uint64, []byte) {
			outcome, addrs := blocklistParse(frame)
			for _, a := range addrs {
				if n := longestNet(a, listed); n != noNet {
					counts[n][0]++
					counts[n][1] += uint64(len(frame))
					outcome = banished
					if blockedNets[n].allow {
						outcome = allowed
					}
					break
				}
			}
			outcomes[outcome]++
			if outcome == banished || outcome == badIP {
				return xdpDrop, frame
			}
			return xdpPass, frame
		},
		maps: func() func(spec.ByteOrder) entries { return blocklistMaps(outcomes, counts, listed) },
	}
}

// blocklistParse finds source and destination.
func blocklistParse(frame []byte) (outcome int, addrs []netip.Addr) {
	kind, ip, ok := afterVLANs(frame)
	at, version := 12, byte(4)
	switch {
	case !ok:
		return badIP, nil
	case kind == 0x86dd:
		at, version = 8, 6
	case kind != 0x0800:
		return notIP, nil
	}
	n := map[byte]int{4: 4, 6: 16}[version]
	if len(ip) < at+2*n || ip[0]>>4 != version {
		return badIP, nil
	}
	for _, b := range [][]byte{ip[at : at+n], ip[at+n : at+2*n]} {
		a, _ := netip.AddrFromSlice(b)
		addrs = append(addrs, a)
	}
	return unlisted, addrs
}

// longestNet is the longest of the first networks that holds an address, or noNet.
func longestNet(a netip.Addr, first int) int {
	best, bits := noNet, -1
	for i, n := range blockedNets[:first] {
		if p := netip.MustParsePrefix(n.prefix).Masked(); p.Contains(a) && p.Bits() > bits {
			best, bits = i, p.Bits()
		}
	}
	return best
}
