package kernelcmp

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"os"
	"os/signal"

	"github.com/cilium/ebpf/btf"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/pid1"
	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/sysbpf"
)

// executorEnv makes a process an executor; leaner is its value once the process has
// given up what it does not need.
const (
	executorEnv = "LOCKSTEP_KERNEL_EXECUTOR"
	leaner      = "lean"
)

// ExecutorMain turns this process into an executor if that is what it was started
// for, and does not return then. Every program that opens a Target calls it before
// anything else: main first thing, a test in TestMain.
func ExecutorMain() {
	switch {
	case pid1.Is():
		guestMain()
	case os.Getenv(executorEnv) != "":
		sysbpf.UnlimitMemlock() // kernels before 5.11 charge maps to it; perf events always
		keepOnly(keptCaps())
		signal.Ignore(os.Interrupt) // meant for the parent, whose end of the pipe is what counts
		if err := serve(NewFrames(os.Stdin, os.Stdout)); err != nil {
			fmt.Fprintln(os.Stderr, "kernel executor:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// guestMain is the executor as a guest's first process. What goes wrong is said on the
// console, whose end the host keeps.
func guestMain() {
	sysbpf.UnlimitMemlock()
	link, err := pid1.Setup(func(f *os.File) pid1.Link { return NewFrames(f, f) })
	if err == nil {
		err = serve(link)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "lockstep agent:", err)
	}
	pid1.PowerOff()
}

// serve answers jobs until the other side is gone.
func serve(l pid1.Link) error {
	h := hello{Release: sysbpf.Release(), Order: hostOrder}
	h.Caps, _ = effectiveCaps()
	e, err := newExecutor()
	if err != nil {
		h.Problem = err.Error()
	}
	var out bytes.Buffer
	if err := gob.NewEncoder(&out).Encode(h); err != nil {
		return err
	}
	if err := l.Send(out.Bytes()); err != nil || h.Problem != "" {
		return err
	}
	enc, dec := gob.NewEncoder(&out), gob.NewDecoder(&joined{recv: l.Recv})
	for {
		var j job
		if err := dec.Decode(&j); err != nil { // io.EOF: the parent is done, or gone
			return nil
		}
		out.Reset()
		if err := enc.Encode(e.do(&j)); err != nil {
			return err
		}
		if err := l.Send(out.Bytes()); err != nil {
			return err
		}
	}
}

// executor holds what outlives a job in the kernel.
type executor struct {
	result   value // r0 at the exit of a main function
	memories map[int]value
	types    *btf.Handle // one function type, for every function of every program
	typeID   uint32
	pinned   bool               // runs on CPU 0
	features map[string]Feature // those that have been asked for, by name
	log      []byte

	rawMaps   map[madeMap]int   // those that raw loads have asked for: descriptors
	attachBTF map[string]uint32 // types of the kernel's BTF, by name; 0: not there
}

// value is an array map of one element that is mapped into this process.
type value struct {
	fd    int
	bytes []byte
}

func newExecutor() (*executor, error) {
	if err := permitted(); err != nil {
		return nil, err
	}
	e := &executor{memories: map[int]value{}, features: map[string]Feature{}, log: make([]byte, 1<<20), pinned: pin()}
	var err error
	if e.result, err = newValue(8); err != nil {
		return nil, fmt.Errorf("the map for results: %s", describe(err))
	}
	if e.types, e.typeID, err = functionType(); err != nil {
		return nil, fmt.Errorf("BTF for functions: %w", err)
	}
	return e, nil
}

func newValue(size int) (value, error) {
	const array = 2
	fd, err := sysbpf.CreateMap(&sysbpf.Map{Type: array, KeySize: 4, ValueSize: uint32(size), MaxEntries: 1, Flags: sysbpf.MapMmapable})
	if err != nil {
		return value{}, err
	}
	b, err := sysbpf.MapMemory(fd, size, true)
	if err != nil {
		sysbpf.Close(fd)
		return value{}, err
	}
	return value{fd, b}, nil
}

// memory gives the map that is the memory of a program of type mem. Its size is
// exact, because the verifier goes by it.
func (e *executor) memory(size int) (value, error) {
	if size == 0 {
		return value{fd: -1}, nil
	}
	if m, ok := e.memories[size]; ok {
		return m, nil
	}
	const keep = 64 // sizes; more are not worth their memory
	if len(e.memories) == keep {
		for s, m := range e.memories {
			_ = sysbpf.UnmapMemory(m.bytes)
			sysbpf.Close(m.fd)
			delete(e.memories, s)
		}
	}
	m, err := newValue(size)
	if err == nil {
		e.memories[size] = m
	}
	return m, err
}

// functionType loads BTF with one static function that returns int. The verifier
// wants every function of a program with callbacks to have a type, and wants static
// linkage of a callback; it does not want the types to differ.
func functionType() (*btf.Handle, uint32, error) {
	b, err := btf.NewBuilder(nil, nil)
	if err != nil {
		return nil, 0, err
	}
	id, err := b.Add(&btf.Func{
		Name:    "f",
		Linkage: btf.StaticFunc,
		Type:    &btf.FuncProto{Return: &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}},
	})
	if err != nil {
		return nil, 0, err
	}
	h, err := btf.NewHandle(b)
	return h, uint32(id), err
}
