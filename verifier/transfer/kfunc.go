package transfer

import (
	"slices"
	"strings"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/btf"
	"github.com/lockstep-ebpf/lockstep/verifier/num"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

// Kernel functions that have rules of their own.
const (
	readLock    = "bpf_rcu_read_lock"
	readUnlock  = "bpf_rcu_read_unlock"
	readOnly    = "bpf_rdonly_cast"
	kernContext = "bpf_cast_to_kern_ctx"
)

// kernelFunc is the function that an ID names, and its prototype, or nil.
func kernelFunc(k btf.Kernel, id int32) (fn, proto *btf.Type) {
	if k == nil || id <= 0 {
		return nil, nil
	}
	if fn = k.Type(btf.ID(id)); fn == nil || fn.Kind != btf.Func {
		return nil, nil
	}
	if proto = k.Type(fn.Elem); proto == nil || proto.Kind != btf.Proto {
		return nil, nil
	}
	return fn, proto
}

// KernelArgs is how many registers a kernel function looks at.
func KernelArgs(k btf.Kernel, id int32) int {
	if _, proto := kernelFunc(k, id); proto != nil {
		return min(len(proto.Params), 5)
	}
	return 5
}

// Iterates reports whether a kernel function takes an iterator a step further.
func Iterates(k btf.Kernel, id int32) bool {
	fn, _ := kernelFunc(k, id)
	return fn != nil && strings.HasPrefix(fn.Name, iterPrefix) && strings.HasSuffix(fn.Name, "_next")
}

// kcalled is what is known of a call of a kernel function while its arguments are looked at.
type kcalled struct {
	release.Kfunc
	name   string
	params []btf.Param
	result btf.ID

	ref      uint32 // of an argument
	released bool
	size     uint32 // of the memory that is the result: what an argument says
	readOnly bool
	cast     btf.ID // what bpf_rdonly_cast casts to
	iter     *iterAt
}

// resolveKernelCall looks at a call before any path is followed.
func (m *Machine) resolveKernelCall(i spec.Insn) *Failure {
	switch {
	case noKernelFunc(i):
		return nil // a loader leaves this of a function that the kernel lacks; paths may avoid it
	case m.Kernel == nil:
		return unsupported("kernel functions (kfunc) without the types of a kernel (BTF)")
	case i.Off != 0:
		return unsupported("kernel functions of modules")
	}
	fn, _ := kernelFunc(m.Kernel, i.Imm)
	if fn == nil {
		return fail("kfunc", "kernel btf_id %d is not a function", i.Imm)
	}
	_, allowed, known := m.Release.Kfunc(fn.Name, m.progType())
	if known && !allowed || !known && len(fn.Tags) == 0 && m.tagsKfuncs() {
		return nil // for paths to find
	}
	if !known {
		return unsupported("kernel function %s", fn.Name)
	}
	return nil
}

// noKernelFunc reports whether a call names no function at all.
func noKernelFunc(i spec.Insn) bool { return i.Imm == 0 && i.Off == 0 }

// tagsKfuncs reports whether the kernel's types say which functions are for programs, which
// those of newer kernels do.
func (m *Machine) tagsKfuncs() bool {
	fn := m.Kernel.Type(m.Kernel.Find(btf.Func, readLock))
	return fn != nil && slices.Contains(fn.Tags, "bpf_kfunc")
}

// kernelCall is Linux's check_kfunc_call.
func (m *Machine) kernelCall(s *state.State, i spec.Insn) (Effect, *Failure) {
	if noKernelFunc(i) {
		return Effect{}, fail("kfunc", "invalid kernel function call not eliminated in verifier pass")
	}
	fn, proto := kernelFunc(m.Kernel, i.Imm)
	k, allowed, _ := m.Release.Kfunc(fn.Name, m.progType())
	c := &kcalled{Kfunc: k, name: fn.Name, params: proto.Params, result: proto.Elem}
	switch {
	case !m.License:
		return Effect{}, fail("licence", "cannot call kernel function from non-GPL compatible program")
	case !allowed:
		return Effect{}, fail("kfunc-denied", "calling kernel function %s is not allowed", fn.Name)
	case c.Has(release.KfSleepable) && !m.sleeps():
		return Effect{}, fail("kfunc-sleeps", "program must be sleepable to call sleepable kfunc %s", fn.Name)
	case c.Has(release.KfSleepable) && s.ReadLocks > 0:
		return Effect{}, fail("kfunc-sleeps", "kernel func %s is sleepable within rcu_read_lock region", fn.Name)
	}
	if f := m.kernelArguments(s, c); f != nil {
		return Effect{}, f
	}
	if f := readLocks(s, c); f != nil {
		return Effect{}, f
	}
	if c.iter != nil && c.Has(release.KfIterDestroy) {
		m.endIter(s, c.iter)
	} else if c.Has(release.KfRelease) {
		m.release(s, c.ref)
	}
	clobber(s.Frame())
	if f := m.kernelResult(s, c); f != nil {
		return Effect{}, f
	}
	if c.Has(release.KfIterNext) {
		return Effect{Fork: m.iterate(s, c.iter)}, nil
	}
	s.PC++
	return Effect{}, nil
}

// readLocks counts bpf_rcu_read_lock. What the lock kept valid is not to be trusted after it.
func readLocks(s *state.State, c *kcalled) *Failure {
	switch c.name {
	case readLock:
		s.ReadLocks++
	case readUnlock:
		if s.ReadLocks == 0 {
			return fail("rcu", "unmatched rcu read unlock (kernel function %s)", c.name)
		}
		if s.ReadLocks--; s.ReadLocks > 0 {
			return nil
		}
		s.Each(func(r *state.Reg) bool {
			if r.Trust&state.RCU == 0 {
				return false
			}
			r.Trust, r.Null = r.Trust&^state.RCU|state.Untrusted, false
			return true
		})
	}
	return nil
}

// kernelResult is what a call leaves in r0.
func (m *Machine) kernelResult(s *state.State, c *kcalled) *Failure {
	t, r0 := m.Kernel.Type(c.result), s.Reg(0)
	switch {
	case t == nil || t.Kind == btf.Void:
		return nil
	case t.Kind != btf.Pointer:
		*r0 = state.Unknown()
		return nil
	}
	to := m.Kernel.Type(t.Elem)
	switch {
	case c.name == readOnly:
		return m.castResult(r0, c)
	case c.name == kernContext:
		return unsupported("kernel function %s", c.name)
	case to == nil || to.Kind == btf.Void:
		*r0 = state.Unknown()
		return nil
	case !to.Composite():
		if c.size == 0 {
			c.size, c.readOnly = to.Size, true
		}
		if c.size == 0 {
			return fail("kfunc-result", "kernel function %s returns pointer type UNKNOWN %s is not supported", c.name, to.Name)
		}
		*r0 = state.Reg{Kind: state.Mem, Size: c.size, RO: c.readOnly, Ref: c.ref}
	default:
		*r0 = state.Reg{Kind: state.BTF, Type: to.ID}
	}
	if c.Has(release.KfRCUProtected) {
		r0.Trust = state.RCU
	}
	if c.Has(release.KfIterNext) && r0.Kind == state.BTF {
		it := s.Frames[c.iter.frame].Stack[c.iter.slot].Spill
		if r0.Trust = state.Trusted; it.Trust&state.RCU != 0 {
			r0.Trust = state.RCU
		}
	}
	if c.Has(release.KfRetNull) {
		r0.Null, r0.ID = true, m.id()
	}
	if c.Has(release.KfAcquire) {
		r0.Ref = m.id()
		if r0.Null {
			r0.ID = r0.Ref
		}
		s.Refs = append(s.Refs, state.Ref{ID: r0.Ref, Insn: s.PC})
	}
	return nil
}

// castResult is what bpf_rdonly_cast gives: an address that loads go through as if there was
// such a structure, or any memory.
func (m *Machine) castResult(r0 *state.Reg, c *kcalled) *Failure {
	t := m.Kernel.Type(c.cast)
	switch {
	case c.cast == 0:
		*r0 = state.Reg{Kind: state.Mem, RO: true, Trust: state.Untrusted}
	case t == nil:
		return fail("kfunc-cast", "Unknown type ID %d passed to kfunc bpf_rdonly_cast", c.cast)
	case t.Kind == btf.Struct:
		*r0 = state.Reg{Kind: state.BTF, Type: t.ID, Trust: state.Untrusted}
	default:
		return fail("kfunc-cast", "kfunc bpf_rdonly_cast type ID argument must be of a struct or void")
	}
	return nil
}

// unmoved reports whether an address is at its beginning.
func unmoved(r *state.Reg) bool { return r.Off == 0 && r.Num == num.Scalar{} }
