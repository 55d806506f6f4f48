package maps

import "fmt"

// Type is the kind of a map, by its number in Linux's enum bpf_map_type.
type Type uint32

// Map types.
const (
	Hash           Type = 1
	Array          Type = 2
	ProgArray      Type = 3
	PerfEventArray Type = 4
	PerCPUHash     Type = 5
	PerCPUArray    Type = 6
	StackTrace     Type = 7
	CgroupArray    Type = 8
	LRUHash        Type = 9
	LRUPerCPUHash  Type = 10
	LPMTrie        Type = 11
	ArrayOfMaps    Type = 12
	HashOfMaps     Type = 13
	DevMap         Type = 14
	SockMap        Type = 15
	CPUMap         Type = 16
	XSKMap         Type = 17
	SockHash       Type = 18
	Queue          Type = 22
	Stack          Type = 23
	DevMapHash     Type = 25
	RingBuf        Type = 27
	BloomFilter    Type = 30
)

var typeNames = map[Type]string{
	Hash: "hash", Array: "array", ProgArray: "prog_array", PerfEventArray: "perf_event_array",
	PerCPUHash: "percpu_hash", PerCPUArray: "percpu_array", StackTrace: "stack_trace",
	CgroupArray: "cgroup_array",
	LRUHash:     "lru_hash", LRUPerCPUHash: "lru_percpu_hash", LPMTrie: "lpm_trie",
	ArrayOfMaps: "array_of_maps", HashOfMaps: "hash_of_maps",
	DevMap: "devmap", SockMap: "sockmap", CPUMap: "cpumap", XSKMap: "xskmap", SockHash: "sockhash",
	Queue: "queue", Stack: "stack", DevMapHash: "devmap_hash", RingBuf: "ringbuf", BloomFilter: "bloom_filter",
}

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

// PerCPU reports whether a key of such a map has a value for each CPU.
func (t Type) PerCPU() bool {
	return t == PerCPUArray || t == PerCPUHash || t == LRUPerCPUHash
}

// LRU reports whether a full map of the type makes room by eviction.
func (t Type) LRU() bool { return t == LRUHash || t == LRUPerCPUHash }

// Keyless reports whether the type's elements have no keys.
func (t Type) Keyless() bool { return t == Queue || t == Stack || t == BloomFilter }

// Objects reports whether the type's values name objects: programs, maps, perf
// events, sockets. In user space they are 32-bit numbers.
func (t Type) Objects() bool {
	switch t {
	case ProgArray, PerfEventArray, CgroupArray, ArrayOfMaps, HashOfMaps:
		return true
	}
	return false
}
