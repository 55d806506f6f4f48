package maps

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Type is the kind of a map, by its number in Linux's enum bpf_map_type.
type Type uint32

// Map types.
const (
	Hash      Type = 1
	Array     Type = 2
	ProgArray Type = 3
)

var typeNames = map[Type]string{Hash: "hash", Array: "array", ProgArray: "prog_array"}

func (t Type) String() string {
	if n, ok := typeNames[t]; ok {
		return n
	}
	return fmt.Sprintf("map type %d", uint32(t))
}

// Simulated reports whether maps of the type can be made.
func (t Type) Simulated() bool { _, ok := typeNames[t]; return ok }

// TypeByName finds a type by its name in Linux, in lower case.
func TypeByName(name string) (Type, bool) {
	for t, n := range typeNames {
		if n == name {
			return t, true
		}
	}
	return 0, false
}

// Spec is the blueprint of a map.
type Spec struct {
	Name       string
	Type       Type
	KeySize    uint32 // bytes
	ValueSize  uint32 // bytes
	MaxEntries uint32
	Flags      uint32  // BPF_F_*, as Linux numbers them
	Entries    []Entry // contents at the start
}

// Entry is a key with its value. Undef marks the bytes of the value that have no
// defined value; nil where all have one.
type Entry struct {
	Key, Value []byte
	Undef      []bool
}

// Flags of update (Linux's BPF_ANY and so on) and of creation.
const (
	Any     = 0 // create or replace
	NoExist = 1 // create only
	Exist   = 2 // replace only

	NoPrealloc = 1 << 0
	ReadOnly   = 1 << 7 // for programs: BPF_F_RDONLY_PROG
	WriteOnly  = 1 << 8 // for programs: BPF_F_WRONLY_PROG
)

// Map is a live map. Keys and values passed in have the sizes of the Spec;
// callers check that. Methods may be called from several machines at once.
type Map interface {
	Spec() *Spec

	// Lookup gives the guest address of a key's value.
	Lookup(key []byte) (addr uint32, ok bool)
	// Update writes a value; flags are Any, NoExist or Exist.
	Update(key, value []byte, flags uint64) error
	// Delete removes a key.
	Delete(key []byte) error
	// Entries appends the contents in order of key bytes. Keys and values are copies,
	// made in the buffers of entries that dst has beyond its length, if any.
	Entries(dst []Entry) []Entry
	// ValueAt gives the guest address at offset off of the map's memory, for LDDW of
	// a map value. ok is false where the map or offset has none.
	ValueAt(off uint32) (addr uint32, ok bool)
}

// Errno is an error number of Linux. A helper returns it negated.
type Errno int

// The error numbers that maps return.
const (
	EPERM  Errno = 1
	ENOENT Errno = 2
	E2BIG  Errno = 7
	ENOMEM Errno = 12
	EBUSY  Errno = 16
	EEXIST Errno = 17
	EINVAL Errno = 22
)

var errnoNames = map[Errno]string{
	EPERM: "EPERM", ENOENT: "ENOENT", E2BIG: "E2BIG", ENOMEM: "ENOMEM", EBUSY: "EBUSY", EEXIST: "EEXIST", EINVAL: "EINVAL",
}

func (e Errno) Error() string {
	if n, ok := errnoNames[e]; ok {
		return n
	}
	return fmt.Sprintf("errno %d", int(e))
}

// redZone is the least distance between two values, in bytes.
const redZone = 16

// stride is the distance between the values of a map.
func (s *Spec) stride() uint32 { return (s.ValueSize+7)&^7 + redZone }

// perm is what programs may do with values.
func (s *Spec) perm() mem.Perm {
	switch {
	case s.Flags&ReadOnly != 0:
		return mem.Read
	case s.Flags&WriteOnly != 0:
		return mem.Write
	}
	return mem.RW
}

// Room is how many bytes of guest memory the map's values take.
func (s *Spec) Room() uint64 {
	switch s.Type {
	case Array:
		return uint64(s.stride()) * uint64(s.MaxEntries)
	case Hash: // one slot more than entries: see hash.Update
		return uint64(s.stride()) * (uint64(s.MaxEntries) + 1)
	}
	return 0
}

// New makes the map; its values start at base, where Room bytes must be free.
// The error says which attribute is wrong, as Linux would by EINVAL or E2BIG.
func New(s *Spec, m *mem.Memory, base uint32) (Map, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if uint64(base)+s.Room() > mem.ValueEnd {
		return nil, fmt.Errorf("map %s: %d bytes of values do not fit into guest memory: %w", s.Name, s.Room(), E2BIG)
	}
	var made Map
	switch s.Type {
	case Array:
		made = newArray(s, m, base)
	case Hash:
		made = newHash(s, m, base)
	case ProgArray:
		made = newProgArray(s)
	}
	for _, e := range s.Entries {
		if len(e.Key) != int(s.KeySize) || len(e.Value) != int(s.ValueSize) {
			return nil, fmt.Errorf("map %s: entry %x: key has %d bytes and value %d, want %d and %d",
				s.Name, e.Key, len(e.Key), len(e.Value), s.KeySize, s.ValueSize)
		}
		if err := made.Update(e.Key, e.Value, Any); err != nil {
			return nil, fmt.Errorf("map %s: entry %x: %w", s.Name, e.Key, err)
		}
	}
	return made, nil
}

// check applies the limits of Linux's *_map_alloc_check.
func (s *Spec) check() error {
	bad := func(format string, a ...any) error {
		return fmt.Errorf("map %s: %s: %w", s.Name, fmt.Sprintf(format, a...), EINVAL)
	}
	if _, known := typeNames[s.Type]; !known {
		return bad("type %d is not simulated", uint32(s.Type))
	}
	if s.MaxEntries == 0 {
		return bad("max_entries is 0")
	}
	if s.KeySize == 0 || s.ValueSize == 0 {
		return bad("key_size %d and value_size %d must not be 0", s.KeySize, s.ValueSize)
	}
	if s.Type != Hash && s.KeySize != 4 {
		return bad("key_size of an array is 4, not %d", s.KeySize)
	}
	if s.Type == ProgArray && s.ValueSize != 4 {
		return bad("value_size of a prog_array is 4, not %d", s.ValueSize)
	}
	const largest = 1 << 20 // enough for a guest; Linux allows KMALLOC_MAX_SIZE
	if s.KeySize > 512 || s.ValueSize > largest {
		return fmt.Errorf("map %s: key_size %d or value_size %d is too large: %w", s.Name, s.KeySize, s.ValueSize, E2BIG)
	}
	return nil
}

// nextEntry appends an entry that keeps the buffers of the one it overwrites.
func nextEntry(dst []Entry) ([]Entry, *Entry) {
	if len(dst) < cap(dst) {
		dst = dst[:len(dst)+1]
	} else {
		dst = append(dst, Entry{})
	}
	e := &dst[len(dst)-1]
	e.Key, e.Value = e.Key[:0], e.Value[:0]
	return dst, e
}

// copyValue copies a value out of guest memory.
func (e *Entry) copyValue(m *mem.Memory, addr, size uint32) {
	e.Value = append(e.Value, m.Bytes(addr, size)...)
	e.Undef = m.UndefIn(addr, size)
}
