package transfer

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/num"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// access is one load or store.
type access struct {
	reg    uint8      // the address is in it
	off    int        // and the instruction adds this
	size   int        // bytes
	write  bool       // and what it writes:
	value  *state.Reg // nil: a number without a register
	src    uint8      // the register that value is
	imm    *int32     // of ST
	signed bool
	strict bool // aligned, whatever the rules (atomics)
}

// load is LDX.
func (m *Machine) load(s *state.State, i spec.Insn) *Failure {
	if f := m.readable(s, i.Src); f != nil {
		return f
	}
	v, f := m.access(s, &access{reg: i.Src, off: int(i.Off), size: i.Bytes(), signed: i.Op&0xe0 == spec.ModeMEMSX})
	if f == nil {
		f = m.sameKind(s, i.Src)
	}
	if f == nil {
		*s.Reg(i.Dst) = v
	}
	return f
}

// store is ST and STX.
func (m *Machine) store(s *state.State, i spec.Insn) *Failure {
	a := &access{reg: i.Dst, off: int(i.Off), size: i.Bytes(), write: true}
	if i.Class() == spec.ClassSTX {
		if f := m.readable(s, i.Src); f != nil {
			return f
		}
		a.value, a.src = s.Reg(i.Src), i.Src
	} else {
		a.imm = &i.Imm
	}
	if f := m.readable(s, i.Dst); f != nil {
		return f
	}
	if _, f := m.access(s, a); f != nil {
		return f
	}
	return m.sameKind(s, i.Dst)
}

// access checks, and gives what is read.
func (m *Machine) access(s *state.State, a *access) (state.Reg, *Failure) {
	r := s.Reg(a.reg)
	if f := m.aligned(r, a); f != nil {
		return state.Reg{}, f
	}
	if r.Null && !mutant.On(mutant.VerifierNullDeref) {
		return state.Reg{}, m.noAccess(r, a)
	}
	if f := m.storeLeaks(r, a); f != nil {
		return state.Reg{}, f
	}
	var f *Failure
	switch r.Kind {
	case state.Stack:
		return m.stackAccess(s, r, a)
	case state.Ctx:
		return m.contextAccess(r, a)
	case state.BTF:
		return m.btfAccess(s, r, a)
	case state.Buf:
		f = m.bufAccess(r, a)
	case state.MapValue, state.Mem, state.MapKey:
		f = m.regionAccess(r, a)
	case state.SockCommon, state.Sock, state.TCPSock, state.XDPSock:
		if r.Num.S.Min < 0 {
			return state.Reg{}, failReg("negative-offset", a.reg, r, "offset ≥ 0", "R%d min value is negative, either use unsigned index or do a if (index >=0) check.", a.reg)
		}
		f = m.sockAccess(r, a)
	case state.Map:
		if !a.write {
			return state.Reg{}, unsupported("loads from a map itself (struct bpf_map)")
		}
		return state.Reg{}, failReg("map-write", a.reg, r, "a load", "only read from %s is supported", mapStruct(m.mapOf(r).Type))
	case state.FlowKeys:
		f = flowKeysAccess(r, a)
	case state.TPBuffer:
		f = tracepointBuffer(r, a)
	case state.Packet, state.PacketMeta:
		if a.write && !m.packetWritable() {
			return state.Reg{}, failReg("packet-write", a.reg, r, "a program type that may write packets", "cannot write into packet")
		}
		f = m.packetBounds(r, a)
	default:
		return state.Reg{}, m.noAccess(r, a)
	}
	if f != nil {
		return state.Reg{}, f
	}
	x, known, f := m.constant(r, a)
	if !known {
		x = w.Unknown()
	}
	return state.Number(loaded(x, a)), f
}

func (m *Machine) noAccess(r *state.Reg, a *access) *Failure {
	need := "an address that may be used"
	if r.Null {
		need = "a null check"
	}
	return failReg("not-memory", a.reg, r, need, "R%d invalid mem access '%s'", a.reg, r.TypeName())
}

// loaded is what a load makes of the bytes x.
func loaded(x num.Scalar, a *access) num.Scalar {
	switch {
	case a.size == 8:
		return x
	case a.signed:
		return w.Sext(x, uint(8*a.size))
	}
	return w.Zext(x, uint(8*a.size))
}

// packetAlign is what the packet's address is off from a multiple of 4 (NET_IP_ALIGN).
const packetAlign = 2

// aligned is Linux's check_ptr_alignment.
func (m *Machine) aligned(r *state.Reg, a *access) *Failure {
	strict, base, what := m.StrictAlign || a.strict, int64(0), ""
	switch r.Kind {
	case state.Packet, state.PacketMeta:
		what, base = "packet ", packetAlign
	case state.MapValue:
		what = "value "
	case state.Ctx:
		what = "context "
	case state.MapKey:
		what = "key "
	case state.FlowKeys:
		what = "flow keys "
	case state.SockCommon, state.Sock, state.TCPSock, state.XDPSock:
		what = r.Kind.String() + " "
	case state.Stack:
		what, strict = "stack ", true
	}
	if mutant.On(mutant.VerifierUnaligned) {
		strict = false
	}
	if !strict || a.size == 1 {
		return nil
	}
	at := w.ALU(num.Add, r.Num, w.Const(uint64(base+int64(r.Off)+int64(a.off))))
	if low := uint64(a.size - 1); (at.Bits.Value|at.Bits.Mask)&low == 0 {
		return nil
	}
	f := failReg("misaligned", a.reg, r, fmt.Sprintf("a multiple of %d", a.size),
		"misaligned %saccess off %s+%d+%d size %d", what, bitsText(r.Num.Bits), r.Off, a.off, a.size)
	if r.Kind == state.Packet || r.Kind == state.PacketMeta {
		f.Text = fmt.Sprintf("misaligned packet access off %d+%s+%d+%d size %d", base, bitsText(r.Num.Bits), r.Off, a.off, a.size)
	}
	return f
}

