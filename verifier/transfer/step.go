package transfer

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/btf"
	"github.com/lockstep-ebpf/lockstep/verifier/cfg"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Rules are what a release, the machine and the caller decide.
type Rules struct {
	Release     *release.Release
	StrictAlign bool         // packets and map values too (BPF_F_STRICT_ALIGNMENT)
	Lacks       release.Caps // capabilities that the caller does not have
	License     bool         // of the program: goes with the GPL
	Mirror      bool         // to be no sharper, and no safer, than the release: see [Rules.sharp], [Rules.unsound]
}

// Machine steps states of one program.
type Machine struct {
	Rules
	Type   hook.Type
	Attach uint32 // enum bpf_attach_type
	Order  spec.ByteOrder
	Insns  []spec.Insn
	Graph  *cfg.Graph
	Maps   []*maps.Spec

	// Memory is how many bytes r1 points to, of type mem, and MemoryMax the most that r2 may
	// say.
	Memory, MemoryMax uint32

	Kernel  btf.Kernel   // nil: not known
	Program *btf.Program // nil: nothing is known
	Target  Target
	globals globals

	// StackUsed is how deep each function reaches into its frame, in bytes.
	StackUsed []int
	// ContextUsed is how far into the context the program reaches, in bytes.
	ContextUsed int
	// Probes are the slots whose loads go through addresses of the kernel's objects: they read
	// 0 where there is nothing.
	Probes  []bool
	bases   []state.Kind // by slot: what the access there went through; NotInit: none so far
	ids     uint32
	entries map[entry]bool // callbacks that are called some other time
	masks   map[int]mask   // by slot: see sanitise.go
}

// sameKind refuses an access that goes through a context on one path and through another
// kind of address on the next: Linux rewrites accesses to contexts, once for all paths.
func (m *Machine) sameKind(s *state.State, n uint8) *Failure {
	if m.bases == nil {
		m.bases = make([]state.Kind, len(m.Insns))
	}
	kind := s.Reg(n).Kind
	switch before := m.bases[s.PC]; {
	case before == state.NotInit:
		m.bases[s.PC] = kind
	case before != kind && (rewritten(before) || rewritten(kind)) && !bothProbed(before, kind) && !mutant.On(mutant.VerifierMixedBases):
		return failReg("mixed-pointers", n, s.Reg(n), before.String(), "same insn cannot be used with different pointers")
	}
	return nil
}

// rewritten reports whether Linux rewrites accesses through such an address.
func rewritten(k state.Kind) bool {
	switch k {
	case state.Ctx, state.SockCommon, state.Sock, state.TCPSock, state.XDPSock, state.BTF:
		return true
	}
	return false
}

// Effect is what came of a step. The state itself goes on at its PC.
type Effect struct {
	Fork *state.State // goes on too
	End  bool         // the path has come to its end
}

// Start is the state in which the program is entered.
func (m *Machine) Start() *state.State {
	s := state.New()
	s.Hidden = !m.readsUnwritten()
	f := s.Frame()
	f.Regs[10] = state.Reg{Kind: state.Stack}
	if m.Type == hook.Unspec {
		f.Regs[1] = state.Reg{Kind: state.Mem, Size: m.Memory}
		f.Regs[2] = state.Number(w.UnsignedRange(uint64(m.Memory), uint64(m.MemoryMax)))
		return s
	}
	f.Regs[1] = state.Reg{Kind: state.Ctx}
	return s
}

// id is a number that no other has.
func (m *Machine) id() uint32 {
	m.ids++
	return m.ids
}

// Step takes one instruction.
func (m *Machine) Step(s *state.State) (Effect, *Failure) {
	i := m.Insns[s.PC]
	if text, bad := m.Graph.Malformed[s.PC]; bad {
		return Effect{}, fail("form", "%s", text)
	}
	var f *Failure
	next := s.PC + 1
	switch i.Class() {
	case spec.ClassALU, spec.ClassALU64:
		f = m.alu(s, i)
	case spec.ClassLDX:
		f = m.load(s, i)
	case spec.ClassST, spec.ClassSTX:
		if i.Class() == spec.ClassSTX && i.Op&0xe0 == spec.ModeATOMIC {
			f = m.atomic(s, i)
		} else {
			f = m.store(s, i)
		}
	case spec.ClassLD:
		if i.Wide() {
			next++
			f = m.lddw(s, i, m.Insns[s.PC+1])
		} else {
			f = m.packetLoad(s, i)
		}
	default:
		return m.jump(s, i)
	}
	if f != nil {
		return Effect{}, f
	}
	s.PC = next
	return Effect{}, nil
}

