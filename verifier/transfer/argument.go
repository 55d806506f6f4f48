package transfer

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// memoryWords are the regions that helpers take, as Linux's message lists them.
const memoryWords = "fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_"

func (m *Machine) isMemory(r *state.Reg) bool { return m.pointsToMemory(r) && !r.Null }

func (m *Machine) pointsToMemory(r *state.Reg) bool {
	switch r.Kind {
	case state.Ctx:
		return m.contextIsMemory()
	case state.Stack, state.Packet, state.PacketMeta, state.MapValue, state.MapKey:
		return true
	case state.Mem, state.Buf:
		return r.Trust == 0
	case state.BTF:
		return r.Trust == state.Trusted
	}
	return false
}

// argument checks argument n of a call, from 0.
func (m *Machine) argument(s *state.State, c *called, n int) *Failure {
	a, reg := c.Args[n], uint8(n+1)
	if a.Kind == release.None {
		return nil
	}
	if f := m.readable(s, reg); f != nil {
		return f
	}
	r := s.Reg(reg)
	if a.OrNull && r.IsZero() {
		r.Node.Demand()
		return nil
	}
	if r.IsPacket() && a.Kind != release.Anything && !m.passesPackets(c) {
		return fail("helper-packet", "helper access to the packet is not allowed")
	}
	if r.Kind == state.BTF && a.Access != release.In && (a.Kind == release.Mem || a.Kind == release.FixedMem || a.Kind == release.MapValue) {
		return failReg("read-only", reg, r, "memory to write to", "bpf_%s() may write into memory pointed by R%d type=%s", c.Name, reg, r.TypeName())
	}
	want := func(ok bool, words string) *Failure {
		if ok {
			return nil
		}
		return failReg("argument", reg, r, words, "R%d type=%s expected=%s", reg, r.TypeName(), words)
	}
	switch a.Kind {
	case release.Anything:
		if a.Scalar && r.Kind != state.Scalar {
			return want(false, "scalar")
		}
		return m.leaks(r, reg, "into helper function")
	case release.Ctx:
		if f := want(r.Kind == state.Ctx, "ctx"); f != nil {
			return f
		}
		return atStart(reg, r)
	case release.ConstMap:
		if f := want(r.Kind == state.Map, "map_ptr"); f != nil {
			return f
		}
		if t := c.the; t != nil && (t.Map != r.Map || t.Inner != r.Inner || t.UID != r.UID) {
			return failReg("timer-map", reg, r, "the map that the timer is in",
				"timer pointer in R1 map_uid=%d doesn't match map pointer in R2 map_uid=%d", t.UID, r.UID)
		}
		c.the = r
		return atStart(reg, r)
	case release.MapKey:
		if f := want(m.isMemory(r), memoryWords); f != nil {
			return f
		}
		return m.memory(s, reg, int(m.mapOf(c.the).KeySize), release.In, false)
	case release.MapValue:
		if ofSockets(m.mapOf(c.the).Type) { // the value is a socket
			return m.sockArgument(c, release.Arg{Kind: release.BTFSock, OrNull: a.OrNull}, reg, r, want)
		}
		if f := want(m.isMemory(r) || a.OrNull && m.pointsToMemory(r), memoryWords); f != nil {
			return f
		}
		access := a.Access
		if m.mapOf(c.the).Type == maps.BloomFilter { // a question, not an answer
			access = release.In
		}
		return m.memory(s, reg, int(m.mapOf(c.the).ValueSize), access, false)
	case release.Mem:
		return want(m.isMemory(r) || a.OrNull && m.pointsToMemory(r), memoryWords) // how much of it, the next argument says
	case release.FixedMem:
		if f := want(m.isMemory(r), memoryWords); f != nil {
			return f
		}
		return m.memory(s, reg, int(a.Size), a.Access, false)
	}
	return m.otherArgument(s, c, a, reg, r, want)
}

func (m *Machine) otherArgument(s *state.State, c *called, a release.Arg, reg uint8, r *state.Reg, want func(bool, string) *Failure) *Failure {
	switch a.Kind {
	case release.ConstSize:
		if f := want(r.Kind == state.Scalar, "scalar"); f != nil {
			return f
		}
		return m.sized(s, c, a, reg, r)
	case release.AllocSize:
		if f := want(r.Kind == state.Scalar, "scalar"); f != nil {
			return f
		}
		v, ok := r.Const()
		if !ok || v >= maxOffset {
			return failReg("alloc-size", reg, r, "a known number", "R%d is not a known constant'", reg)
		}
		r.Node.Demand()
		c.size = uint32(v)
		return nil
	case release.BTFPtr:
		return m.btfArgument(reg, r, a)
	case release.PerCPUVar:
		if f := want(r.Kind == state.BTF && r.Trust&state.PerCPU != 0 && !r.Null, "percpu_ptr_, percpu_rcu_ptr_, percpu_trusted_ptr_"); f != nil {
			return f
		}
		c.perCPU = r.Type
		return btfUnmoved(reg, r)
	case release.StackPtr:
		return want(r.Kind == state.Stack, "fp")
	case release.Func:
		if f := want(r.Kind == state.Func, "func"); f != nil {
			return f
		}
		c.fn = int(r.Map)
		return atStart(reg, r)
	case release.RingMem:
		if f := want(r.Kind == state.Mem && r.Ring && !r.Null, "ringbuf_mem"); f != nil {
			return f
		}
		return m.released(c, reg, r)
	}
	return m.objectArgument(s, c, a, reg, r, want)
}

