package refvm

import (
	"encoding/binary"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// load reads n bytes at addr. What the loader marked as a fault-tolerant access
// reads 0 where another would fault.
func (r *run) load(c *insn, addr uint64, n uint32) value {
	if c.aux&vm.AuxArena != 0 || r.m.Mode == vm.Trusted {
		addr = r.masked(addr, n)
	}
	v, undef, ok := r.m.Mem.Load(addr, n)
	if !ok && c.aux&vm.AuxProbe == 0 {
		r.stop(vm.FaultRead, addr)
	}
	return value{v, undef}
}

func (r *run) store(addr uint64, n uint32, x value) {
	if r.flow != goOn {
		return
	}
	if r.m.Mode == vm.Trusted {
		addr = r.masked(addr, n)
	}
	if !r.m.Mem.Store(addr, n, x.v, x.undef) {
		r.stop(vm.FaultWrite, addr)
	}
}

// masked is an address as a trusting machine uses it: its low 32 bits, with
// nothing forbidden. A program that was rightly trusted notices nothing.
func (r *run) masked(addr uint64, n uint32) uint64 {
	addr = uint64(uint32(addr))
	if r.m.Mode == vm.Trusted && !r.m.Mem.Can(addr, n, mem.RW) {
		r.m.Mem.Allow(uint32(addr), n, mem.RW)
	}
	return addr
}

// packet reads n bytes of the packet in network byte order.
func (r *run) packet(at value, n uint32) value {
	b, ok := r.m.Packet(int64(int32(at.v)), n)
	if !ok {
		panic("refvm: the table loads from a packet without asking PacketHas")
	}
	var wide [8]byte
	copy(wide[8-n:], b)
	return value{binary.BigEndian.Uint64(wide[:]), at.undef}
}

// atomic is one indivisible step on guest memory.
func (r *run) atomic(c *insn, x spec.Atomic) value {
	addr, n := r.address(c, x.Addr), uint32(x.Size)
	var operand, cmp value
	if x.X != nil {
		operand = r.expr(c, x.X)
	}
	if x.Cmp != nil {
		cmp = r.expr(c, x.Cmp)
	}
	return r.atomicStep(x.Op, addr, n, operand, cmp)
}

func (r *run) atomicStep(op spec.AtomicOp, addr uint64, n uint32, operand, cmp value) value {
	if addr%uint64(n) != 0 {
		r.stop(vm.FaultAlign, addr)
		return value{}
	}
	if r.m.Mode == vm.Trusted {
		addr = r.masked(addr, n)
	}
	need := mem.RW
	switch op {
	case spec.ALoadAcquire:
		need = mem.Read
	case spec.AStoreRelease:
		need = mem.Write
	}
	undef := operand.undef || cmp.undef
	if op != spec.AStoreRelease && op != spec.AXchg && r.m.Mem.Can(addr, n, need) {
		undef = undef || r.m.Mem.UndefIn(uint32(addr), n) != nil
	}
	old, was, ok := r.m.Mem.Update(addr, n, need, undef, func(old uint64) (uint64, bool) {
		return merge(op, old, operand.v, cmp.v, 8*uint(n))
	})
	if !ok {
		if need&mem.Read != 0 && !r.m.Mem.Can(addr, n, mem.Read) {
			r.stop(vm.FaultRead, addr)
		} else {
			r.stop(vm.FaultWrite, addr)
		}
	}
	return value{old, was}
}

// merge is what an atomic operation makes of the old value and its operand.
func merge(op spec.AtomicOp, old, x, cmp uint64, bits uint) (v uint64, write bool) {
	switch op {
	case spec.AAdd:
		return spec.EvalBinary(spec.Add, old, x, bits), true
	case spec.AOr:
		return spec.EvalBinary(spec.Or, old, x, bits), true
	case spec.AAnd:
		return spec.EvalBinary(spec.And, old, x, bits), true
	case spec.AXor:
		return spec.EvalBinary(spec.Xor, old, x, bits), true
	case spec.ACmpXchg:
		return x, spec.EvalCompare(spec.Eq, old, cmp, bits)
	case spec.ALoadAcquire:
		return 0, false
	case spec.AXchg, spec.AStoreRelease:
		return x, true
	}
	panic("refvm: no such atomic operation")
}
