package transfer

import (
	"bytes"

	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// objectArgument checks arguments that are objects of the kernel's.
func (m *Machine) objectArgument(s *state.State, c *called, a release.Arg, reg uint8, r *state.Reg, want func(bool, string) *Failure) *Failure {
	switch a.Kind {
	case release.SockCommon, release.Socket, release.BTFSock:
		return m.sockArgument(c, a, reg, r, want)
	case release.SpinLock, release.Timer:
		return m.fieldArgument(s, c, a, reg, r, want)
	case release.Dynptr:
		return m.dynptrArgument(s, c, a, reg, r, want)
	case release.ConstStr:
		return m.stringArgument(reg, r, want)
	}
	return unsupported("argument %d of %s: %s", reg, c, a)
}

// stringArgument checks that an argument is a string that nobody changes (Linux's
// check_reg_const_str).
func (m *Machine) stringArgument(reg uint8, r *state.Reg, want func(bool, string) *Failure) *Failure {
	if f := want(r.Kind == state.MapValue && !r.Null, "map_value"); f != nil {
		return f
	}
	x := m.mapOf(r)
	v, fixed := r.Num.Const()
	at := int64(r.Off) + int64(v)
	switch {
	case !constant(x):
		return failReg("const-string", reg, r, "a read-only map that is frozen", "R%d does not point to a readonly map'", reg)
	case !fixed:
		return failReg("const-string", reg, r, "a constant offset", "R%d is not a constant address'", reg)
	case x.Type != maps.Array:
		return failReg("const-string", reg, r, "an array", "no direct value access support for this map type")
	case at < 0 || at >= int64(x.ValueSize):
		return m.bounds(r, reg, 0, 1, false)
	}
	value := make([]byte, x.ValueSize)
	if len(x.Entries) > 0 {
		copy(value, x.Entries[0].Value)
	}
	if bytes.IndexByte(value[at:], 0) < 0 {
		return failReg("const-string", reg, r, "a 0 within the value", "string is not zero-terminated")
	}
	return nil
}

// constant reports whether a map's contents never change: programs may not write to it, and it
// is frozen for user space.
func constant(x *maps.Spec) bool { return x.Frozen && x.Flags&maps.ReadOnly != 0 }

// special is what single helpers ask for besides their arguments' kinds.
func (m *Machine) special(s *state.State, c *called) *Failure {
	switch c.ID {
	case localStorage:
		flags := s.Reg(2)
		flags.Node.Demand()
		if !flags.IsZero() {
			return failReg("storage-flags", 2, flags, "0", "get_local_storage() doesn't support non-zero flags")
		}
	case dynptrFromMem:
		if r := s.Reg(1); r.Kind != state.MapValue {
			return failReg("dynptr-memory", 1, r, "a map value", "Unsupported reg type %s for bpf_dynptr_from_mem data", r.TypeName())
		}
	}
	return nil
}

const localStorage = 81

// mapStruct is the kernel's struct for maps of a type.
func mapStruct(t maps.Type) string {
	switch t {
	case maps.Array, maps.PerCPUArray, maps.ProgArray, maps.PerfEventArray, maps.ArrayOfMaps:
		return "bpf_array"
	case maps.Hash, maps.PerCPUHash, maps.LRUHash, maps.LRUPerCPUHash, maps.HashOfMaps:
		return "bpf_htab"
	case maps.LPMTrie:
		return "lpm_trie"
	case maps.Queue, maps.Stack:
		return "bpf_queue_stack"
	case maps.RingBuf:
		return "bpf_ringbuf_map"
	case maps.StackTrace:
		return "bpf_stack_map"
	case maps.DevMap, maps.DevMapHash:
		return "bpf_dtab"
	case maps.SockMap:
		return "bpf_stab"
	case maps.SockHash:
		return "bpf_shtab"
	case maps.BloomFilter:
		return "bpf_bloom_filter"
	}
	return "bpf_map"
}
