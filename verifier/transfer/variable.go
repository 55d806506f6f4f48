package transfer

import (
	"strconv"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/btf"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

func itoa(n int) string { return strconv.Itoa(n) }

// resolveVariable is Linux's check_pseudo_btf_id.
func (m *Machine) resolveVariable(lo, hi spec.Insn) *Failure {
	if m.Kernel == nil {
		return unsupported("kernel variables (lddw of a BTF id) without the types of a kernel (BTF)")
	}
	if hi.Imm != 0 {
		return unsupported("variables of modules")
	}
	t := m.Kernel.Type(btf.ID(lo.Imm))
	if lo.Imm <= 0 || t == nil || t.Kind != btf.Var && t.Kind != btf.Func {
		return fail("variable", "pseudo btf_id %d in ldimm64 isn't KIND_VAR or KIND_FUNC", lo.Imm)
	}
	return nil
}

// variable is the address of a variable or function of the kernel's. Kernels describe only
// variables of which each CPU has its own.
func (m *Machine) variable(id btf.ID) state.Reg {
	t := m.Kernel.Type(id)
	if t.Kind == btf.Func {
		return state.Reg{Kind: state.Mem, RO: true}
	}
	to := m.Kernel.Type(t.Elem)
	if to == nil {
		return state.Unknown()
	}
	return state.Reg{Kind: state.BTF, Type: to.ID, Trust: state.PerCPU}
}
