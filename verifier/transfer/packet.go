package transfer

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/num"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// maxPacket is how far into a packet a pointer may be known to reach (MAX_PACKET_OFF).
const maxPacket = 0xffff

// Ranges that say that nothing is there: the pointer is at the packet's end, or behind it.
const (
	atEnd     = -1
	beyondEnd = -2
)

// ends reports whether y is where what x points into ends: data_end for the packet, the
// packet's beginning for metadata.
func ends(x, y *state.Reg) bool {
	return x.Kind == state.Packet && y.Kind == state.PacketEnd ||
		x.Kind == state.PacketMeta && y.Kind == state.Packet && atPacketStart(y)
}

// atPacketStart reports whether a packet pointer is data itself.
func atPacketStart(r *state.Reg) bool { return r.ID == 0 && r.Off == 0 && r.Num == num.Scalar{} }

// decidePacket decides a comparison with the end by what an earlier one has shown.
func decidePacket(c num.Cond, x, y *state.Reg) num.Outcome {
	if x.Kind == state.PacketEnd {
		x, y, c = y, x, mirror(c)
	}
	if x.Kind != state.Packet || y.Kind != state.PacketEnd || x.Range >= 0 {
		return num.Maybe
	}
	answer := func(yes bool) num.Outcome {
		if yes {
			return num.Always
		}
		return num.Never
	}
	switch c {
	case num.Ugt, num.Ule:
		if x.Range == beyondEnd {
			return answer(c == num.Ugt)
		}
	case num.Uge, num.Ult:
		return answer(c == num.Uge)
	}
	return num.Maybe
}

func mirror(c num.Cond) num.Cond {
	switch c {
	case num.Ugt:
		return num.Ult
	case num.Ult:
		return num.Ugt
	case num.Uge:
		return num.Ule
	case num.Ule:
		return num.Uge
	}
	return c
}

// comparePacket takes in that "x c y" holds. It is false if this is no comparison with an
// end.
//
//	p <= end, p < end     p − base bytes are there, and one more if p < end
//	p > end, p >= end     p is behind the end, or at it
func comparePacket(s *state.State, c num.Cond, x, y state.Reg) bool {
	if ends(&y, &x) {
		x, y, c = y, x, mirror(c)
	}
	if !ends(&x, &y) {
		return false
	}
	switch c {
	case num.Ule:
		there(s, &x, 0)
	case num.Ult:
		there(s, &x, 1)
	case num.Ugt:
		notThere(s, &x, beyondEnd)
	case num.Uge:
		notThere(s, &x, atEnd)
	}
	return true
}

// there is Linux's find_good_pkt_pointers: all pointers with the same variable part.
func there(s *state.State, x *state.Reg, more int32) {
	if mutant.On(mutant.VerifierRangeOffByTwo) {
		more += 2
	}
	n := x.Off + more
	if x.Off < 0 || n == 0 || x.Num.U.Max > maxPacket || x.Num.U.Max+uint64(x.Off) > maxPacket {
		return
	}
	id, kind := x.ID, x.Kind
	s.Each(func(r *state.Reg) bool {
		if r.Kind != kind || r.ID != id || r.Range >= n {
			return false
		}
		r.Range = n
		return true
	})
}

// notThere is Linux's mark_pkt_end: only for the register itself, and it never gives room.
func notThere(s *state.State, x *state.Reg, what int32) {
	if x.Kind != state.Packet {
		return
	}
	f := s.Frame()
	for n := range f.Regs {
		if r := &f.Regs[n]; r.Kind == x.Kind && r.ID == x.ID && r.Off == x.Off && r.Num == x.Num && r.Range <= 0 {
			r.Range = what
		}
	}
}

// packetLoad is LD_ABS and LD_IND: a load in network byte order that ends the program if
// it is out of the packet.
func (m *Machine) packetLoad(s *state.State, i spec.Insn) *Failure {
	if !typeTable[m.progType()].ldAbs || m.Type == hook.Unspec {
		return fail("ld-abs", "BPF_LD_[ABS|IND] instructions not allowed for this program type")
	}
	if f := m.readable(s, 6); f != nil {
		return f
	}
	if f := underLock(s, "BPF_LD_[ABS|IND]"); f != nil {
		return f
	}
	if len(s.Refs) > 0 {
		return leak(s, "BPF_LD_[ABS|IND] would lead to reference leak")
	}
	ctx := s.Reg(6)
	if ctx.Kind != state.Ctx {
		return failReg("ld-abs-ctx", 6, ctx, "the context", "at the time of BPF_LD_ABS|IND R6 != pointer to skb")
	}
	if i.Op&0xe0 == spec.ModeIND {
		if f := m.readable(s, i.Src); f != nil {
			return f
		}
	}
	if f := atStart(6, ctx); f != nil {
		return f
	}
	clobber(s.Frame())
	*s.Reg(0) = state.Unknown()
	if !m.Mirror { // Linux does not look at how much is loaded
		s.Reg(0).Num = w.Zext(w.Unknown(), uint(8*i.Bytes()))
	}
	return nil
}

// clobber makes unreadable what a call leaves undefined.
func clobber(f *state.Frame) {
	for n := 0; n <= 5; n++ {
		f.Regs[n] = state.Reg{}
	}
}

// forgetPackets is what a helper that may move the packet leaves of pointers into it.
func (m *Machine) forgetPackets(s *state.State) {
	s.Each(func(r *state.Reg) bool {
		if !r.IsPacket() && r.Kind != state.PacketEnd {
			return false
		}
		*r = m.gone()
		return true
	})
}
