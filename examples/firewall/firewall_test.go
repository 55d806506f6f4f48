// Package firewall tests an XDP program that drops the packets of flows that a rule names.
package firewall

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/bpftest"
)

const drop, pass = 1, 2 // XDP_DROP, XDP_PASS

type (
	flow struct {
		From, To         [4]byte
		FromPort, ToPort [2]byte
		Protocol         byte
		_                [3]byte
	}
	rule struct{ Packets, Bytes uint64 }
)

// udp is 10.0.0.1:53 to 10.0.0.2:4660, 28 bytes of IPv4.
var udp = append(append(make([]byte, 12), 8, 0), // Ethernet
	0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 53, 0x12, 0x34, 0, 8, 0, 0)

func TestFirewall(t *testing.T) {
	o := bpftest.Load(t, "../../corpus/programs/firewall.o")
	o.Run("firewall", bpftest.Packet(udp)).Returns(pass)

	source := flow{From: [4]byte{10, 0, 0, 1}}
	o.Map("rules").Put(source, rule{})
	o.Run("firewall", bpftest.Packet(udp)).Returns(drop).PacketIs(udp)
	o.Map("rules").Wants(source, rule{Packets: 1, Bytes: 28})

	o.Run("firewall", bpftest.Packet(udp[:30])).Returns(drop) // cut off
	for outcome, n := range map[uint32]uint64{0: 1, 1: 1, 2: 1} {
		o.Map("outcomes").Wants(outcome, n)
	}
}
