package transfer

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/verifier/btf"
	"github.com/lockstep-ebpf/lockstep/verifier/num"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

// bothProbed reports whether an access may go through either kind of address: it becomes one
// that reads 0 where there is nothing.
func bothProbed(a, b state.Kind) bool {
	probed := func(k state.Kind) bool { return k == state.BTF || k == state.Mem }
	return probed(a) && probed(b)
}

// typeName is a type's name.
func (m *Machine) typeName(id btf.ID) string {
	if t := m.Kernel.Type(id); t != nil {
		return t.Name
	}
	return fmt.Sprintf("type %d", id)
}

// btfAccess is Linux's check_ptr_to_btf_access: a load of a member of a kernel's structure.
func (m *Machine) btfAccess(s *state.State, r *state.Reg, a *access) (state.Reg, *Failure) {
	found, f := m.walk(r, a.reg, a.off, a.size, a.write)
	if f != nil {
		return state.Reg{}, f
	}
	m.probe(s.PC)
	switch {
	case found.Memory:
		return state.Reg{Kind: state.Mem, RO: true, Trust: state.Untrusted}, nil
	case !found.Pointer:
		return state.Number(loaded(w.Unknown(), a)), nil
	}
	p := state.Reg{Kind: state.BTF, Type: found.Type}
	p.Trust, p.Null = m.inherits(s, r, &found)
	if p.Null {
		p.ID = m.id()
	}
	return p, nil
}

// walk checks an access to a kernel's structure, by a load or by a helper.
func (m *Machine) walk(r *state.Reg, n uint8, off, size int, write bool) (btf.Found, *Failure) {
	name := m.typeName(r.Type)
	at := int64(off) + int64(r.Off)
	switch {
	case !m.License:
		return btf.Found{}, failReg("licence", n, r, "a GPL-compatible licence", "Cannot access kernel 'struct %s' from non-GPL compatible program", name)
	case at < 0:
		return btf.Found{}, failReg("btf-offset", n, r, "offset ≥ 0", "R%d is ptr_%s invalid negative access: off=%d", n, name, at)
	case r.Num != num.Scalar{}:
		return btf.Found{}, failReg("btf-offset", n, r, "a known offset", "R%d is ptr_%s invalid variable offset: off=%d, var_off=%s", n, name, at, bitsText(r.Num.Bits))
	case r.Trust&state.User != 0:
		return btf.Found{}, failReg("btf-user", n, r, "bpf_probe_read_user", "R%d is ptr_%s access user memory: off=%d", n, name, at)
	case r.Trust&state.PerCPU != 0:
		return btf.Found{}, failReg("btf-percpu", n, r, "bpf_per_cpu_ptr", "R%d is ptr_%s access percpu memory: off=%d", n, name, at)
	case write && m.structWritable(r, at, size):
		return btf.Found{}, nil
	case write:
		return btf.Found{}, failReg("btf-write", n, r, "a load", "only read is supported")
	}
	found, err := btf.Walk(m.Kernel, r.Type, uint32(at), uint32(size))
	if err != nil {
		return found, failReg("btf-member", n, r, "a member of struct "+name, "%s", err.Error())
	}
	return found, nil
}

// inherits says how far a pointer that was found through another may be relied on, and
// whether it may be 0.
func (m *Machine) inherits(s *state.State, r *state.Reg, f *btf.Found) (t state.Trust, null bool) {
	t = tagTrust(f.Tags)
	if f.Untrusted {
		t |= state.Untrusted
	}
	switch {
	case r.Trust&state.Untrusted != 0:
		return state.Untrusted, false
	case !r.Firm() && r.Trust&state.RCU == 0:
		return t &^ state.RCU, false
	}
	switch member := m.Release.Member(m.typeName(r.Type), f.Field); {
	case member == release.TrustedMember:
		return t | state.Trusted, false
	case member == release.TrustedOrNull:
		return t | state.Trusted, true
	case m.sleeps() && s.ReadLocks == 0:
		return state.Untrusted, false
	case member == release.RCUMember:
		return t | state.RCU, false
	case member == release.RCUOrNull:
		return (t | state.RCU) &^ state.Untrusted, true
	case t&state.RCU != 0:
		return t, true
	}
	return t &^ state.RCU, false
}

// probe notes that a load reads 0 where there is nothing.
func (m *Machine) probe(pc int) {
	if m.Probes == nil {
		m.Probes = make([]bool, len(m.Insns))
	}
	m.Probes[pc] = true
}

