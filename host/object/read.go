package object

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/cilium/ebpf"

	"github.com/lockstep-ebpf/lockstep/host/kernelbtf"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// Read reads an object. It needs the bytes alone and takes any: what is no BPF
// object is an error.
func Read(r io.ReaderAt) (*Object, error) { return ReadFor(r, nil) }

// ReadFor reads an object for a kernel: CO-RE relocations, kernel functions and
// variables, and options of its configuration are resolved by what the kernel says
// of itself. Without one, programs that have any are not ready.
func ReadFor(r io.ReaderAt, k *kernelbtf.Kernel) (*Object, error) {
	if err := measure(r); err != nil {
		return nil, err
	}
	coll, err := load(r)
	if err != nil {
		return nil, err
	}
	o := &Object{}
	if coll.ByteOrder == binary.BigEndian {
		o.Order = spec.Big
	}
	for _, name := range slices.Sorted(maps.Keys(coll.Maps)) {
		o.Maps = append(o.Maps, convertMap(name, coll.Maps[name], o.Order))
	}
	l := &linker{order: coll.ByteOrder, mapIndex: o.mapIndex, kernel: k}
	if k != nil {
		l.externs = externs(r)
		m, options, err := kconfig(coll, o.Order, k)
		if err != nil {
			return nil, err
		}
		if m != nil {
			o.Maps, l.options = append(o.Maps, m), options
		}
	}
	for _, name := range slices.Sorted(maps.Keys(coll.Programs)) {
		p := coll.Programs[name]
		o.License = p.License
		out := &Program{Section: p.SectionName, Types: describe(p)}
		out.Name, out.Type, out.Order = name, hook.Of(uint32(p.Type), uint32(p.AttachType)), o.Order
		if out.License = p.License; out.License == "" {
			out.License = vm.NoLicense
		}
		out.Insns, out.Unready = l.link(p.Instructions)
		out.Lines = lines(p.Instructions)
		o.Programs = append(o.Programs, out)
	}
	o.Variables = map[string]Variable{}
	for name, v := range coll.Variables {
		o.Variables[name] = Variable{v.SectionName, v.Offset, v.Size()}
	}
	return o, nil
}

// load calls cilium/ebpf's reader. That reader is made for objects that a compiler
// wrote; on hostile ones it may panic, in its own code or in debug/elf. For a
// caller of Read such an object is as malformed as any other, so a panic becomes
// an error that says where it came from.
func load(r io.ReaderAt) (coll *ebpf.CollectionSpec, err error) {
	defer func() {
		if p := recover(); p != nil {
			coll, err = nil, fmt.Errorf("malformed object: the ELF reader (cilium/ebpf) panicked: %v", p)
		}
	}()
	coll, err = ebpf.LoadCollectionSpecFromReader(r)
	if err != nil {
		return nil, fmt.Errorf("not a BPF object that can be read: %w", err)
	}
	return coll, nil
}

// mapIndex is the number of the map with a name, or -1.
func (o *Object) mapIndex(name string) int {
	return slices.IndexFunc(o.Maps, func(m *Map) bool { return m.Name == name })
}