// released checks that what is given back is what was taken.
func (m *Machine) released(c *called, reg uint8, r *state.Reg) *Failure {
	v, fixed := r.Num.Const()
	switch {
	case r.Ref == 0:
		return failReg("not-a-reference", reg, r, "what was acquired", "R%d must be referenced when passed to release function", reg)
	case (r.Off != 0 || !fixed || v != 0) && !mutant.On(mutant.VerifierReleaseMoved):
		return failReg("moved-pointer", reg, r, "offset 0", "R%d must have zero offset when passed to release func or trusted arg to kfunc", reg)
	}
	c.ref = r.Ref
	return nil
}

// sized checks the memory in the register before, now that its size is known.
func (m *Machine) sized(s *state.State, c *called, a release.Arg, reg uint8, r *state.Reg) *Failure {
	memory := c.Args[reg-2]
	x := r.Num
	switch {
	case x.S.Min < 0:
		return failReg("size", reg, r, "size ≥ 0", "R%d min value is negative, either use unsigned or 'var &= const'", reg)
	case x.U.Min == 0 && !a.OrZero:
		return failReg("size", reg, r, "size > 0", "R%d invalid zero-sized read: u64=[%d,%d]", reg, x.U.Min, x.U.Max)
	case x.U.Max >= maxOffset:
		return failReg("size", reg, r, "a bound", "R%d unbounded memory access, use 'var &= const' or 'if (var < const)'", reg)
	}
	r.Node.Demand()
	if s.Reg(reg - 1).IsZero() { // allowed for this argument: then nothing is read
		if x.U.Max == 0 && a.OrZero {
			return nil
		}
		return failReg("argument", reg-1, s.Reg(reg-1), "memory", "R%d type=scalar expected=fp", reg-1)
	}
	access := memory.Access
	if _, known := x.Const(); !known && access == release.Out { // the helper may write less
		access = release.InOut
	}
	return m.memory(s, reg-1, int(x.U.Max), access, a.OrZero)
}

// memory checks that a helper may access size bytes (Linux's check_helper_mem_access).
func (m *Machine) memory(s *state.State, n uint8, size int, access release.Access, zeroOK bool) *Failure {
	r := s.Reg(n)
	write := access != release.In
	if r.Kind == state.Stack {
		if f := m.stackArgument(s, r, n, size, zeroOK, write); f != nil || access == release.Out {
			return f
		}
		return m.initialisedFor(s, r, n, size)
	}
	if r.Kind == state.Ctx {
		return m.contextRoom(r, n, 0, size)
	}
	if r.Kind == state.BTF {
		_, f := m.walk(r, n, 0, size, write)
		return f
	}
	if r.IsPacket() {
		if write && !m.packetWritable() {
			return failReg("packet-write", n, r, "a program type that may write packets", "cannot write into packet")
		}
		return m.packetRoom(r, n, 0, size, zeroOK)
	}
	if mutant.On(mutant.VerifierHelperWritesReadOnly) {
		write = false
	}
	if write && (r.Kind == state.MapKey || r.RO) {
		return failReg("read-only", n, r, "memory to write to", "R%d cannot write into %s", n, r.TypeName())
	}
	if f := m.permitted(r, 0, size, write); f != nil {
		return f
	}
	if f := m.bounds(r, n, 0, size, zeroOK && r.Kind != state.MapKey); f != nil {
		return f
	}
	return m.untouched(r, n, 0, size)
}

func (m *Machine) stackArgument(s *state.State, r *state.Reg, n uint8, size int, zeroOK, out bool) *Failure {
	if size == 0 && !zeroOK {
		return failReg("size", n, r, "size > 0", "invalid zero-sized read")
	}
	what := " read from"
	if out {
		what = " write to"
	}
	p, f := m.stackSpan(s, r, n, 0, size, what)
	if f != nil {
		return f
	}
	if out && !p.fixed() {
		return failReg("stack-out", n, r, "a known place", "R%d variable-offset write to stack by a helper", n)
	}
	if at, bad := holdsObject(s, p); bad && out {
		return failReg("stack-object", n, r, "stack that holds no dynptr", "potential write to dynptr at off=%d disallowed", at)
	} else if bad {
		return m.readsObject(r, n, p, at, fmt.Sprintf("R%d ", n))
	}
	m.stackForHelper(s, p, false)
	return nil
}

// mapFits says whether a helper can do something with such a map.
func (m *Machine) mapFits(c *called) *Failure {
	if c.the == nil {
		return nil
	}
	x := m.mapOf(c.the)
	if c.Args[0].Kind == release.Timer { // any map that has one
		return nil
	}
	if !m.Release.MapsKnown(c.ID) {
		return unsupported("which maps %s takes", c)
	}
	if ofSockets(x.Type) && c.ID <= 3 {
		return m.sockMapFits(c, x)
	}
	if !m.Release.TakesMap(c.ID, uint32(x.Type)) {
		if c.ID == forEach {
			return fail("map-helper", "callback function not allowed for map")
		}
		return fail("map-helper", "cannot pass map_type %d into func %s", x.Type, c)
	}
	switch {
	case x.Flags&maps.ReadOnly != 0 && changes[c.ID] && !mutant.On(mutant.VerifierHelperWritesReadOnly):
		return fail("map-write", "write into map forbidden")
	case x.Flags&maps.WriteOnly != 0 && looks[c.ID]:
		return fail("map-read", "read from map forbidden")
	}
	return nil
}

var (
	changes = map[int32]bool{2: true, 3: true, 87: true, 88: true}
	looks   = map[int32]bool{mapLookup: true, 88: true, 89: true, 195: true}
)
