package jit_test

import (
	"fmt"
	"testing"

	"github.com/lockstep-ebpf/lockstep/internal/onerow"
	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/jit/arm64"
	"github.com/lockstep-ebpf/lockstep/spec"
)

// TestAtomicsWithoutLSE runs every atomic as a loop of exclusive accesses, and as
// one instruction where the processor has it (qemu's has).
func TestAtomicsWithoutLSE(t *testing.T) {
	rnd := random(t)
	for _, lse := range []bool{false, true} {
		t.Run(fmt.Sprintf("LSE=%v", lse), func(t *testing.T) {
			if lse && !jit.HasLSE() {
				t.Skip("this processor has no FEAT_LSE")
			}
			jit.WithFeatures(t, arm64.Features{LSE: lse})
			p := newPair(t)
			for _, row := range onerow.Rows() {
				if row.Class() != spec.ClassSTX || row.Op&0xe0 != spec.ModeATOMIC {
					continue
				}
				for range 40 * *longFlag {
					p.same(t, onerow.Case(rnd, row))
				}
			}
			testAtomicsCount(t, 2000)
		})
	}
}

// TestReaches runs the programs with jumps that reach farther than they have to.
func TestReaches(t *testing.T) {
	for _, reach := range []arm64.Reach{arm64.Far, arm64.Distant} {
		jit.WithFeatures(t, arm64.Features{LSE: jit.HasLSE(), Reach: reach})
		p := newPair(t)
		for _, tt := range programs {
			p.same(t, caseOf(t, tt.text))
		}
		rnd := random(t)
		rows := sequenceRows()
		for range 100 * *longFlag {
			p.same(t, sequence(rnd, rows))
		}
	}
}
