package guest

import (
	"context"
	"errors"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/reduce"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// eachRung runs a benchmark on every kernel that has been fetched.
func eachRung(b *testing.B, f func(b *testing.B, r *Rung)) {
	cache, err := Cache()
	if err != nil {
		b.Fatal(err)
	}
	for i := range Rungs {
		r := &Rungs[i]
		if _, err := Cached(r, cache); errors.Is(err, ErrUnavailable) {
			continue
		} else if err != nil {
			b.Fatal(err)
		}
		b.Run(r.Name, func(b *testing.B) { f(b, r) })
	}
}

// firstAnswer is the time from nothing to the answer to a first question.
func firstAnswer(b *testing.B, r *Rung, cold bool) {
	for range b.N {
		k, err := Open(context.Background(), r, Options{Cold: cold})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := k.Features(); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		k.Close()
		b.StartTimer()
	}
}

// BenchmarkBoot starts at the kernel's first instruction.
func BenchmarkBoot(b *testing.B) {
	eachRung(b, func(b *testing.B, r *Rung) { firstAnswer(b, r, true) })
}

// BenchmarkRestore starts from a saved machine, where there can be one.
func BenchmarkRestore(b *testing.B) {
	eachRung(b, func(b *testing.B, r *Rung) {
		if r.Kind == UML {
			b.Skip("a process is not saved")
		}
		firstAnswer(b, r, false)
	})
}

// BenchmarkPrograms loads generated programs of the default mix and runs each on four
// inputs.
func BenchmarkPrograms(b *testing.B) {
	eachRung(b, func(b *testing.B, r *Rung) {
		k, err := Open(context.Background(), r, Options{Journal: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		defer k.Close()
		options, err := r.Generated()
		if err != nil {
			b.Fatal(err)
		}
		g := gen.New(options)
		var cases []*vm.Case
		for i := range b.N {
			cases = append(cases, reduce.Clone(g.Generate(tape.FromSeed(uint64(i)))))
		}
		b.ResetTimer()
		k.RunBatch(cases)
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "programs/s")
	})
}
