package witness

import (
	"math/rand/v2"
	"slices"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/verifier/transfer"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// search is one search.
type search struct {
	c       *vm.Case
	f       *failure
	o       Options
	rng     *rand.Rand
	fuel    uint64
	tries   int
	steps   uint64
	result  Result
	reached bool

	buffer  int // bytes of a context that may have any length
	watch   watch
	edges   [1 << 14]bool
	seeded  []*candidate
	pool    []*candidate
	best    *candidate
	numbers []uint64   // worth trying
	keys    [][][]byte // by map: what runs have looked up

	least, most uint64 // that the failing register has been
	extremes    bool   // they are known
}

const (
	poolSize = 48
	havocs   = 96 // between two directed searches

	mostSteps = 100_000_000 // of all runs together
)

func newSearch(c *vm.Case, f *transfer.Failure, o Options) *search {
	s := &search{o: o, rng: rand.New(rand.NewPCG(o.Seed, 0x51_7e55)), fuel: fuelOf(f), buffer: leastBuffer}
	g := *f
	s.c, g.Prog = enter(c, f.Prog), 0
	s.f = &failure{&g, s.c.Programs[0].Insns}
	s.numbers, s.keys = s.dictionary(), make([][][]byte, len(c.Maps))
	return s
}

// enter is the case with program p in front: it runs by itself.
func enter(c *vm.Case, p int) *vm.Case {
	if p == 0 {
		return c
	}
	d := *c
	d.Programs = slices.Clone(c.Programs)
	d.Programs[0], d.Programs[p] = d.Programs[p], d.Programs[0]
	d.Maps = slices.Clone(c.Maps)
	for i, m := range c.Maps {
		if m.Type != maps.ProgArray {
			continue
		}
		spec := *m
		spec.Entries = nil
		for _, e := range m.Entries {
			value := slices.Clone(e.Value)
			if len(value) > 0 && (value[0] == 0 || int(value[0]) == p) {
				value[0] = byte(p) - value[0]
			}
			spec.Entries = append(spec.Entries, maps.Entry{Key: e.Key, Value: value})
		}
		d.Maps[i] = &spec
	}
	return &d
}

// run searches until something is found or the tries are used up.
func (s *search) run() {
	if len(s.c.Inputs) > 1 && s.sequence(s.c) {
		return
	}
	s.seeded = s.seeds()
	for _, x := range s.seeded {
		if s.try(x) {
			return
		}
	}
	for _, x := range s.otherMaps(s.best) { // now that keys are known
		if len(s.c.Maps) > 0 && s.try(x) {
			return
		}
	}
	if !endless(s.f.Failure) && s.sequence(s.chain(s.seeded)) {
		return
	}
	for !s.over() {
		if s.direct(s.best) {
			return
		}
		for range havocs {
			if s.over() || s.try(s.mutant()) {
				return
			}
		}
		if len(s.pool) == 0 {
			continue
		}
		if s.direct(s.pool[s.rng.IntN(len(s.pool))]) {
			return
		}
		if len(s.c.Maps) > 0 && !endless(s.f.Failure) && s.sequence(s.chain(s.pool)) {
			return
		}
	}
}

// sequence runs inputs one after the other: maps carry over. Of those before the one that
// does harm it keeps what is needed, at most one if that will do.
func (s *search) sequence(c *vm.Case) bool {
	at := s.all(c)
	if at < 0 {
		return false
	}
	found := s.result
	last := c.Inputs[at]
	shorter := [][]vm.Input{{last}}
	for _, in := range c.Inputs[:at] {
		shorter = append(shorter, []vm.Input{in, last})
	}
	for _, inputs := range shorter[:min(len(shorter), at+1)] {
		d := *c
		d.Inputs = inputs
		if s.tries < s.o.Tries && s.all(&d) == len(inputs)-1 {
			return true
		}
	}
	s.result = found
	return true
}

// all runs all inputs of a case and gives the number of the first that does harm, or -1.
func (s *search) all(c *vm.Case) int {
	s.tries++
	outs := s.o.Machine.Follow(c, s.fuel, s.begin())
	s.reached = s.reached || s.watch.failed
	for i := range outs {
		s.steps += outs[i].Steps
		if harm := s.harm(&outs[i]); harm != None {
			d := *c
			d.Inputs = c.Inputs[:min(i+1, len(c.Inputs))]
			d.Mode = vm.Checked
			s.result = Result{Harm: harm, Case: &d, Outcome: outs[i]}
			return i
		}
	}
	return -1
}

// chain is the inputs of some candidates, on the maps of the first.
func (s *search) chain(all []*candidate) *vm.Case {
	c := s.caseOf(all[0])
	c.Inputs = nil
	for _, x := range all {
		c.Inputs = append(c.Inputs, x.in)
	}
	return c
}

func (s *search) begin() func(int, int, *[11]uint64, uint16) {
	s.watch.begin(s)
	return s.watch.see
}

// harm is what a run did wrong.
func (s *search) harm(r *vm.Result) Harm {
	switch {
	case r.Kind == vm.Faulted && !s.excused(r):
		return Faults
	case s.watch.undef && r.Kind != vm.LoadRejected:
		return Undefined
	case r.Kind == vm.FuelSpent && endless(s.f.Failure):
		return Endless
	}
	return None
}

// excused reports a fault that Linux would not have come to: it does not run a program
// whose context is shorter than what it reads.
func (s *search) excused(r *vm.Result) bool {
	if r.Fault.PC == s.f.Insn && r.Fault.Prog == 0 && s.f.Register >= 0 && s.f.State.Frame().Regs[s.f.Register].Kind != state.Ctx {
		return false // it is no access to the context, but has come there
	}
	return s.c.Programs[0].Type == hook.Syscall && r.Fault.Addr >= mem.ContextBase && r.Fault.Addr < mem.ContextBase+mem.InputStride
}

// try runs a candidate. It is true when the search is over.
func (s *search) try(x *candidate) bool {
	c := s.caseOf(x)
	s.tries++
	outs := s.o.Machine.Follow(c, s.fuel, s.begin())
	if len(outs) != 1 {
		return false
	}
	w := &s.watch
	s.steps += outs[0].Steps
	s.reached = s.reached || w.failed
	x.score = w.score()
	if harm := s.harm(&outs[0]); harm != None {
		s.result = Result{Harm: harm, Case: c, Outcome: outs[0]}
		return true
	}
	further := s.further()
	if s.best == nil || x.score.better(s.best.score) {
		s.best, further = x, true
	}
	if further || w.fresh > 0 {
		if len(s.pool) == poolSize {
			s.pool[s.rng.IntN(poolSize)] = x
		} else {
			s.pool = append(s.pool, x)
		}
	}
	return s.over()
}

// over reports that the search may go no further.
func (s *search) over() bool {
	return s.result.Harm != None || s.tries >= s.o.Tries || s.steps >= mostSteps
}

// further reports whether the failing register has been brought further out.
func (s *search) further() bool {
	if !s.watch.failed || s.f.Register < 0 {
		return false
	}
	v := s.watch.fail[s.f.Register]
	switch {
	case !s.extremes:
		s.least, s.most, s.extremes = v, v, true
		return true
	case v < s.least:
		s.least = v
	case v > s.most:
		s.most = v
	default:
		return false
	}
	return true
}

// dictionary is numbers worth trying: constants of the program, corners of ranges.
func (s *search) dictionary() []uint64 {
	all := []uint64{0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 1 << 31, 1<<31 - 1, 1<<32 - 1, 1 << 32, 1 << 63, 1<<63 - 1, ^uint64(0)}
	for pc := 0; pc < len(s.f.insns); pc++ {
		i := s.f.insns[pc]
		v := uint64(int64(i.Imm))
		if i.Wide() {
			if i.Src == 0 && pc+1 < len(s.f.insns) {
				all = append(all, spec.Imm64(i, s.f.insns[pc+1]))
			}
			pc++
			continue
		}
		if c := i.Class(); c == spec.ClassJMP || c == spec.ClassJMP32 || c == spec.ClassALU || c == spec.ClassALU64 {
			all = append(all, v, v+1, v-1, uint64(uint32(v)))
		}
	}
	for _, f := range s.f.State.Frames {
		for r := range f.Regs {
			if reg := &f.Regs[r]; reg.Kind != state.NotInit {
				all = append(all, corners(reg)...)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// corners are the ends of a register's range.
func corners(r *state.Reg) []uint64 {
	n := &r.Num
	return []uint64{n.U.Min, n.U.Max, uint64(n.S.Min), uint64(n.S.Max), n.U.Min - 1, n.U.Max + 1}
}