// jump takes an instruction of the classes JMP and JMP32.
func (m *Machine) jump(s *state.State, i spec.Insn) (Effect, *Failure) {
	switch {
	case i.Op == spec.EXIT:
		return m.exit(s)
	case i.Op == spec.CALL:
		return m.call(s, i)
	case i.Op == spec.JCOND:
		return m.mayGoto(s, i), nil
	case cfg.Plain(i):
		s.PC, _ = cfg.Jump(i, s.PC)
		return Effect{}, nil
	}
	return m.branch(s, i)
}

// mayGoto goes on both ways: the budget may be spent or not. The way that goes round again
// is the fork.
func (m *Machine) mayGoto(s *state.State, i spec.Insn) Effect {
	round := s.Clone()
	round.Go(s.PC + 1)
	round.Rounds++
	for cp := s.Parent; cp != nil; cp = cp.Parent {
		if cp.PC == s.PC && len(cp.Frames) == len(s.Frames) && cp != s.Parent {
			round.Widen(cp)
			break
		}
	}
	s.Go(s.PC + 1 + int(i.Off))
	return Effect{Fork: round}
}

// readable checks that a register may be read.
func (m *Machine) readable(s *state.State, n uint8) *Failure {
	if r := s.Reg(n); r.Kind == state.NotInit {
		return failReg("unwritten-register", n, r, "a register that was written on every path", "R%d !read_ok", n)
	}
	return nil
}

// Resolve looks at what instructions name, whether a path reaches them or not, as Linux
// does before it follows paths.
func (m *Machine) Resolve() *Failure {
	for pc, i := range m.Insns {
		f := m.resolve(i, pc)
		if f != nil {
			f.Insn = pc
			return f
		}
	}
	return nil
}

func (m *Machine) resolve(i spec.Insn, pc int) *Failure {
	switch {
	case i.Op == spec.CALL && i.Src == spec.CallKfunc:
		return m.resolveKernelCall(i)
	case i.Op == spec.LDDW && i.Src == spec.LDDWFunc && pc+1+int(i.Imm) == 0:
		return fail("callback-main", "callback function not static") // the main function is not
	case i.Op != spec.LDDW, i.Src == spec.LDDWValue, i.Src == spec.LDDWFunc:
		return nil
	case i.Src == spec.LDDWBTFVar:
		return m.resolveVariable(i, m.Insns[pc+1])
	case i.Imm < 0 || int(i.Imm) >= len(m.Maps):
		return &Failure{Class: BadObject, Rule: "no-map", Register: -1, Text: "fd is not pointing to valid bpf_map"}
	}
	if f := m.fieldsAllowed(m.Maps[i.Imm]); f != nil || i.Src == spec.LDDWMapFD || i.Src == spec.LDDWMapIdx {
		return f
	}
	x, off := m.Maps[i.Imm], uint32(m.Insns[pc+1].Imm)
	if x.Type != maps.Array || x.MaxEntries != 1 || off >= x.ValueSize {
		return fail("direct-value", "invalid access to map value pointer, value_size=%d off=%d", x.ValueSize, off)
	}
	return nil
}

// lddw loads a constant of 64 bits, or an address.
func (m *Machine) lddw(s *state.State, lo, hi spec.Insn) *Failure {
	dst := s.Reg(lo.Dst)
	switch lo.Src {
	case spec.LDDWValue:
		*dst = state.Const(spec.Imm64(lo, hi))
		return nil
	case spec.LDDWBTFVar:
		*dst = m.variable(btf.ID(lo.Imm))
		return nil
	case spec.LDDWFunc:
		*dst = state.Reg{Kind: state.Func, Map: int32(m.Graph.FuncAt(s.PC + 1 + int(lo.Imm)))}
		return nil
	}
	if lo.Src == spec.LDDWMapFD || lo.Src == spec.LDDWMapIdx {
		*dst = state.Reg{Kind: state.Map, Map: lo.Imm}
		return nil
	}
	off := hi.Imm
	*dst = state.Reg{Kind: state.MapValue, Map: lo.Imm, Off: off}
	return nil
}

// NamesMap reports whether an LDDW names a map.
func NamesMap(i spec.Insn) bool {
	switch i.Src {
	case spec.LDDWMapFD, spec.LDDWMapValue, spec.LDDWMapIdx, spec.LDDWMapIdxValue:
		return true
	}
	return false
}
