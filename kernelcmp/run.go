package kernelcmp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/sysbpf"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// poison is what stands in the place of r0 before a run, to see that the program
// wrote it.
const poison = 0xdead_1055_7e9b_adf0

// do carries out a job.
func (e *executor) do(j *job) *answer {
	a := &answer{}
	if j.Probe {
		a.Features = e.allFeatures()
		return a
	}
	if j.Raw != nil {
		a.Loaded = e.raw(j.Raw, &j.Programs[0])
		return a
	}
	frames, err := layouts(j)
	if err != nil {
		r := vm.FromError(err)
		a.Kind, a.Reason = r.Kind, r.Reason
		return a
	}
	var l loaded
	defer l.close()
	if err := e.load(j, &l); err != nil {
		r := vm.FromError(e.explain(j, err))
		a.Kind, a.Reason = r.Kind, r.Reason
		if j.LoadOnly {
			a.Log = l.log
		}
		return a
	}
	if j.LoadOnly {
		a.Programs = l.inspect()
		return a
	}
	for i, f := range frames {
		r, err := e.run(j, &l, f, &j.Inputs[i])
		if err != nil { // the inputs after it would meet other contents of maps
			return &answer{Kind: vm.LoadUnsupported, Reason: fmt.Sprintf("input %d: %v", i, err)}
		}
		a.Runs = append(a.Runs, r)
	}
	return a
}

// explain turns the refusal of what this kernel cannot know into unsupported.
func (e *executor) explain(j *job, err error) error {
	var refused *vm.Rejected
	if !errors.As(err, &refused) {
		return err
	}
	what := e.lackingMap(j)
	if what == "" {
		what = e.lacking(j, refused.Reason)
	}
	if what == "" {
		return err
	}
	return &vm.Unsupported{What: fmt.Sprintf("Linux %s has no %s: %s", sysbpf.Release(), what, firstLine(err))}
}

// inspect asks the kernel what it made of the programs. Where it does not say, the
// program's info is empty.
func (l *loaded) inspect() (all []ProgramInfo) {
	for _, fd := range l.programs {
		info, _ := sysbpf.ProgramInfo(fd)
		all = append(all, ProgramInfo(info))
	}
	return all
}

// layouts prepares all inputs first: one that cannot be run makes the whole case
// unsupported, because those after it would meet other contents of maps.
func layouts(j *job) ([]frame, error) {
	if len(j.Programs) == 0 {
		return nil, &vm.Rejected{Insn: -1, Reason: "the case has no program"}
	}
	if j.LoadOnly {
		return nil, nil
	}
	var frames []frame
	for i := range j.Inputs {
		f, err := layout(j.Programs[0].Type, &j.Inputs[i])
		if err != nil {
			return nil, err
		}
		frames = append(frames, f)
	}
	return frames, nil
}

// run runs one input. The error says what the kernel cannot do with it.
func (e *executor) run(j *job, l *loaded, f frame, in *vm.Input) (r run, err error) {
	memory := l.memoryBytes(j)
	copy(memory, in.Memory)
	binary.NativeEndian.PutUint64(e.result.bytes, poison)
	if l.router != nil {
		err = e.route(l, f, &r)
	} else {
		err = e.testRun(l, f, in, &r)
	}
	if err != nil {
		return r, err
	}
	if l.typ == hook.Unspec {
		r.Memory = bytes.Clone(memory)
	}
	for i := range l.maps {
		x, err := l.maps[i].read(&j.Maps[i])
		var un *vm.Unsupported
		if errors.As(err, &un) {
			return run{Kind: vm.LoadUnsupported, Reason: un.What}, nil
		}
		if err != nil {
			return r, err
		}
		if ofSockets(j.Maps[i].Type) {
			l.sockets.renumber(&x)
		}
		r.Maps = append(r.Maps, x)
	}
	r.Events = append(r.Events, l.events()...)
	return r, nil
}

