package corpus

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// Numbers of entropy.c. A bit is 65536.
const (
	bit           = 1 << 16
	entropyBytes  = 1024
	noise, fewest = 7 * bit, 256
)

// entropyCase is a payload and its entropy.
type entropyCase struct {
	packet
	bits uint64
}

// alphabet is so many different bytes, each as often as said.
func alphabet(n, times int) []byte {
	var b []byte
	for i := range n {
		b = append(b, bytes.Repeat([]byte{byte(i * 7)}, times)...) // 7 is odd: all differ
	}
	return b
}

func entropyCases() []entropyCase {
	frame := func(payload []byte) []byte {
		return append(slices.Concat(macB, macA, []byte{0x88, 0xb5}), payload...) // for local experiments (IEEE 802)
	}
	c := func(name string, payload []byte, bits uint64) entropyCase {
		return entropyCase{packet{name, frame(payload)}, bits}
	}
	// Where the logarithms are no whole numbers, see TestShannon.
	text := strings.Repeat("The internet protocol is designed for use in interconnected systems of networks. ", 9)
	log := func(name string, payload []byte) entropyCase {
		return entropyCase{packet{name, frame(payload)}, shannon(payload)}
	}
	return []entropyCase{
		c("nothing", nil, 0),
		c("a byte", []byte{1}, 0),
		c("one byte again and again", alphabet(1, 1000), 0),
		c("the same: no change", alphabet(1, 1000), 0),
		c("two bytes as often", alphabet(2, 100), bit),
		c("four", alphabet(4, 33), 2*bit),
		// 1/2*1 + 1/4*2 + 1/8*3 + 1/8*3 = 1.75
		c("a half, a quarter, two eighths", append(alphabet(1, 64), append(bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2, 3}, 16)...)...), 7*bit/4),
		c("all bytes once", alphabet(256, 1), 8*bit),
		c("all bytes four times", alphabet(256, 4), 8*bit),
		c("128 bytes twice: noise, but just", alphabet(128, 2), 7*bit),
		c("128 bytes once: too few to be noise", alphabet(128, 1), 7*bit),
		log("255 bytes once: no", alphabet(255, 1)),
		log("127 bytes three times: almost noise", alphabet(127, 3)),
		log("129 bytes three times: noise", alphabet(129, 3)),
		log("text", []byte(text)),
		c("what is behind 1024 bytes does not count", append(alphabet(1, 1024), alphabet(256, 4)...), 0),
		c("the last byte that counts", append(alphabet(2, 512), alphabet(256, 1)...), bit),
	}
}

// shannon is the entropy of a payload by the logarithms of package math, rounded down
// where entropy.c says so.
func shannon(payload []byte) uint64 {
	payload = payload[:min(len(payload), entropyBytes)]
	log2 := func(n uint64) uint64 { return uint64(math.Floor(math.Log2(float64(n)) * bit)) }
	var counts [256]uint64
	for _, b := range payload {
		counts[b]++
	}
	n := uint64(len(payload))
	sum := n * log2(n)
	for _, c := range counts {
		if c > 0 {
			sum -= c * log2(c)
		}
	}
	return sum / n
}

// TestShannon compares what is rounded with what is not: the numbers are what they are called.
func TestShannon(t *testing.T) {
	for _, c := range entropyCases() {
		payload := c.frame[14:]
		if len(payload) == 0 {
			continue
		}
		payload = payload[:min(len(payload), entropyBytes)]
		want := 0.0
		for b := range 256 {
			if p := float64(bytes.Count(payload, []byte{byte(b)})) / float64(len(payload)); p > 0 {
				want -= p * math.Log2(p)
			}
		}
		if math.Abs(float64(c.bits)/bit-want) > 2.0/bit || shannon(payload) != c.bits {
			t.Errorf("%s: %d and %d, want %.5f bits, so about %.1f", c.name, c.bits, shannon(payload), want, want*bit)
		}
	}
}

// entropyTotal is struct total of entropy.c.
type entropyTotal struct{ packets, bytes, dropped, highest, seen, changes, last uint64 }

// count accounts for a frame and gives the verdict.
func (e *entropyTotal) count(frame []byte, bits uint64) (r0 uint64) {
	n := uint64(min(len(frame)-14, entropyBytes))
	if n == 0 {
		return tcOK
	}
	e.packets++
	e.bytes += n
	e.highest = max(e.highest, bits)
	e.seen |= 1 << (bits / bit)
	if e.last != bits {
		e.changes++
	}
	e.last = bits
	if n >= fewest && bits >= noise {
		e.dropped++
		return tcShot
	}
	return tcOK
}

func (e entropyTotal) entries(o spec.ByteOrder) entries {
	return entries{
		".bss":    section(numbers(o, e.packets, e.bytes, e.dropped, e.highest, e.seen, e.changes, e.last)),
		".rodata": section(words(o, noise, fewest)),
		"counts":  perCPU(arrayOf(o, make([]byte, 4*256))), // put back to zero
	}
}

func TestEntropy(t *testing.T) {
	var total entropyTotal
	var want []expected
	all := frames(t, "entropy.pcap")
	for i, w := range entropyCases() {
		r0 := total.count(w.frame, w.bits)
		want = append(want, expected{name: w.name, packet: all[i], r0: r0, mark: uint32(w.bits), maps: total.entries})
	}
	check(t, "entropy", want)
}

func newEntropyModel() model {
	var total entropyTotal
	outcomes := make([]uint64, 2) // passed, dropped
	return model{
		outcomes: outcomes,
		mutate: func(rng *rand.Rand, frame []byte) []byte {
			f := bytes.Clone(frame[:14])
			letters := 1 + rng.IntN(256)
			for range 1 + rng.IntN(1100) {
				f = append(f, byte(rng.IntN(letters)))
			}
			return f
		},
		step: func(frame []byte) (uint64, []byte) {
			r0 := total.count(frame, shannon(frame[14:]))
			outcomes[min(r0, 1)]++
			return r0, frame
		},
		mark: func() uint32 { return uint32(total.last) },
		maps: func() func(spec.ByteOrder) entries { return total.entries },
	}
}
