package jit

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"

	"github.com/lockstep-ebpf/lockstep/jit/exec"
	"github.com/lockstep-ebpf/lockstep/jit/plan"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// instance is a loaded program, with what was compiled of it so far.
type instance struct {
	loaded  *vm.Loaded
	mu      sync.Mutex // held while compiling
	codes   [plan.NumModes]atomic.Pointer[code]
	perfMap io.Writer
	blind   bool
	runs    atomic.Pointer[[]*run] // by machine: kept from one run to the next
	first   atomic.Pointer[run]    // one of them, to look at first
}

// code is a program compiled for a mode.
type code struct {
	mode   plan.Mode
	text   exec.Code
	size   int      // of the code in text
	offset []uint32 // where the code of each slot is
	sites  []site   // of plan.Sites
	plan   *plan.Plan
}

// site is a call of a helper, with what it takes at hand.
type site struct {
	call   func(*vm.Machine, *[5]uint64) (uint64, vm.Fault)
	resume uint64 // host address to go on at
	pc     int
}

// at is the host address of a slot's code.
func (c *code) at(slot int) uint64 { return uint64(c.text.Addr) + uint64(c.offset[slot]) }

var (
	compilers = sync.Pool{New: func() any { return newCompiler() }}
	codes     = sync.Pool{New: func() any { return new(code) }}
)

// shared is part of a planted bug.
var shared run

// run finds the state of the last run on m. A machine has one run at a time, so
// nobody else has it.
func (in *instance) run(m *vm.Machine) *run {
	if all := in.runs.Load(); all != nil && int(m.CPU) < len(*all) {
		return (*all)[m.CPU]
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	var all []*run
	if old := in.runs.Load(); old != nil {
		all = slices.Clone(*old)
	}
	for int(m.CPU) >= len(all) {
		r := runs.Get().(*run)
		if mutant.On(mutant.JITRunsShared) {
			r = &shared
		}
		r.cpu = uint32(len(all))
		all = append(all, r)
	}
	in.runs.Store(&all)
	in.first.CompareAndSwap(nil, all[m.CPU])
	return all[m.CPU]
}

// code gives the code for a mode, and compiles it if need be.
func (in *instance) code(m plan.Mode) (*code, error) {
	if c := in.codes[m].Load(); c != nil {
		return c, nil
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if c := in.codes[m].Load(); c != nil {
		return c, nil
	}
	c := codes.Get().(*code)
	comp := compilers.Get().(*compiler)
	defer compilers.Put(comp)
	c.mode = m
	c.plan = plan.New(in.loaded, m, c.plan)
	c.plan.Blind = in.blind
	if err := supports(c.plan); err != nil {
		return nil, err
	}
	made := comp.Compile(c.plan)
	c.offset = append(c.offset[:0], made.Offset...)
	var err error
	if c.text, err = exec.New(made.Bytes); err != nil {
		codes.Put(c)
		return nil, &vm.Unsupported{What: "native code: " + err.Error()}
	}
	c.size = len(made.Bytes)
	c.sites = c.sites[:0]
	for _, pc := range c.plan.Sites {
		c.sites = append(c.sites, site{vm.HelperByID(c.plan.Insns[pc].Imm).Call, c.at(int(pc) + 1), int(pc)})
	}
	if in.perfMap != nil {
		fmt.Fprintf(in.perfMap, "%x %x bpf_prog_%d_%s\n", c.text.Addr, c.size, in.loaded.ID, in.loaded.Name)
	}
	in.codes[m].Store(c)
	return c, nil
}

// Charge is what fast mode charges when control comes to a slot (see vm.Meter).
func (in *instance) Charge(pc int) uint64 {
	for m := range in.codes {
		if c := in.codes[m].Load(); c != nil && c.mode&plan.Fast != 0 {
			return uint64(c.plan.Visit(pc))
		}
	}
	return 0
}

// Close frees the code. It may not run any more.
func (in *instance) Close() error {
	var errs []error
	for m := range in.codes {
		if c := in.codes[m].Swap(nil); c != nil {
			errs = append(errs, c.text.Free())
			c.plan.Loaded = nil // it belongs to a World that may go
			codes.Put(c)
		}
	}
	in.first.Store(nil)
	if all := in.runs.Swap(nil); all != nil {
		for _, r := range *all {
			r.m, r.home = nil, nil
			runs.Put(r)
		}
	}
	return errors.Join(errs...)
}

// supports refuses a helper that changes the flow of control in a way that the
// driver does not know.
func supports(p *plan.Plan) error {
	if p.Odd < 0 {
		return nil
	}
	return &vm.Unsupported{What: fmt.Sprintf("insn %d: helper %s as native code", p.Odd, vm.HelperByID(p.Insns[p.Odd].Imm).Name)}
}
