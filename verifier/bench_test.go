package verifier_test

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/verifier"
)

// BenchmarkVerify is how fast generated programs are judged.
func BenchmarkVerify(b *testing.B) {
	for _, mix := range gen.Mixes {
		b.Run(mix.Name, func(b *testing.B) {
			cs := cases(gen.New(gen.Options{Mix: mix}).Generate, 1, 200)
			insns := 0
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				insns += verifier.Verify(cs[i%len(cs)], verifier.Options{}).Processed
			}
			b.ReportMetric(float64(insns)/b.Elapsed().Seconds(), "insns/s")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "programs/s")
		})
	}
}
