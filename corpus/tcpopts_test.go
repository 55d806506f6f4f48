package corpus

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// What tcpopts.c counts, packets and each MSS that it clamps, and its limit.
const (
	whole, notTCP, badTCP, clamped = 0, 1, 2, 3
	largestMSS                     = 1360
)

// tcpoptsCase is a packet, and what is to become of it.
type tcpoptsCase struct {
	packet
	outcome int
	clamps  uint64
	kinds   []byte // of the options that are counted
	after   []byte // nil: as before
}

// Options, as RFC 9293 and RFC 7323 number them.
var (
	eol    = layers.TCPOption{OptionType: layers.TCPOptionKindEndList}
	nop    = layers.TCPOption{OptionType: layers.TCPOptionKindNop}
	scale  = option(layers.TCPOptionKindWindowScale, 7)
	sackOK = option(layers.TCPOptionKindSACKPermitted)
	times  = option(layers.TCPOptionKindTimestamps, 0, 1, 2, 3, 4, 5, 6, 7)
)

func option(kind layers.TCPOptionKind, data ...byte) layers.TCPOption {
	return layers.TCPOption{OptionType: kind, OptionData: data}
}

func mss(v uint16) layers.TCPOption { return option(layers.TCPOptionKindMSS, byte(v>>8), byte(v)) }

func nops(n int) []layers.TCPOption { return slices.Repeat([]layers.TCPOption{nop}, n) }

