package kernelcmp

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/sysbpf"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// loaded is a case in the kernel.
type loaded struct {
	typ      hook.Type
	programs []int // descriptors
	maps     []kmap
	outputs  []*output
	sockets  sockets
	router   *router // of programs with a verdict
	fullR0   bool    // every program stores its r0
	ldAbs    bool    // some program has a hidden exit: LD_ABS beyond the packet returns 0
	resizes  bool    // some program may change the packet's length
	memory   value
	log      string // of the program that was rejected
}

func (l *loaded) close() {
	for _, fd := range l.programs {
		sysbpf.Close(fd)
	}
	for i := range l.maps {
		l.maps[i].close()
	}
	for _, o := range l.outputs {
		o.close()
	}
	if l.router != nil {
		l.router.close()
	}
	l.sockets.close()
}

// load brings a job into the kernel. The error is a *vm.Rejected or a
// *vm.Unsupported; what has been made is closed by the caller in any case.
func (e *executor) load(j *job, l *loaded) (err error) {
	l.typ = j.Programs[0].Type
	l.fullR0 = true
	if err := cgroupUnseen(j); err != nil && !j.LoadOnly {
		return err
	}
	size, err := memorySize(j)
	if err != nil {
		return err
	}
	if l.memory, err = e.memory(size); err != nil {
		return &vm.Unsupported{What: fmt.Sprintf("a map for %d bytes of memory: %s", size, describe(err))}
	}
	for i := range j.Maps {
		m, err := e.createMap(&j.Maps[i], template(&j.Maps[i], j.Maps), j.LoadOnly)
		if err != nil {
			return err
		}
		l.maps = append(l.maps, m)
		if j.Maps[i].Frozen {
			if err := e.freeze(l, i, &j.Maps[i]); err != nil {
				return err
			}
		}
	}
	for n := range j.Programs {
		fd, err := e.loadProgram(j, n, l)
		if err != nil {
			return err
		}
		l.programs = append(l.programs, fd)
	}
	for i := range j.Maps {
		if j.Maps[i].Frozen {
			continue
		}
		if err := e.fillMap(l, i, &j.Maps[i]); err != nil {
			return err
		}
	}
	if !j.LoadOnly && hook.Lookup(l.typ).Verdict {
		l.router, err = newRouter(l)
	}
	return err
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
	if hook.Lookup(p.Type) == nil && !j.LoadOnly {
		return -1, &vm.Unsupported{What: p.Type.String()}
	}
	made := e.plan(j, p, l)
	l.fullR0 = l.fullR0 && made.fullR0
	typ := kernelType(p.Type)
	attr := &sysbpf.Prog{Type: typ.Prog(), Attach: typ.Attach(), Code: spec.Encode(made.insns, hostOrder), BTF: e.types.FD(), License: p.License}
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
			attr.FDs = l.mapFDs()
		case i.Class() == spec.ClassLD && i.Op != spec.LDDW && i.Op != 0:
			l.ldAbs = true
		case i.Op == spec.CALL && i.Src == spec.CallHelper && slices.Contains(resizing, i.Imm):
			l.resizes = true
		}
	}
	return e.verify(attr, j.Without, n, l)
}

// plan makes a program fit for the kernel.
func (e *executor) plan(j *job, p *vm.Program, l *loaded) plan {
	var prologue, epilogue []spec.Insn
	if p.Type == hook.Unspec {
		prologue = memoryPrologue(l.memory.fd, len(l.memoryBytes(j)))
	}
	funcs, whole := canStoreR0(p)
	if whole && !j.LoadOnly {
		epilogue = storeR0(e.result.fd)
	}
	return instrument(bindMaps(p.Insns, l.mapFDs()), funcs, prologue, epilogue)
}

// verify has the kernel load program n of the case.
func (e *executor) verify(attr *sysbpf.Prog, without uint64, n int, l *loaded) (fd int, err error) {
	attr.LogLevel, attr.Log = logErrors, e.log
	if fd, err = loadWithout(attr, without); err == nil {
		return fd, nil
	}
	messages := e.loggedText()
	l.log = messages
	if without != 0 && errors.Is(err, syscall.EPERM) && lastLine(messages) == "" {
		return -1, denial(without)
	}
	if processed(messages) < patience {
		attr.LogLevel = logStates
		if fd, again := loadWithout(attr, without); again == nil { // the first refusal was a passing one
			return fd, nil
		}
		l.log = e.loggedText()
	}
	return -1, rejection(n, err, messages, l.log)
}

// Levels of the verifier's log: messages and statistics only (BPF_LOG_STATS), which
// costs next to nothing, or every instruction with the registers that it touched.
const (
	logErrors = 4
	logStates = 1
)

// patience is how many instructions a refused program may have cost the verifier to
// be loaded once more, for a log that shows what it saw. A million take seconds.
const patience = 20_000

// loggedText is the log of the load before. Kernels since 6.4 keep the end of a log
// that is too long, older ones the beginning.
func (e *executor) loggedText() string {
	b, _, _ := bytes.Cut(e.log, []byte{0})
	text := string(b)
	e.log[0] = 0 // a load that fails early writes nothing
	return text
}

// memoryBytes is the memory of a program of type mem; mapped memory is whole pages.
func (l *loaded) memoryBytes(j *job) []byte {
	if len(j.Inputs) == 0 {
		return nil
	}
	return l.memory.bytes[:min(len(l.memory.bytes), len(j.Inputs[0].Memory))]
}

// mapFDs are the descriptors of the maps, and one that is none, so that there is
// something to point to.
func (l *loaded) mapFDs() []int32 {
	var list []int32
	for _, m := range l.maps {
		list = append(list, int32(m.fd))
	}
	return append(list, -1)
}
