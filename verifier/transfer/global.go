package transfer

import (
	"slices"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/btf"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

// Global functions are verified once, by their prototypes, and not again for each call: a call
// is checked against the prototype, and gives a number of which nothing is known. Static
// functions are followed from each place that calls them.

// globals are the global functions that are called, in the order in which they were found.
type globals struct {
	called []int
	next   int // of called: the first that has not been verified
}

// NextGlobal gives a global function that is called and has not been verified yet.
func (m *Machine) NextGlobal() (fn int, ok bool) {
	if m.globals.next == len(m.globals.called) {
		return 0, false
	}
	m.globals.next++
	return m.globals.called[m.globals.next-1], true
}

// global is the prototype of a function, if it is a global one.
func (m *Machine) global(fn int) *btf.Function {
	if fn == 0 {
		return nil
	}
	if f := m.Program.FuncAt(m.Graph.Funcs[fn].Start); f != nil && f.Global {
		return f
	}
	return nil
}

// StartGlobal is the state in which a global function is entered, by its prototype.
func (m *Machine) StartGlobal(fn int) (*state.State, *Failure) {
	proto := m.global(fn)
	s := state.New()
	s.Hidden = !m.readsUnwritten()
	s.PC = m.Graph.Funcs[fn].Start
	f := s.Frame()
	f.Func = fn
	f.Regs[10] = state.Reg{Kind: state.Stack}
	if f := m.judgeable(proto); f != nil {
		return s, f
	}
	for i := range proto.Params {
		p, r := &proto.Params[i], &f.Regs[i+1]
		switch {
		case m.isContext(p):
			*r = state.Reg{Kind: state.Ctx}
		case p.Kind == btf.Pointer:
			*r = state.Reg{Kind: state.Mem, Size: p.ToSize, Null: !p.Has("nonnull")}
			if r.Null {
				r.ID = m.id()
			}
		default:
			*r = state.Unknown()
		}
	}
	return s, nil
}

// judgeable is Linux's btf_prepare_func_args, for global functions.
func (m *Machine) judgeable(f *btf.Function) *Failure {
	switch {
	case len(f.Params) > 5:
		return fail("global-args", "Global function %s() with %d > 5 args. Buggy compiler.", f.Name, len(f.Params))
	case !f.Number && !(f.Void && m.Release.AtLeast(7, 0)):
		return fail("global-result", "Global function %s() doesn't return scalar. Only those are supported.", f.Name)
	}
	for i := range f.Params {
		p := &f.Params[i]
		number := p.Kind == btf.Int || p.Kind == btf.Enum
		switch {
		case p.Has("trusted"), p.Has("untrusted"), p.Has("arena"), p.ToName == "bpf_dynptr":
			return unsupported("argument %d of global function %s: %v %s", i, f.Name, p.Tags, p.ToName)
		case number && len(p.Tags) > 0:
			return fail("global-args", "arg#%d has pointer tag, but is not a pointer type", i)
		case number, m.isContext(p):
		case p.Kind != btf.Pointer:
			return fail("global-args", "Arg#%d type UNKNOWN in %s() is not supported yet.", i, f.Name)
		case p.ToSize == 0:
			return fail("global-args", "arg#%d reference type('%s %s') size cannot be determined: -22", i, kindWord(p.To), p.ToName)
		}
	}
	return nil
}

// contextTypes are what programs call their contexts (include/linux/bpf_types.h).
var contextTypes = map[release.ProgType][]string{
	release.SocketFilter: {"__sk_buff"}, release.SchedCLS: {"__sk_buff"}, release.SchedACT: {"__sk_buff"}, release.CgroupSKB: {"__sk_buff"},
	release.SKSKB: {"__sk_buff"}, release.LWTIn: {"__sk_buff"}, release.LWTOut: {"__sk_buff"}, release.LWTXmit: {"__sk_buff"},
	release.LWTSeg6Local: {"__sk_buff"}, release.FlowDissector: {"__sk_buff"}, release.XDP: {"xdp_md"}, release.CgroupSock: {"bpf_sock"},
	release.CgroupSockAddr: {"bpf_sock_addr"}, release.SockOps: {"bpf_sock_ops"}, release.SKMsg: {"sk_msg_md"},
	release.Kprobe: {"bpf_user_pt_regs_t", "pt_regs"}, release.PerfEvent: {"bpf_perf_event_data"}, release.RawTracepoint: {"bpf_raw_tracepoint_args"},
	release.CgroupDevice: {"bpf_cgroup_dev_ctx"}, release.CgroupSysctl: {"bpf_sysctl"}, release.CgroupSockopt: {"bpf_sockopt"},
	release.SKReuseport: {"sk_reuseport_md"}, release.SKLookup: {"bpf_sk_lookup"}, release.Netfilter: {"bpf_nf_ctx"},
}

func (m *Machine) isContext(p *btf.Parameter) bool {
	return p.Kind == btf.Pointer && (p.Has("ctx") || slices.Contains(contextTypes[m.progType()], p.ToName))
}

// callGlobal checks a call of a global function against its prototype (Linux's
// btf_check_func_arg_match).
func (m *Machine) callGlobal(s *state.State, fn int, proto *btf.Function) *Failure {
	if s.Lock.Held {
		return fail("under-lock", "global function calls are not allowed while holding a lock,\nuse static function instead")
	}
	if f := m.judgeable(proto); f != nil {
		return f
	}
	for i := range proto.Params {
		if f := m.globalArgument(s, &proto.Params[i], i); f != nil {
			return f
		}
	}
	if !slices.Contains(m.globals.called, fn) {
		m.globals.called = append(m.globals.called, fn)
	}
	if m.changesPacket(fn, map[int]bool{}) {
		m.forgetPackets(s)
	}
	clobber(s.Frame())
	if !proto.Void {
		*s.Reg(0) = state.Unknown()
	}
	s.PC++
	return nil
}

func (m *Machine) globalArgument(s *state.State, p *btf.Parameter, n int) *Failure {
	reg := uint8(n + 1)
	if f := m.readable(s, reg); f != nil {
		return f
	}
	r := s.Reg(reg)
	switch {
	case m.isContext(p):
		if r.Kind != state.Ctx {
			return failReg("global-argument", reg, r, "the context", "arg#%d expects pointer to ctx", n)
		}
		return atStart(reg, r)
	case p.Kind != btf.Pointer:
		if r.Kind != state.Scalar {
			return failReg("global-argument", reg, r, "a number", "R%d is not a scalar", reg)
		}
		return nil
	case r.IsZero() && !p.Has("nonnull"):
		r.Node.Demand()
		return nil
	case r.IsZero(), r.Null && p.Has("nonnull"):
		return failReg("global-argument", reg, r, "a null check", "arg#%d is expected to be non-NULL", n)
	case !m.pointsToMemory(r):
		return failReg("global-argument", reg, r, "memory", "R%d type=%s expected=%s", reg, r.TypeName(), memoryWords)
	}
	if f := m.memory(s, reg, int(p.ToSize), release.In, false); f != nil {
		return f
	}
	return m.memory(s, reg, int(p.ToSize), release.InOut, false)
}

// changesPacket reports whether a function, or one that it calls, calls a helper that may move
// the packet.
func (m *Machine) changesPacket(fn int, seen map[int]bool) bool {
	if seen[fn] {
		return false
	}
	seen[fn] = true
	f := &m.Graph.Funcs[fn]
	for pc := f.Start; pc < f.End; pc++ {
		if i := m.Insns[pc]; i.Op == spec.CALL && i.Src == spec.CallHelper {
			if h, ok := m.Release.HelperFor(i.Imm, m.progType(), m.Attach); ok && h.Has(release.ChangesPacket) {
				return true
			}
		}
	}
	for _, c := range f.Calls {
		if m.changesPacket(c.To, seen) {
			return true
		}
	}
	return false
}

// exitGlobal ends a global function, which gives a number.
func (m *Machine) exitGlobal(s *state.State) *Failure {
	if proto := m.global(s.Frame().Func); proto.Void {
		return nil
	}
	if f := m.readable(s, 0); f != nil {
		return f
	}
	if r0 := s.Reg(0); r0.Kind != state.Scalar {
		return failReg("global-result", 0, r0, "a number", "At subprogram exit the register R0 is not a scalar value (%s)", r0.TypeName())
	}
	return nil
}