func tcpoptsCases() []tcpoptsCase {
	const ip4, ip6 = layers.EthernetTypeIPv4, layers.EthernetTypeIPv6
	segment := func(ack bool, options ...layers.TCPOption) *layers.TCP {
		l := tcp(1000, 80)
		l.ACK, l.Options = ack, options
		return l
	}
	four := func(l *layers.TCP) []byte {
		return build(ethernet(ip4), ipv4(client, server, layers.IPProtocolTCP), l, gopacket.Payload("x"))
	}
	six := func(l *layers.TCP) []byte {
		return build(ethernet(ip6), ipv6("2001:db8::5", "2001:db8::80", layers.IPProtocolTCP), l)
	}
	kindsOf := func(options []layers.TCPOption) (kinds []byte) {
		for _, o := range options {
			kinds = append(kinds, byte(o.OptionType))
		}
		return kinds
	}
	stays := func(name string, options ...layers.TCPOption) tcpoptsCase {
		return tcpoptsCase{packet{name, four(segment(false, options...))}, whole, 0, kindsOf(options), nil}
	}
	// clamps expects what gopacket builds with the limit in the place of every larger MSS.
	clamps := func(name string, make func(options ...layers.TCPOption) []byte, options ...layers.TCPOption) tcpoptsCase {
		after, clamps := slices.Clone(options), uint64(0)
		for i, o := range after {
			if o.OptionType == layers.TCPOptionKindMSS && binary.BigEndian.Uint16(o.OptionData) > largestMSS {
				after[i] = mss(largestMSS)
				clamps++
			}
		}
		return tcpoptsCase{packet{name, make(options...)}, whole, clamps, kindsOf(options), make(after...)}
	}
	syn := func(options ...layers.TCPOption) []byte { return four(segment(false, options...)) }
	plain := func(name string, outcome int, frame []byte, kinds ...byte) tcpoptsCase {
		return tcpoptsCase{packet{name, frame}, outcome, 0, kinds, nil}
	}
	withoutSYN := segment(true, mss(1460))
	withoutSYN.SYN = false

	const checksum, opts = 34 + 16, 34 + 20
	wrong := clamps("a wrong checksum stays as wrong", syn, mss(1460))
	wrong.frame = with(wrong.frame, checksum+1, wrong.frame[checksum+1]^1)
	wrong.after = with(wrong.after, checksum+1, wrong.after[checksum+1]^1)

	bad := syn(mss(1460), nop, nop, nop, nop)
	// The MSS is clamped before the rest is seen to be wrong. 1460 is 05b4, 1360 is 0550.
	half := tcpoptsCase{packet{"an MSS, then an option of length 1", with(bad, opts+4, 9, 1)}, badTCP, 1, []byte{2, 9}, nil}
	half.after = with(half.frame, opts+3, 0x50)
	replaceWords(half.after, checksum, []byte{0x05, 0xb4}, []byte{0x05, 0x50})

	fragment := ipv4(client, server, layers.IPProtocolTCP)
	fragment.FragOffset = 100
	options := ipv4(client, server, layers.IPProtocolTCP)
	options.Options = []layers.IPv4Option{{OptionType: 1}, {OptionType: 1}, {OptionType: 1}, {OptionType: 0}}

	return []tcpoptsCase{
		clamps("the options of Linux's SYN", syn, mss(1460), sackOK, times, nop, scale),
		stays("the limit", mss(1360)),
		clamps("one more", syn, mss(1361)),
		stays("the default of RFC 9293", mss(536)),
		clamps("the largest", syn, mss(0xffff)),
		clamps("at an odd place: its bytes are in two words", syn, nop, mss(1460), nop, nop, nop),
		clamps("at another odd place", syn, scale, mss(9000), nop),
		clamps("SYN and ACK", func(o ...layers.TCPOption) []byte { return four(segment(true, o...)) }, mss(1460), nop, nop, sackOK),
		clamps("two of them", syn, mss(1460), mss(8960)),
		clamps("two of which one is too large", syn, mss(1200), mss(1460)),
		clamps("in the last place", syn, append(nops(36), mss(1460))...),
		clamps("IPv6", func(o ...layers.TCPOption) []byte { return six(segment(false, o...)) }, mss(1440), sackOK, nop, nop),
		clamps("behind IP options", func(o ...layers.TCPOption) []byte {
			return build(ethernet(ip4), options, segment(false, o...))
		}, nop, mss(1460), nop, nop, nop),
		clamps("in a VLAN", func(o ...layers.TCPOption) []byte {
			return build(ethernet(layers.EthernetTypeDot1Q), &layers.Dot1Q{VLANIdentifier: 5, Type: ip4}, ipv4(client, server, layers.IPProtocolTCP), segment(false, o...))
		}, mss(1460)),
		wrong,
		plain("an MSS without SYN means nothing", whole, four(withoutSYN), 2),
		plain("behind the end of the list there are no options", whole, syn(eol, nop, nop, nop, mss(1460)), 0),
		stays("timestamps", nop, nop, times),
		stays("selective acknowledgments", nop, nop, option(layers.TCPOptionKindSACK, make([]byte, 24)...)),
		stays("an experiment (RFC 6994)", option(254, 0, 0, 0, 0), nop, nop),
		stays("40 of them", nops(40)...),
		stays("one of 40 bytes", option(253, make([]byte, 38)...)),
		stays("none"),

		plain("length 0", badTCP, with(bad, opts, 9, 0), 9),
		half,
		plain("an option longer than the header", badTCP, with(syn(nop, nop, nop, nop), opts, 8, 5), 8),
		plain("an option that ends behind the header", badTCP, with(syn(nop, nop, nop, nop), opts+2, 3, 3), 1, 1, 3),
		plain("a kind in the last byte", badTCP, with(syn(nop, nop, nop, nop), opts+3, 3), 1, 1, 1, 3),
		plain("an MSS of 3 bytes", badTCP, with(syn(nop, nop, nop, nop), opts, 2, 3, 5, 1), 2),
		plain("an MSS of 5 bytes", badTCP, with(syn(nops(8)...), opts, 2, 5), 2),
		plain("a header of 16 bytes", badTCP, with(bad, 34+12, 0x40)),
		plain("a header longer than the packet", badTCP, with(bad, 34+12, 0xf0)),
		plain("cut in the TCP header", badTCP, bad[:34+19]),
		plain("cut in the options", badTCP, bad[:opts+7]),
		plain("ihl 4", badTCP, with(bad, 14, 0x44)),
		plain("UDP", notTCP, build(ethernet(ip4), ipv4(client, server, layers.IPProtocolUDP), udp(1, 2), gopacket.Payload(make([]byte, 16)))),
		plain("a last fragment", notTCP, build(ethernet(ip4), fragment, segment(false, mss(1460)))),
		plain("IPv6 with an extension header", notTCP, with(six(segment(false, mss(1460))), 14+6, 60)),
		plain("ARP", notTCP, build(ethernet(layers.EthernetTypeARP), gopacket.Payload(make([]byte, 40)))),
		plain("cut in the VLAN tag", badTCP, with(bad, 12, 0x81, 0)[:16]),
		plain("cut in the IPv6 header", badTCP, six(segment(false))[:14+39]),
		plain("cut in the IPv4 header", badTCP, bad[:14+19]),
		plain("no whole Ethernet header", badTCP, bad[:13]),
	}
}

