package jit

import (
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// step carries out the instruction at pc, which native code has left to the
// driver. It gives the slot to go on at, which may be in another program, or ended;
// ok is false if there was a fault.
func (r *run) step() (next int, ok bool, err error) {
	i := &r.inst.loaded.Insns[r.pc]
	next = r.pc + 1
	r.openAll()
	switch i.Class() {
	case spec.ClassLDX:
		return next, r.load(i), nil
	case spec.ClassST:
		return next, r.store(i, uint64(int64(i.Imm))), nil
	case spec.ClassSTX:
		if i.Op&0xe0 == spec.ModeATOMIC {
			return next, r.atomic(i), nil
		}
		return next, r.store(i, r.st.Regs[i.Src]), nil
	case spec.ClassLD:
		if r.packetLoad(i) {
			return next, true, nil
		}
		r.st.Regs[0] = 0
		r.refund()
		return r.exit(), true, nil
	}
	if i.Src == spec.CallLocal {
		return next + int(i.Imm), r.push(next), nil
	}
	return r.callHelper(i)
}

// load is a load that did not pass native code's quick check.
func (r *run) load(i *spec.Insn) bool {
	addr, n := r.st.Regs[i.Src]+uint64(int64(i.Off)), uint32(i.Bytes())
	flags := r.inst.loaded.Aux[r.pc].Flags
	if flags&vm.AuxArena != 0 || r.m.Mode == vm.Trusted {
		addr = uint64(uint32(addr))
	}
	v, ok := r.get(addr, n)
	if !ok && flags&vm.AuxProbe == 0 {
		return r.fail(vm.FaultRead, addr)
	}
	if i.Op&0xe0 == spec.ModeMEMSX {
		v = uint64(int64(v<<(64-8*n)) >> (64 - 8*n))
	}
	r.st.Regs[i.Dst] = v
	return true
}

// get reads n bytes of guest memory.
func (r *run) get(addr uint64, n uint32) (v uint64, ok bool) {
	if r.m.Mode == vm.Checked {
		v, _, ok = r.m.Mem.Load(addr, n)
		return v, ok
	}
	for i, b := range r.m.Mem.Bytes(uint32(addr), n) {
		v |= uint64(b) << (8 * i)
	}
	return v, true
}

func (r *run) store(i *spec.Insn, v uint64) bool {
	addr := r.st.Regs[i.Dst] + uint64(int64(i.Off))
	return r.m.Mem.Store(addr, uint32(i.Bytes()), v, false) || r.fail(vm.FaultWrite, addr)
}

// atomic executes an atomic that did not pass native code's quick check.
func (r *run) atomic(i *spec.Insn) bool {
	n, base, need := uint32(i.Bytes()), i.Dst, mem.RW
	switch i.Imm {
	case spec.AtomicLoadAcq:
		base, need = i.Src, mem.Read
	case spec.AtomicStoreRel:
		need = mem.Write
	}
	addr, v, r0 := r.st.Regs[base]+uint64(int64(i.Off)), r.st.Regs[i.Src], r.st.Regs[0]
	if addr%uint64(n) != 0 {
		return r.fail(vm.FaultAlign, addr)
	}
	old, _, ok := r.m.Mem.Update(addr, n, need, false, func(old uint64) (uint64, bool) {
		return stepped(i.Imm, old, v, r0, n)
	})
	switch {
	case !ok && need&mem.Read != 0 && !r.m.Mem.Can(addr, n, mem.Read):
		return r.fail(vm.FaultRead, addr)
	case !ok:
		return r.fail(vm.FaultWrite, addr)
	case i.Imm == spec.AtomicLoadAcq:
		r.st.Regs[i.Dst] = old
	case i.Imm == spec.AtomicStoreRel:
	case i.Imm == spec.AtomicCmpXchg:
		r.st.Regs[0] = old
	case i.Imm&spec.AtomicFetch != 0:
		r.st.Regs[i.Src] = old
	}
	return true
}

// stepped is what an atomic step makes of the old value, and whether it writes.
func stepped(imm int32, old, v, r0 uint64, n uint32) (uint64, bool) {
	switch imm {
	case spec.AtomicLoadAcq:
		return 0, false
	case spec.AtomicCmpXchg:
		return v, old == r0 || n == 4 && uint32(old) == uint32(r0)
	}
	switch imm &^ spec.AtomicFetch {
	case spec.AtomicAdd:
		v += old
	case spec.AtomicOr:
		v |= old
	case spec.AtomicAnd:
		v &= old
	case spec.AtomicXor:
		v ^= old
	}
	return v, true // of xchg and store-release: v itself
}

// packetLoad is LD_ABS and LD_IND: n bytes of the packet in network byte order.
// It reports whether the packet has them.
func (r *run) packetLoad(i *spec.Insn) bool {
	at := i.Imm
	if i.Op&0xe0 == spec.ModeIND {
		at += int32(r.st.Regs[i.Src])
	}
	b, ok := r.m.Packet(int64(at), uint32(i.Bytes()))
	if !ok {
		return false
	}
	v := uint64(0)
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	r.st.Regs[0] = v
	return true
}
