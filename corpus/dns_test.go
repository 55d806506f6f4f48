package corpus

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Outcomes of dns.c.
const (
	dnsAnswered, dnsUnlisted, dnsTooLong, noQuery, badQuery = 0, 1, 2, 3, 4
)

// blockedNames have the code of the answer: 3 there is no such name, 5 refused.
var blockedNames = []struct {
	name string
	code layers.DNSResponseCode
}{
	{"ads.example", layers.DNSResponseCodeNXDomain},
	{"tracker.example.net", layers.DNSResponseCodeRefused},
	{"@[.example", layers.DNSResponseCodeNXDomain}, // the neighbours of A and Z
	{longestName, layers.DNSResponseCodeNXDomain},
}

// longestName has 64 bytes in a packet: two labels with their lengths, and a zero.
var longestName = strings.Repeat("x", 30) + "." + strings.Repeat("y", 31)

// dnsCase is a packet, and what is to become of it.
type dnsCase struct {
	packet
	outcome int
	blocked int    // dnsAnswered: which of blockedNames
	reply   []byte // the frame that goes back
}

func query(name string, change func(*layers.DNS)) *layers.DNS {
	q := &layers.DNS{ID: 0x1d5c, RD: true, Questions: []layers.DNSQuestion{{Name: []byte(name), Type: layers.DNSTypeA, Class: layers.DNSClassIN}}}
	if change != nil {
		change(q)
	}
	return q
}

// dnsFrame is a frame from a client's port to a server's port 53, or back.
func dnsFrame(sport uint16, ttl uint8, d *layers.DNS) []byte {
	eth, ip, ports := ethernet(layers.EthernetTypeIPv4), ipv4(client, server, layers.IPProtocolUDP), udp(sport, 53)
	ip.TTL = ttl
	if d.QR {
		eth.SrcMAC, eth.DstMAC, ip.SrcIP, ip.DstIP, ports = eth.DstMAC, eth.SrcMAC, ip.DstIP, ip.SrcIP, udp(53, sport)
	}
	return build(eth, ip, ports, d)
}

const (
	dnsStart    = 14 + 20 + 8
	udpLength   = 14 + 20 + 4
	udpChecksum = 14 + 20 + 6 // in a frame without IP options
)

