package witness

import (
	"bytes"
	"slices"

	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// candidate is an input with what the maps hold.
type candidate struct {
	in      vm.Input
	entries [][]maps.Entry // by map
	score   score
}

// clone shares nothing that is changed.
func (x *candidate) clone() *candidate {
	y := &candidate{in: x.in, entries: make([][]maps.Entry, len(x.entries))}
	y.in.Packet, y.in.Context, y.in.Memory = bytes.Clone(x.in.Packet), bytes.Clone(x.in.Context), bytes.Clone(x.in.Memory)
	for i, list := range x.entries {
		y.entries[i] = slices.Clone(list)
		for n, e := range list {
			y.entries[i][n].Value = bytes.Clone(e.Value)
		}
	}
	return y
}

// regions are the bytes that may be changed.
func (x *candidate) regions(s *search) (all [][]byte) {
	for _, b := range [][]byte{x.in.Packet, x.in.Context, x.in.Memory} {
		if len(b) > 0 {
			all = append(all, b)
		}
	}
	for m, list := range x.entries {
		if !s.plain(m) {
			continue
		}
		for _, e := range list {
			if len(e.Value) > 0 {
				all = append(all, e.Value)
			}
		}
	}
	return all
}

// plain reports whether a map's values are numbers that a caller may choose.
func (s *search) plain(m int) bool {
	x := s.c.Maps[m]
	if x.Frozen { // what the program relies on
		return false
	}
	switch x.Type {
	case maps.Array, maps.Hash, maps.LRUHash, maps.PerCPUArray, maps.PerCPUHash, maps.LRUPerCPUHash:
		return true
	}
	return false
}

// keyed reports whether a map's keys come and go.
func (s *search) keyed(m int) bool {
	t := s.c.Maps[m].Type
	return s.plain(m) && t != maps.Array && t != maps.PerCPUArray
}

// caseOf is the case with a candidate as its only input.
func (s *search) caseOf(x *candidate) *vm.Case {
	c := *s.c
	c.Inputs = []vm.Input{x.in}
	c.Maps = make([]*maps.Spec, len(s.c.Maps))
	for i, m := range s.c.Maps {
		spec := *m
		spec.Entries = x.entries[i]
		c.Maps[i] = &spec
	}
	c.Mode = vm.Checked
	return &c
}

// lengths are packet lengths to begin with: those that Linux would take first, then shorter.
var lengths = []int{64, 14, 34, 42, 54, 18, 128, 256, 1500, 1, 0, 2, 4, 8, 12, 13}

// Contexts of programs that take as many bytes as the caller gives: the least size that a
// run of zeros does not read past is used, so that what goes astray does not fall into it.
const leastBuffer, mostBuffer = 64, 4096

// blank is an input of zeros that the program can be run on.
func (s *search) blank() *candidate {
	x := &candidate{entries: make([][]maps.Entry, len(s.c.Maps))}
	for i, m := range s.c.Maps {
		x.entries[i] = m.Entries
	}
	info := hook.Lookup(s.c.Programs[0].Type)
	if info == nil {
		return x
	}
	if info.Packet {
		x.in.Packet = make([]byte, lengths[0])
	}
	switch info.Context {
	case hook.Memory:
		if len(s.c.Inputs) > 0 {
			x.in.Memory = make([]byte, len(s.c.Inputs[0].Memory))
		}
	case hook.Buffer:
		x.in.Context = make([]byte, s.buffer)
	default:
		x.in.Context = make([]byte, info.Size)
	}
	return x.clone()
}

// fill puts an element under each of the first keys of a map, and under those that runs have
// looked up.
func (s *search) fill(m int, b byte) (list []maps.Entry) {
	x := s.c.Maps[m]
	var keys [][]byte
	for n := range x.MaxEntries {
		if n == 8 {
			break
		}
		key := make([]byte, x.KeySize)
		if len(key) >= 4 {
			s.c.Programs[0].Order.Binary().PutUint32(key, n)
		} else if len(key) > 0 {
			key[0] = byte(n)
		}
		keys = append(keys, key)
	}
	if s.keyed(m) {
		keys = append(slices.Clone(s.keys[m]), keys...)
	}
	for _, key := range keys {
		same := func(e maps.Entry) bool { return bytes.Equal(e.Key, key) }
		if len(list) < int(x.MaxEntries) && !slices.ContainsFunc(list, same) {
			list = append(list, maps.Entry{Key: key, Value: bytes.Repeat([]byte{b}, int(x.ValueSize))})
		}
	}
	return list
}

// seeds are the candidates that the search begins with.
func (s *search) seeds() (all []*candidate) {
	blank := s.blank()
	for s.buffer < mostBuffer && s.short(blank) {
		s.buffer *= 2
		blank = s.blank()
	}
	first := blank
	for _, in := range s.c.Inputs {
		x := blank.clone()
		x.in = in
		x = x.clone()
		if info := hook.Lookup(s.c.Programs[0].Type); info != nil && info.Context != hook.Buffer && info.Context != hook.Memory {
			for len(x.in.Context) < int(info.Size) { // the machine takes what is missing for zeros
				x.in.Context = append(x.in.Context, 0)
			}
		}
		if len(in.Packet)+len(in.Context)+len(in.Memory) == 0 {
			continue // whoever wrote the case did not think of inputs; it is blank, without a packet
		}
		all = append(all, x)
		if first == blank {
			first = x
		}
	}
	for _, b := range []byte{0, 0xff, 0x7f, 1} {
		x := blank.clone()
		for _, r := range x.regions(s) {
			for i := range r {
				r[i] = b
			}
		}
		all = append(all, x)
	}
	if len(blank.in.Packet) > 0 {
		for _, n := range append(s.f.bounds(), lengths...) {
			all = append(all, first.resized(n))
		}
	}
	return append(all, s.otherMaps(first)...)
}

// otherMaps has the maps empty, and full of values of one byte.
func (s *search) otherMaps(first *candidate) (all []*candidate) {
	empty := first.clone()
	for m := range empty.entries {
		if s.keyed(m) {
			empty.entries[m] = nil
		}
	}
	all = append(all, empty)
	for _, b := range []byte{0, 1, 0xff} {
		x := first.clone()
		for m := range x.entries {
			if s.plain(m) {
				x.entries[m] = s.fill(m, b)
			}
		}
		all = append(all, x)
	}
	return all
}

// short reports whether a run reads past its context.
func (s *search) short(x *candidate) bool {
	if s.c.Programs[0].Type != hook.Syscall {
		return false
	}
	s.tries++
	outs := s.o.Machine.Follow(s.caseOf(x), s.fuel, s.begin())
	return len(outs) == 1 && outs[0].Kind == vm.Faulted && s.excused(&outs[0])
}

// resized has a packet of n bytes.
func (x *candidate) resized(n int) *candidate {
	y := x.clone()
	n = min(max(n, 0), maxPacket)
	for len(y.in.Packet) < n {
		y.in.Packet = append(y.in.Packet, byte(len(y.in.Packet)))
	}
	y.in.Packet = y.in.Packet[:n]
	return y
}

// maxPacket is as long as a packet may become.
const maxPacket = 4000
