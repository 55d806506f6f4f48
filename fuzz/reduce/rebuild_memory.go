package reduce

import (
	"encoding/binary"
	"slices"

	"github.com/lockstep-ebpf/lockstep/reports"
	"github.com/lockstep-ebpf/lockstep/spec"
)

// placement is a way to make an access again in another place.
type placement struct {
	insn  spec.Insn
	setup []node // sets the operands
	slot  int16  // the place, counted from r10
	fill  bool   // what was there must be put there
}

// memory writes the witnesses of a load, store or atomic. The place that it works
// on is moved to the stack where the bug allows it, for that needs no input.
func (b *builder) memory(a access, addr uint64, content []byte) {
	i := b.step.Insn
	slot := int16(-8)
	if addr%uint64(a.size) != 0 {
		slot = int16(addr%8) - 16
	}
	near := i
	near.Off = slot
	direct := near // by r10 itself
	if a.bySrc {
		direct.Src = 10
	} else {
		direct.Dst = 10
	}
	others := func(more ...node) []node { return append(b.operands(a.base), more...) }
	if a.base == 10 {
		b.access(a, placement{i, b.operands(), i.Off, a.reads}, content...)
	} else {
		far := plain(spec.Insn{Op: spec.ClassALU64 | spec.OpADD, Dst: a.base, Imm: int32(slot) - int32(i.Off)})
		b.access(a, placement{direct, others(), slot, a.reads}, content...)
		b.access(a, placement{near, others(move(a.base, 10)), slot, a.reads}, content...)
		b.access(a, placement{i, others(move(a.base, 10), far), slot, a.reads}, content...)
	}
	b.access(a, placement{i, b.operands(), 0, false}) // the very address
}

// access writes the witnesses of one placement: one that returns the register that
// the instruction wrote, one that returns the memory, one that returns nothing.
func (b *builder) access(a access, p placement, content ...byte) {
	setup := p.setup
	if p.fill {
		setup = append(b.fill(p, content), setup...)
	}
	b.add(setup, p.insn)
	code := append(slices.Clone(setup), plain(p.insn))
	if a.sets {
		base := p.insn.Dst
		if a.bySrc {
			base = p.insn.Src
		}
		load := plain(spec.Insn{Op: spec.ClassLDX | spec.ModeMEM | p.insn.Op&0x18, Dst: 0, Src: base, Off: p.insn.Off})
		b.emit(reports.Memory, len(setup), append(slices.Clone(code), load, exit))
	}
	b.emit(reports.Faults, len(setup), append(code, constant(0, 0), exit))
}

// fill stores what the instruction found in its new place.
func (b *builder) fill(p placement, content []byte) []node {
	var word [8]byte
	v := uint64(0)
	if b.big() {
		copy(word[8-len(content):], content)
		v = binary.BigEndian.Uint64(word[:])
	} else {
		copy(word[:], content)
		v = binary.LittleEndian.Uint64(word[:])
	}
	size := p.insn.Op & 0x18
	if len(content) < 8 || v == uint64(int64(int32(v))) {
		return []node{plain(spec.Insn{Op: spec.ClassST | spec.ModeMEM | size, Dst: 10, Off: p.slot, Imm: int32(v)})}
	}
	reg := b.spare()
	return []node{
		constant(reg, v),
		plain(spec.Insn{Op: spec.ClassSTX | spec.ModeMEM | size, Dst: 10, Src: reg, Off: p.slot}),
	}
}