func dnsCases() []dnsCase {
	// answered is a query with the reply that gopacket builds for it: but for what is said, alike.
	answered := func(what string, n int, as string, change, changeReply func(*layers.DNS)) dnsCase {
		reply := query(as, change)
		reply.QR, reply.ResponseCode = true, blockedNames[n].code
		if changeReply != nil {
			changeReply(reply)
		}
		return dnsCase{packet{what, dnsFrame(5353, 17, query(as, change))}, dnsAnswered, n, dnsFrame(5353, 64, reply)}
	}
	ask := func(what string, outcome int, name string, change func(*layers.DNS)) dnsCase {
		return dnsCase{packet: packet{what, dnsFrame(5353, 64, query(name, change))}, outcome: outcome}
	}
	raw := func(what string, outcome int, frame []byte) dnsCase {
		return dnsCase{packet: packet{what, frame}, outcome: outcome}
	}

	ads := answered("a blocked name", 0, "ads.example", nil, nil)
	unchecked := answered("without a UDP checksum", 0, "ads.example", nil, nil)
	unchecked.frame, unchecked.reply = with(unchecked.frame, udpChecksum, 0, 0), with(unchecked.reply, udpChecksum, 0, 0)
	padded := answered("Ethernet padding", 0, "ads.example", nil, nil)
	padded.frame, padded.reply = append(padded.frame, 0, 0, 0), append(padded.reply, 0, 0, 0)

	// An id that equals the reply's checksum without it makes that checksum 0, sent as ffff.
	without := answered("", 0, "ads.example", func(d *layers.DNS) { d.ID = 0 }, nil).reply
	sum := binary.BigEndian.Uint16(without[udpChecksum:])
	zero := answered("a checksum that becomes 0", 0, "ads.example", func(d *layers.DNS) { d.ID = sum }, nil)

	const nameAt = dnsStart + 12 // 03 a d s 07 e x a m p l e 00
	frame := func(l4 gopacket.SerializableLayer, change func(*layers.IPv4)) []byte {
		ip := ipv4(client, server, layers.IPProtocolUDP)
		change(ip)
		return build(ethernet(layers.EthernetTypeIPv4), ip, l4, query("ads.example", nil))
	}
	end := len(ads.frame)
	return []dnsCase{
		ask("another name", dnsUnlisted, "www.example", nil),
		ads,
		answered("in capitals, which the reply keeps", 0, "ADS.eXaMpLe", nil, nil),
		answered("refused; checking disabled", 1, "tracker.example.net",
			func(d *layers.DNS) { d.RD, d.Z = false, 1 }, nil),
		answered("data that are said to be authentic are not, in the reply", 1, "tracker.example.net",
			func(d *layers.DNS) { d.Z = 3 }, func(d *layers.DNS) { d.Z = 1 }),
		answered("no letters, so no small ones", 2, "@[.example", nil, nil),
		ask("what they would be as small letters", dnsUnlisted, "`{.example", nil),
		ask("below a blocked name", dnsUnlisted, "www.ads.example", nil),
		ask("above a blocked name", dnsUnlisted, "example", nil),
		ask("the root", dnsUnlisted, "", nil),
		answered("the longest name", 3, longestName, nil, nil),
		ask("longer by a letter", dnsTooLong, longestName+"y", nil),
		answered("with EDNS, which goes back as it came", 0, "ads.example",
			func(d *layers.DNS) {
				d.Additionals = []layers.DNSResourceRecord{{Type: layers.DNSTypeOPT, Class: 1232}}
			}, nil),
		unchecked,
		zero,
		padded,
		{
			packet{"from port 53", dnsFrame(53, 64, query("ads.example", nil))},
			dnsAnswered, 0,
			dnsFrame(53, 64, query("ads.example", func(d *layers.DNS) { d.QR, d.ResponseCode = true, 3 })),
		},

		raw("a reply", noQuery, with(ads.frame, dnsStart+2, 0x81)),
		ask("a notification", noQuery, "ads.example", func(d *layers.DNS) { d.OpCode = layers.DNSOpCodeNotify }),
		ask("two questions", noQuery, "ads.example", func(d *layers.DNS) { d.Questions = append(d.Questions, d.Questions[0]) }),
		ask("no question", noQuery, "", func(d *layers.DNS) { d.Questions = nil }),
		raw("a query with an answer", noQuery, with(ads.frame, dnsStart+6, 0, 1)),
		raw("a query with an authority", noQuery, with(ads.frame, dnsStart+8, 1, 0)),
		raw("port 54", noQuery, frame(udp(5353, 54), func(*layers.IPv4) {})),
		raw("TCP", noQuery, frame(tcp(5353, 53), func(ip *layers.IPv4) { ip.Protocol = layers.IPProtocolTCP })),
		raw("a first fragment", noQuery, frame(udp(5353, 53), func(ip *layers.IPv4) { ip.Flags = layers.IPv4MoreFragments })),
		raw("a last fragment", noQuery, frame(udp(5353, 53), func(ip *layers.IPv4) { ip.FragOffset = 3 })),
		raw("IP options", noQuery, frame(udp(5353, 53), func(ip *layers.IPv4) { ip.Options = []layers.IPv4Option{{OptionType: 1}} })),
		raw("IPv6", noQuery, build(ethernet(layers.EthernetTypeIPv6), ipv6("2001:db8::5", "2001:db8::53", layers.IPProtocolUDP), udp(5353, 53), query("ads.example", nil))),
		raw("cut in the IPv4 header", noQuery, ads.frame[:14+19]),

		raw("cut in the UDP header", badQuery, ads.frame[:14+20+7]),
		raw("cut in the DNS header", badQuery, ads.frame[:dnsStart+11]),
		raw("cut in the name", badQuery, ads.frame[:nameAt+6]),
		raw("cut before the name's end", badQuery, ads.frame[:nameAt+12]),
		raw("cut in the class", badQuery, ads.frame[:end-1]),
		raw("the UDP length ends in the DNS header", badQuery, with(ads.frame, udpLength, 0, 8+11)),
		raw("the UDP length ends in the name", badQuery, with(ads.frame, udpLength, 0, 8+12+12)),
		raw("the UDP length ends in the class", badQuery, with(ads.frame, udpLength, 0, 8+12+13+3)),
		raw("a label of 64 letters", badQuery, with(dnsFrame(5353, 64, query(longestName+"yy", nil)), nameAt, 64)),
		raw("a pointer", badQuery, with(ads.frame, nameAt, 0xc0, 12)),
		raw("a pointer behind a label", badQuery, with(ads.frame, nameAt+4, 0xc0, 12)),
		raw("no whole Ethernet header", noQuery, ads.frame[:13]),
	}
}

