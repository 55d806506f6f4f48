package jit_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/internal/onerow"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// TestSequences runs short random sequences of scalar instructions, stack accesses
// and jumps, few registers and small numbers, so that whatever the lowering does to
// neighbours is done often.
func TestSequences(t *testing.T) {
	rnd, p := random(t), newPair(t)
	var rows []*spec.Row
	for i := range spec.Table {
		row := &spec.Table[i]
		switch {
		case row.ScalarOp(), row.Conditional() && row.Op != spec.JCOND:
			rows = append(rows, row)
		case strings.HasPrefix(row.Name, "mov64.x"), strings.HasPrefix(row.Name, "add"), row.Op == spec.LDXDW, row.Op == spec.STXDW:
			rows = append(rows, row, row, row, row)
		}
	}
	for range 3000 * *longFlag {
		c := sequence(rnd, rows)
		p.same(t, c)
		c.Fuel = 1 + rnd.Uint64N(20)
		p.same(t, c)
		if t.Failed() {
			return
		}
	}
}

func sequence(rnd *rand.Rand, rows []*spec.Row) *vm.Case {
	var insns []spec.Insn
	regs := uint8(2 + rnd.IntN(9))
	for r := range min(regs, 10) {
		v := onerow.Word(rnd)
		insns = append(insns, spec.Insn{Op: spec.LDDW, Dst: r, Imm: int32(v)}, spec.Insn{Imm: int32(v >> 32)})
	}
	insns = append(insns, spec.Insn{Op: spec.STXDW, Dst: 10, Src: 0, Off: -8}, spec.Insn{Op: spec.STXDW, Dst: 10, Src: 1, Off: -16})
	n := 2 + rnd.IntN(10)
	start := len(insns)
	for at := range n {
		row := rows[rnd.IntN(len(rows))]
		i := spec.Insn{Op: row.Op, Dst: uint8(rnd.IntN(int(min(regs, 10)))), Off: int16(row.Off.Lo), Imm: int32(row.Imm.Lo)}
		if row.Src.IsRegister() {
			i.Src = uint8(rnd.IntN(int(regs)))
			if rnd.IntN(8) == 0 {
				i.Src = 10
			}
		}
		if !row.Imm.Selects() {
			i.Imm = int32(onerow.Value(rnd, row.Imm))
			if small := int64(rnd.IntN(12) - 2); row.Imm.Contains(small) && rnd.IntN(2) == 0 {
				i.Imm = int32(small)
			}
		}
		switch {
		case row.Conditional():
			i.Off = int16(rnd.IntN(n - at)) // ahead
		case row.Op == spec.LDXDW:
			i.Src, i.Off = 10, int16(-8*(1+rnd.IntN(2)))
		case row.Op == spec.STXDW:
			i.Dst, i.Off = 10, int16(-8*(1+rnd.IntN(2)))
		}
		insns = append(insns, i)
	}
	if rnd.IntN(3) == 0 { // a loop around it, which fuel ends or r0's counting in the stack
		insns = append(insns,
			spec.Insn{Op: spec.ClassALU64 | spec.OpSUB, Dst: 1, Imm: 1},
			spec.Insn{Op: spec.ClassJMP | spec.OpJSET, Dst: 1, Off: int16(start - len(insns) - 2), Imm: 3})
	}
	insns = append(insns, spec.Insn{Op: spec.EXIT})
	return &vm.Case{
		Programs: []*vm.Program{{Type: hook.SocketFilter, Insns: insns}}, Inputs: []vm.Input{{}},
	}
}

// TestConstantDivisors divides by every sort of constant what is near its
// multiples.
func TestConstantDivisors(t *testing.T) {
	rnd, p := random(t), newPair(t)
	divisors := []int32{1, 2, 3, 5, 6, 7, 9, 10, 11, 12, 25, 125, 625, 641, 1000, 1 << 30, 1<<31 - 1, -1 << 31, -1<<31 + 1, -1, -2, -3, -7, -10}
	for k := range 31 {
		divisors = append(divisors, 1<<k, 1<<k+1, 1<<k-1, -1<<k, -1<<k+1)
	}
	for range 100 * *longFlag {
		divisors = append(divisors, int32(rnd.Uint32())>>rnd.IntN(31))
	}
	for _, d := range divisors {
		if d == 0 {
			continue
		}
		for _, op := range strings.Fields("div32.k div64.k mod32.k mod64.k sdiv32.k sdiv64.k smod32.k smod64.k") {
			row := spec.ByName(op)
			var insns []spec.Insn
			for r := range uint8(10) {
				v := onerow.Word(rnd)
				if rnd.IntN(2) == 0 {
					v = uint64(int64(d))*(rnd.Uint64()>>rnd.IntN(64)) + uint64(rnd.IntN(3)) - 1
				}
				insns = append(insns, spec.Insn{Op: spec.LDDW, Dst: r, Imm: int32(v)}, spec.Insn{Imm: int32(v >> 32)})
			}
			for r := range uint8(10) {
				insns = append(insns, spec.Insn{Op: row.Op, Dst: r, Off: int16(row.Off.Lo), Imm: d})
			}
			insns = append(insns, spec.Insn{Op: spec.EXIT})
			p.same(t, &vm.Case{Name: op, Programs: []*vm.Program{{Type: hook.SocketFilter, Insns: insns}}, Inputs: []vm.Input{{}}})
			if t.Failed() {
				return
			}
		}
	}
}
