package claims

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/num"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// checker holds one state against one visit.
type checker struct {
	order spec.ByteOrder
	ids   []known // what the numbers of an ID stand for
}

type known struct {
	id    uint32
	value uint64
}

// regs is the first register of the frame on top that is not as claimed, or -1. Those that
// are not in live, or that have no defined value, do not count.
func (c *checker) regs(s *state.State, v *visit, live uint16) int {
	c.ids = c.ids[:0]
	f := s.Frame()
	for n := range f.Regs {
		if live>>n&1 == 0 || v.undef>>n&1 != 0 {
			continue
		}
		if r := &f.Regs[n]; !c.holds(s, r, v, v.regs[n]) || !c.same(r, v.regs[n]) {
			return n
		}
	}
	return -1
}

// same reports whether a number is what others of its ID say that it is.
func (c *checker) same(r *state.Reg, value uint64) bool {
	if r.Kind != state.Scalar || r.ID == 0 {
		return true
	}
	base := value - uint64(int64(r.Delta))
	for _, k := range c.ids {
		if k.id == r.ID {
			return k.value == base
		}
	}
	c.ids = append(c.ids, known{r.ID, base})
	return true
}

// holds reports whether a register may hold a value.
func (c *checker) holds(s *state.State, r *state.Reg, v *visit, value uint64) bool {
	at := value - uint64(int64(r.Off)) // where the variable part begins to count
	switch {
	case r.Kind == state.NotInit: // nobody may read it, so nothing is claimed
		return true
	case r.Kind == state.Scalar:
		return num.W64.Contains(r.Num, value)
	case r.Null && value == 0:
		return true
	case r.Kind == state.Stack && int(r.Frame) == s.Depth():
		return num.W64.Contains(r.Num, at-v.regs[10])
	case r.Kind == state.Ctx:
		return num.W64.Contains(r.Num, at-mem.ContextBase)
	case r.Kind == state.PacketEnd && v.end != 0:
		return value == v.end
	case r.Kind == state.Packet && v.end != 0 && r.Range > 0:
		return at+uint64(r.Range) <= v.end
	case r.Kind == state.MapValue:
		base, fixed := r.Num.Const()
		return !fixed || at-base >= mem.ValueBase && at-base < mem.ValueEnd
	}
	return true
}

// slot reports whether slot n of the frame on top holds what is claimed of it.
func (c *checker) slot(s *state.State, n int, v *visit, f *frame) bool {
	slot := s.Frame().At(n)
	off := -8 * (n + 1)
	width := slot.Width()
	for b, kind := range slot.Bytes {
		if kind == state.Zero && f.defined(off+b) && f.bytes[mem.FrameSize+off+b] != 0 {
			return false
		}
	}
	if width == 0 || !c.spilled(f, off, width) {
		return true
	}
	b := f.bytes[mem.FrameSize+off:][:8]
	value := c.order.Binary().Uint64(b)
	if width < 8 { // the lower part, which stands first: little-endian alone
		value &= 1<<(8*width) - 1
	}
	r := *slot.Spill
	if width < 8 { // what was spilled may have been wider
		return num.W64.Contains(num.W64.Zext(r.Num, uint(8*width)), value)
	}
	return c.holds(s, &r, v, value) && c.same(&r, value)
}

// spilled reports whether width bytes at r10+off are defined.
func (c *checker) spilled(f *frame, off, width int) bool {
	for b := range width {
		if !f.defined(off + b) {
			return false
		}
	}
	return true
}

// slots is the first slot that is not as claimed, or -1. Call it after regs: equal numbers
// are equal in slots too.
func (c *checker) slots(s *state.State, v *visit, f *frame) int {
	for n := range s.Frame().Stack {
		if !c.slot(s, n, v, f) {
			return n
		}
	}
	return -1
}

// read is the slot of its own frame that a load reads, or -1.
func read(i spec.Insn, v *visit) int {
	if i.Class() != spec.ClassLDX {
		return -1
	}
	off := int64(v.regs[i.Src] + uint64(int64(i.Off)) - v.regs[10])
	if off >= 0 || off < -mem.FrameSize {
		return -1
	}
	return int(-off-1) / 8
}

// describe says what is wrong with a register or a slot.
func describe(s *state.State, v *visit, f *frame, reg, slot int) string {
	if reg >= 0 {
		return fmt.Sprintf("r%d is %#x, claimed: %s", reg, v.regs[reg], &s.Frame().Regs[reg])
	}
	off := -8 * (slot + 1)
	x := s.Frame().At(slot)
	text := fmt.Sprintf("bytes %v", x.Bytes)
	if x.Spill != nil {
		text = fmt.Sprintf("%s in %d bytes", x.Spill, x.Width())
	}
	return fmt.Sprintf("the stack at r10%d is %x, claimed: %s", off, f.bytes[mem.FrameSize+off:][:8], text)
}
