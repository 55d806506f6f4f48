package witness_test

import (
	"math/rand/v2"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/oracle"
	"github.com/lockstep-ebpf/lockstep/fuzz/reduce"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/transfer"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// guard is an instruction that may keep a program from harm, and how it is taken out.
type guard struct {
	pc   int
	kind string
	with spec.Insn
}

// guards lists what may be taken out of a program: conditional jumps, which then always or
// never jump, and what makes a number small.
func guards(insns []spec.Insn) (all []guard) {
	for pc := 0; pc < len(insns); pc++ {
		i := insns[pc]
		class := i.Class()
		switch {
		case i.Wide():
			pc++
		case (class == spec.ClassJMP || class == spec.ClassJMP32) && i.Op != spec.JA && i.Op != spec.JA32 && i.Op != spec.CALL && i.Op != spec.EXIT && i.Op != spec.JCOND:
			kind := "compare"
			switch {
			case i.Off < 0:
				kind = "loop"
			case i.Op&spec.SrcX != 0:
				kind = "compare registers"
			case i.Imm == 0 && (i.Op&0xf0 == spec.OpJEQ || i.Op&0xf0 == spec.OpJNE):
				kind = "null or zero"
			}
			all = append(all, guard{pc, kind, spec.Insn{Op: spec.JA}}, guard{pc, kind, spec.Insn{Op: spec.JA, Off: i.Off}})
		case (class == spec.ClassALU64 || class == spec.ClassALU) && i.Op&spec.SrcX == 0 && (i.Op&0xf0 == spec.OpAND || i.Op&0xf0 == spec.OpRSH):
			all = append(all, guard{pc, "mask", spec.Insn{Op: spec.MOV | spec.SrcX, Dst: i.Dst, Src: i.Dst}})
		}
	}
	return all
}

// unguarded makes programs that need a guard and have it not.
type unguarded struct {
	gens  map[hook.Type]*gen.Generator // of inputs
	mixes []*gen.Generator
	ref   *oracle.Reference
}

func newUnguarded(ref *oracle.Reference) *unguarded {
	u := &unguarded{gens: map[hook.Type]*gen.Generator{}, ref: ref}
	for _, mix := range []*gen.Mix{gen.Everything, gen.Packet, gen.Maps, gen.Memory, gen.Loops, gen.Atomics} {
		u.mixes = append(u.mixes, gen.New(gen.Options{Mix: mix}))
	}
	for _, t := range []hook.Type{hook.Syscall, hook.XDP, hook.SchedCLS, hook.SocketFilter} {
		u.gens[t] = gen.New(gen.Options{Type: &t})
	}
	return u
}

// guardTries is how many guards of a program are taken out, one after the other, to find one
// that it needs.
const guardTries = 6

// make takes one guard out of the program that a seed stands for. It is nil where the
// program is still accepted, or no input does harm.
func (u *unguarded) make(seed uint64) (c *vm.Case, f *verifier.Failure, kind string) {
	var src tape.Source
	src.Seed(seed)
	c = reduce.Clone(u.mixes[seed%uint64(len(u.mixes))].Generate(&src))
	o := verifier.Options{MaxInsns: 5_000}
	if verifier.Verify(c, o).Verdict != verifier.Accepted {
		return nil, nil, ""
	}
	r := rand.New(rand.NewPCG(seed, 1))
	p := c.Programs[r.IntN(len(c.Programs))]
	all := guards(p.Insns)
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, g := range all[:min(len(all), guardTries)] {
		was := p.Insns[g.pc]
		p.Insns[g.pc] = g.with
		if f := refused(c, p, o); f != nil && (f.Class == transfer.Unsafe || g.kind == "loop") && u.harmful(c, f, seed, r) {
			return c, f, g.kind
		}
		p.Insns[g.pc] = was
	}
	return nil, nil, ""
}

// refused is why a program that engines load is unsafe, or does not end.
func refused(c *vm.Case, p *vm.Program, o verifier.Options) *verifier.Failure {
	if _, err := vm.Check(p); err != nil {
		return nil
	}
	res := verifier.Verify(c, o)
	if res.Failure == nil || res.Failure.State == nil || res.Verdict != verifier.Unsafe && res.Failure.Rule != "too-many-insns" {
		return nil
	}
	return res.Failure
}

// harmful tries inputs made for other programs, of all lengths, with the maps as they are
// and empty. What it finds is the truth that the search is measured by; it knows nothing of
// the failure but whether it is that the program does not end.
func (u *unguarded) harmful(c *vm.Case, f *verifier.Failure, seed uint64, r *rand.Rand) bool {
	fuel, tries := uint64(20_000), uint64(16)
	endless := f.Rule == "infinite-loop" || f.Rule == "too-many-insns"
	if endless {
		fuel, tries = vm.DefaultFuel+1, 1
	}
	var src tape.Source
	for n := range tries {
		d := *c
		if n > 0 {
			src.Seed(seed*1000 + n)
			d.Inputs = reduce.Clone(u.gens[c.Programs[0].Type].Generate(&src)).Inputs
			for i := range d.Inputs {
				in := &d.Inputs[i]
				if want := len(c.Inputs[0].Context); len(in.Context) != want {
					in.Context = append(in.Context, make([]byte, want)...)[:want]
				}
				if len(in.Packet) > 0 && r.IntN(2) == 0 {
					in.Packet = in.Packet[:r.IntN(len(in.Packet))]
				}
			}
		}
		if n%4 == 3 {
			d.Maps = nil
			for _, m := range c.Maps {
				spec := *m
				if m.Type == maps.Hash {
					spec.Entries = nil
				}
				d.Maps = append(d.Maps, &spec)
			}
		}
		for _, out := range u.ref.Follow(&d, fuel, func(int, int, *[11]uint64, uint16) {}) {
			if out.Kind == vm.Faulted || endless && out.Kind == vm.FuelSpent {
				return true
			}
		}
	}
	return false
}
