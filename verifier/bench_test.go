package verifier_test

import (
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// BenchmarkVerify is how fast generated programs are judged.
func BenchmarkVerify(b *testing.B) {
	for _, mix := range gen.Mixes {
		b.Run(mix.Name, func(b *testing.B) {
			verifyAll(b, cases(gen.New(gen.Options{Mix: mix}).Generate, 1, 200))
		})
	}
}

// verifyAll judges cases in turn. Rates are by processor time, the collector's included.
func verifyAll(b *testing.B, cs []*vm.Case) {
	insns := 0
	b.ReportAllocs()
	b.ResetTimer()
	start := cpuSeconds()
	for i := range b.N {
		insns += verifier.Verify(cs[i%len(cs)], verifier.Options{}).Processed
	}
	took := cpuSeconds() - start
	b.ReportMetric(float64(insns)/took, "insns/cpu-s")
	b.ReportMetric(float64(b.N)/took, "programs/cpu-s")
}

// cpuSeconds is the processor time that the process has used.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// BenchmarkCorpus judges the programs of corpus/programs.
func BenchmarkCorpus(b *testing.B) {
	names, cs := corpusCases(b, spec.Little)
	for i, name := range names {
		b.Run(name, func(b *testing.B) { verifyAll(b, cs[i:i+1]) })
	}
}

// BenchmarkStraight judges programs of 50 instructions without a branch: arithmetic, and
// loads and stores of the stack.
func BenchmarkStraight(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 0))
	var cs []*vm.Case
	for range 100 {
		cs = append(cs, &vm.Case{Programs: []*vm.Program{{Type: hook.SocketFilter, Insns: straight(r, 50)}}})
	}
	verifyAll(b, cs)
}

// straight is a program of n instructions, one after the other.
func straight(r *rand.Rand, n int) (p []spec.Insn) {
	ops := []uint8{spec.OpADD, spec.OpSUB, spec.OpMUL, spec.OpOR, spec.OpAND, spec.OpLSH, spec.OpRSH, spec.OpXOR, spec.OpARSH}
	for i := range uint8(10) {
		p = append(p, spec.Insn{Op: spec.MOV, Dst: i, Imm: int32(r.Uint32())})
	}
	for slot := range int16(4) {
		p = append(p, spec.Insn{Op: spec.STXDW, Dst: 10, Src: uint8(slot), Off: -8 * (slot + 1)})
	}
	for len(p) < n-1 {
		dst, src := uint8(r.IntN(10)), uint8(r.IntN(10))
		x := spec.Insn{Op: spec.ClassALU64 | ops[r.IntN(len(ops))], Dst: dst, Imm: int32(r.IntN(32))}
		switch r.IntN(6) {
		case 0:
			x = spec.Insn{Op: spec.LDXDW, Dst: dst, Src: 10, Off: -8 * int16(1+r.IntN(4))}
		case 1:
			x = spec.Insn{Op: spec.STXDW, Dst: 10, Src: src, Off: -8 * int16(1+r.IntN(4))}
		case 2:
			x.Op, x.Src, x.Imm = x.Op|spec.SrcX, src, 0
		}
		p = append(p, x)
	}
	return append(p, spec.Insn{Op: spec.EXIT})
}

// BenchmarkMemory judges a program for as long as it takes to look at 500,000
// instructions, and says how much memory that took at most.
func BenchmarkMemory(b *testing.B) {
	for _, tt := range []struct {
		name string
		c    *vm.Case
	}{
		{"branches", &vm.Case{Programs: []*vm.Program{{Type: hook.SchedCLS, Insns: manyBranches(0)}}}},
		{"states", &vm.Case{Programs: []*vm.Program{{Type: hook.SchedCLS, Insns: countingLoop()}}}},
	} {
		b.Run(tt.name, func(b *testing.B) {
			most := uint64(0)
			for range b.N {
				runtime.GC()
				var before, now runtime.MemStats
				runtime.ReadMemStats(&before)
				n := 0
				verifier.Verify(tt.c, verifier.Options{MaxInsns: 500_000, Observe: func(int, *state.State) {
					if n++; n%25_000 == 0 {
						runtime.ReadMemStats(&now)
						most = max(most, now.HeapInuse-min(before.HeapInuse, now.HeapInuse))
					}
				}})
			}
			b.ReportMetric(float64(most)/(1<<20), "MiB")
		})
	}
}

// countingLoop goes round with a number that decides something, so that no two states are
// alike, and with all of the stack in use.
func countingLoop() (p []spec.Insn) {
	for slot := range int16(64) {
		p = append(p, spec.Insn{Op: spec.CALL, Imm: 7}, spec.Insn{Op: spec.STXDW, Dst: 10, Off: -8 * (slot + 1)})
	}
	p = append(p, spec.Insn{Op: spec.MOV, Dst: 6})
	loop := len(p)
	p = append(p, spec.Insn{Op: spec.ClassALU64 | spec.OpADD, Dst: 6, Imm: 1})
	for range 4 {
		p = append(p, spec.Insn{Op: spec.CALL, Imm: 7}, spec.Insn{Op: spec.ClassJMP | spec.OpJEQ, Off: 1}, spec.Insn{Op: spec.MOV, Dst: 7})
	}
	p = append(p, spec.Insn{Op: spec.ClassJMP | spec.OpJLT, Dst: 6, Imm: 1_000_000, Off: int16(loop - len(p) - 1)})
	return append(p, spec.Insn{Op: spec.MOV}, spec.Insn{Op: spec.EXIT})
}