// bufAccess is Linux's check_buffer_access: how long the buffer is is found out when the
// iterator is attached.
func (m *Machine) bufAccess(r *state.Reg, a *access) *Failure {
	what := "rdwr"
	if r.RO {
		what = "rdonly"
	}
	switch {
	case a.write && r.RO:
		return failReg("read-only", a.reg, r, "memory that may be written", "R%d cannot write into %s", a.reg, r.TypeName())
	case int64(a.off)+int64(r.Off) < 0:
		return failReg("buffer", a.reg, r, "offset ≥ 0", "R%d invalid %s buffer access: off=%d, size=%d", a.reg, what, int64(a.off)+int64(r.Off), a.size)
	case r.Num != num.Scalar{}:
		return failReg("buffer", a.reg, r, "a known offset", "R%d invalid variable buffer offset: off=%d, var_off=%s", a.reg, a.off, bitsText(r.Num.Bits))
	}
	return nil
}

// btfArgument checks a pointer that a helper wants to a structure.
func (m *Machine) btfArgument(reg uint8, r *state.Reg, a release.Arg) *Failure {
	if r.Kind != state.BTF || r.Null && !a.OrNull || r.Trust != 0 && r.Trust != state.Trusted && r.Trust != state.RCU {
		return failReg("argument", reg, r, "a pointer to struct "+a.BTF, "R%d type=%s expected=ptr_, trusted_ptr_, rcu_ptr_", reg, r.TypeName())
	}
	return m.btfIs(reg, r, a.BTF, a.Release)
}

// btfIs checks that a pointer is one to a structure, or to one that begins with it.
func (m *Machine) btfIs(reg uint8, r *state.Reg, want string, strict bool) *Failure {
	id := m.Kernel.Find(btf.Struct, want)
	if r.Off < 0 || id == 0 || !btf.Contains(m.Kernel, r.Type, uint32(r.Off), id, strict) {
		return failReg("argument", reg, r, "a pointer to struct "+want, "R%d is of type %s but %s is expected", reg, m.typeName(r.Type), want)
	}
	return btfUnmoved(reg, r)
}

// btfUnmoved is Linux's __check_ptr_off_reg with a fixed offset allowed.
func btfUnmoved(reg uint8, r *state.Reg) *Failure {
	switch {
	case r.Off < 0:
		return failReg("moved-pointer", reg, r, "offset ≥ 0", "negative offset %s ptr R%d off=%d disallowed", r.TypeName(), reg, r.Off)
	case r.Num != num.Scalar{}:
		return failReg("moved-pointer", reg, r, "a known offset", "variable %s access var_off=%s disallowed", r.TypeName(), bitsText(r.Num.Bits))
	}
	return nil
}

// structWritable reports whether programs of the type may write a member (each type's
// btf_struct_access).
func (m *Machine) structWritable(r *state.Reg, at int64, size int) bool {
	return false // TODO
}

// currentTask is bpf_get_current_task_btf, whose result is trusted; other helpers give
// pointers of the old kind.
const currentTask = 158

// btfResult is a pointer that a helper gives.
func (m *Machine) btfResult(r0 *state.Reg, c *called) *Failure {
	if m.Kernel == nil {
		return unsupported("%s without the types of a kernel (BTF)", c)
	}
	id := m.Kernel.Find(btf.Struct, c.Ret.BTF)
	if id == 0 {
		return unsupported("%s: the kernel's types have no struct %s", c, c.Ret.BTF)
	}
	*r0 = state.Reg{Kind: state.BTF, Type: id, Null: c.Ret.OrNull}
	if c.ID == currentTask {
		r0.Trust = state.Trusted
	}
	if r0.Null {
		r0.ID = m.id()
	}
	return nil
}

// btfSock is a pointer to a structure of the kernel's that is passed as a socket.
func (m *Machine) btfSock(c *called, a release.Arg, reg uint8, r *state.Reg) *Failure {
	if r.Trust != 0 && r.Trust != state.Trusted || r.Null && !a.OrNull {
		return failReg("argument", reg, r, "a socket", "R%d type=%s expected=%s", reg, r.TypeName(), btfSockWords)
	}
	if f := m.btfIs(reg, r, "sock_common", false); f != nil {
		return f
	}
	if a.Release {
		return m.released(c, reg, r)
	}
	return c.refers(reg, r)
}

// perCPUResult is a CPU's own of a variable of the kernel's.
func (m *Machine) perCPUResult(r0 *state.Reg, c *called) {
	t := m.Kernel.Type(c.perCPU)
	if t.Composite() {
		*r0 = state.Reg{Kind: state.BTF, Type: t.ID, Null: c.Ret.OrNull}
	} else {
		*r0 = state.Reg{Kind: state.Mem, RO: true, Size: t.Size, Null: c.Ret.OrNull}
	}
	if r0.Null {
		r0.ID = m.id()
	}
}

// iteratorAllows reports whether an iterator over sockets offers a helper that others do not
// (bpf_iter_tcp_get_func_proto and its like): options of the socket.
func (m *Machine) iteratorAllows(id int32) bool {
	const setOption, getOption = 49, 57
	if m.progType() != release.Tracing || m.Attach != attachIter || id != setOption && id != getOption {
		return false
	}
	return m.Program.Attach == "tcp" || m.Program.Attach == "udp" || m.Program.Attach == "unix"
}
