package bpftest

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	vmmaps "github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// apply carries out the options on an object that is not loaded yet.
func (given *options) apply(o *Object) error {
	for name, n := range given.sizes {
		m := o.object.Map(name)
		if m == nil {
			return fmt.Errorf("MaxEntries: the object has no map %q", name)
		}
		m.MaxEntries = n
	}
	for name, value := range given.variables {
		if err := o.preset(name, value); err != nil {
			return fmt.Errorf("Set: %w", err)
		}
	}
	o.world.Mocks = map[int32]*vm.Helper{}
	for name, does := range given.mocks {
		h, err := mocked(name, does)
		if err != nil {
			return err
		}
		o.world.Mocks[h.ID] = h
	}
	return nil
}

// preset writes a variable into the contents that its map starts with.
func (o *Object) preset(name string, value any) error {
	v, ok := o.object.Variables[name]
	if !ok {
		return fmt.Errorf("the object has no variable %q: it has %q", name, slices.Sorted(maps.Keys(o.object.Variables)))
	}
	b, err := encode(o.object.Order.Binary(), value)
	if err != nil {
		return fmt.Errorf("variable %s: %w", name, err)
	}
	if len(b) != int(v.Size) {
		return fmt.Errorf("variable %s has %d bytes, the value %d", name, v.Size, len(b))
	}
	m := o.object.Map(v.Map)
	if m == nil {
		return fmt.Errorf("variable %s: there is no map %s", name, v.Map)
	}
	if len(m.Entries) == 0 { // .bss
		m.Entries = []vmmaps.Entry{{Key: make([]byte, 4), Value: make([]byte, m.ValueSize)}}
	}
	e := &m.Entries[0]
	e.Value = slices.Clone(e.Value) // the object's reader may share it
	copy(e.Value[v.Off:], b)
	return nil
}

// placeholder is a program of the same name that faults: a test whose program makes a tail
// call to what cannot run here must not pass for want of it.
func placeholder(p *vm.Program) *vm.Program {
	q := *p
	const load8 = spec.ClassLDX | 0x10 | 0x60 // r0 = *(u8 *)(r0 + 0)
	q.Insns = []spec.Insn{{Op: spec.MOV}, {Op: load8}, {Op: spec.EXIT}}
	return &q
}

func join(errs map[string]error) error {
	var all []error
	for _, name := range slices.Sorted(maps.Keys(errs)) {
		all = append(all, fmt.Errorf("%s: %w", name, errs[name]))
	}
	return errors.Join(all...)
}

// Call is a call of a mocked helper.
type Call struct {
	Args [5]uint64 // r1 to r5
	m    *vm.Machine
}

// Read gives n bytes of the program's memory, or nil if it may not read them.
func (c *Call) Read(addr uint64, n uint32) []byte {
	if !c.m.Mem.Can(addr, n, mem.Read) {
		return nil
	}
	return slices.Clone(c.m.Mem.Bytes(uint32(addr), n))
}

// Write writes to the program's memory, and reports whether the program may.
func (c *Call) Write(addr uint64, b []byte) bool {
	if !c.m.Mem.Can(addr, uint32(len(b)), mem.Write) {
		return false
	}
	c.m.Write(uint32(addr), b)
	return true
}

// mocked makes a helper of a function. Helpers that are not simulated are known by name too.
func mocked(name string, does func(*Call) uint64) (*vm.Helper, error) {
	h := vm.Helper{Args: 5}
	if known := vm.HelperByName(name); known != nil {
		h = *known
	} else if h.ID = helperID(name); h.ID == 0 {
		return nil, fmt.Errorf("Mock: there is no helper %q", name)
	}
	if h.Flow != vm.Returns {
		return nil, fmt.Errorf("Mock: %s changes what the program runs, and cannot be replaced", name)
	}
	h.Call = func(m *vm.Machine, a *[5]uint64) (uint64, vm.Fault) {
		return does(&Call{*a, m}), vm.Fault{}
	}
	return &h, nil
}
