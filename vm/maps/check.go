package maps

import (
	"fmt"
	"slices"
)

// rule is what Linux's *_map_alloc_check ask of a type.
type rule struct {
	flags uint32   // those allowed
	key   uint32   // the size; nonzero: any but 0
	value []uint32 // the sizes; nil: any but 0
	max   uint32   // most entries; 0: no limit of the type's own
}

const nonzero = ^uint32(0)

const (
	arrayFlags  = NUMANode | access
	hashFlags   = NoPrealloc | NoCommonLRU | NUMANode | access | ZeroSeed
	deviceFlags = NUMANode | UserReadOnly | UserWriteOnly
	maxCPUs     = 8192 // Linux's CONFIG_NR_CPUS, at most
)

var (
	word        = []uint32{4}
	wordAndProg = []uint32{4, 8}
)

var rules = map[Type]rule{
	Hash:           {flags: hashFlags &^ NoCommonLRU, key: nonzero},
	PerCPUHash:     {flags: hashFlags &^ NoCommonLRU, key: nonzero},
	LRUHash:        {flags: hashFlags, key: nonzero},
	LRUPerCPUHash:  {flags: hashFlags, key: nonzero},
	HashOfMaps:     {flags: hashFlags &^ NoCommonLRU, key: nonzero, value: word},
	Array:          {flags: arrayFlags | Mmapable | InnerMap, key: 4},
	PerCPUArray:    {flags: arrayFlags &^ NUMANode, key: 4},
	ProgArray:      {flags: NUMANode | UserReadOnly | UserWriteOnly, key: 4, value: word},
	PerfEventArray: {flags: NUMANode | UserReadOnly | UserWriteOnly | PreserveElems, key: 4, value: word},
	CgroupArray:    {flags: NUMANode | UserReadOnly | UserWriteOnly, key: 4, value: word},
	ArrayOfMaps:    {flags: NUMANode | UserReadOnly | UserWriteOnly, key: 4, value: word},
	LPMTrie:        {flags: NoPrealloc | NUMANode | access, key: nonzero},
	Queue:          {flags: NUMANode | access},
	Stack:          {flags: NUMANode | access},
	BloomFilter:    {flags: NUMANode | access | ZeroSeed},
	RingBuf:        {flags: NUMANode},
	DevMap:         {flags: deviceFlags, key: 4, value: wordAndProg},
	DevMapHash:     {flags: deviceFlags, key: 4, value: wordAndProg, max: 1 << 31},
	CPUMap:         {flags: NUMANode, key: 4, value: wordAndProg, max: maxCPUs},
	XSKMap:         {flags: deviceFlags, key: 4, value: word},
	SockMap:        {flags: deviceFlags, key: 4, value: wordAndProg},
	SockHash:       {flags: deviceFlags, key: nonzero, value: wordAndProg},
	StackTrace:     {flags: NUMANode | UserReadOnly | UserWriteOnly | StackBuildID, key: 4},
}

// Limits of sizes, in bytes.
const (
	maxKey       = 512       // no program's stack holds a longer one
	maxValue     = 1 << 20   // enough for a guest; Linux allows KMALLOC_MAX_SIZE
	maxPerCPU    = 32 << 10  // PCPU_MIN_UNIT_SIZE
	maxPrefix    = 256       // of a trie's key
	maxFrames    = 127       // kernel.perf_event_max_stack
	buildID      = 32        // struct bpf_stack_build_id
	page         = 4096      // what a ring buffer is a multiple of
	maxRing      = 512 << 20 // enough for a guest
	maxHashFuncs = 15
	maxBits      = 1 << 28 // of a bloom filter, about; enough for a guest
)

// check applies the limits of Linux's *_map_alloc_check.
func (s *Spec) check() error {
	if what, e := s.wrong(); what != "" {
		return fmt.Errorf("map %s: %s: %w", s.Name, what, e)
	}
	return nil
}