// testRun has the kernel run the program on an input.
func (e *executor) testRun(l *loaded, f frame, in *vm.Input, r *run) (err error) {
	attr := sysbpf.Run{Data: f.data, Ctx: f.ctx}
	switch l.typ {
	case hook.Syscall:
		attr.Ctx = bytes.Clone(f.ctx) // written by the run
	case hook.RawTracepoint: // gives nothing back but r0
	case hook.SKLookup: // and this one wants room for what we do not look at
		attr.CtxOut = make([]byte, len(f.ctx))
	case hook.FlowDissector:
		attr.DataOut = make([]byte, flowKeys)
	case hook.XDP:
		if l.resizes { // metadata comes out before the packet: the context says how much
			attr.Ctx = make([]byte, hook.Lookup(l.typ).Size)
			binary.NativeEndian.PutUint32(attr.Ctx[hook.XdpDataEnd:], uint32(len(f.data)))
			attr.CtxOut = make([]byte, len(attr.Ctx))
		}
		attr.DataOut = make([]byte, len(f.data)+l.slack())
	default:
		attr.DataOut = make([]byte, len(f.data)+l.slack())
		attr.CtxOut = make([]byte, len(f.ctx))
	}
	if err := sysbpf.RunProg(l.programs[0], &attr); err != nil {
		return runError(l.typ, in, err)
	}
	if r.R0, err = e.r0(l, attr.Retval); err != nil {
		r.Kind, r.Reason = vm.Crash, err.Error()
	}
	switch l.typ {
	case hook.Unspec, hook.RawTracepoint, hook.SKLookup:
	case hook.FlowDissector:
		r.Memory = attr.DataOut
	case hook.XDP:
		r.Packet = attr.DataOut
		if l.resizes {
			r.Packet = r.Packet[min(len(r.Packet), int(field32(attr.CtxOut, hook.XdpData))):]
		}
	case hook.Syscall:
		r.Context = attr.Ctx
	default:
		r.Packet = attr.DataOut[min(f.strip, len(attr.DataOut)):]
		r.Context = attr.CtxOut[:len(f.ctx)] // an older kernel's struct __sk_buff is shorter; the rest is zero
	}
	return nil
}

// flowKeys is the size of struct bpf_flow_keys.
const flowKeys = 56

// slack is how much longer the packet may become.
func (l *loaded) slack() int {
	if l.resizes {
		return 2 * maxSkb
	}
	return 0
}

// resizing are the helpers that change how long the packet is: of VLAN tags, the protocol,
// tail, head, room; of XDP head, metadata, tail.
var resizing = []int32{18, 19, 31, 38, 43, 50, 44, 54, 65}

// r0 is the result in 64 bits, where programs store it. Its lower half must be what
// test run returns.
func (e *executor) r0(l *loaded, retval uint32) (uint64, error) {
	if !l.fullR0 {
		return uint64(retval), nil
	}
	v := binary.NativeEndian.Uint64(e.result.bytes)
	switch {
	case uint32(v) == retval:
		return v, nil
	case v == poison && l.ldAbs && retval == 0: // returned at an LD_ABS or LD_IND
		return 0, nil
	}
	return 0, fmt.Errorf("the program stored r0 = %#x, but the kernel says that it returned %#x", v, retval)
}

// runError says why an input was not run.
func runError(t hook.Type, in *vm.Input, err error) error {
	why := "test run: " + describe(err)
	switch {
	case errors.Is(err, syscall.EINVAL) && (t == hook.Syscall || t == hook.RawTracepoint || t == hook.SKLookup):
		why += fmt.Sprintf(": the program uses more of its context than the %d bytes of this input", len(in.Context))
	case errors.Is(err, syscall.ENODEV):
		why += ": no network device has the ifindex of the context"
	case errors.Is(err, sysbpf.ENOTSUPP):
		why += ": this kernel has no test run for " + t.String()
	}
	return errors.New(why)
}
