package corpus

import (
	"testing"

	"github.com/gopacket/gopacket/layers"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// ms is a millisecond of the program's clock: the interval of a token.
const ms = 1_000_000

// bucket is struct bucket of ratelimit.c.
type bucket struct {
	tokens, filled  int64
	passed, dropped uint64
}

func (b bucket) encode(o spec.ByteOrder) []byte {
	return numbers(o, uint64(b.tokens), uint64(b.filled), b.passed, b.dropped)
}

// ratelimitSteps are packets by their source, the time they come, and the bucket
// of the source afterwards, worked out by hand: one token a ms, three at most.
var ratelimitSteps = []struct {
	name   string
	clock  int64
	source [4]byte
	pass   bool
	after  *bucket // nil: the source has none
}{
	{"a new bucket is full", 0, client, true, &bucket{2, 0, 1, 0}},
	{"second", 0, client, true, &bucket{1, 0, 2, 0}},
	{"third", 0, client, true, &bucket{0, 0, 3, 0}},
	{"one too many", 0, client, false, &bucket{0, 0, 3, 1}},
	{"another source has its own bucket", 0, server, true, &bucket{2, 0, 1, 0}},
	{"half a token is none", ms / 2, client, false, &bucket{0, 0, 3, 2}},
	{"a token", ms, client, true, &bucket{0, ms, 4, 2}},
	{"a token and a half", 5 * ms / 2, client, true, &bucket{0, 2 * ms, 5, 2}},
	{"the half is not spent twice", 5 * ms / 2, client, false, &bucket{0, 2 * ms, 5, 3}},
	{"nor lost", 3 * ms, client, true, &bucket{0, 3 * ms, 6, 3}},
	{"no more than the burst", 100 * ms, client, true, &bucket{2, 100 * ms, 7, 3}},
	{"a clock that goes back takes tokens", 98 * ms, client, false, &bucket{0, 98 * ms, 7, 4}},
	{"half a token back is none", 97*ms + ms/2, client, false, &bucket{0, 98 * ms, 7, 5}},
	{"no debts", 97 * ms, client, false, &bucket{0, 97 * ms, 7, 6}},
	{"forward again", 99 * ms, client, true, &bucket{1, 99 * ms, 8, 6}},
	{"before the beginning", -5 * ms, server, false, &bucket{0, -5 * ms, 1, 1}},
	{"third bucket, at a negative time", -5 * ms, banned, true, &bucket{2, -5 * ms, 1, 0}},
	{"fourth bucket", 0, [4]byte{10, 0, 0, 4}, true, &bucket{2, 0, 1, 0}},
	{"there is no fifth", 0, [4]byte{10, 0, 0, 5}, false, nil},
	{"the others are served on", 0, banned, true, &bucket{2, 0, 2, 0}},
}

func TestRateLimit(t *testing.T) {
	buckets := map[[4]byte]bucket{}
	var passed, dropped, untracked uint64
	var want []expected
	for _, s := range ratelimitSteps {
		e := expected{
			name: s.name, r0: xdpDrop,
			packet: build(ethernet(layers.EthernetTypeIPv4), ipv4(s.source, server, layers.IPProtocolUDP), udp(1, 2)),
			set:    func(o spec.ByteOrder) entries { return entries{"clock": array(o, uint64(s.clock))} },
		}
		switch {
		case s.pass:
			e.r0 = xdpPass
			passed++
		case s.after == nil:
			untracked++
			fallthrough
		default:
			dropped++
		}
		if s.after != nil {
			buckets[s.source] = *s.after
		}
		e.maps = ratelimitMaps(buckets, passed, dropped, untracked)
		want = append(want, e)
	}
	// What is not IPv4 is not limited.
	arp := build(ethernet(layers.EthernetTypeARP), ipv4(banned, server, 0))
	want = append(want, expected{name: "ARP", packet: arp, r0: xdpPass, maps: ratelimitMaps(buckets, passed, dropped, untracked)})
	check(t, "ratelimit", want)
}

func ratelimitMaps(buckets map[[4]byte]bucket, passed, dropped, untracked uint64) func(spec.ByteOrder) entries {
	var sources [][4]byte
	var values []bucket
	for source, b := range buckets {
		sources, values = append(sources, source), append(values, b)
	}
	return func(o spec.ByteOrder) entries {
		e := entries{
			".bss":    {{Key: make([]byte, 4), Value: numbers(o, passed, dropped, untracked)}},
			".rodata": {{Key: make([]byte, 4), Value: numbers(o, ms, 3)}},
		}
		for i, source := range sources {
			e["buckets"] = append(e["buckets"], entry(source[:], values[i].encode(o)))
		}
		return e
	}
}
