package transfer

import (
	"strings"

	"github.com/lockstep-ebpf/lockstep/verifier/btf"
	"github.com/lockstep-ebpf/lockstep/verifier/num"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

// argumentSize is what each argument takes in a typed context, and maxArguments how many
// there may be.
const (
	argumentSize = 8
	maxArguments = 12
)

// typedContext is Linux's btf_ctx_access: the context is an array of arguments, which are
// numbers or pointers as the target's prototype has them.
func (m *Machine) typedContext(r *state.Reg, a *access) (state.Reg, *Failure) {
	name := strings.TrimPrefix(m.Target.Name, "bpf_lsm_")
	bad := failReg("context", a.reg, r, "an argument of "+m.Target.Name, "invalid bpf_context access off=%d size=%d", a.off, a.size)
	because := func(format string, args ...any) (state.Reg, *Failure) {
		why := failReg("context", a.reg, r, "an argument of "+m.Target.Name, format, args...)
		why.Text += "\n" + bad.Text
		return state.Reg{}, why
	}
	switch {
	case a.off < 0 || a.off >= argumentSize*maxArguments || a.write || a.off%a.size != 0:
		return state.Reg{}, bad
	case a.off%argumentSize != 0:
		return because("func '%s' offset %d is not multiple of 8", name, a.off)
	}
	m.ContextUsed = max(m.ContextUsed, a.off+a.size)
	params := m.Target.Proto.Params[min(m.Target.First, len(m.Target.Proto.Params)):]
	n := m.argumentAt(a.off)
	number := state.Number(loaded(w.Unknown(), a))
	if n >= len(params) {
		return m.resultInContext(n, a, number, because)
	}
	t := m.Kernel.Type(params[n].Type)
	switch {
	case t == nil:
		return because("func '%s' arg%d has no type", name, n)
	case t.Number() || t.Composite():
		return number, nil
	case t.Kind != btf.Pointer:
		return because("func '%s' arg%d '%s' has type UNKN. Only pointer access is allowed", name, n, params[n].Name)
	case a.size != argumentSize:
		return because("func '%s' size %d must be 8", name, a.size)
	}
	to := m.Kernel.Type(t.Elem)
	special, has := m.Release.Argument(m.progType(), m.Attach, m.Program.Attach, n)
	switch {
	case has && special.Buf:
		return state.Reg{Kind: state.Buf, Null: true, RO: special.ReadOnly, ID: m.id()}, nil
	case to == nil || !to.Composite():
		return number, nil
	case has && special.Number:
		return number, nil
	}
	p := state.Reg{Kind: state.BTF, Type: to.ID, Null: has && special.OrNull || strings.HasSuffix(params[n].Name, "__nullable")}
	if m.trustsArguments() && !special.Plain {
		p.Trust = state.Trusted
	}
	p.Trust |= tagTrust(t.Tags) &^ state.RCU
	if p.Null {
		p.ID = m.id()
	}
	return p, nil
}

// argumentAt is the number of the argument at an offset (Linux's get_ctx_arg_idx): structures
// that are passed by value take as many bytes as they have. A tracepoint's first parameter is
// counted, though it is not there.
func (m *Machine) argumentAt(off int) int {
	end := 0
	size := func(id btf.ID) int {
		if t := m.Kernel.Type(id); t != nil {
			return (int(t.Size) + argumentSize - 1) / argumentSize * argumentSize
		}
		return 0
	}
	for i, p := range m.Target.Proto.Params {
		if end += size(p.Type); off < end {
			return i
		}
	}
	n := len(m.Target.Proto.Params)
	if off < end+size(m.Target.Proto.Elem) {
		return n
	}
	return n + 1
}

// resultInContext is what stands behind the arguments: the function's result, for programs
// that run at its end.
func (m *Machine) resultInContext(n int, a *access, number state.Reg, because func(string, ...any) (state.Reg, *Failure)) (state.Reg, *Failure) {
	exits := m.Attach == attachExit && m.progType() == release.Tracing || m.progType() == release.LSM
	modifies := m.Attach == attachModify && m.progType() == release.Tracing
	result := m.Kernel.Type(m.Target.Proto.Elem)
	switch next := n == len(m.Target.Proto.Params)-m.Target.First; {
	case !next || !exits && !modifies:
		return because("func '%s' doesn't have %d-th argument", strings.TrimPrefix(m.Target.Name, "bpf_lsm_"), n+1)
	case result == nil || result.Kind == btf.Void || result.Number():
		if low, high, bounded := m.hookResult(); bounded && m.progType() == release.LSM && a.size == argumentSize {
			number.Num = w.SignedRange(low, high)
		}
		return number, nil
	case result.Kind != btf.Pointer:
		return because("func '%s' result has type UNKN. Only pointer access is allowed", m.Target.Name)
	case a.size != argumentSize:
		return because("func '%s' size %d must be 8", m.Target.Name, a.size)
	}
	to := m.Kernel.Type(result.Elem)
	if to == nil || !to.Composite() {
		return number, nil
	}
	return state.Reg{Kind: state.BTF, Type: to.ID, Trust: tagTrust(result.Tags) &^ state.RCU}, nil
}

// tagTrust is what type tags say of a pointer.
func tagTrust(tags []string) (t state.Trust) {
	if len(tags) == 0 {
		return 0
	}
	switch tags[0] {
	case "user":
		return state.User
	case "percpu":
		return state.PerCPU
	case "rcu":
		return state.RCU
	}
	return 0
}

// hookResult is the range of an LSM hook's result (bpf_lsm_get_retval_range): 0 or an error,
// and of a few hooks yes or no.
func (m *Machine) hookResult() (low, high int64, bounded bool) {
	result := m.Kernel.Type(m.Target.Proto.Elem)
	switch {
	case result == nil || result.Kind == btf.Void:
		return 0, 0, false
	case release.BooleanHook(m.Program.Attach):
		return 0, 1, true
	}
	return -4095, 0, true
}

// typedExit checks the result of a program with a typed context; done is false if its type
// of program says more (check_return_code).
func (m *Machine) typedExit(s *state.State) (done bool, f *Failure) {
	if !m.Target.Typed {
		return false, nil
	}
	result := m.Kernel.Type(m.Target.Proto.Elem)
	void := result == nil || result.Kind == btf.Void
	switch t := m.progType(); {
	case void && (t == release.StructOps || t == release.LSM && m.Attach != attachLSMCgroup):
		return true, nil
	case t == release.Tracing || t == release.LSM && m.Attach == attachLSMCgroup:
		return false, nil
	}
	if f := m.readable(s, 0); f != nil || m.progType() == release.StructOps {
		return true, f
	}
	low, high, _ := m.hookResult()
	r0 := s.Reg(0)
	if r0.Kind == state.Scalar {
		r0.Node.Demand()
		if x := w.Sext(w.Zext(r0.Num, 32), 32); !(num.Signed{Min: low, Max: high}).Subsumes(x.S) {
			return true, failReg("result", 0, r0, "0 or an error", "At program exit the register R0 has %s should have been in [%d, %d]", rangeText(r0), low, high)
		}
		return true, nil
	}
	return true, failReg("result", 0, r0, "0 or an error", "At program exit the register R0 is not a known value (%s)", r0.TypeName())
}
