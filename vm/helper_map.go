package vm

import (
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

var mapHelpers = map[int32]*Helper{
	HelperMapLookup: {Name: "map_lookup_elem", Args: 2, Call: mapLookup},
	HelperMapUpdate: {Name: "map_update_elem", Args: 4, Call: mapUpdate},
	HelperMapDelete: {Name: "map_delete_elem", Args: 2, Call: mapDelete},
	87:              {Name: "map_push_elem", Args: 3, Call: mapPush},
	88:              {Name: "map_pop_elem", Args: 2, Call: mapPop},
	89:              {Name: "map_peek_elem", Args: 2, Call: mapPeek},
	195:             {Name: "map_lookup_percpu_elem", Args: 3, Call: mapLookupPerCPU},
}

// mapArg finds the map of a helper's first argument and its key.
func mapArg(m *Machine, a *[5]uint64) (maps.Map, []byte, Fault) {
	x := m.World.MapAt(a[0])
	if x == nil {
		return nil, nil, Fault{Kind: FaultHelper, Addr: a[0]}
	}
	key, f := m.Bytes(a[1], x.Spec().KeySize, mem.Read)
	return x, key, f
}

// changeable is mapArg for helpers that change the map. Linux refuses them at load
// for a map that programs may only read.
func changeable(m *Machine, a *[5]uint64) (maps.Map, []byte, Fault) {
	x, key, f := mapArg(m, a)
	if f.Kind == NoFault && x.Spec().Flags&maps.ReadOnly != 0 {
		f = Fault{Kind: FaultHelper, Addr: a[0]}
	}
	return x, key, f
}

func mapLookup(m *Machine, a *[5]uint64) (uint64, Fault) {
	x, key, f := mapArg(m, a)
	if f.Kind != NoFault {
		return 0, f
	}
	if x.Spec().Type.PerCPU() {
		return address(x.(maps.PerCPU).LookupCPU(key, m.CPU))
	}
	return address(x.Lookup(key))
}

// address is a lookup's answer: 0 where there is nothing.
func address(addr uint32, ok bool) (uint64, Fault) {
	if !ok {
		return 0, Fault{}
	}
	return uint64(addr), Fault{}
}

func mapLookupPerCPU(m *Machine, a *[5]uint64) (uint64, Fault) {
	x, key, f := mapArg(m, a)
	if f.Kind != NoFault {
		return 0, f
	}
	values, ok := x.(maps.PerCPU)
	if !ok {
		return 0, Fault{Kind: FaultHelper, Addr: a[0]}
	}
	return address(values.LookupCPU(key, uint32(a[2])))
}

func mapUpdate(m *Machine, a *[5]uint64) (uint64, Fault) {
	x, key, f := changeable(m, a)
	if f.Kind != NoFault {
		return 0, f
	}
	value, f := m.Bytes(a[2], x.Spec().ValueSize, mem.Read)
	if f.Kind != NoFault {
		return 0, f
	}
	if x.Spec().Type.PerCPU() {
		return status(x.(maps.PerCPU).UpdateCPU(key, value, a[3], m.CPU)), Fault{}
	}
	return status(x.Update(key, value, a[3])), Fault{}
}

func mapDelete(m *Machine, a *[5]uint64) (uint64, Fault) {
	x, key, f := changeable(m, a)
	if f.Kind != NoFault {
		return 0, f
	}
	return status(x.Delete(key)), Fault{}
}

// listArg finds the queue, stack or bloom filter of a helper's first argument, and
// the value.
func listArg(m *Machine, a *[5]uint64, change bool, need mem.Perm) (maps.Pusher, []byte, Fault) {
	x := m.World.MapAt(a[0])
	list, ok := x.(maps.Pusher)
	if !ok || change && x.Spec().Flags&maps.ReadOnly != 0 {
		return nil, nil, Fault{Kind: FaultHelper, Addr: a[0]}
	}
	value, f := m.Bytes(a[1], x.Spec().ValueSize, need)
	return list, value, f
}

func mapPush(m *Machine, a *[5]uint64) (uint64, Fault) {
	list, value, f := listArg(m, a, true, mem.Read)
	if f.Kind != NoFault {
		return 0, f
	}
	return status(list.Push(value, a[2])), Fault{}
}

func mapPop(m *Machine, a *[5]uint64) (uint64, Fault) {
	list, value, f := listArg(m, a, true, mem.Write)
	if f.Kind != NoFault {
		return 0, f
	}
	err := list.Pop(value)
	m.define(a[1], value)
	return status(err), Fault{}
}

// mapPeek copies the first value out; of a bloom filter it is a question about the
// value.
func mapPeek(m *Machine, a *[5]uint64) (uint64, Fault) {
	need := mem.Write
	if x := m.World.MapAt(a[0]); x != nil && x.Spec().Type == maps.BloomFilter {
		need = mem.Read
	}
	list, value, f := listArg(m, a, false, need)
	if f.Kind != NoFault {
		return 0, f
	}
	err := list.Peek(value)
	if need == mem.Write {
		m.define(a[1], value)
	}
	return status(err), Fault{}
}
