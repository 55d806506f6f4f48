package transfer

import (
	"strings"

	"github.com/lockstep-ebpf/lockstep/verifier/btf"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
)

// Target is the place in the kernel that a program is attached to, if types describe it.
type Target struct {
	Typed bool
	Name  string
	Proto *btf.Type // parameters and result: what the context holds
	First int       // the parameter that the context begins with
}

// Attach types with a typed context (enum bpf_attach_type).
const (
	attachTracepoint = 23
	attachEntry      = 24
	attachExit       = 25
	attachModify     = 26
	attachLSM        = 27
	attachIter       = 28
	attachLSMCgroup  = 43
)

// targetNames is how the kernel calls the function that stands for an attach point.
var targetNames = map[uint32]string{attachIter: "bpf_iter_", attachLSM: "bpf_lsm_", attachLSMCgroup: "bpf_lsm_"}

// FindTarget looks up what the program is attached to (Linux's check_attach_btf_id).
func (m *Machine) FindTarget() *Failure {
	switch m.progType() {
	case release.Tracing, release.LSM, release.StructOps:
	default:
		return nil
	}
	switch {
	case m.Kernel == nil:
		return unsupported("programs of type %s without the types of a kernel (BTF)", m.progType())
	case m.Program == nil || m.Program.Attach == "":
		return &Failure{Class: BadObject, Rule: "attach-target", Register: -1, Text: "Tracing programs must provide btf_id", Need: "what the program is attached to"}
	}
	name := m.Program.Attach
	m.Target = Target{Typed: true, Name: name}
	id := btf.ID(0)
	switch {
	case m.progType() == release.StructOps:
		id = m.member(name)
	case m.Attach == attachTracepoint:
		id = m.Kernel.Typedef("btf_trace_" + name)
		m.Target.First = 1 // behind void *__data
	default:
		m.Target.Name = targetNames[m.Attach] + name
		id = m.Kernel.Find(btf.Func, m.Target.Name)
	}
	m.Target.Proto = m.proto(id)
	if id == 0 || m.Target.Proto == nil {
		return &Failure{
			Class: BadObject, Rule: "attach-target", Register: -1, Text: "the kernel has no " + name + " to attach to",
			Have: m.progType().String() + " program", Need: "a tracepoint, function, hook or operation of the kernel's types",
		}
	}
	return nil
}

// member finds an operation, "struct.member".
func (m *Machine) member(name string) btf.ID {
	outer, field, _ := strings.Cut(name, ".")
	t := m.Kernel.Type(m.Kernel.Find(btf.Struct, outer))
	if t == nil {
		return 0
	}
	for _, x := range t.Members {
		if x.Name == field {
			return x.Type
		}
	}
	return 0
}

// proto is a function's parameters and result, given the function, its type or a pointer to
// that.
func (m *Machine) proto(id btf.ID) *btf.Type {
	for range 3 {
		t := m.Kernel.Type(id)
		switch {
		case t == nil:
			return nil
		case t.Kind == btf.Proto:
			return t
		case t.Kind != btf.Func && t.Kind != btf.Pointer:
			return nil
		}
		id = t.Elem
	}
	return nil
}

// trustsArguments reports whether pointers in the context are trusted (prog_args_trusted).
func (m *Machine) trustsArguments() bool {
	switch m.progType() {
	case release.Tracing:
		return m.Attach == attachTracepoint || m.Attach == attachIter
	case release.LSM:
		return !release.UntrustedHook(m.Program.Attach)
	}
	return m.progType() == release.StructOps
}

// sleeps reports whether the program may sleep, and so holds no read lock of RCU's.
func (m *Machine) sleeps() bool { return m.Program != nil && m.Program.Sleepable }
