package gen_test

import (
	"slices"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

func target(t testing.TB, e vm.Engine) *vm.EngineTarget {
	t.Helper()
	m, err := mem.New()
	if err != nil {
		t.Fatal(err)
	}
	x := vm.NewTarget(e, m)
	t.Cleanup(func() { x.Close() })
	return x
}

// TestValidProgramsRunToTheEnd: on the reference VM no program faults, runs out of
// fuel, or lets something undefined reach what is observed; fastvm agrees.
func TestValidProgramsRunToTheEnd(t *testing.T) {
	t.Logf("seed %d", *firstSeed)
	for _, mix := range gen.Mixes {
		if *onlyMix == "" || mix.Name == *onlyMix {
			t.Run(mix.Name, func(t *testing.T) { runToTheEnd(t, gen.Options{Mix: mix}) })
		}
	}
	for _, typ := range []hook.Type{hook.Unspec, hook.Syscall, hook.XDP, hook.SchedCLS, hook.SocketFilter} {
		t.Run(typ.String(), func(t *testing.T) { runToTheEnd(t, gen.Options{Type: &typ}) })
	}
}

func runToTheEnd(t *testing.T, o gen.Options) {
	ref, fast := target(t, &refvm.Engine{}), target(t, fastvm.Engine{})
	g, src := gen.New(o), new(tape.Source)
	for seed := *firstSeed; seed < *firstSeed+uint64(*validN); seed++ {
		src.Seed(seed)
		c := g.Generate(src)
		a, b := ref.Run(c), fast.Run(c)
		for i := range a {
			o := &a[i]
			if o.Kind != vm.Exit {
				t.Fatalf("seed %d, input %d: %s %s %v", seed, i, o.Kind, o.Reason, o.Fault)
			}
			if o.Tainted || o.Undef&1 != 0 || o.Packet.Undef != nil || o.Context.Undef != nil || o.Memory.Undef != nil || undefIn(o.Maps) {
				t.Fatalf("seed %d, input %d: something undefined is observable (tainted %v, registers %#x)", seed, i, o.Tainted, o.Undef)
			}
			if d, same := vm.Compare(o, &b[i], vm.ObsAll); !same {
				t.Fatalf("seed %d, input %d: refvm and fastvm differ: %s", seed, i, d)
			}
		}
	}
}

func undefIn(all [][]maps.Entry) bool {
	for _, entries := range all {
		for _, e := range entries {
			if e.Undef != nil {
				return true
			}
		}
	}
	return false
}

// TestEverythingIsMixed: what the default mix promises, and every form that a
// program may contain is executed.
func TestEverythingIsMixed(t *testing.T) {
	executed := make([]bool, len(spec.Table))
	var steps uint64
	ref := target(t, &refvm.Engine{Hook: func(s *refvm.State) {
		executed[spec.Lookup(s.Insn()).ID] = true
		steps++
	}})
	g := gen.New(gen.Options{Inputs: 1})
	var src tape.Source
	const n = 6000
	var lengths []int
	loops, calls, withMaps, total := 0, 0, 0, uint64(0)
	for seed := range uint64(n) {
		src.Seed(seed)
		c := g.Generate(&src)
		steps = 0
		ref.Run(c)
		lengths = append(lengths, int(steps))
		total += steps
		looped, called, mapped := features(c)
		loops, calls, withMaps = loops+looped, calls+called, withMaps+mapped
	}
	slices.Sort(lengths)
	t.Logf("executed instructions: median %d, mean %d, 90%% %d, 99%% %d", lengths[n/2], total/n, lengths[n*9/10], lengths[n*99/100])
	t.Logf("programs with loops %.1f%%, calls %.1f%%, maps %.1f%%", 100*float64(loops)/n, 100*float64(calls)/n, 100*float64(withMaps)/n)
	if lengths[n/2] < 50 || loops*10 < 3*n || calls*10 < 2*n || withMaps*10 < 3*n {
		t.Error("want a median of 50, and 30% with loops, 20% with calls, 30% with maps")
	}
	all, missing := 0, 0
	for i := range spec.Table {
		row := &spec.Table[i]
		if row.Internal || exceptions[row.Name] != "" {
			continue
		}
		all++
		if !executed[i] {
			missing++
			t.Logf("never executed: %s", row.Name)
		}
	}
	t.Logf("%d of %d forms executed", all-missing, all)
	if missing*100 > all {
		t.Errorf("%d forms of %d were not executed", missing, all)
	}
}

// exceptions are the forms that no program of ours contains, and why.
var exceptions = map[string]string{
	"call.kfunc":         "kernel functions differ from kernel to kernel, and are not simulated",
	"lddw.btf_var":       "kernel variables are not simulated",
	"lddw.map_idx":       "needs fd_array at load time; what it does is lddw.map_fd",
	"lddw.map_idx_value": "needs fd_array at load time; what it does is lddw.map_value",
	"cast_kernel":        "needs an arena map",
	"cast_user":          "needs an arena map",
}

// features counts, as 0 or 1, what the first program of a case has: a jump back, a
// call of a subprogram or a callback, a map.
func features(c *vm.Case) (loop, call, mapped int) {
	for pc, i := range c.Programs[0].Insns {
		if to, jumps := vm.JumpTarget(i, pc); jumps && to <= pc && i.Op != 0 {
			loop = 1
		}
		if i.Op == spec.CALL && (i.Src == spec.CallLocal || i.Imm == vm.HelperLoop) {
			call = 1
		}
		if i.Op == spec.LDDW && (i.Src == spec.LDDWMapFD || i.Src == spec.LDDWMapValue) {
			mapped = 1
		}
	}
	return loop, call, mapped
}

// BenchmarkCompare generates, runs on two engines and compares: what a campaign
// does without a kernel.
func BenchmarkCompare(b *testing.B) {
	for _, mix := range gen.Mixes {
		b.Run(mix.Name, func(b *testing.B) {
			ref, fast := target(b, &refvm.Engine{}), target(b, fastvm.Engine{})
			g := gen.New(gen.Options{Mix: mix, Inputs: 1})
			var src tape.Source
			for i := range b.N {
				src.Seed(uint64(i))
				c := g.Generate(&src)
				x, y := ref.Run(c), fast.Run(c)
				if d, same := vm.Compare(&x[0], &y[0], vm.ObsAll); !same {
					b.Fatal(i, d)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "programs/s")
		})
	}
}

// FuzzEngines runs what a tape stands for on two engines: as it is, or broken if the
// first byte is odd.
func FuzzEngines(f *testing.F) {
	f.Add([]byte{})
	ref, fast := target(f, &refvm.Engine{}), target(f, fastvm.Engine{})
	g := gen.New(gen.Options{Inputs: 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		broken := len(b) > 0 && b[0]&1 != 0
		b = b[min(1, len(b)):]
		make := g.Generate
		if broken {
			make = g.Perturb
		}
		c := make(tape.FromBytes(b))
		x, y := ref.Run(c), fast.Run(c)
		for i := range x {
			if !broken && x[i].Kind != vm.Exit {
				t.Fatalf("input %d of a valid program: %s %s %v", i, x[i].Kind, x[i].Reason, x[i].Fault)
			}
			if d, same := vm.Compare(&x[i], &y[i], vm.ObsAll); !same {
				t.Fatalf("input %d: refvm and fastvm: %s", i, d)
			}
		}
	})
}