func TestTCPOptions(t *testing.T) {
	var outcomes [4]uint64
	var kinds [256]uint64
	var want []expected
	all := frames(t, "tcpopts.pcap")
	for i, w := range tcpoptsCases() {
		outcomes[w.outcome]++
		outcomes[clamped] += w.clamps
		for _, k := range w.kinds {
			kinds[k]++
		}
		e := expected{name: w.name, input: all[i], packet: all[i], r0: tcpoptsVerdict(w.outcome), maps: tcpoptsMaps(outcomes[:], kinds[:])}
		if w.after != nil {
			e.packet = w.after
		}
		want = append(want, e)
	}
	check(t, "tcpopts", want)
}

func tcpoptsVerdict(outcome int) uint64 {
	if outcome == badTCP {
		return tcShot
	}
	return tcOK
}

func tcpoptsMaps(outcomes, kinds []uint64) func(spec.ByteOrder) entries {
	outcomes, kinds = slices.Clone(outcomes), slices.Clone(kinds)
	return func(o spec.ByteOrder) entries {
		return entries{"outcomes": array(o, outcomes...), "kinds": array(o, kinds...), ".rodata": section(words(o, largestMSS))}
	}
}

// newTCPOptionsModel goes from option to option, where the program goes byte by byte.
func newTCPOptionsModel() model {
	outcomes, kinds := make([]uint64, 4), make([]uint64, 256)
	return model{
		outcomes: outcomes,
		mutate:   mutateOptions,
		step: func(frame []byte) (uint64, []byte) {
			at, outcome := findTCP(frame)
			after := frame
			if outcome == whole {
				after = bytes.Clone(frame)
				outcome = clampOptions(after[at:], kinds, &outcomes[clamped])
			}
			outcomes[outcome]++
			return tcpoptsVerdict(outcome), after
		},
		maps: func() func(spec.ByteOrder) entries { return tcpoptsMaps(outcomes, kinds) },
	}
}

// findTCP gives whole, and where the TCP header is.
func findTCP(frame []byte) (at, outcome int) {
	kind, ip, ok := afterVLANs(frame)
	at = len(frame) - len(ip)
	switch {
	case !ok:
		return 0, badTCP
	case kind == 0x0800 && (len(ip) < 20 || ip[0] < 0x45):
		return 0, badTCP
	case kind == 0x0800 && ip[9] == 6 && binary.BigEndian.Uint16(ip[6:])%0x2000 == 0:
		return at + int(ip[0]&15)*4, whole
	case kind == 0x86dd && len(ip) < 40:
		return 0, badTCP
	case kind == 0x86dd && ip[6] == 6:
		return at + 40, whole
	}
	return 0, notTCP
}

// clampOptions changes a segment.
func clampOptions(segment []byte, kinds []uint64, clamps *uint64) (outcome int) {
	if len(segment) < 20 || segment[12]>>4 < 5 || len(segment) < int(segment[12]>>4)*4 {
		return badTCP
	}
	header := segment[:segment[12]>>4*4]
	for at := 20; at < len(header); {
		o := header[at:]
		kinds[o[0]]++
		switch {
		case o[0] == 0:
			return whole
		case o[0] == 1:
			at++
			continue
		case len(o) < 2, o[1] < 2, int(o[1]) > len(o), o[0] == 2 && o[1] != 4:
			return badTCP
		case o[0] == 2 && binary.BigEndian.Uint16(o[2:]) > largestMSS && header[13]&2 != 0:
			from, to := (at+2)&^1, (at+5)&^1 // the words that have a part of it
			before := bytes.Clone(header[from:to])
			binary.BigEndian.PutUint16(o[2:], largestMSS)
			replaceWords(header, 16, before, header[from:to])
			*clamps++
		}
		at += int(o[1])
	}
	return whole
}

// mutateOptions changes kinds, lengths and values, and the length of the header.
func mutateOptions(rng *rand.Rand, frame []byte) []byte {
	f := append(bytes.Clone(frame), make([]byte, max(0, 70-len(frame)))...)
	at, outcome := findTCP(f)
	if outcome != whole || at+24 > len(f) {
		return f
	}
	for range rng.IntN(4) {
		in := at + 20 + rng.IntN(min(len(f)-at-20, 40))
		switch rng.IntN(6) {
		case 0:
			f[in] = byte(rng.IntN(12))
		case 1:
			f[in] ^= 1 << rng.IntN(8)
		case 2:
			f[at+12] = byte(4+rng.IntN(12)) << 4
		case 3:
			f[at+rng.IntN(20)] ^= 1 << rng.IntN(8)
		case 4:
			copy(f[in:], []byte{2, 4, byte(rng.IntN(256)), byte(rng.IntN(256))})
		case 5:
			return f[:max(54, in)]
		}
	}
	return f
}
