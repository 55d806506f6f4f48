package jit_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lockstep-ebpf/lockstep/internal/onerow"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// counted is a loop of a body that leaves r9 alone, and so many rounds. Its last
// instruction is one of the jumps that end a countdown of r9.
func counted(rnd *rand.Rand, body []spec.Insn, rounds int32) []spec.Insn {
	insns := []spec.Insn{{Op: spec.MOV, Dst: 9, Imm: rounds}}
	for r := range uint8(9) {
		v := onerow.Word(rnd)
		insns = append(insns, spec.Insn{Op: spec.LDDW, Dst: r, Imm: int32(v)}, spec.Insn{Imm: int32(v >> 32)})
	}
	insns = append(insns, spec.Insn{Op: spec.STXDW, Dst: 10, Src: 0, Off: -8}, spec.Insn{Op: spec.STXDW, Dst: 10, Src: 1, Off: -16})
	insns = append(insns, body...)
	end := []spec.Insn{
		{Op: spec.ClassJMP | spec.OpJNE, Dst: 9},
		{Op: spec.ClassJMP32 | spec.OpJNE, Dst: 9},
		{Op: spec.ClassJMP | spec.OpJSGT, Dst: 9},
		{Op: spec.ClassJMP32 | spec.OpJSGE, Dst: 9, Imm: 1},
		{Op: spec.ClassJMP | spec.OpJSET, Dst: 9, Imm: 0xff},
		{Op: spec.ClassJMP | spec.OpJLT | spec.SrcX, Dst: 9, Src: 10},
	}[rnd.IntN(6)]
	if end.Op == spec.ClassJMP|spec.OpJLT|spec.SrcX { // counts up to r10
		insns[0] = spec.Insn{Op: spec.MOV | spec.SrcX, Dst: 9, Src: 10}
		insns = append(insns[:1], append([]spec.Insn{{Op: spec.ClassALU64 | spec.OpADD, Dst: 9, Imm: -rounds}}, insns[1:]...)...)
		insns = append(insns, spec.Insn{Op: spec.ClassALU64 | spec.OpADD, Dst: 9, Imm: 1})
	} else {
		if end.Class() == spec.ClassJMP32 { // only the lower half counts
			insns = append([]spec.Insn{{Op: spec.LDDW, Dst: 9, Imm: rounds}, {Imm: 7}}, insns[1:]...)
		}
		insns = append(insns, spec.Insn{Op: spec.ClassALU64 | spec.OpADD, Dst: 9, Imm: -1})
	}
	end.Off = -int16(len(body) + 2)
	return append(insns, end, spec.Insn{Op: spec.ClassALU64 | spec.OpADD, Imm: 1}, spec.Insn{Op: spec.EXIT})
}

// TestUnrolledLoops: small loops of every number of rounds do in fast mode what they do in
// the reference VM, and each round counts for its instructions.
func TestUnrolledLoops(t *testing.T) {
	rnd, p := random(t), newPair(t)
	bodies := 60 * *longFlag
	if testing.Short() { // a reset of guest memory takes qemu 30 ms
		bodies /= 10
	}
	for range bodies {
		body, state := loopBody(rnd), rnd.Uint64()
		for rounds := int32(1); rounds < 14; rounds++ {
			p.same(t, unrolled(body, state, rounds))
		}
		if err := p.countsRounds(body, state); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			return
		}
	}
}

// loopBody is what may stand in a loop that is unrolled.
func loopBody(rnd *rand.Rand) []spec.Insn {
	var rows []*spec.Row
	for i := range spec.Table {
		row := &spec.Table[i]
		if row.ScalarOp() || row.Op == spec.LDXDW || row.Op == spec.STXDW {
			rows = append(rows, row)
		}
	}
	var body []spec.Insn
	for range rnd.IntN(9) { // up to 10 in all: some are too long to be unrolled
		row := rows[rnd.IntN(len(rows))]
		i := spec.Insn{Op: row.Op, Dst: uint8(rnd.IntN(9)), Off: int16(row.Off.Lo), Imm: int32(row.Imm.Lo)}
		if row.Src.IsRegister() {
			i.Src = uint8(rnd.IntN(11))
		}
		if !row.Imm.Selects() {
			i.Imm = int32(onerow.Value(rnd, row.Imm))
		}
		switch row.Op {
		case spec.LDXDW:
			i.Src, i.Off = 10, int16(-8*(1+rnd.IntN(2)))
		case spec.STXDW:
			i.Dst, i.Off = 10, int16(-8*(1+rnd.IntN(2)))
		}
		body = append(body, i)
	}
	return body
}

// unrolled is the same loop for the same state, but for the number of rounds.
func unrolled(body []spec.Insn, state uint64, rounds int32) *vm.Case {
	return &vm.Case{
		Programs: []*vm.Program{{Type: hook.SocketFilter, Insns: counted(rand.New(rand.NewPCG(state, 0)), body, rounds)}},
		Inputs:   []vm.Input{{}}, Mode: vm.Trusted,
	}
}

// countsRounds looks whether a round more charges for its instructions in fast mode.
func (p pair) countsRounds(body []spec.Insn, state uint64) error {
	before := uint64(0)
	for rounds := int32(1); rounds < 14; rounds++ {
		c := unrolled(body, state, rounds)
		steps := p.fast.Run(c)[0].Steps
		if round := uint64(len(body) + 2); rounds > 1 && steps != before+round {
			return fmt.Errorf("%d rounds charge %d in fast mode, one less %d, and a round has %d instructions\n%v", rounds, steps, before, round, c.Programs[0].Insns)
		}
		before = steps
	}
	return nil
}
