package kernelcmp

import (
	"bytes"
	"fmt"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/sysbpf"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// loaded is a case in the kernel.
type loaded struct {
	typ      hook.Type
	programs []int // descriptors
	maps     []int
	outputs  []*output
	fullR0   bool // every program stores its r0
	ldAbs    bool // some program has a hidden exit: LD_ABS beyond the packet returns 0
	memory   value
	log      string // of the program that was rejected
}

func (l *loaded) close() {
	for _, fd := range l.programs {
		sysbpf.Close(fd)
	}
	for _, fd := range l.maps {
		sysbpf.Close(fd)
	}
	for _, o := range l.outputs {
		o.close()
	}
}

// load brings a job into the kernel. The error is a *vm.Rejected or a
// *vm.Unsupported; what has been made is closed by the caller in any case.
func (e *executor) load(j *job, l *loaded) (err error) {
	l.typ = j.Programs[0].Type
	l.fullR0 = true
	size, err := memorySize(j)
	if err != nil {
		return err
	}
	if l.memory, err = e.memory(size); err != nil {
		return &vm.Unsupported{What: fmt.Sprintf("a map for %d bytes of memory: %s", size, describe(err))}
	}
	for i := range j.Maps {
		fd, err := e.createMap(&j.Maps[i], template(&j.Maps[i], j.Maps))
		if err != nil {
			return err
		}
		l.maps = append(l.maps, fd)
	}
	for n := range j.Programs {
		fd, err := e.loadProgram(j, n, l)
		if err != nil {
			return err
		}
		l.programs = append(l.programs, fd)
	}
	for i := range j.Maps {
		if err := e.fillMap(l, i, &j.Maps[i]); err != nil {
			return err
		}
	}
	return nil
}

// memorySize is the size of the memory of programs of type mem. It stands in the
// code, so all inputs must agree.
func memorySize(j *job) (int, error) {
	if j.Programs[0].Type != hook.Unspec || len(j.Inputs) == 0 {
		return 0, nil
	}
	if len(j.Programs) > 1 {
		return 0, &vm.Unsupported{What: "tail calls between programs of type mem"}
	}
	size := len(j.Inputs[0].Memory)
	for _, in := range j.Inputs {
		if len(in.Memory) != size {
			return 0, &vm.Unsupported{What: fmt.Sprintf("type mem with memories of %d and %d bytes in one case", size, len(in.Memory))}
		}
	}
	return size, nil
}

func (e *executor) loadProgram(j *job, n int, l *loaded) (fd int, err error) {
	p := j.Programs[n].decode()
	if hook.Lookup(p.Type) == nil {
		return -1, &vm.Unsupported{What: p.Type.String()}
	}
	var prologue []spec.Insn
	if p.Type == hook.Unspec {
		prologue = memoryPrologue(l.memory.fd, len(l.memoryBytes(j)))
	}
	funcs, whole := canStoreR0(p)
	bound := bindMaps(p.Insns, l.maps)
	made := plan{insns: append(prologue, bound...), funcs: funcs}
	if whole && !j.LoadOnly {
		made = instrument(bound, funcs, prologue, e.result.fd)
	} else if len(prologue) > 0 && len(funcs) > 1 {
		made.funcs = shifted(funcs, len(prologue))
	}
	l.fullR0 = l.fullR0 && made.fullR0
	attr := &sysbpf.Prog{Type: uint32(kernelType(p.Type)), Code: spec.Encode(made.insns, hostOrder), BTF: e.types.FD()}
	if p.Type == hook.Syscall {
		attr.Flags = sysbpf.ProgSleepable
	}
	if len(made.funcs) > 1 {
		for _, f := range made.funcs {
			attr.FuncInfo = append(attr.FuncInfo, sysbpf.FuncInfo{Slot: uint32(f), TypeID: e.typeID})
		}
	}
	for _, i := range p.Insns {
		switch {
		case i.Op == spec.LDDW && (i.Src == spec.LDDWMapIdx || i.Src == spec.LDDWMapIdxValue):
			attr.FDs = fds(l.maps)
		case i.Class() == spec.ClassLD && i.Op != spec.LDDW && i.Op != 0:
			l.ldAbs = true
		}
	}
	if fd, err = sysbpf.LoadProg(attr); err == nil {
		return fd, nil
	}
	if fd, l.log = e.explain(attr); fd >= 0 { // the first refusal was a passing one
		return fd, nil
	}
	return -1, rejection(n, err, l.log)
}

// memoryBytes is the memory of a program of type mem; mapped memory is whole pages.
func (l *loaded) memoryBytes(j *job) []byte {
	if len(j.Inputs) == 0 {
		return nil
	}
	return l.memory.bytes[:min(len(l.memory.bytes), len(j.Inputs[0].Memory))]
}

func shifted(funcs []int, by int) []int {
	out := []int{0}
	for _, f := range funcs[1:] {
		out = append(out, f+by)
	}
	return out
}

func fds(list []int) []int32 {
	out := []int32{0} // never empty: the kernel reads it
	for i, fd := range list {
		if i == 0 {
			out = out[:0]
		}
		out = append(out, int32(fd))
	}
	return out
}

// explain loads a program once more, for the log. Loading without a log first is
// three times as fast, and most programs need none. Kernels since 6.4 keep the end
// of a log that is too long, older ones the beginning.
func (e *executor) explain(attr *sysbpf.Prog) (fd int, log string) {
	attr.LogLevel, attr.Log = 1, e.log
	e.log[0] = 0
	fd, err := sysbpf.LoadProg(attr)
	if err != nil {
		fd = -1
	}
	text, _, _ := bytes.Cut(e.log, []byte{0})
	return fd, string(text)
}
