package witness

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// goal is what a run is to be changed towards: numbers seen in it, and what each of them
// would better be.
type goal struct {
	at     fork      // a branch, or
	failed bool      // the failing register
	values [2]uint64 // two operands, or the register
	wants  [2][]uint64
}

// place is a byte of the input, or the packet's length.
type place struct {
	region, at int
	length     bool
}

// lever is a place that moves a number.
type lever struct {
	place
	value int    // which
	by    uint64 // the number moves so much when the place moves by one
}

// direct computes changes that bring a run on along the path, or, where it gets to the
// failing instruction, the failing register out of its bounds.
func (s *search) direct(x *candidate) bool {
	for range 32 { // branches
		if x == nil || s.over() || s.try(x.clone()) {
			return s.over()
		}
		before := x.score
		for _, g := range s.goals() {
			if s.pursue(x, g) {
				return s.over()
			}
		}
		if s.best.score.level <= before.level {
			return false
		}
		x = s.best
	}
	return false
}

// pursue tries what brings a run towards a goal. It is true when the search is over.
func (s *search) pursue(x *candidate, g *goal) bool {
	if g.failed && s.cut(x, g) {
		return s.over()
	}
	levers := s.levers(x, g)
	for _, l := range levers {
		if s.pull(x, g, l) {
			return true
		}
		if s.gained(x) {
			return false
		}
	}
	for _, l := range levers[:min(len(levers), 3)] {
		if s.push(x, g, l) {
			return true
		}
		if s.gained(x) {
			return false
		}
	}
	return s.over()
}

// gained reports whether there is a candidate now that goes further than x.
func (s *search) gained(x *candidate) bool {
	return s.best.score.level > x.score.level || s.best.score.reached && !x.score.reached
}

// cut makes the packet end within what the failing access reaches for.
func (s *search) cut(x *candidate, g *goal) bool {
	r := &s.f.State.Frame().Regs[s.f.Register]
	if !r.IsPacket() || len(x.in.Packet) == 0 {
		return false
	}
	i := s.f.insns[s.f.Insn]
	from := int(int32(uint32(g.values[0])-mem.PacketBase)) + int(i.Off)
	for n := from + i.Bytes() - 1; n >= max(0, from-16); n-- {
		if s.over() || s.try(x.resized(n)) {
			return true
		}
	}
	return false
}

// goals are what the last run lacked: to stay on the path, and to do harm at its end. It
// may have got there by another way.
func (s *search) goals() (all []*goal) {
	w := &s.watch
	if w.at.pc >= 0 {
		i := s.f.insns[w.at.pc]
		g := &goal{at: w.at, values: [2]uint64{w.at.x, w.at.y}}
		g.wants[0] = wants(i.Op, w.at.wanted, w.at.y)
		g.wants[1] = wants(i.Op, w.at.wanted, w.at.x)
		all = append(all, g)
	}
	if w.failed && s.f.Register >= 0 {
		v := w.fail[s.f.Register]
		all = append(all, &goal{failed: true, values: [2]uint64{v}, wants: [2][]uint64{s.outside(v)}})
	}
	return all
}

// outside are values for the failing register: the ends of what the verifier thought
// possible, and places that are some way off.
func (s *search) outside(v uint64) []uint64 {
	r := &s.f.State.Frame().Regs[s.f.Register]
	var all []uint64
	n := &r.Num
	if r.IsPointer() {
		width := n.U.Max - n.U.Min
		all = append(all, v+width, v-width, v+uint64(n.S.Max), v+uint64(n.S.Min))
		if r.IsPacket() {
			all = append(all, s.watch.fail[10], 0)
		}
	} else {
		all = append(all, corners(r)...)
	}
	for _, d := range []uint64{1, 4, 8, 16, 24, 64, 512, 4096, 1 << 20} {
		all = append(all, v+d, v-d)
	}
	return all
}

// wants are numbers x for which "x op y" may be as wanted. Those of inequalities are tried,
// not told apart: so the same are good for y, given x.
func wants(op uint8, wanted bool, y uint64) []uint64 {
	far := []uint64{0, ^uint64(0), 1<<63 - 1, 1 << 63, 1<<31 - 1, 1 << 31}
	switch op & 0xf0 {
	case spec.OpJEQ, spec.OpJNE:
		if wanted == (op&0xf0 == spec.OpJEQ) {
			return []uint64{y}
		}
		return []uint64{y + 1, y - 1}
	case spec.OpJSET:
		if wanted {
			return []uint64{y, ^uint64(0)}
		}
		return []uint64{0, ^y}
	}
	return append([]uint64{y, y + 1, y - 1}, far...)
}

// chunk is how many bytes are moved at once, to see whether any of them counts.
const chunk = 16

// mostBytes bounds what is looked at of a region.
const mostBytes = 192

