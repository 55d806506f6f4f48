package vm

import (
	"errors"
	"fmt"
	"sync"

	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// World is what programs share: guest memory, maps, each other.
//
// Building a World twice in the same order gives the same guest addresses.
type World struct {
	Mem      *mem.Memory
	Maps     []maps.Map
	Programs []*Loaded
	// ArenaUser is the upper half of the user-space address of the arena. There are
	// no arena maps yet, so no loaded program looks at it.
	ArenaUser uint64
	// Mocks take the place of helpers, by number, for refvm and fastvm; the JIT refuses
	// a World that has some. Set them before programs are loaded.
	Mocks map[int32]*Helper
	// CPUs is how many values a per-CPU map has under each key: DefaultCPUs, or the
	// number of Machines if that is larger. It counts when a map is made.
	CPUs uint32

	spin      sync.Mutex // bpf_spin_lock
	nextValue uint32     // where the next map's values go
	nextCode  uint32
	machines  []*Machine
	trusted   bool      // a program ran unchecked: it may have written anywhere
	spare     []*Loaded // closed ones, for their buffers
}

// DefaultCPUs is the number of CPUs of a World: enough to tell one CPU's values
// from another's.
const DefaultCPUs = 2

// NewWorld makes an empty World in memory of its own, in the window form where
// the host has it.
func NewWorld() (*World, error) {
	m, err := mem.New()
	if err != nil {
		return nil, err
	}
	return NewWorldIn(m), nil
}

// NewWorldIn makes an empty World in m, which it owns from now on.
func NewWorldIn(m *mem.Memory) *World {
	return &World{Mem: m, CPUs: DefaultCPUs, nextValue: mem.ValueBase, nextCode: mem.CodeBase}
}

// Close frees programs and memory.
func (w *World) Close() error {
	return errors.Join(w.closePrograms(), w.Mem.Close())
}

// Reset empties the World, machines excepted: programs, maps and their memory are
// gone without residue.
func (w *World) Reset() error {
	err := w.closePrograms()
	clear(w.Maps)
	w.Maps = w.Maps[:0]
	w.nextValue, w.nextCode = mem.ValueBase, mem.CodeBase
	if w.trusted {
		return errors.Join(err, w.scrub())
	}
	w.Mem.Release(mem.ValueBase, mem.ValueEnd)
	for _, m := range w.machines {
		m.clear()
	}
	return err
}

// scrub drops all of guest memory, and lays out the machines in it again.
func (w *World) scrub() error {
	w.trusted = false
	err := w.Mem.Scrub()
	for _, m := range w.machines {
		m.clear()
		m.reserve()
	}
	return err
}

func (w *World) closePrograms() error {
	var errs []error
	for _, l := range w.Programs {
		if l.Instance != nil {
			if err := l.Instance.Close(); err != nil {
				errs = append(errs, err)
			}
		}
	}
	w.spare = append(w.spare, w.Programs...)
	w.Programs = w.Programs[:0]
	return errors.Join(errs...)
}

// Machines are the World's CPUs, by number.
func (w *World) Machines() []*Machine { return w.machines }

// AddMap creates a map and gives its number.
func (w *World) AddMap(s *maps.Spec) (fd int, err error) {
	if len(w.Maps) == (mem.ValueBase-mem.MapBase)/mem.MapStride {
		return 0, fmt.Errorf("map %s: too many maps in one World: %w", s.Name, maps.E2BIG)
	}
	made, err := maps.New(s, maps.Place{Mem: w.Mem, Base: w.nextValue, CPUs: w.CPUs, Maps: &w.Maps})
	if err != nil {
		return 0, err
	}
	w.nextValue = (w.nextValue + uint32(s.Room(w.CPUs)) + 0xff) &^ 0xff
	w.Maps = append(w.Maps, made)
	return len(w.Maps) - 1, nil
}

// MapAddress is the guest address of map fd itself, what an LDDW of a map yields.
func MapAddress(fd int) uint64 { return uint64(maps.Address(uint32(fd))) }

// MapAt is the map whose guest address is addr, or nil.
func (w *World) MapAt(addr uint64) maps.Map {
	off := addr - mem.MapBase
	if off%mem.MapStride != 0 || off/mem.MapStride >= uint64(len(w.Maps)) {
		return nil
	}
	return w.Maps[off/mem.MapStride]
}

// Helper finds what programs of this World call by a number, or nil.
func (w *World) Helper(id int32) *Helper {
	if len(w.Mocks) > 0 {
		if h := w.Mocks[id]; h != nil {
			return h
		}
	}
	return HelperByID(id)
}

// mapNumber is the number of the map at a guest address.
func (w *World) mapNumber(addr uint64) int { return int(addr-mem.MapBase) / mem.MapStride }

// Load checks a program, resolves it against the World and hands it to the engine.
// The error is a *Rejected or an *Unsupported.
func (w *World) Load(e Engine, p *Program) (*Loaded, error) {
	l := w.newLoaded(p)
	var err error
	if l.Funcs, err = check(p, l.Funcs[:0]); err != nil {
		return nil, err
	}
	if size := uint32(len(p.Insns)) * codeStride; size > mem.StackBase-w.nextCode {
		return nil, &Unsupported{"so much code in one World"}
	}
	if err := l.resolve(); err != nil {
		return nil, err
	}
	if err := e.Supports(p); err != nil {
		return nil, err
	}
	if l.Instance, err = e.Load(l); err != nil {
		return nil, err
	}
	w.nextCode += uint32(len(p.Insns)) * codeStride
	w.Programs = append(w.Programs, l)
	return l, nil
}

// newLoaded takes a closed program's buffers if there are any.
func (w *World) newLoaded(p *Program) *Loaded {
	var l *Loaded
	if n := len(w.spare); n > 0 {
		l, w.spare = w.spare[n-1], w.spare[:n-1]
	} else {
		l = new(Loaded)
	}
	*l = Loaded{Program: p, World: w, ID: len(w.Programs), Funcs: l.Funcs, Aux: l.Aux, codeBase: w.nextCode}
	return l
}
