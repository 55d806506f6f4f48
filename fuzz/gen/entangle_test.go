package gen_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// result is the register that an instruction computes a number into, if any.
func result(i spec.Insn) (reg uint8, ok bool) {
	switch i.Class() {
	case spec.ClassALU, spec.ClassALU64, spec.ClassLDX:
		return i.Dst, true
	case spec.ClassLD:
		if i.Op == spec.LDDW {
			return i.Dst, i.Src == 0
		}
		return 0, true
	case spec.ClassSTX:
		switch {
		case i.Op&0xe0 != spec.ModeATOMIC || i.Imm == spec.AtomicStoreRel:
		case i.Imm == spec.AtomicLoadAcq:
			return i.Dst, true
		case i.Imm == spec.AtomicCmpXchg:
			return 0, true
		case i.Imm&spec.AtomicFetch != 0:
			return i.Src, true
		}
	}
	return 0, false
}

// address reports whether a value may be a pointer: those are not what is flipped.
func address(v uint64) bool { return v >= mem.CodeBase && v < mem.ValueEnd && v&0xfff_0000 == 0 }

// flipper flips one bit of the result of one executed instruction.
type flipper struct {
	at, seen int // which result, counted from 0; -1 counts only
	bit      uint
	last     spec.Insn
	begun    bool
	flipped  spec.Insn
	lastPC   int
	pc       int // of flipped
}

func (f *flipper) hook(s *refvm.State) {
	if r, ok := result(f.last); f.begun && ok && !address(s.Regs[r]) {
		if f.seen == f.at {
			s.Regs[r] ^= 1 << f.bit
			f.flipped, f.pc = f.last, f.lastPC
		}
		f.seen++
	}
	f.last, f.lastPC, f.begun = s.Insn(), s.PC, true
}

// visible is what every target shows.
const visible = vm.ObsR0 | vm.ObsMemory | vm.ObsPacket | vm.ObsContext | vm.ObsMaps

// TestFlippedBitsShow measures how often a single wrong bit in the middle of a
// program can be seen at its end.
func TestFlippedBitsShow(t *testing.T) {
	t.Logf("seed %d", *firstSeed)
	random := rand.New(rand.NewPCG(*firstSeed, 7))
	var f flipper
	plain, wrong := target(t, &refvm.Engine{}), target(t, &refvm.Engine{Hook: func(s *refvm.State) { f.hook(s) }})
	for _, mix := range gen.Mixes {
		if *onlyMix != "" && mix.Name != *onlyMix {
			continue
		}
		g := gen.New(gen.Options{Mix: mix, Inputs: 1})
		var src tape.Source
		flips, seen := 0, 0
		lost := map[string]int{}
		for seed := *firstSeed; seed < *firstSeed+uint64(*flipN); seed++ {
			src.Seed(seed)
			c := g.Generate(&src)
			want := &plain.Run(c)[0]
			c.Fuel = 30_000 // a flipped counter may count for long
			f = flipper{at: -1}
			wrong.Run(c)
			if f.seen == 0 {
				continue
			}
			f = flipper{at: random.IntN(f.seen), bit: uint(random.IntN(64))}
			got := &wrong.Run(c)[0]
			flips++
			if _, same := vm.Compare(want, got, visible); !same {
				seen++
				continue
			}
			name := "?"
			if row := spec.Lookup(f.flipped); row != nil {
				name = row.Name
			}
			lost[name]++
			if *logs {
				t.Logf("seed %d, pc %d, bit %d: %v", seed, f.pc, f.bit, f.flipped)
			}
		}
		share := 100 * float64(seen) / float64(flips)
		t.Logf("%-10s %.1f%% of %d flipped bits show", mix.Name, share, flips)
		var names []string
		for n := range lost {
			names = append(names, n)
		}
		slices.SortFunc(names, func(a, b string) int { return lost[b] - lost[a] })
		for _, n := range names[:min(8, len(names))] {
			t.Logf("    lost: %s %d", n, lost[n])
		}
		if share < 95 {
			t.Errorf("mix %s: %.1f%% of flipped bits show, want 95%%", mix.Name, share)
		}
	}
}
