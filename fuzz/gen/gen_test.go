package gen

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/vm"
)

var (
	flagSeed = flag.Uint64("seed", 1, "first seed of the random tests")
	flagN    = flag.Int("programs", 0, "number of generated programs; 0: what the test thinks best")
	flagMix  = flag.String("mix", "", "only this mix")
)

func count(n int) int {
	if *flagN > 0 {
		return *flagN
	}
	return n
}

func mixes() []*Mix {
	if m := MixByName(*flagMix); m != nil {
		return []*Mix{m}
	}
	return Mixes
}

// show is everything of a case, to compare and to print.
func show(c *vm.Case) string {
	var b bytes.Buffer
	for _, p := range c.Programs {
		fmt.Fprintln(&b, p.Name, p.Type)
		for pc, i := range p.Insns {
			fmt.Fprintf(&b, "%4d %v\n", pc, i)
		}
	}
	for _, m := range c.Maps {
		fmt.Fprintln(&b, *m)
	}
	for _, in := range c.Inputs {
		fmt.Fprintln(&b, in)
	}
	return b.String()
}

func TestEveryTapeIsAProgram(t *testing.T) {
	t.Logf("seed %d", *flagSeed)
	for _, mix := range mixes() {
		g, src := New(Options{Mix: mix}), new(tape.Source)
		check := func(what string) {
			for i, p := range g.Generate(src).Programs {
				if _, err := vm.Check(p); err != nil {
					t.Fatalf("mix %s, %s, program %d: %v\n%s", mix.Name, what, i, err, show(&g.c))
				}
				if len(p.Insns) > 4096 {
					t.Errorf("mix %s, %s, program %d: %d slots", mix.Name, what, i, len(p.Insns))
				}
			}
		}
		src.Reset(nil)
		check("empty tape")
		random := rand.New(rand.NewPCG(*flagSeed, 99))
		for i := range count(300) {
			seed := *flagSeed + uint64(i)
			src.Seed(seed)
			check(fmt.Sprintf("seed %d", seed))
			all := bytes.Clone(src.Bytes())
			for range 3 {
				n := random.IntN(len(all) + 1)
				src.Reset(all[:n])
				check(fmt.Sprintf("seed %d cut to %d bytes", seed, n))
			}
			for j := range all[:min(len(all), 200)] {
				all[j] = byte(random.Uint32())
			}
			src.Reset(all)
			check(fmt.Sprintf("seed %d, changed", seed))
		}
	}
}

func TestSameTapeSameCase(t *testing.T) {
	for _, mix := range mixes() {
		g, src := New(Options{Mix: mix}), new(tape.Source)
		for seed := range uint64(100) {
			src.Seed(seed)
			want := show(g.Generate(src))
			all := bytes.Clone(src.Bytes())
			if got := show(New(Options{Mix: mix}).Generate(tape.FromBytes(all))); got != want {
				t.Fatalf("mix %s, seed %d: the recorded tape gives another case", mix.Name, seed)
			}
			src.Seed(seed)
			if got := show(g.Generate(src)); got != want {
				t.Fatalf("mix %s, seed %d: the same seed gives another case", mix.Name, seed)
			}
		}
	}
}

func FuzzGenerate(f *testing.F) {
	g := New(Options{})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, p := range g.Generate(tape.FromBytes(b)).Programs {
			if _, err := vm.Check(p); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func BenchmarkGenerate(b *testing.B) {
	for _, mix := range mixes() {
		b.Run(mix.Name, func(b *testing.B) {
			g, src := New(Options{Mix: mix, Inputs: 1}), new(tape.Source)
			insns := 0
			for i := range b.N {
				src.Seed(uint64(i))
				for _, p := range g.Generate(src).Programs {
					insns += len(p.Insns)
				}
			}
			b.ReportMetric(float64(insns)/float64(b.N), "slots/case")
		})
	}
}

func TestNoAllocation(t *testing.T) {
	g, src := New(Options{}), new(tape.Source)
	seed := uint64(0)
	round := func() {
		for range 500 {
			src.Seed(seed)
			g.Generate(src)
			seed++
		}
	}
	round()
	round()
	if n := testing.AllocsPerRun(3, round); n > 5 {
		t.Errorf("%v allocations in 500 cases", n)
	}
}