// regionAccess is an access to a map value or to memory.
func (m *Machine) regionAccess(r *state.Reg, a *access) *Failure {
	switch {
	case r.Kind == state.MapKey && a.write && !mutant.On(mutant.VerifierKeyWritable):
		return failReg("key-write", a.reg, r, "a load", "write to change key R%d not allowed", a.reg)
	case r.RO && a.write:
		return failReg("read-only", a.reg, r, "a load", "R%d cannot write into %s", a.reg, r.TypeName())
	case r.RO && r.Trust == state.Untrusted: // reads 0 where there is nothing
		return nil
	}
	if f := m.permitted(r, a.off, a.size, a.write); f != nil {
		return f
	}
	if f := m.bounds(r, a.reg, a.off, a.size, false); f != nil {
		return f
	}
	return m.untouched(r, a.reg, a.off, a.size)
}

// permitted looks at what a program may do to a map's values.
func (m *Machine) permitted(r *state.Reg, off, size int, write bool) *Failure {
	if r.Kind != state.MapValue {
		return nil
	}
	x := m.mapOf(r)
	switch {
	case write && x.Flags&maps.ReadOnly != 0:
		return fail("map-write", "write into map forbidden, value_size=%d off=%d size=%d", x.ValueSize, int64(r.Num.S.Min)+int64(r.Off)+int64(off), size)
	case !write && x.Flags&maps.WriteOnly != 0:
		return fail("map-read", "read from map forbidden, value_size=%d off=%d size=%d", x.ValueSize, int64(r.Num.S.Min)+int64(r.Off)+int64(off), size)
	}
	return nil
}

// mapOf is the blueprint of the map that a register has to do with.
func (m *Machine) mapOf(r *state.Reg) *maps.Spec {
	x := m.Maps[r.Map]
	if r.Inner {
		return m.inner(x)
	}
	return x
}

// inner is the blueprint of the maps in a map of maps.
func (m *Machine) inner(x *maps.Spec) *maps.Spec {
	if x.Inner != nil {
		return x.Inner
	}
	if len(x.Entries) > 0 && len(x.Entries[0].Value) >= 4 {
		if n := m.Order.Binary().Uint32(x.Entries[0].Value); int(n) < len(m.Maps) {
			return m.Maps[n]
		}
	}
	return &maps.Spec{}
}

// room is how many bytes a region has.
func (m *Machine) room(r *state.Reg) int64 {
	switch r.Kind {
	case state.MapValue:
		return int64(m.mapOf(r).ValueSize)
	case state.MapKey:
		return int64(m.mapOf(r).KeySize)
	}
	return int64(r.Size)
}

// bounds is Linux's check_mem_region_access: all of [off, off+size) lies in the region.
func (m *Machine) bounds(r *state.Reg, n uint8, off, size int, zeroOK bool) *Failure {
	low, high := r.Num.S.Min, r.Num.U.Max
	at := int64(off) + int64(r.Off)
	room := m.room(r)
	need := fmt.Sprintf("offset + %d ≤ %d", size, room)
	switch {
	case low < 0 && (low == -1<<63 || at+low != int64(int32(at+low)) || at+low < 0):
		return failReg("negative-offset", n, r, "offset ≥ 0", "R%d min value is negative, either use unsigned index or do a if (index >=0) check.", n)
	case !within(at+low, size, room, zeroOK):
		return failReg("out-of-bounds", n, r, need, "%s\nR%d min value is outside of the allowed memory range", m.outside(r, at+low, size, room), n)
	case high >= maxOffset:
		return failReg("unbounded", n, r, "a bounds check", "R%d unbounded memory access, make sure to bounds check any such access", n)
	case !within(at+int64(high), size, room, zeroOK) && !mutant.On(mutant.VerifierMaxNotChecked):
		return failReg("out-of-bounds", n, r, need, "%s\nR%d max value is outside of the allowed memory range", m.outside(r, at+int64(high), size, room), n)
	}
	return nil
}

func within(at int64, size int, room int64, zeroOK bool) bool {
	if mutant.On(mutant.VerifierBoundsOffByOne) {
		room++
	}
	return at >= 0 && (size > 0 || zeroOK) && at+int64(size) <= room
}

func (m *Machine) outside(r *state.Reg, at int64, size int, room int64) string {
	switch {
	case r.Kind == state.MapKey:
		return fmt.Sprintf("invalid access to map key, key_size=%d off=%d size=%d", room, at, size)
	case r.Kind == state.Mem && (m.Type != hook.Unspec || r.Ring || r.Dyn != 0): // type mem's is a map value, for kernels
		return fmt.Sprintf("invalid access to memory, mem_size=%d off=%d size=%d", room, at, size)
	}
	return fmt.Sprintf("invalid access to map value, value_size=%d off=%d size=%d", room, at, size)
}
