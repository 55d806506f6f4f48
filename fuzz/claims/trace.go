package claims

import (
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// visit is a machine in front of an instruction.
type visit struct {
	prog  int32
	pc    int32
	input int32
	depth int32 // of the frame
	undef uint16
	entry bool  // the first instruction of a run, or behind a tail call
	stack int32 // its frame: index into trace.stacks
	regs  [11]uint64
	end   uint64 // data_end; 0: the program has no packet
}

// frame is the bytes of a stack frame, lowest address first.
type frame struct {
	bytes [mem.FrameSize]byte
	perms [mem.FrameSize]mem.Perm
}

// trace is what the inputs of a case did, one after the other.
type trace struct {
	visits []visit
	stacks []frame
	input  int32
	limit  int // visits to keep
	typ    hook.Type
	fresh  bool // the next visit is the first of its run
	moved  bool // the frame may differ from the last one kept
}

func (t *trace) reset(typ hook.Type, limit int) {
	*t = trace{visits: t.visits[:0], stacks: t.stacks[:0], typ: typ, limit: limit}
}

// see is the reference VM's hook.
func (t *trace) see(s *refvm.State) {
	if len(t.visits) == t.limit {
		return
	}
	v := visit{prog: int32(s.Prog.ID), pc: int32(s.PC), input: t.input, depth: int32(s.Depth), undef: s.Undef, regs: s.Regs, entry: t.fresh}
	if n := len(t.visits); n > 0 && !t.fresh {
		last := &t.visits[n-1]
		i := s.Prog.World.Programs[last.prog].Insns[last.pc]
		v.entry = s.PC == 0 && i.Op == spec.CALL && i.Src == spec.CallHelper && i.Imm == vm.HelperTailCall
		t.moved = t.moved || last.depth != v.depth || v.entry || i.Class() == spec.ClassST || i.Class() == spec.ClassSTX || i.Op == spec.CALL
	}
	if t.fresh || t.moved {
		t.keepFrame(s)
	}
	v.stack = int32(len(t.stacks) - 1)
	v.end = t.packetEnd(s.Prog.World)
	t.fresh, t.moved = false, false
	t.visits = append(t.visits, v)
}

// keepFrame notes the frame on top.
func (t *trace) keepFrame(s *refvm.State) {
	t.stacks = append(t.stacks, frame{})
	f := &t.stacks[len(t.stacks)-1]
	base := uint32(s.Regs[10]) - mem.FrameSize
	copy(f.bytes[:], s.Prog.World.Mem.Bytes(base, mem.FrameSize))
	copy(f.perms[:], s.Prog.World.Mem.Perms(base, mem.FrameSize))
}

// packetEnd is data_end in the context.
func (t *trace) packetEnd(w *vm.World) uint64 {
	off := uint32(0)
	switch info := hook.Lookup(t.typ); {
	case info == nil || !info.Packet:
		return 0
	case info.Context == hook.XdpMD:
		off = hook.XdpDataEnd
	default:
		off = hook.SkbDataEnd
	}
	return uint64(w.Mem.Order.Binary().Uint32(w.Mem.Bytes(mem.ContextBase+off, 4)))
}

// defined reports whether a byte of the frame has a value, r10+off.
func (f *frame) defined(off int) bool {
	return f.perms[mem.FrameSize+off]&mem.Undef == 0
}
