package vm

import (
	"slices"

	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

var walkHelpers = map[int32]*Helper{
	164: {Name: "for_each_map_elem", Args: 4, Flow: Walks},
}

// Walk is a bpf_for_each_map_elem(map, callback, ctx, flags) under way. The engine calls
// the function at Callback with what Next gives it, until that gives nothing or the
// function returns other than 0. The result is Done.
//
// The keys are those that the map had at the start, in the order in which Linux has them
// (bpf_for_each_hash_elem, bpf_for_each_array_elem); one that is gone is passed over.
type Walk struct {
	Callback int    // slot of the function
	Done     uint64 // how often it was called

	over    maps.Map
	table   uint64
	context uint64
	key     uint32 // guest address
	keys    [][]byte
}

// StartWalk checks the arguments r1 to r4 of a call in frame depth of l. Without a Walk the
// call is over: with a fault, or with r0.
func (m *Machine) StartWalk(l *Loaded, a *[5]uint64, depth int) (w *Walk, r0 uint64, f Fault) {
	x := m.World.MapAt(a[0])
	slot := l.FuncAt(a[1])
	switch {
	case x == nil || !walked(x.Spec().Type):
		return nil, 0, Fault{Kind: FaultHelper, Addr: a[0]}
	case slot < 0:
		return nil, 0, Fault{Kind: FaultHelper, Addr: a[1]}
	case a[3] != 0:
		return nil, Errno(maps.EINVAL), Fault{}
	}
	w = &Walk{Callback: slot, over: x, table: a[0], context: a[2], key: m.kernel() + keysAt + uint32(depth)*maxKey, keys: allKeys(x)}
	m.Mem.Allow(w.key, x.Spec().KeySize, mem.Read)
	m.walked = max(m.walked, depth+1)
	return w, 0, Fault{}
}

func walked(t maps.Type) bool {
	return slices.Contains([]maps.Type{maps.Array, maps.PerCPUArray, maps.Hash, maps.LRUHash, maps.PerCPUHash, maps.LRUPerCPUHash}, t)
}

// allKeys are a map's keys in the order of iteration.
func allKeys(x maps.Map) (keys [][]byte) {
	iter, ok := x.(interface{ Keys() [][]byte })
	if !ok {
		return nil
	}
	return iter.Keys()
}

// Next gives r1 to r4 of the next call: the map, where the key is, where the value is, and
// the caller's context.
func (w *Walk) Next(m *Machine) (args [4]uint64, ok bool) {
	for len(w.keys) > 0 {
		key := w.keys[0]
		w.keys = w.keys[1:]
		addr, there := lookup(m, w.over, key)
		if !there {
			continue
		}
		copy(m.Mem.Bytes(w.key, uint32(len(key))), key)
		w.Done++
		return [4]uint64{w.table, uint64(w.key), uint64(addr), w.context}, true
	}
	return args, false
}

// lookup finds a key's value for this CPU.
func lookup(m *Machine, x maps.Map, key []byte) (uint32, bool) {
	if x.Spec().Type.PerCPU() {
		return x.(maps.PerCPU).LookupCPU(key, m.CPU)
	}
	return x.Lookup(key)
}