func TestDNS(t *testing.T) {
	answers := make([]uint64, len(blockedNames))
	var outcomes [5]uint64
	var want []expected
	all := frames(t, "dns.pcap")
	for i, w := range dnsCases() {
		outcomes[w.outcome]++
		e := expected{name: w.name, input: all[i], packet: all[i], r0: dnsVerdict(w.outcome)}
		if w.outcome == dnsAnswered {
			answers[w.blocked]++
			e.packet = w.reply
		}
		e.maps = dnsMaps(outcomes[:], answers)
		want = append(want, e)
	}
	want[0].set = func(o spec.ByteOrder) entries { return entries{"names": dnsNames(o, nil)} }
	check(t, "dns", want)
}

func dnsVerdict(outcome int) uint64 {
	return []uint64{dnsAnswered: xdpTX, dnsUnlisted: xdpPass, dnsTooLong: xdpPass, noQuery: xdpPass, badQuery: xdpDrop}[outcome]
}

func dnsMaps(outcomes, answers []uint64) func(spec.ByteOrder) entries {
	outcomes, answers = slices.Clone(outcomes), slices.Clone(answers)
	return func(o spec.ByteOrder) entries {
		return entries{"outcomes": array(o, outcomes...), "names": dnsNames(o, answers)}
	}
}

func dnsNames(o spec.ByteOrder, answers []uint64) (all []maps.Entry) {
	for i, n := range blockedNames {
		var key [64]byte
		at := 0
		for label := range strings.SplitSeq(n.name, ".") {
			key[at] = byte(len(label))
			at += 1 + copy(key[at+1:], label)
		}
		value := []uint64{uint64(n.code), 0}
		if answers != nil {
			value[1] = answers[i]
		}
		all = append(all, entry(key[:], numbers(o, value...)))
	}
	return all
}

// newDNSModel reads names as text.
func newDNSModel() model {
	outcomes, answers := make([]uint64, 5), make([]uint64, len(blockedNames))
	return model{
		outcomes: outcomes,
		mutate:   mutateQuery,
		set:      func(o spec.ByteOrder) entries { return entries{"names": dnsNames(o, nil)} },
		step: func(frame []byte) (uint64, []byte) {
			outcome, labels := readQuery(frame)
			after := frame
			if outcome == dnsAnswered {
				outcome = dnsUnlisted
				for i, n := range blockedNames {
					if sameName(n.name, labels) {
						outcome = dnsAnswered
						answers[i]++
						after = dnsReply(frame, byte(n.code))
					}
				}
			}
			outcomes[outcome]++
			return dnsVerdict(outcome), after
		},
		maps: func() func(spec.ByteOrder) entries { return dnsMaps(outcomes, answers) },
	}
}

