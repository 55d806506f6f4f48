package jit_test

import (
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/internal/onerow"
	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/spec"
)

// TestShiftsWithoutBMI2 makes the count go through cl.
func TestShiftsWithoutBMI2(t *testing.T) {
	jit.WithoutFeatures(t)
	rnd, p := random(t), newPair(t)
	for _, op := range strings.Fields("lsh32.x lsh64.x rsh32.x rsh64.x arsh32.x arsh64.x") {
		for range 100 * *longFlag {
			p.same(t, onerow.Case(rnd, spec.ByName(op)))
		}
	}
}