// wrong says what is wrong with a blueprint, if anything.
func (s *Spec) wrong() (what string, e Errno) {
	r, known := rules[s.Type]
	keyless := s.Type.Keyless() || s.Type == RingBuf
	switch {
	case !known:
		return fmt.Sprintf("type %d is not simulated", uint32(s.Type)), EINVAL
	case s.Extra != 0 && s.Type != BloomFilter:
		return "only a bloom filter has map_extra", EINVAL
	case s.Extra > maxHashFuncs:
		return fmt.Sprintf("%d hash functions, more than %d", s.Extra, maxHashFuncs), EINVAL
	case s.Flags&^r.flags != 0:
		return fmt.Sprintf("a %s has no flags %#x", s.Type, s.Flags&^r.flags), EINVAL
	case s.Flags&ReadOnly != 0 && s.Flags&WriteOnly != 0, s.Flags&UserReadOnly != 0 && s.Flags&UserWriteOnly != 0:
		return fmt.Sprintf("flags %#x: read-only and write-only at once", s.Flags), EINVAL
	case s.Type.LRU() && s.Flags&NoPrealloc != 0:
		return "an LRU map is always preallocated", ENOTSUPP
	case s.Flags&NUMANode != 0 && (s.Type.PerCPU() || s.Flags&NoCommonLRU != 0):
		return "what is per CPU cannot be on one NUMA node", EINVAL
	case s.MaxEntries == 0:
		return "max_entries is 0", EINVAL
	case keyless && s.KeySize != 0, r.key == 4 && s.KeySize != 4:
		return fmt.Sprintf("key_size of a %s is %d, not %d", s.Type, r.key, s.KeySize), EINVAL
	case r.key == nonzero && s.KeySize == 0:
		return "key_size is 0", EINVAL
	case s.Type == RingBuf:
		return s.wrongRing()
	case s.ValueSize == 0:
		return "value_size is 0", EINVAL
	case r.value != nil && !slices.Contains(r.value, s.ValueSize):
		return fmt.Sprintf("value_size of a %s is one of %d, not %d", s.Type, r.value, s.ValueSize), EINVAL
	case s.Type == LPMTrie && (s.Flags&NoPrealloc == 0 || s.KeySize < 5 || s.KeySize > 4+maxPrefix):
		return fmt.Sprintf("an lpm_trie has BPF_F_NO_PREALLOC and key_size 5 to %d", 4+maxPrefix), EINVAL
	case s.Type == StackTrace && !s.stackFits():
		return fmt.Sprintf("value_size %d of a stack_trace: want whole frames, at most %d", s.ValueSize, maxFrames), EINVAL
	}
	switch {
	case r.max != 0 && s.MaxEntries > r.max:
		return fmt.Sprintf("max_entries %d, more than %d", s.MaxEntries, r.max), E2BIG
	case s.Type == BloomFilter && uint64(s.MaxEntries)*max(1, s.Extra) > maxBits:
		return fmt.Sprintf("a bloom_filter for %d values", s.MaxEntries), E2BIG
	case s.KeySize > maxKey, s.ValueSize > maxValue, s.Type.PerCPU() && s.ValueSize > maxPerCPU:
		return fmt.Sprintf("key_size %d or value_size %d is too large", s.KeySize, s.ValueSize), E2BIG
	}
	return "", 0
}

func (s *Spec) wrongRing() (string, Errno) {
	switch n := s.MaxEntries; {
	case s.ValueSize != 0, n&(n-1) != 0, n%page != 0:
		return fmt.Sprintf("a ringbuf has value_size 0, not %d, and a size that is a power of two and whole pages, not %d", s.ValueSize, n), EINVAL
	case n > maxRing:
		return fmt.Sprintf("%d bytes of ring, more than %d", n, maxRing), E2BIG
	}
	return "", 0
}

func (s *Spec) stackFits() bool {
	frame := uint32(8)
	if s.Flags&StackBuildID != 0 {
		frame = buildID
	}
	return s.ValueSize%frame == 0 && s.ValueSize/frame <= maxFrames
}
