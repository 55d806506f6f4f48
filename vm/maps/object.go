package maps

import (
	"sync"

	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// object is what every live map has. Its methods are those of a map that can do
// nothing; the types replace what they can.
type object struct {
	spec *Spec
	mem  *mem.Memory
	base uint32 // of the values
	cpus uint32 // values a slot: 1 unless the type is per CPU

	mu     sync.Mutex // guards the whole map, but not values that programs write through pointers
	frozen bool       // for user space
}

func (o *object) init(s *Spec, at Place) {
	o.spec, o.mem, o.base, o.cpus = s, at.Mem, at.Base, 1
	if s.Type.PerCPU() {
		o.cpus = at.CPUs
	}
	if room := s.Room(at.CPUs); room > 0 {
		o.mem.Reserve(at.Base, uint32(room))
	}
}

func (o *object) obj() *object { return o }

func (o *object) Spec() *Spec                          { return o.spec }
func (o *object) Lookup([]byte) (uint32, bool)         { return 0, false }
func (o *object) Update([]byte, []byte, uint64) error  { return EINVAL }
func (o *object) Delete([]byte) error                  { return EINVAL }
func (o *object) Entries(dst []Entry) []Entry          { return dst }
func (o *object) ValueAt(uint32) (addr uint32, k bool) { return 0, false }

// at is the address of a slot's value, of the first CPU's where there are several.
func (o *object) at(slot uint32) uint32 { return o.base + slot*o.spec.stride()*o.cpus }

// on is the address of a slot's value on a CPU.
func (o *object) on(slot, cpu uint32) uint32 {
	return o.base + (slot*o.cpus+cpu)*o.spec.stride()
}

// put writes a value and makes it accessible. Permissions that are right already
// are not written, because another machine may be looking at them.
func (o *object) put(addr uint32, value []byte) {
	copy(o.mem.Bytes(addr, uint32(len(value))), value)
	p := o.spec.perm()
	for i, have := range o.mem.Perms(addr, o.spec.ValueSize) {
		if have != p {
			o.mem.Perms(addr, o.spec.ValueSize)[i] = p
		}
	}
}

// get copies a slot's value into dst: of all CPUs, each rounded up to 8 bytes,
// where there are several.
func (o *object) get(dst []byte, slot uint32) {
	if !o.spec.Type.PerCPU() {
		copy(dst, o.mem.Bytes(o.at(slot), o.spec.ValueSize))
		return
	}
	size := round8(o.spec.ValueSize)
	for cpu := range o.cpus {
		copy(dst[cpu*size:], o.mem.Bytes(o.on(slot, cpu), size))
	}
}

// set is the inverse of get.
func (o *object) set(slot uint32, value []byte) {
	if !o.spec.Type.PerCPU() {
		o.put(o.at(slot), value)
		return
	}
	size := round8(o.spec.ValueSize)
	for cpu := range o.cpus {
		o.put(o.on(slot, cpu), value[cpu*size:][:size])
	}
}

// appendValue puts a slot's value into an entry. Bytes between the values of two
// CPUs are zero in it: programs cannot see them.
func (o *object) appendValue(e *Entry, slot uint32) {
	if !o.spec.Type.PerCPU() {
		e.copyValue(o.mem, o.at(slot), o.spec.ValueSize)
		return
	}
	size := o.spec.ValueSize
	for cpu := range o.cpus {
		at := o.on(slot, cpu)
		e.Value = append(e.Value, o.mem.Bytes(at, size)...)
		e.Value = append(e.Value, make([]byte, round8(size)-size)...)
		if u := o.mem.UndefIn(at, size); u != nil {
			if e.Undef == nil {
				e.Undef = make([]bool, round8(size)*o.cpus)
			}
			copy(e.Undef[cpu*round8(size):], u)
		}
	}
}

// index reads a key of 4 bytes.
func (o *object) index(key []byte) uint32 { return o.mem.Order.Binary().Uint32(key) }

// appendIndex is the inverse of index.
func (o *object) appendIndex(key []byte, i uint32) []byte {
	key = append(key, 0, 0, 0, 0)
	o.mem.Order.Binary().PutUint32(key[len(key)-4:], i)
	return key
}

// nextIndex is get_next_key of everything that is indexed from 0 up.
func (o *object) nextIndex(key, next []byte) error {
	i := uint32(0)
	if key != nil {
		switch i = o.index(key); {
		case i >= o.spec.MaxEntries:
			i = 0
		case i == o.spec.MaxEntries-1:
			return ENOENT
		default:
			i++
		}
	}
	o.mem.Order.Binary().PutUint32(next, i)
	return nil
}