// readQuery gives dnsAnswered with the labels of a query's name.
func readQuery(frame []byte) (outcome int, labels []string) {
	be := binary.BigEndian
	ip := frame[14:]
	if be.Uint16(frame[12:]) != 0x0800 || ip[0] != 0x45 || ip[9] != 17 || be.Uint16(ip[6:])&^0xc000 != 0 {
		return noQuery, nil
	}
	switch l4 := ip[20:]; {
	case len(l4) < 8:
		return badQuery, nil
	case be.Uint16(l4[2:]) != 53:
		return noQuery, nil
	case len(l4) < 20 || be.Uint16(l4[4:]) < 20:
		return badQuery, nil
	}
	d := frame[dnsStart:]
	if d[2]&0xf8 != 0 || be.Uint16(d[4:]) != 1 || be.Uint16(d[6:]) != 0 || be.Uint16(d[8:]) != 0 {
		return noQuery, nil
	}
	message := d[12:min(len(d), int(be.Uint16(frame[udpLength:]))-8)]
	for q := message; ; {
		used := len(message) - len(q)
		switch {
		case used >= 64:
			return dnsTooLong, nil
		case len(q) == 0:
			return badQuery, nil
		case q[0] == 0 && len(q) < 1+4:
			return badQuery, nil
		case q[0] == 0:
			return dnsAnswered, labels
		case q[0] > 63:
			return badQuery, nil
		case used+1+int(q[0]) > 63 && len(message) >= 64: // no room for the end
			return dnsTooLong, nil
		case len(q) < 1+int(q[0]):
			return badQuery, nil
		}
		labels = append(labels, string(q[1:1+q[0]]))
		q = q[1+q[0]:]
	}
}

// sameName compares as RFC 4343 has it: letters alone have a case.
func sameName(listed string, labels []string) bool {
	small := func(r byte) byte {
		if 'A' <= r && r <= 'Z' {
			r |= 0x20
		}
		return r
	}
	return slices.EqualFunc(strings.Split(listed, "."), labels, func(a, b string) bool {
		return slices.EqualFunc([]byte(a), []byte(b), func(x, y byte) bool { return x == small(y) })
	})
}

// dnsReply does to a query what dns.c promises.
func dnsReply(frame []byte, code byte) []byte {
	f := bytes.Clone(frame)
	swap := func(at, n int) { // n bytes with the n behind them
		copy(f[at:], frame[at+n:at+2*n])
		copy(f[at+n:], frame[at:at+n])
	}
	swap(0, 6)
	swap(14+12, 4)
	swap(14+20, 2)
	f[14+8] = 64
	replaceWords(f, 14+10, frame[14+8:14+10], f[14+8:14+10])
	flags := []byte{0x80 | frame[dnsStart+2]&1, code | frame[dnsStart+3]&0x10}
	copy(f[dnsStart+2:], flags)
	if f[udpChecksum] != 0 || f[udpChecksum+1] != 0 {
		replaceWords(f, udpChecksum, frame[dnsStart+2:dnsStart+4], flags)
		if f[udpChecksum] == 0 && f[udpChecksum+1] == 0 {
			copy(f[udpChecksum:], []byte{0xff, 0xff})
		}
	}
	return f
}

// mutateQuery changes headers, letters, lengths and labels in a query, or where it ends.
func mutateQuery(rng *rand.Rand, frame []byte) []byte {
	if len(frame) < dnsStart+20 {
		return mutate(rng, frame)
	}
	f := bytes.Clone(frame)
	for range rng.IntN(3) {
		at := dnsStart + 12 + rng.IntN(len(f)-dnsStart-12)
		switch rng.IntN(7) {
		case 0:
			f[14+rng.IntN(40)] ^= 1 << rng.IntN(8)
		case 1:
			f[at] ^= 0x20
		case 2:
			f[at] = byte(rng.IntN(70))
		case 3:
			f[dnsStart+rng.IntN(12)] ^= 1 << rng.IntN(8)
		case 4:
			binary.BigEndian.PutUint16(f[udpLength:], uint16(len(f)-34+rng.IntN(40)-30))
		case 5: // another label in front
			n := 20 + rng.IntN(44)
			label := append([]byte{byte(n)}, bytes.Repeat([]byte{'z'}, n)...)
			f = slices.Insert(f, dnsStart+12, label...)
			binary.BigEndian.PutUint16(f[udpLength:], uint16(len(f)-34))
		case 6:
			if f = f[:at]; len(f) < dnsStart+20 {
				return f
			}
		}
	}
	return f
}
