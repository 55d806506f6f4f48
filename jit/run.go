package jit

import (
	"sync"
	"unsafe"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"

	"github.com/lockstep-ebpf/lockstep/jit/abi"
	"github.com/lockstep-ebpf/lockstep/jit/plan"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// slice is how many instructions native code runs before it comes back to Go: it
// cannot be preempted, and the garbage collector waits for it. They take about 5 µs; where
// all of them divide, 0.2 ms, and a few times that on processors that are slow to divide
// or where others want the same atomic word.
const slice = 1 << 15

// run is a run in progress.
//
// Invariant: while Go runs, st holds the guest's registers, and left is the fuel
// that no block has charged; while a helper runs, st.Fuel has a part of it.
type run struct {
	st   abi.State
	cpu  uint32 // of m: the same as long as the instance has it
	m    *vm.Machine
	inst *instance // program that runs
	code *code     // its code in mode
	mode plan.Mode
	pc   int
	left uint64
	need uint64 // of a block that is longer than a slice

	home     *instance // program that began, and the same for it
	homeCode *code
	homeMode plan.Mode

	maps   []abi.Map           // of the World's maps, by number
	opened int                 // frames 0 to opened-1 were opened in this run
	calls  [mem.MaxFrames]call // of detached frames
	fault  vm.Fault
}

// call is what the driver keeps of a frame beside its abi.Frame.
type call struct {
	inst *instance // program of the caller
	loop loop
}

// loop is the state of a bpf_loop or of a walk over a map, kept in the frame of its callback.
type loop struct {
	walk     *vm.Walk // of a bpf_for_each_map_elem; nil: the rest is of a bpf_loop
	on       bool
	callback int // slot
	done, nr uint64
	ctx      uint64
}

var runs = sync.Pool{New: func() any { return new(run) }}

// Run runs the program on m.
func (in *instance) Run(m *vm.Machine) (res vm.Result) {
	r := in.first.Load()
	if r == nil || r.cpu != m.CPU {
		r = in.run(m)
	}
	mode := modeOf(m)
	if r.m != m || r.home != in || r.homeMode != mode {
		if err := r.settle(m, in, mode); err != nil {
			return vm.FromError(err)
		}
	}
	if len(m.World.Maps) != len(r.maps) {
		r.describeMaps()
	}
	if r.code != r.homeCode || r.opened > 1 && !(mutant.On(mutant.JITPanicKeepsDepth) && !r.st.First()) {
		r.reset()
	}
	r.pc, r.left, r.need = 0, m.Fuel, 0
	st := &r.st
	clear(st.Regs[:])
	st.Regs[1], st.Regs[2], st.Regs[10] = m.R1, m.R2, m.OpenFrame(0, mem.RW)
	st.Budget = m.Budget
	r.native()
	if st.Exit>>abi.ReasonShift != uint64(abi.Done) || !st.First() { // most programs just return
		var err error
		if res.Kind, err = r.drive(); err != nil {
			return vm.FromError(err)
		}
		if res.Kind == vm.Faulted {
			res.Fault = r.fault
		}
	}
	res.R0, res.Steps = st.Regs[0], m.Fuel-r.left
	//lint:ignore S1001 native code has just stored them one by one: wider loads would wait for it
	for i := range st.Regs {
		res.Regs[i] = st.Regs[i]
	}
	if res.Kind == vm.FuelSpent {
		res.Next = vm.Next{Known: true, Prog: r.inst.loaded.ID, PC: r.pc}
	}
	m.Budget = st.Budget
	return res
}

// settle prepares for runs of in on m: as a rule there are many.
func (r *run) settle(m *vm.Machine, in *instance, mode plan.Mode) error {
	data, shadow := m.Mem.Window()
	r.st.Window, r.st.Shadow = uint64(uintptr(data)), uint64(uintptr(shadow))
	r.m, r.home, r.homeMode, r.mode, r.homeCode = nil, in, mode, mode, nil
	if err := r.use(in); err != nil {
		return err
	}
	r.m, r.homeCode = m, r.code
	r.describeMaps()
	r.reset()
	return nil
}

// describeMaps tells native code which maps it can look up in by itself.
func (r *run) describeMaps() {
	r.maps = r.maps[:0]
	for _, x := range r.m.World.Maps {
		var d abi.Map
		if f, ok := x.(maps.Flat); ok {
			d.Base, d.Stride, d.Count = f.Flat()
		}
		r.maps = append(r.maps, d)
	}
	r.st.Maps = uint64(uintptr(unsafe.Pointer(unsafe.SliceData(r.maps))))
	r.st.MapEnd = uint64(len(r.maps)) * mem.MapStride
}

// reset undoes what a run has changed beyond registers: it may have ended in
// another program, in single mode, and in any frame.
func (r *run) reset() {
	clear(r.calls[:])
	r.inst, r.code, r.mode = r.home, r.homeCode, r.homeMode
	r.st.Entry = uint64(r.code.text.Addr)
	r.opened = 1
	r.st.SetDepth(0)
	r.st.SetLimit(1)
}

func modeOf(m *vm.Machine) (mode plan.Mode) {
	if m.Mode == vm.Checked {
		mode |= plan.Checked
	}
	if !m.ExactFuel {
		mode |= plan.Fast
	}
	return mode
}

// closeAll makes all frames but the first inaccessible, at a run's end.
func (r *run) closeAll() {
	for n := r.st.Depth(); n > 0; n-- {
		r.close(n)
	}
}

// use goes on in a program's code.
func (r *run) use(in *instance) error {
	c, err := in.code(r.mode)
	if err != nil {
		return err
	}
	if err := c.text.Seal(); err != nil {
		return err
	}
	r.inst, r.code = in, c
	r.st.Entry = uint64(c.text.Addr)
	return nil
}

// drive does what native code has left, and enters it again, until the end.
func (r *run) drive() (vm.Kind, error) {
	for ; ; r.native() {
		switch abi.Reason(r.st.Exit >> abi.ReasonShift) {
		case abi.Helper: // it failed
			return r.faulted()
		case abi.Done:
			r.pc = r.exit()
		case abi.Fuel:
			if more, err := r.refuel(); err != nil {
				return 0, err
			} else if !more {
				r.closeAll()
				return vm.FuelSpent, nil
			}
		default:
			next, ok, err := r.step()
			if err != nil {
				return 0, err
			}
			if !ok {
				return r.faulted()
			}
			r.pc = next
		}
		if r.pc == ended {
			return vm.Exit, nil
		}
	}
}

// faulted ends the run with a fault of the instruction at pc.
func (r *run) faulted() (vm.Kind, error) {
	r.refund()
	r.closeAll()
	r.fault.Prog, r.fault.PC = r.inst.loaded.ID, r.pc
	return vm.Faulted, nil
}

// native runs native code from pc until it leaves for something else than a helper.
// It is an ordinary Go function on purpose, and so is helper: here the goroutine can
// be stopped between two slices, and at every helper.
//
//go:noinline
func (r *run) native() {
	grant := min(r.left, max(slice, r.need))
	r.left -= grant
	r.st.Fuel = grant
	r.st.Resume = r.code.at(r.pc)
	enter(&r.st)
	if r.forHelper() {
		r.helpers()
	}
	r.left += r.st.Fuel
	r.pc = r.st.Slot()
}

// forHelper reports whether native code has left for a helper.
func (r *run) forHelper() bool { return r.st.Exit>>abi.ReasonShift == uint64(abi.Helper) }

// helpers goes on until native code leaves for something else, or a helper faults, with
// what is left of the slice.
func (r *run) helpers() {
	for r.helper() {
		if enter(&r.st); !r.forHelper() {
			return
		}
	}
}

// helper carries out the helper that native code has left for, and prepares to go on.
// It is false if there was a fault.
//
//go:noinline
func (r *run) helper() bool {
	if r.mode&plan.Checked != 0 {
		r.openAll()
	}
	s := &r.code.sites[r.st.Slot()]
	r0, f := s.call(r.m, (*[5]uint64)(r.st.Regs[1:6]))
	if f.Kind != vm.NoFault {
		r.fault = f
		r.st.Exit = uint64(abi.Leave(abi.Helper, s.pc)) // from here on, the slot as always
		return false
	}
	r.st.Regs[0] = r0
	r.st.Resume = s.resume
	return true
}

// refuel decides what happens when less fuel is left than a block charges. In
// exact mode the rest runs instruction by instruction.
func (r *run) refuel() (more bool, err error) {
	r.need = uint64(r.code.plan.Charge(r.pc))
	switch {
	case r.need <= r.left:
		return true, nil // it was the end of a slice
	case r.mode&(plan.Single|plan.Fast) != 0 || r.left == 0:
		return false, nil
	}
	r.mode |= plan.Single
	r.detach(1) // the frames return to code of blocks
	return true, r.use(r.inst)
}

// refund gives back what the block charged for instructions after pc: control
// leaves it here. In fast mode nobody counts so finely.
func (r *run) refund() {
	if r.mode&plan.Fast == 0 && !mutant.On(mutant.JITNoRefund) {
		r.left += uint64(r.code.plan.Rest(r.pc))
	}
}
