package maps

import "github.com/lockstep-ebpf/lockstep/vm/mem"

// Spec is the blueprint of a map.
type Spec struct {
	Name       string
	Type       Type
	KeySize    uint32 // bytes
	ValueSize  uint32 // bytes
	MaxEntries uint32 // elements; of a ring buffer bytes
	Flags      uint32 // BPF_F_*, as Linux numbers them
	// Extra is Linux's map_extra: of a bloom filter the number of hash functions.
	Extra uint64 `json:",omitempty"`
	// Inner is what the maps in an array or hash of maps look like. Its contents do
	// not count. Nil: like the first of Entries.
	Inner *Spec `json:",omitempty"`
	// Fields are the structs in values that the kernel knows, as the map's BTF has them.
	Fields  []Field `json:",omitempty"`
	Entries []Entry // contents at the start
	// Frozen: user space may change nothing after that (BPF_MAP_FREEZE). What an array of
	// one element holds that programs may not change either is known to a verifier then.
	Frozen bool `json:",omitempty"`
}

// Entry is a key with its value. Undef marks the bytes of the value that have no
// defined value; nil where all have one.
//
// Of a per-CPU map the value is those of all CPUs, each rounded up to 8 bytes; in
// a Spec it may also be one value, which every CPU gets. A queue, a stack and a
// bloom filter have empty keys: a Spec's entries are pushed in their order, a Map's
// come in the order of popping. A value that names an object (see [Type.Objects])
// is its number in the World, as 4 bytes in little-endian order.
type Entry struct {
	Key, Value []byte
	Undef      []bool
}

// Flags of update and of lookup (Linux's BPF_ANY and so on).
const (
	Any     = 0 // create or replace
	NoExist = 1 // create only
	Exist   = 2 // replace only; of a queue: drop the oldest if need be
	// Lock takes the value's spin lock. Maps here have none, so it is refused as
	// Linux refuses it for values without one.
	Lock = 4
)

// Flags of creation (Linux's BPF_F_*).
const (
	NoPrealloc    = 1 << 0
	NoCommonLRU   = 1 << 1
	NUMANode      = 1 << 2 // means nothing here
	UserReadOnly  = 1 << 3 // for user space: BPF_F_RDONLY
	UserWriteOnly = 1 << 4 // for user space: BPF_F_WRONLY
	StackBuildID  = 1 << 5
	ZeroSeed      = 1 << 6 // here seeds are always zero
	ReadOnly      = 1 << 7 // for programs: BPF_F_RDONLY_PROG
	WriteOnly     = 1 << 8 // for programs: BPF_F_WRONLY_PROG
	Mmapable      = 1 << 10
	PreserveElems = 1 << 11
	InnerMap      = 1 << 12 // an array that may be an inner map whatever its length

	access = UserReadOnly | UserWriteOnly | ReadOnly | WriteOnly
)

// redZone is the least distance between two values, in bytes.
const redZone = 16

// round8 is n rounded up to a multiple of 8.
func round8(n uint32) uint32 { return (n + 7) &^ 7 }

// stride is the distance between the values of a map.
func (s *Spec) stride() uint32 { return round8(s.ValueSize) + redZone }

// perm is what programs may do with values.
func (s *Spec) perm() mem.Perm {
	switch {
	case s.Type == DevMap, s.Type == DevMapHash, s.Type == CPUMap, s.Type == XSKMap, s.Type == SockMap, s.Type == SockHash:
		return mem.Read
	case s.Flags&ReadOnly != 0:
		return mem.Read
	case s.Flags&WriteOnly != 0:
		return mem.Write
	}
	return mem.RW
}

// slots is how many values a map has a place for.
func (s *Spec) slots(cpus uint32) uint64 {
	n := uint64(s.MaxEntries)
	switch s.Type {
	case Array, DevMap, DevMapHash, CPUMap, XSKMap, SockMap, SockHash:
		return n
	case PerCPUArray, PerCPUHash:
		return n * uint64(cpus)
	case Hash, LRUHash, LPMTrie: // one more for replacing: see hash.Update
		return s.capacity(cpus) + 1
	case LRUPerCPUHash:
		return s.capacity(cpus) * uint64(cpus)
	}
	return 0
}

// capacity is how many keys a hash or trie holds. With a list a CPU, Linux makes
// the lists equally long.
func (s *Spec) capacity(cpus uint32) uint64 {
	n := uint64(s.MaxEntries)
	if s.Flags&NoCommonLRU != 0 {
		c := uint64(cpus)
		n = (n + c - 1) / c * c
	}
	return n
}

// Room is how many bytes of guest memory the map's values take in a World with so
// many CPUs.
func (s *Spec) Room(cpus uint32) uint64 {
	if s.Type == RingBuf { // records that pass the end go on behind it
		return 2*uint64(s.MaxEntries) + redZone
	}
	return uint64(s.stride()) * s.slots(cpus)
}
