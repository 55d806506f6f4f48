package transfer

import (
	"slices"
	"strings"

	"github.com/lockstep-ebpf/lockstep/verifier/btf"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

// kernelArguments is Linux's check_kfunc_args: what a register has to hold follows from the
// parameter's type, and from endings of its name.
//
//	__ign     not looked at                __k       a number that is known
//	__sz      bytes that the parameter     __szk     the same, known
//	          before has                   __nullable, __opt   0 will do
func (m *Machine) kernelArguments(s *state.State, c *kcalled) *Failure {
	for n := 0; n < len(c.params) && n < 5; n++ {
		p, reg := c.params[n], uint8(n+1)
		if strings.HasSuffix(p.Name, "__ign") {
			continue
		}
		if f := m.readable(s, reg); f != nil {
			return f
		}
		r, t := s.Reg(reg), m.Kernel.Type(p.Type)
		switch {
		case t == nil:
			return unsupported("argument %d of %s: no type", n, c.name)
		case t.Number():
			if f := m.kernelNumber(c, p, reg, r); f != nil {
				return f
			}
			continue
		case t.Kind != btf.Pointer:
			return fail("kfunc-argument", "Unrecognized arg#%d type UNKNOWN %s", n, t.Name)
		}
		sized, f := m.kernelPointer(s, c, n, r, t)
		if f != nil {
			return f
		}
		if sized {
			n++
		}
	}
	if c.Has(release.KfRelease) && !c.released {
		return fail("kfunc-release", "release kernel function %s expects refcounted PTR_TO_BTF_ID", c.name)
	}
	return nil
}

// kernelNumber is an argument that is a number.
func (m *Machine) kernelNumber(c *kcalled, p btf.Param, reg uint8, r *state.Reg) *Failure {
	if r.Kind != state.Scalar {
		return failReg("kfunc-argument", reg, r, "a number", "R%d is not a scalar", reg)
	}
	v, known := r.Const()
	switch {
	case strings.HasSuffix(p.Name, "__k"):
		if !known {
			return failReg("kfunc-argument", reg, r, "a known number", "R%d must be a known constant", reg)
		}
		r.Node.Demand()
		c.cast = btf.ID(v)
	case p.Name == "rdonly_buf_size", p.Name == "rdwr_buf_size":
		if !known {
			return failReg("kfunc-argument", reg, r, "a known number", "R%d is not a const", reg)
		}
		r.Node.Demand()
		c.size, c.readOnly = uint32(v), p.Name == "rdonly_buf_size"
	}
	return nil
}

// contexts are the structures that stand for contexts, as kernel functions are declared.
var contexts = map[release.ProgType][]string{
	release.XDP: {"xdp_md", "xdp_buff"}, release.SchedCLS: {"__sk_buff", "sk_buff"}, release.SchedACT: {"__sk_buff", "sk_buff"},
	release.CgroupSKB: {"__sk_buff", "sk_buff"}, release.SocketFilter: {"__sk_buff", "sk_buff"}, release.SKSKB: {"__sk_buff", "sk_buff"},
}

// nullRefused are flags of functions that take no pointer that may be 0.
const nullRefused = release.KfTrusted | release.KfRCU | release.KfRelease | release.KfIterNew | release.KfIterNext | release.KfIterDestroy

// kernelPointer is an argument that is an address; sized says that the next parameter is its
// size and has been looked at.
func (m *Machine) kernelPointer(s *state.State, c *kcalled, n int, r *state.Reg, t *btf.Type) (sized bool, f *Failure) {
	p, reg := c.params[n], uint8(n+1)
	nullable := strings.HasSuffix(p.Name, "__nullable") || strings.HasSuffix(p.Name, "__opt")
	if c.Flags&nullRefused != 0 && (r.IsZero() || r.Null) && !nullable {
		return false, failReg("kfunc-argument", reg, r, "a null check", "Possibly NULL pointer passed to trusted arg%d", n)
	}
	if r.Ref != 0 && r.Kind != state.Scalar {
		c.ref, c.released = r.Ref, c.Has(release.KfRelease)
	}
	to := m.Kernel.Type(t.Elem)
	switch {
	case to == nil:
		return false, unsupported("argument %d of %s: no type", n, c.name)
	case c.name == readOnly && n == 0:
		return false, nil
	case slices.Contains(contexts[m.progType()], to.Name):
		if r.Kind != state.Ctx {
			return false, failReg("kfunc-argument", reg, r, "the context", "arg#%d expected pointer to ctx, but got %s", n, r.TypeName())
		}
		return false, atStart(reg, r)
	case nullable && r.IsZero():
		r.Node.Demand()
		return false, nil
	case to.Kind == btf.Struct && strings.HasPrefix(to.Name, iterPrefix) && c.Flags&(release.KfIterNew|release.KfIterNext|release.KfIterDestroy) != 0 && n == 0:
		return false, m.iterArgument(s, c, reg, r, to)
	case r.Kind == state.BTF || r.IsSock():
		return false, m.kernelObject(c, n, r, to)
	}
	return m.kernelMemory(s, c, n, r, to)
}

// kernelObject is an argument that is a structure of the kernel's.
func (m *Machine) kernelObject(c *kcalled, n int, r *state.Reg, to *btf.Type) *Failure {
	reg := uint8(n + 1)
	switch {
	case r.IsSock():
		return unsupported("a %s as argument %d of %s", r.TypeName(), n, c.name)
	case !to.Composite():
		return failReg("kfunc-argument", reg, r, "memory", "kernel function %s args#%d pointer type UNKNOWN %s is not supported", c.name, n, to.Name)
	case (c.Has(release.KfTrusted) || c.Has(release.KfRCU)) && !r.Firm():
		if !c.Has(release.KfRCU) {
			return failReg("kfunc-trust", reg, r, "a trusted pointer", "R%d must be referenced or trusted", reg)
		}
		if r.Trust&state.RCU == 0 {
			return failReg("kfunc-trust", reg, r, "a trusted pointer, or one found under the read lock", "R%d must be a rcu pointer", reg)
		}
	}
	strict := c.Has(release.KfAcquire) || c.Has(release.KfRelease) && r.Ref != 0
	if c.Has(release.KfRelease) && r.Ref != 0 && !unmoved(r) {
		return failReg("moved-pointer", reg, r, "offset 0", "R%d must have zero offset when passed to release func or trusted arg to kfunc", reg)
	}
	if f := btfUnmoved(reg, r); f != nil {
		return f
	}
	if r.Null || r.Trust != 0 && r.Trust != state.Trusted && r.Trust != state.RCU {
		return failReg("kfunc-argument", reg, r, "a pointer to struct "+to.Name, "arg#%d is %s expected ptr_ or socket", n, r.TypeName())
	}
	if !btf.Contains(m.Kernel, r.Type, uint32(r.Off), to.ID, strict) {
		return failReg("kfunc-argument", reg, r, "a pointer to struct "+to.Name, "kernel function %s args#%d expected pointer to STRUCT %s but R%d has a pointer to STRUCT %s",
			c.name, n, to.Name, reg, m.typeName(r.Type))
	}
	return nil
}

// kernelMemory is an argument that is memory, of the parameter's size or of what the next
// argument says.
func (m *Machine) kernelMemory(s *state.State, c *kcalled, n int, r *state.Reg, to *btf.Type) (sized bool, f *Failure) {
	reg := uint8(n + 1)
	if n+1 < len(c.params) {
		name := c.params[n+1].Name
		sized = strings.HasSuffix(name, "__sz") || strings.HasSuffix(name, "__szk")
	}
	if !m.plain(to, 0) && !(sized && to.Kind == btf.Void) {
		return false, failReg("kfunc-argument", reg, r, "a pointer to struct "+to.Name, "arg#%d pointer type %s %s must point to %sscalar, or struct with scalar",
			n, kindWord(to.Kind), to.Name, map[bool]string{true: "void, "}[sized])
	}
	if !m.isMemory(r) {
		return false, failReg("kfunc-argument", reg, r, "memory", "R%d type=%s expected=%s", reg, r.TypeName(), memoryWords)
	}
	if !sized {
		return false, m.memory(s, reg, int(to.Size), release.InOut, false)
	}
	if f := m.readable(s, reg+1); f != nil {
		return false, f
	}
	size := s.Reg(reg + 1)
	if size.Kind != state.Scalar {
		return false, failReg("kfunc-argument", reg+1, size, "a number", "R%d is not a scalar", reg+1)
	}
	if size.Num.S.Min < 0 || size.Num.U.Max >= maxOffset {
		return false, failReg("size", reg+1, size, "a bound", "arg#%d arg#%d memory, len pair leads to invalid memory access", n, n+1)
	}
	size.Node.Demand()
	return true, m.memory(s, reg, int(size.Num.U.Max), release.InOut, true)
}

func kindWord(k btf.Kind) string {
	switch k {
	case btf.Struct:
		return "STRUCT"
	case btf.Union:
		return "UNION"
	case btf.Pointer:
		return "PTR"
	case btf.Forward:
		return "FWD"
	}
	return "UNKNOWN"
}

// plain reports whether a type is a number, or a structure of numbers alone.
func (m *Machine) plain(t *btf.Type, depth int) bool {
	switch {
	case t == nil || depth > 4:
		return false
	case t.Number():
		return true
	case t.Kind == btf.Array:
		return m.plain(m.Kernel.Type(t.Elem), depth)
	case t.Kind != btf.Struct:
		return false
	}
	for _, x := range t.Members {
		if !m.plain(m.Kernel.Type(x.Type), depth+1) {
			return false
		}
	}
	return true
}
