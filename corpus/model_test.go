package corpus

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/spec"
)

var seed = flag.Uint64("seed", 0, "of the random packets; 0: a new one")

// models are the programs once more, as Go would have them: written from what the
// C files promise, not from how they do it. A model gives the verdict and the
// packet afterwards, and keeps the maps.
var models = map[string]func() model{
	"firewall":  newFirewallModel,
	"checksum":  newChecksumModel,
	"balancer":  newBalancerModel,
	"blocklist": newBlocklistModel,
	"conntrack": newConntrackModel,
	"dns":       newDNSModel,
	"entropy":   newEntropyModel,
	"pipeline":  newPipelineModel,
	"tcpopts":   newTCPOptionsModel,
	"tenants":   newTenantsModel,
}

type model struct {
	set    func(spec.ByteOrder) entries
	mutate func(*rand.Rand, []byte) []byte // or nil: mutate
	step   func(frame []byte) (r0 uint64, after []byte)
	maps   func() func(spec.ByteOrder) entries  // as they are now
	events func() func(spec.ByteOrder) []effect // of the last step; or nil
	mark   func() uint32                        // after the last step; or nil

	outcomes []uint64 // how often which
}

// TestModels sends random packets, near those of the captures, through programs
// and models.
func TestModels(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-seed %d", *seed)
	for program, newModel := range models {
		t.Run(program, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(*seed, 0))
			base := frames(t, program+".pcap")
			m := newModel()
			if m.mutate == nil {
				m.mutate = mutate
			}
			var want []expected
			for i := range 400 {
				frame := m.mutate(rng, base[rng.IntN(len(base))])
				r0, after := m.step(frame)
				e := expected{name: fmt.Sprintf("packet %d (%x)", i, frame), input: frame, packet: after, r0: r0, maps: m.maps()}
				if m.events != nil {
					e.events = m.events()
				}
				if m.mark != nil {
					e.mark = m.mark()
				}
				want = append(want, e)
			}
			want[0].set = m.set
			t.Logf("outcomes: %d", m.outcomes)
			if slices.Contains(m.outcomes, 0) {
				t.Error("the packets reach not every outcome: they show too little")
			}
			check(t, program, want)
		})
	}
}

// mutate changes a few bytes or the length. It leaves whole headers, without
// extras, so that the kernel's test run takes the packet.
func mutate(rng *rand.Rand, frame []byte) []byte {
	f := append([]byte(nil), frame...)
	f = append(f, make([]byte, max(0, 34-len(f)))...)
	for range rng.IntN(4) {
		switch rng.IntN(4) {
		case 0: // near the start, where the headers are
			f[12+rng.IntN(min(len(f)-12, 40))] = byte(rng.Uint32())
		case 1:
			f[12+rng.IntN(len(f)-12)] ^= 1 << rng.IntN(8)
		case 2:
			f = f[:34+rng.IntN(len(f)-33)]
		case 3: // lengths that almost fit
			f[14] = 0x40 | byte(4+rng.IntN(12))
			binary.BigEndian.PutUint16(f[16:], uint16(len(f)-14+rng.IntN(9)-4))
		}
	}
	return f
}

func newFirewallModel() model {
	outcomes := make([]uint64, 4)
	rules := map[flowKey]*[2]uint64{flow: {}, {src: banned}: {}}
	return model{
		outcomes: outcomes, set: firewallRules,
		step: func(frame []byte) (uint64, []byte) {
			outcome, key, length := classify(frame)
			if outcome == passed {
				for _, k := range []flowKey{key, {src: key.src}} {
					if r := rules[k]; r != nil {
						r[0]++
						r[1] += uint64(length)
						outcome = blocked
						break
					}
				}
			}
			outcomes[outcome]++
			return firewallVerdict(outcome), frame
		},
		maps: func() func(spec.ByteOrder) entries {
			outcomes, one, all := slices.Clone(outcomes), *rules[flow], *rules[flowKey{src: banned}]
			return func(o spec.ByteOrder) entries {
				return entries{
					"outcomes": array(o, outcomes...),
					"rules":    {entry(flow.encode(), numbers(o, one[:]...)), entry(flowKey{src: banned}.encode(), numbers(o, all[:]...))},
				}
			}
		},
	}
}

// classify takes a frame apart: the outcome before any rule, the flow, and the
// length of the IPv4 packet.
func classify(frame []byte) (outcome int, k flowKey, length int) {
	be := binary.BigEndian
	kind, ip, ok := afterVLANs(frame)
	if !ok {
		return malformed, k, 0
	}
	if kind != 0x0800 {
		return notIPv4, k, 0
	}
	if len(ip) < 20 || ip[0]>>4 != 4 {
		return malformed, k, 0
	}
	head := int(ip[0]&15) * 4
	length = int(be.Uint16(ip[2:]))
	if head < 20 || length < head || length > len(ip) {
		return malformed, k, 0
	}
	k = flowKey{src: [4]byte(ip[12:]), dst: [4]byte(ip[16:]), protocol: ip[9]}
	if firstFragment := be.Uint16(ip[6:])%0x2000 == 0; firstFragment && (k.protocol == 6 || k.protocol == 17) {
		if length < head+4 {
			return malformed, k, 0
		}
		k.sport, k.dport = be.Uint16(ip[head:]), be.Uint16(ip[head+2:])
	}
	return passed, k, length
}

// afterVLANs is what stands behind Ethernet's header and up to two VLAN tags, and its type.
func afterVLANs(frame []byte) (kind uint16, rest []byte, ok bool) {
	be := binary.BigEndian
	kind, rest = be.Uint16(frame[12:]), frame[14:]
	for tags := 0; tags < 2 && (kind == 0x8100 || kind == 0x88a8); tags++ {
		if len(rest) < 4 {
			return 0, nil, false
		}
		kind, rest = be.Uint16(rest[2:]), rest[4:]
	}
	return kind, rest, true
}

func newChecksumModel() model {
	verdicts := make([]uint64, 4)
	return model{
		outcomes: verdicts,
		step: func(frame []byte) (uint64, []byte) {
			verdict, after := mendHeader(frame)
			verdicts[verdict]++
			if verdict == badHeader {
				return tcShot, after
			}
			return tcOK, after
		},
		maps: func() func(spec.ByteOrder) entries {
			verdicts := slices.Clone(verdicts)
			return func(o spec.ByteOrder) entries { return entries{"verdicts": array(o, verdicts...)} }
		},
	}
}

// mendHeader computes the checksum from scratch, where the program subtracts.
func mendHeader(frame []byte) (verdict int, after []byte) {
	if binary.BigEndian.Uint16(frame[12:]) != 0x0800 {
		return otherType, frame
	}
	n := int(frame[14]&15) * 4
	if n < 20 || len(frame) < 14+n {
		return badHeader, frame
	}
	if onesSum(frame[14:14+n]) == 0xffff {
		return good, frame
	}
	after = with(frame, 24, 0, 0)
	binary.BigEndian.PutUint16(after[24:], ^onesSum(after[14:14+n]))
	return mended, after
}

// onesSum is the sum of RFC 1071: 16-bit words, carries added at the low end.
func onesSum(b []byte) uint16 {
	var sum uint16
	for i := 0; i < len(b); i += 2 {
		w := binary.BigEndian.Uint16(b[i:])
		if sum += w; sum < w {
			sum++
		}
	}
	return sum
}

// TestOnesSum: the example of RFC 1071, section 3.
func TestOnesSum(t *testing.T) {
	if got := onesSum([]byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}); got != 0xddf2 {
		t.Errorf("got %#x, want 0xddf2", got)
	}
}
