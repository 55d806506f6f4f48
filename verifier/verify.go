package verifier

import (
	"cmp"
	"fmt"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/btf"
	"github.com/lockstep-ebpf/lockstep/verifier/cfg"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/verifier/transfer"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// Verdict is what became of a case.
type Verdict uint8

// Verdicts.
const (
	Accepted Verdict = iota
	Unsafe
	Unsupported
	TooComplex
	BadObject
	Denied
)

var verdictNames = [...]string{"accepted", "unsafe", "unsupported", "too_complex", "bad_object", "denied"}

func (v Verdict) String() string { return verdictNames[v] }

// Failure is the first obligation that was not met.
type Failure = transfer.Failure

// Result is what is to be said of a case.
type Result struct {
	Verdict   Verdict
	Failure   *Failure // nil if accepted
	Processed int      // instructions looked at, on every path of every program
	States    int      // states put aside
	Context   int      // bytes of context that the programs rely on: a syscall program may not be run on less

	// Aux says of each program's slots how accesses there are meant: loads through pointers into
	// the kernel's objects read 0 where there is nothing ([vm.AuxProbe]). Nil of a program that
	// has none.
	Aux [][]vm.AuxFlags

	// KernelUnsound is why the case may do harm although the release that was named accepts it: what the
	// default rules say, with the release's mistake as its Rule ([release.Unsafe]) if it is known by
	// name. Nil: the default rules accept it too.
	KernelUnsound *Failure
}

// Options say for whom and how. The zero value is a caller that may do anything, and the
// best judgement there is, with the helpers, contexts and limits of Linux 6.18.
type Options struct {
	// Release, if set, is judged as: a program is accepted if that release accepts it, be
	// its mistakes as they may, and what it cannot see is not seen. [release.Switches] are
	// the differences.
	Release     *release.Release
	Lacks       release.Caps   // capabilities that the caller does not have; release.Root: an unprivileged one
	Attach      uint32         // enum bpf_attach_type: what the programs are loaded for
	StrictAlign bool           // packets and map values too, as machines want that trap (BPF_F_STRICT_ALIGNMENT)
	Kernel      btf.Kernel     // types of the kernel; nil: not known, and programs that need them are Unsupported
	Programs    []*btf.Program // of each program of the case, what its object says of it; may be short
	MaxInsns    int            // instructions to look at in a program; 0: as many as the release does

	// Exact compares states in full. It takes longer, and then each value of a run lies in
	// a state that Observe was shown at its instruction.
	Exact bool
	// Observe, if set, sees the state in front of every instruction. It may not keep it.
	Observe func(prog int, s *state.State)
	// Covered, if set, sees the state of a path that ends because an older one covers it.
	Covered func(prog int, s *state.State)
	// Trace, if set, is told more: see there.
	Trace *Trace
}

// DefaultRelease is whose rules hold where nothing is said.
const DefaultRelease = "linux-6.18"

var defaultRelease = func() *release.Release {
	r, err := release.ByName(DefaultRelease)
	if err != nil {
		panic(err)
	}
	return r
}()

// Verify judges all programs of a case, in order, up to the first that is not accepted. It
// takes any case and never panics.
func Verify(c *vm.Case, o Options) Result {
	mirror := o.Release != nil
	if !mirror {
		o.Release = defaultRelease
	}
	if f := denied(c, &o); f != nil {
		return Result{Verdict: Denied, Failure: f}
	}
	res := judge(c, o, mirror)
	if mirror && res.Verdict == Accepted {
		o.Observe, o.Covered, o.Trace = nil, nil, nil
		if strict := judge(c, o, false); strict.Verdict == Unsafe {
			res.KernelUnsound = strict.Failure
			if s := mistake(c, o); s != "" {
				res.KernelUnsound.Rule = string(s)
			}
		}
	}
	return res
}

// mistake is the switch without which the release would refuse the case.
func mistake(c *vm.Case, o Options) release.Switch {
	r := o.Release
	for _, s := range release.Unsafe {
		if o.Release = r.With(s, false); r.Has(s) && judge(c, o, true).Verdict == Unsafe {
			return s
		}
	}
	return ""
}

// judge follows the programs, by the rules of the release or by the best that there are.
func judge(c *vm.Case, o Options, mirror bool) Result {
	if o.MaxInsns == 0 {
		o.MaxInsns = int(o.Release.Limits().Processed)
	}
	if o.Trace == nil {
		o.Trace = &Trace{}
	}
	var res Result
	for n, p := range c.Programs {
		e, f := prepare(c, n, p, &o, mirror)
		if f == nil {
			o.Trace.begin(n, e.m)
			f = e.run()
			res.Processed += e.processed
			res.States += e.states
			res.Context = max(res.Context, e.m.ContextUsed)
			res.Aux = append(res.Aux, e.m.Aux)
		}
		if f != nil {
			f.Prog = n
			res.Failure, res.Verdict = f, Unsafe+Verdict(f.Class)
			return res
		}
	}
	return res
}

// prepare makes a program ready to be followed.
func prepare(c *vm.Case, n int, p *vm.Program, o *Options, mirror bool) (*explorer, *Failure) {
	switch {
	case !transfer.Supported(p.Type):
		return nil, structural(transfer.Unsupported, -1, "program-type", "programs of type "+release.ProgType(p.Type.Prog()).String())
	case len(p.Insns) == 0:
		return nil, structural(transfer.BadObject, -1, "empty", "the program is empty")
	case len(p.Insns) > vm.MaxInsns:
		return nil, structural(transfer.BadObject, -1, "too-long", fmt.Sprintf("the program has %d slots, more than %d", len(p.Insns), vm.MaxInsns))
	}
	if f := privileged(p, o); f != nil {
		return nil, f
	}
	var about *btf.Program
	attach := cmp.Or(p.Type.Attach(), o.Attach)
	if n < len(o.Programs) && o.Programs[n] != nil {
		about = o.Programs[n]
		attach = cmp.Or(attach, about.Type)
	}
	g, err := cfg.Build(p.Insns, cfg.Options{
		Args:  func(id int32) int { return arguments(o.Release, id, p.Type, attach) },
		Loops: transfer.CallsBack,
		Later: transfer.CallsLater,

		KernelArgs: func(id int32) int { return transfer.KernelArgs(o.Kernel, id) },
		Iterates:   func(id int32) bool { return transfer.Iterates(o.Kernel, id) },
	})
	if err != nil {
		return nil, structural(transfer.Unsafe, err.Insn, err.Rule, err.Text)
	}
	if f := transfer.Missing(o.Release, p.Insns); f != nil {
		return nil, f
	}
	if f := backEdge(p, o); f != nil {
		return nil, f
	}
	if f := maySleep(o.Release, p, attach, about); f != nil {
		return nil, f
	}
	if f := sleepableMaps(o.Release, c, p); f != nil {
		return nil, f
	}
	m := &transfer.Machine{
		Rules: transfer.Rules{Release: o.Release, StrictAlign: o.StrictAlign, Lacks: o.Lacks, License: p.GPLCompatible(), Mirror: mirror},
		Type:  p.Type, Attach: attach, Order: p.Order, Insns: p.Insns, Graph: g, Maps: c.Maps,
		StackUsed: make([]int, len(g.Funcs)),
	}
	m.Memory, m.MemoryMax = memory(c)
	m.Kernel, m.Program = o.Kernel, about
	if f := m.FindTarget(); f != nil {
		return nil, f
	}
	if f := m.Resolve(); f != nil {
		return nil, f
	}
	return &explorer{m: m, g: g, prog: n, options: o, seen: make([][]*state.Checkpoint, len(p.Insns))}, nil
}

func structural(class transfer.Class, insn int, rule, text string) *Failure {
	return &Failure{Class: class, Insn: insn, Register: -1, Rule: rule, Text: text}
}

// memory is how much a program of type mem can rely on, and how much there may be.
func memory(c *vm.Case) (least, most uint32) {
	for i := range c.Inputs {
		n := uint32(len(c.Inputs[i].Memory))
		if i == 0 || n < least {
			least = n
		}
		most = max(most, n)
	}
	return least, most
}

// arguments is how many registers a helper looks at.
func arguments(r *release.Release, id int32, t hook.Type, attach uint32) int {
	h, ok := r.HelperFor(id, release.ProgType(t.Prog()), attach)
	if !ok {
		return 5
	}
	n := 0
	for i, a := range h.Args {
		if a.Kind != release.None {
			n = i + 1
		}
	}
	return n
}

// maySleep is Linux's can_be_sleepable, as far as objects can ask for it: behind tracepoints
// of the kernel's types a program may sleep since 7.0.
func maySleep(r *release.Release, p *vm.Program, attach uint32, about *btf.Program) *Failure {
	const rawTracepoint = 23 // BPF_TRACE_RAW_TP
	if about == nil || !about.Sleepable || release.ProgType(p.Type.Prog()) != release.Tracing || attach != rawTracepoint || r.AtLeast(7, 0) {
		return nil
	}
	return structural(transfer.Unsafe, -1, "sleepable", "Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops programs can be sleepable")
}

// sleepableMaps is Linux's check_map_prog_compatibility for programs that may sleep, which
// syscall programs do.
func sleepableMaps(r *release.Release, c *vm.Case, p *vm.Program) *Failure {
	if p.Type != hook.Syscall {
		return nil
	}
	for pc, i := range p.Insns {
		if i.Op != spec.LDDW || !transfer.NamesMap(i) || i.Imm < 0 || int(i.Imm) >= len(c.Maps) {
			continue
		}
		if !r.SleepableMap(uint32(c.Maps[i.Imm].Type)) {
			return structural(transfer.Unsafe, pc, "sleepable-map", "Sleepable programs can only use array, hash, ringbuf and local storage maps")
		}
	}
	return nil
}
