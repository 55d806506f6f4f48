package corpus

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/gopacket/gopacket"
)

// packet is a frame of a capture, named for what it is there for.
type packet struct {
	name  string
	frame []byte
}

// TestPackets compares the captures with what the tables in this package build.
// gopacket's layers fill in lengths and checksums: a source of its own.
func TestPackets(t *testing.T) {
	captures := map[string][]packet{
		"conntrack.pcap": framesOf(conntrackCases(), func(c conntrackCase) packet { return c.packet }),
		"dns.pcap":       framesOf(dnsCases(), func(c dnsCase) packet { return c.packet }),
		"pipeline.pcap":  framesOf(pipelineCases(), func(c pipelineCase) packet { return c.packet }),
		"tenants.pcap":   framesOf(tenantsCases(), func(c tenantsCase) packet { return c.packet }),
		"tcpopts.pcap":   framesOf(tcpoptsCases(), func(c tcpoptsCase) packet { return c.packet }),
		"entropy.pcap":   framesOf(entropyCases(), func(c entropyCase) packet { return c.packet }),
		"firewall.pcap":  framesOf(firewallCases(), func(c firewallCase) packet { return c.packet }),
		"checksum.pcap":  framesOf(checksumCases(), func(c checksumCase) packet { return c.packet }),
		"balancer.pcap":  framesOf(balancerCases(), func(c balancerCase) packet { return c.packet }),
		"blocklist.pcap": framesOf(blocklistCases(), func(c blocklistCase) packet { return c.packet }),
	}
	for file, packets := range captures {
		path := filepath.Join("programs/testdata", file)
		want := capture(t, packets)
		if *generate {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the packets here make; run with -generate", path)
		}
	}
}

func framesOf[C any](cases []C, frame func(C) packet) (all []packet) {
	for _, c := range cases {
		all = append(all, frame(c))
	}
	return all
}

func capture(t *testing.T, packets []packet) []byte {
	t.Helper()
	var b bytes.Buffer
	w := pcapgo.NewWriter(&b)
	if err := w.WriteFileHeader(65535, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	for i, p := range packets {
		info := gopacket.CaptureInfo{Timestamp: time.Unix(int64(i), 0), CaptureLength: len(p.frame), Length: len(p.frame)}
		if err := w.WritePacket(info, p.frame); err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
	}
	return b.Bytes()
}

// frames reads a capture.
func frames(t *testing.T, file string) [][]byte {
	t.Helper()
	f, err := os.Open(filepath.Join("programs/testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	var all [][]byte
	for {
		b, _, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, b)
	}
}

var (
	macA = []byte{2, 0, 0, 0, 0, 0x0a} // locally administered
	macB = []byte{2, 0, 0, 0, 0, 0x0b}
)

func ethernet(t layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{DstMAC: macB, SrcMAC: macA, EthernetType: t}
}

func ipv4(src, dst [4]byte, p layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{Version: 4, TTL: 64, Id: 0x1234, SrcIP: src[:], DstIP: dst[:], Protocol: p}
}

func ipv6(src, dst string, next layers.IPProtocol) *layers.IPv6 {
	return &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: next, SrcIP: net.ParseIP(src), DstIP: net.ParseIP(dst)}
}

// addr is an IPv4 address.
func addr(s string) [4]byte { return netip.MustParseAddr(s).As4() }

func tcp(src, dst uint16) *layers.TCP {
	return &layers.TCP{SrcPort: layers.TCPPort(src), DstPort: layers.TCPPort(dst), Seq: 1, SYN: true, Window: 65535}
}

func udp(src, dst uint16) *layers.UDP {
	return &layers.UDP{SrcPort: layers.UDPPort(src), DstPort: layers.UDPPort(dst)}
}

// build puts layers together; lengths and checksums are computed.
func build(parts ...gopacket.SerializableLayer) []byte {
	var ip gopacket.NetworkLayer
	for _, p := range parts {
		switch l := p.(type) {
		case gopacket.NetworkLayer:
			ip = l
		case interface {
			SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
		}: // TCP, UDP
			if err := l.SetNetworkLayerForChecksum(ip); err != nil {
				panic(err)
			}
		}
	}
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, parts...); err != nil {
		panic(err)
	}
	return bytes.Clone(b.Bytes())
}

// with is the frame with bytes replaced from an offset on.
func with(frame []byte, off int, b ...byte) []byte {
	f := bytes.Clone(frame)
	copy(f[off:], b)
	return f
}