// levers finds the places that move a number of the goal, those first that move it least:
// they are the low bytes.
func (s *search) levers(x *candidate, g *goal) []lever {
	var all []lever
	if len(x.in.Packet) > 0 {
		all = s.lever(all, x, g, place{length: true})
	}
	for r, b := range x.regions(s) {
		for from := 0; from < min(len(b), mostBytes); from += chunk {
			to := min(from+chunk, len(b))
			y := x.clone()
			for at := from; at < to; at++ {
				y.regions(s)[r][at] ^= 0x55
			}
			if s.over() || s.try(y) {
				return nil
			}
			if now, ok := s.seen(g); ok && now == g.values {
				continue
			}
			for at := from; at < to; at++ {
				all = s.lever(all, x, g, place{region: r, at: at})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b lever) int {
		return cmp.Compare(bits.TrailingZeros64(a.by), bits.TrailingZeros64(b.by))
	})
	return all[:min(len(all), 8)]
}

// lever moves a place by one.
func (s *search) lever(all []lever, x *candidate, g *goal, p place) []lever {
	if s.over() {
		return nil
	}
	s.try(s.moved(x, p, 1, 1, false, false))
	now, ok := s.seen(g)
	if !ok {
		return all
	}
	for k := range now {
		if by := now[k] - g.values[k]; by != 0 {
			all = append(all, lever{p, k, by})
		}
	}
	return all
}

// seen are the numbers of the goal in the last run; ok is false if it did not come there.
func (s *search) seen(g *goal) (v [2]uint64, ok bool) {
	w := &s.watch
	if g.failed {
		if s.f.Register < 0 || !w.failed {
			return v, false
		}
		return [2]uint64{w.fail[s.f.Register]}, true
	}
	if w.at.pc != g.at.pc {
		return v, false
	}
	return [2]uint64{w.at.x, w.at.y}, true
}

// moved is x with a place moved by a number of size bytes: added, or exclusive-or.
func (s *search) moved(x *candidate, p place, by uint64, size int, big, xor bool) *candidate {
	if p.length {
		return x.resized(len(x.in.Packet) + int(int32(by)))
	}
	y := x.clone()
	b := y.regions(s)[p.region]
	part, ok := word(b, p.at, size, big)
	switch {
	case !ok:
	case xor:
		set(part, big, get(part, big)^by)
	default:
		set(part, big, get(part, big)+by)
	}
	return y
}

// pull tries what would bring the lever's number to where it is wanted. It is true when the
// search is over.
func (s *search) pull(x *candidate, g *goal, l lever) bool {
	for _, size := range []int{8, 4, 2, 1} {
		for _, big := range []bool{false, true} {
			if big && size == 1 || l.length && (size != 8 || big) {
				continue
			}
			for _, m := range s.moves(x, g, l, size, big) {
				if s.over() || s.try(s.moved(x, l.place, m.by, size, big, m.xor)) {
					return true
				}
				if s.gained(x) {
					return false
				}
			}
		}
	}
	return false
}

// push sets the number bit by bit, from the lowest: sums, products and bitwise operations
// carry upwards only, so that a bit of the place decides a bit of the number once those
// below are right. It is true when the search is over.
func (s *search) push(x *candidate, g *goal, l lever) bool {
	zeros := bits.TrailingZeros64(l.by)
	if l.length || g.failed || len(g.wants[l.value]) == 0 {
		return false
	}
	want := g.wants[l.value][0]
	for _, size := range []int{8, 4} {
		for _, big := range []bool{false, true} {
			y, now := x, g.values
			for bit := zeros; bit < zeros+8*size; bit++ {
				wrong := now[l.value] ^ want
				if bit >= 64 || wrong&(1<<bit-1) != 0 {
					break
				}
				if wrong>>bit&1 == 0 {
					continue
				}
				y = s.moved(y, l.place, 1<<(bit-zeros), size, big, true)
				if s.over() || s.try(y) {
					return true
				}
				var ok bool
				if now, ok = s.seen(g); s.gained(x) || !ok {
					return false
				}
			}
		}
	}
	return false
}

// move is a change of a place.
type move struct {
	by  uint64
	xor bool
}

// moves are the changes of a place that take its number to where it is wanted, if it goes
// on as it moved by one: in proportion, or bit by bit. A register that is to leave its bounds
// is also moved by giving the place its least and its greatest number.
func (s *search) moves(x *candidate, g *goal, l lever, size int, big bool) (all []move) {
	v, zeros := g.values[l.value], bits.TrailingZeros64(l.by)
	for _, want := range g.wants[l.value] {
		if d := want - v; d&(1<<zeros-1) == 0 {
			all = append(all, move{by: d >> zeros * inverse(l.by>>zeros)})
		}
		all = append(all, move{by: (want ^ v) >> zeros, xor: true})
	}
	if !g.failed || l.length {
		return all
	}
	if part, ok := word(x.regions(s)[l.region], l.at, size, big); ok {
		is := get(part, big)
		for _, to := range []uint64{0, ^uint64(0), 1 << 31, 1<<31 - 1, 1 << 63, 1<<63 - 1} {
			all = append(all, move{by: to ^ is, xor: true})
		}
	}
	return all
}

// inverse is the number that gives 1 when multiplied by the odd number x, modulo 2^64.
func inverse(x uint64) uint64 {
	y := x // correct to three bits
	for range 5 {
		y *= 2 - x*y
	}
	return y
}
