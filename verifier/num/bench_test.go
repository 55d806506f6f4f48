package num

import (
	"fmt"
	"testing"
)

// benchScalars are values as real programs have them.
var benchScalars = map[string]Scalar{
	"const":   W64.Const(14),
	"byte":    W64.UnsignedRange(0, 255),
	"length":  W64.UnsignedRange(14, 1500),
	"u32":     W64.UnsignedRange(0, 1<<32-1),
	"index":   W64.KnownBits(Tnum{Mask: 0x3c}),
	"mixed":   W64.SignedRange(-100, 5000),
	"unknown": W64.Unknown(),
}

// benchPairs are operands x and y.
var benchPairs = [][2]string{
	{"const", "const"}, {"byte", "const"}, {"length", "byte"}, {"unknown", "const"}, {"mixed", "mixed"}, {"unknown", "unknown"},
}

var (
	sink  Scalar
	sinkO Outcome
)

// BenchmarkOperators is ns an operation for each operator, 64 and 32 bits.
func BenchmarkOperators(b *testing.B) {
	for _, f := range formsOf(W64) {
		if f.unary && !realWidth(f.name) {
			continue
		}
		for _, p := range benchPairs {
			x, y := benchScalars[p[0]], benchScalars[p[1]]
			if f.unary && p[1] != "const" {
				continue
			}
			b.Run(fmt.Sprintf("%s/%s,%s", f.name, p[0], p[1]), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					sink = f.apply(x, y)
				}
			})
		}
	}
}

// realWidth reports whether eBPF has a conversion of that name.
func realWidth(name string) bool {
	switch name {
	case "neg", "neg32", "zext8", "zext16", "zext32", "sext8", "sext16", "sext32", "sext32-8", "sext32-16",
		"swap16", "swap32", "swap64":
		return true
	}
	return false
}

// BenchmarkConditions is ns for both sides of a branch.
func BenchmarkConditions(b *testing.B) {
	for _, br := range branchesOf(W64) {
		for _, p := range benchPairs {
			x, y := benchScalars[p[0]], benchScalars[p[1]]
			b.Run(fmt.Sprintf("%s/%s,%s", br.name, p[0], p[1]), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					sink, _ = br.refine(x, y)
				}
			})
		}
	}
}

func BenchmarkLattice(b *testing.B) {
	for _, p := range benchPairs {
		x, y := benchScalars[p[0]], benchScalars[p[1]]
		name := p[0] + "," + p[1]
		b.Run("normalise/"+name, func(b *testing.B) {
			for b.Loop() {
				sink = W64.Normalise(x)
			}
		})
		b.Run("join/"+name, func(b *testing.B) {
			for b.Loop() {
				sink = x.Join(y)
			}
		})
		b.Run("meet/"+name, func(b *testing.B) {
			for b.Loop() {
				sink = W64.Meet(x, y)
			}
		})
		b.Run("decide/"+name, func(b *testing.B) {
			for b.Loop() {
				sinkO = W64.Decide(Ult, x, y)
			}
		})
	}
}

// TestNothingIsAllocated: a verifier calls these hundreds of thousands of times.
func TestNothingIsAllocated(t *testing.T) {
	x, y := benchScalars["mixed"], benchScalars["length"]
	check := func(name string, f func()) {
		if n := testing.AllocsPerRun(10, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
	for _, f := range formsOf(W64) {
		check(f.name, func() { sink = f.apply(x, y) })
	}
	for _, b := range branchesOf(W64) {
		check(b.name, func() {
			sink, _ = b.refine(x, y)
			sinkO = b.decide(x, y)
		})
	}
	check("join", func() { sink = x.Join(y) })
	check("meet", func() { sink = W64.Meet(x, y) })
}
