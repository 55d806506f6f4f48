package asm

import (
	"math"
	"slices"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// cornersOf lists values that a field may hold: its bounds, and what lies about
// the points where numbers change their written form.
func cornersOf(f spec.Field, lo, hi int64) []int64 {
	if f.Selects() {
		return []int64{f.Lo}
	}
	var out []int64
	for _, v := range []int64{lo, f.Lo, -256, -1, 0, 1, 4, 10, 63, 64, 1 << 16, f.Hi, hi} {
		if v >= lo && v <= hi && f.Contains(v) && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// corners calls do with every combination of corner values of a row.
func corners(r *spec.Row, do func([]spec.Insn)) {
	for _, d := range cornersOf(r.Dst, 0, 10) {
		for _, s := range cornersOf(r.Src, 0, 10) {
			for _, o := range cornersOf(r.Off, math.MinInt16, math.MaxInt16) {
				for _, i := range cornersOf(r.Imm, math.MinInt32, math.MaxInt32) {
					in := spec.Insn{Op: r.Op, Dst: uint8(d), Src: uint8(s), Off: int16(o), Imm: int32(i)}
					if !r.IsWide() {
						do([]spec.Insn{in})
						continue
					}
					for _, n := range cornersOf(r.Next, math.MinInt32, math.MaxInt32) {
						do([]spec.Insn{in, {Imm: int32(n)}})
					}
				}
			}
		}
	}
}
