package kernelcmp

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// What goes over a Link is gob. The executor's first frame is a hello, a stream of its
// own. Then come a stream of jobs to the executor, a batch a frame, and a stream of
// answers from it, each in a frame, in the order of jobs.

// hello is the executor's first word.
type hello struct {
	Problem string // why bpf(2) cannot be used; empty if it can
	Release string
	Order   spec.ByteOrder
	Caps    uint64 // that the executor has
}

// job is a case on its way to the executor. Programs go as bytes: gob is slow on
// many small structs.
type job struct {
	Programs []program
	Maps     []maps.Spec
	Inputs   []vm.Input
	LoadOnly bool   // verdict and log of the unchanged program, no run
	Without  uint64 // capabilities that programs are loaded without, of a job with LoadOnly
	Probe    bool   // no case: which features are there
	Raw      *Load
}

type program struct {
	Type    hook.Type
	Code    []byte // in the kernel's order
	License string // empty: GPL
}

// answer is what became of a job. Kind is Exit if it was loaded.
type answer struct {
	Kind   vm.Kind
	Reason string
	Log    string // of a job with LoadOnly
	Runs   []run

	Programs []ProgramInfo // of a job with LoadOnly that was loaded
	Features []Feature     // of a job with Probe
	Loaded   Loaded        // of a job with Raw
}

// run is what became of an input.
type run struct {
	Kind                    vm.Kind
	Reason                  string
	R0                      uint64
	Memory, Packet, Context []byte
	Maps                    []contents
	Events                  []vm.Event
}

// contents are a map's elements, one after the other. Arrays have no keys.
type contents struct{ Keys, Values []byte }

// hostOrder is the byte order of this machine, hence of an executor's kernel.
var hostOrder = func() spec.ByteOrder {
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		return spec.Big
	}
	return spec.Little
}()

func newJob(c *vm.Case, order spec.ByteOrder, loadOnly bool, without uint64) *job {
	j := &job{Inputs: c.Inputs, LoadOnly: loadOnly, Without: without}
	for _, p := range c.Programs {
		j.Programs = append(j.Programs, program{p.Type, spec.Encode(p.Insns, order), p.License})
	}
	for _, s := range c.Maps {
		j.Maps = append(j.Maps, *s)
	}
	return j
}

// decode is the inverse of newJob's encoding of a program.
func (p *program) decode() *vm.Program {
	insns, err := spec.Split(p.Code, hostOrder)
	if err != nil {
		panic(err) // newJob wrote whole slots
	}
	return &vm.Program{Type: p.Type, Order: hostOrder, Insns: insns, License: p.License}
}

// outcomes turns an answer of a kernel into one outcome an input.
func (a *answer) outcomes(c *vm.Case, order spec.ByteOrder) []vm.Outcome {
	if a.Kind != vm.Exit {
		return c.Every(vm.Result{Kind: a.Kind, Reason: a.Reason})
	}
	out := make([]vm.Outcome, len(a.Runs))
	for i, r := range a.Runs {
		o := &out[i]
		o.Kind, o.Reason, o.R0, o.Events = r.Kind, r.Reason, r.R0, r.Events
		o.Memory.Data, o.Packet.Data, o.Context.Data = r.Memory, r.Packet, r.Context
		if hook.Lookup(c.Programs[0].Type).Context == hook.SkBuff && r.Context != nil {
			o.Context.Undef = skbHidden
		}
		for m, x := range r.Maps {
			o.Maps = append(o.Maps, x.entries(c.Maps[m], order))
		}
	}
	return out
}

// entries lists a map's elements in order of keys, as maps.Map does; those of a
// queue or stack in order of popping.
func (x *contents) entries(s *maps.Spec, order spec.ByteOrder) []maps.Entry {
	size := int(shownValue(s))
	n := len(x.Values) / max(1, size)
	if n == 0 {
		return nil
	}
	list := make([]maps.Entry, n)
	indexed := s.Type == maps.Array || s.Type == maps.PerCPUArray
	for i := range list {
		e := &list[i]
		e.Value = x.Values[i*size:][:size]
		if indexed {
			e.Key = make([]byte, 4)
			order.Binary().PutUint32(e.Key, uint32(i))
		} else {
			e.Key = x.Keys[i*int(s.KeySize):][:s.KeySize]
		}
	}
	if !indexed && !s.Type.Keyless() {
		slices.SortFunc(list, func(a, b maps.Entry) int { return bytes.Compare(a.Key, b.Key) })
	}
	return list
}
