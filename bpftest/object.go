package bpftest

import (
	"errors"
	"testing"

	"github.com/lockstep-ebpf/lockstep/host/object"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Object is a loaded object: its programs and maps in a World of their own.
type Object struct {
	t       testing.TB
	object  *object.Object
	world   *vm.World
	machine *vm.Machine
	loaded  map[string]*vm.Loaded
	unready map[string]error // why a program was not loaded
	maps    map[string]int   // by name
	trail   trail
}

// Option is a part of how an object is loaded.
type Option func(*options)

type options struct {
	mocks     map[string]func(*Call) uint64
	variables map[string]any
	sizes     map[string]uint32
}

// Mock replaces a helper, by its name with or without bpf_.
func Mock(helper string, does func(*Call) uint64) Option {
	return func(o *options) { o.mocks[helper] = does }
}

// Set gives a global variable its value before the programs are loaded, as loaders do with
// constants of .rodata. The value is encoded like a map's.
func Set(variable string, value any) Option {
	return func(o *options) { o.variables[variable] = value }
}

// MaxEntries sets the size of a map whose object leaves it to its loader.
func MaxEntries(name string, n uint32) Option {
	return func(o *options) { o.sizes[name] = n }
}

// Load reads an object and loads every program of it that can be simulated. What cannot
// fails the test when it is asked for.
func Load(t testing.TB, path string, opts ...Option) *Object {
	t.Helper()
	file, err := object.Open(path)
	if err != nil {
		t.Fatalf("bpftest: %v", err)
	}
	return LoadObject(t, file, opts...)
}

// LoadObject is Load for an object that has been read. Options change it.
func LoadObject(t testing.TB, file *object.Object, opts ...Option) *Object {
	t.Helper()
	given := options{map[string]func(*Call) uint64{}, map[string]any{}, map[string]uint32{}}
	for _, opt := range opts {
		opt(&given)
	}
	memory, err := mem.New()
	if err != nil { // no room for the window
		memory = mem.NewList()
	}
	o := &Object{t: t, object: file, world: vm.NewWorldIn(memory), loaded: map[string]*vm.Loaded{}, unready: map[string]error{}, maps: map[string]int{}}
	t.Cleanup(func() { o.world.Close() })
	o.machine = o.world.NewMachine()
	o.world.Mem.Order = file.Order
	if err := given.apply(o); err != nil {
		t.Fatalf("bpftest: %v", err)
	}
	if err := o.load(); err != nil {
		t.Fatalf("bpftest: %v", err)
	}
	return o
}

// load loads all programs that can be, together.
func (o *Object) load() error {
	var ready []*object.Program
	for _, p := range o.object.Programs {
		if _, err := o.object.Together(p); err != nil {
			o.unready[p.Name] = err
			continue
		}
		ready = append(ready, p)
	}
	if len(ready) == 0 {
		return errors.Join(errors.New("no program of the object can be simulated"), join(o.unready))
	}
	c, err := o.object.Together(ready...)
	if err != nil {
		return err
	}
	for _, s := range c.Maps {
		fd, err := o.world.AddMap(s)
		if err != nil {
			return err
		}
		o.maps[s.Name] = fd
	}
	engine := &refvm.Engine{Hook: o.trail.see}
	for _, p := range c.Programs {
		l, err := o.world.Load(engine, p)
		if err != nil {
			o.unready[p.Name] = err
			// Its place must not be taken: prog_arrays name programs by number.
			if l, err = o.world.Load(engine, placeholder(p)); err != nil {
				return err
			}
			continue
		}
		o.loaded[p.Name] = l
	}
	return nil
}

// Env is what the programs find out about the system around them. Changes count from the
// next run on.
func (o *Object) Env() *vm.Env { return &o.machine.Env }

// Run runs a program on an input. The name may be empty if there is but one program.
func (o *Object) Run(program string, parts ...Input) *Result {
	o.t.Helper()
	p, err := o.object.Program(program)
	if err != nil {
		o.t.Fatalf("bpftest: %v", err)
	}
	l := o.loaded[p.Name]
	if l == nil {
		o.t.Fatalf("bpftest: program %s cannot run here: %v", p.Name, o.unready[p.Name])
	}
	in, err := o.input(l, parts)
	if err != nil {
		o.t.Fatalf("bpftest: program %s: %v", p.Name, err)
	}
	r := &Result{o: o, t: o.t, program: p.Name}
	o.trail.start()
	if err := o.machine.Setup(l.Type, &in); err != nil {
		o.t.Fatalf("bpftest: program %s: %v", p.Name, err)
	}
	o.machine.Observe(l.Instance.Run(o.machine), &r.Outcome)
	if r.Kind != vm.Exit {
		o.t.Fatalf("bpftest: program %s: %s%s", p.Name, r.ended(), r.story())
	}
	return r
}
