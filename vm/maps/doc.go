// Package maps holds the map types, one file each.
//
// A [Spec] is a map's blueprint; [New] makes the live [Map] whose values lie in
// guest memory, so that a program reads and writes them through plain pointers.
// Errors are Linux's error numbers ([Errno]), because that is what a program gets
// to see.
//
// A Map is what programs see. [User] is the same map as bpf(2) shows it to user space,
// where values of a per-CPU map are those of all CPUs, flags and freezing restrict
// access, and keys can be iterated over.
//
//	type                              values in guest memory   differs from Linux in
//	array, percpu_array               yes                      nothing known
//	hash, percpu_hash                 yes                      order of iteration is that of BPF_F_ZERO_SEED
//	lru_hash, lru_percpu_hash         yes                      which key is evicted: see clock
//	lpm_trie                          yes                      values lie at multiples of 8, whatever the key's size
//	queue, stack                      no, copies only          nothing known
//	bloom_filter                      no                       the seed is always 0
//	ringbuf                           records while reserved   reserved bytes are 0; no wake-ups
//	prog_array, perf_event_array      no, numbers              ids in user space are numbers in the World
//	array_of_maps, hash_of_maps       no, numbers              the same; a lookup gives the inner map's address
//	devmap, devmap_hash, cpumap       yes                      every interface exists; no programs in entries
//	xskmap, sockmap, sockhash         yes                      sockets are numbers without state
//	stack_trace                       no                       stacks are what the caller says
//
// Maps have no BTF here, so no value has a spin lock, and BPF_F_LOCK is EINVAL as it is
// in Linux for such values.
//
// Where a value lies is part of the contract: engines under comparison must hand
// out equal addresses. Slot i of a map is at base + i*stride, times the CPUs where
// values are per CPU, with those of one slot side by side. An array's slot is the
// index; a hash or trie takes the slot freed last, else the lowest unused one.
// Between two values there are at least 16 bytes of red zone.
package maps
