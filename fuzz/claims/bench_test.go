package claims_test

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/claims"
	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
)

// BenchmarkRun is generating a program, verifying it both ways, running it on one input, and
// holding the run against the claims.
func BenchmarkRun(b *testing.B) {
	x, err := claims.New(claims.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer x.Close()
	g := gen.New(gen.Options{Inputs: 1})
	var src tape.Source
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		src.Seed(uint64(n))
		x.Run(g.Generate(&src))
	}
	b.ReportMetric(float64(x.Visits)/float64(b.N), "visits/op")
	b.ReportMetric(float64(x.Followed)/float64(b.N), "followed/op")
}
