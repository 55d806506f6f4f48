package corpus

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// Numbers of checksum.c and of traffic control.
const (
	good, mended, badHeader, otherType = 0, 1, 2, 3
	tcOK, tcShot                       = 0, 2
)

// The header that textbooks compute: its checksum is b861.
const textbook = "4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7"

// checksumCase is a packet, and what is to become of it. The right checksums come
// from the textbook, from gopacket, or from arithmetic that the comment shows.
type checksumCase struct {
	packet
	verdict int
	sum     uint16 // mended: the right checksum
}

func checksumCases() []checksumCase {
	book := header(textbook)
	options := ipv4(client, server, layers.IPProtocolUDP)
	options.Options = []layers.IPv4Option{{OptionType: 7, OptionLength: 39, OptionData: []byte(strings.Repeat("\x0b\xad", 19))[:37]}, {OptionType: 0}}
	long := build(ethernet(layers.EthernetTypeIPv4), options, udp(1, 2))
	longSum := binary.BigEndian.Uint16(long[14+10:])

	// 4500+0014+0000+0000+40ff+0000+0a00+0000+0000+X has the sum ffff for X = 6fec, so
	// the checksum is 0000, and ffff, the other zero, verifies too.
	zero := header("4500 0014 0000 0000 40ff 0000 0a00 0000 0000 6fec")

	return []checksumCase{
		{packet{"the textbook's header", book}, good, 0},
		{packet{"its checksum cleared", with(book, 24, 0, 0)}, mended, 0xb861},
		{packet{"its checksum off by one", with(book, 24, 0xb8, 0x62)}, mended, 0xb861},
		{packet{"its checksum ffff", with(book, 24, 0xff, 0xff)}, mended, 0xb861},
		{packet{"one hop further: TTL 63, checksum as before", with(book, 22, 0x3f)}, mended, 0xb961}, // RFC 1624: +0100
		{packet{"a right checksum of zero", zero}, good, 0},
		{packet{"the other zero", with(zero, 24, 0xff, 0xff)}, good, 0},
		{packet{"a right checksum of zero, wrong", with(zero, 24, 0x12, 0x34)}, mended, 0},
		{packet{"the longest header", long}, good, 0},
		{packet{"the longest header, wrong", with(long, 24, ^long[24])}, mended, longSum},
		{packet{"two words exchanged: the sum cannot tell", with(book, 26, 0x00, 0x01, 0xc0, 0xa8)}, good, 0},
		{packet{"header longer than the packet", with(book[:14+22], 14, 0x46)}, badHeader, 0},
		{packet{"ihl 4", with(book, 14, 0x44)}, badHeader, 0},
		{packet{"ARP", build(ethernet(layers.EthernetTypeARP), gopacket.Payload(make([]byte, 28)))}, otherType, 0},
		{packet{"19 bytes of header", book[:14+19]}, badHeader, 0},
		{packet{"13 bytes of Ethernet", book[:13]}, badHeader, 0},
	}
}

// header is a frame with an IPv4 header given in hexadecimal, and no payload.
func header(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return build(ethernet(layers.EthernetTypeIPv4), gopacket.Payload(b))
}

func TestChecksum(t *testing.T) {
	var verdicts [4]uint64
	var want []expected
	for i, frame := range frames(t, "checksum.pcap") {
		w := checksumCases()[i]
		e := expected{name: w.name, input: frame, packet: frame, r0: tcOK}
		switch w.verdict {
		case mended:
			e.packet = with(frame, 24, byte(w.sum>>8), byte(w.sum))
		case badHeader:
			e.r0 = tcShot
		}
		verdicts[w.verdict]++
		verdicts := verdicts
		e.maps = func(o spec.ByteOrder) entries { return entries{"verdicts": array(o, verdicts[:]...)} }
		want = append(want, e)
	}
	check(t, "checksum", want)
}
