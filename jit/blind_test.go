package jit_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/lockstep-ebpf/lockstep/internal/onerow"
	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/jit/plan"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// TestBlindAgrees runs what the other tests run with its constants blinded.
func TestBlindAgrees(t *testing.T) {
	rnd, p := random(t), newPair(t)
	p.jit, p.fast = target(t, jit.Engine{Blind: true}), target(t, jit.Engine{Blind: true})
	p.fast.Machine().ExactFuel = false
	for _, tt := range programs {
		p.same(t, caseOf(t, tt.text))
	}
	for _, row := range onerow.Rows() {
		for range 10 * *longFlag {
			p.same(t, onerow.Case(rnd, row))
		}
	}
	rows := sequenceRows()
	for range 300 * *longFlag {
		c := sequence(rnd, rows)
		c.Fuel = 1000
		p.same(t, c)
	}
}

// TestBlind looks for a program's constants in its code: they are there as a rule,
// and not if they are blinded.
func TestBlind(t *testing.T) {
	secret := uint32(0x1eafbead)
	x := target(t, jit.Engine{})
	for _, text := range []string{
		"r0 = 0x1eafbead", "w0 = 0x1eafbead", "r0 = 0x1eafbeadcafef00d ll", "r1 += 0x1eafbead", "w1 -= 0x1eafbead", "r1 &= 0x1eafbead",
		"w1 |= 0x1eafbead", "r1 ^= 0x1eafbead", "r1 *= 0x1eafbead", "if r1 == 0x1eafbead goto +0", "if w1 s> 0x1eafbead goto +0", "if r1 & 0x1eafbead goto +0",
		"*(u32 *)(r10 - 8) = 0x1eafbead", "*(u64 *)(r10 - 8) = 0x1eafbead", "if r10 > 0x1eafbead goto +0", "r1 = r2\nr1 += 0x1eafbead",
	} {
		for _, mode := range []vm.Mode{vm.Trusted, vm.Checked} {
			l, err := x.Load(caseOf(t, text+"\nexit"))
			if err != nil {
				t.Fatal(err)
			}
			open, blind := jit.CodeOf(l, mode, false), jit.CodeOf(l, mode, true)
			if !holds(open, secret) && !holds(open, -secret) { // where a sub is an add
				t.Errorf("%s: the constant is not in the code", text)
			}
			if holds(blind, secret) || holds(blind, -secret) {
				t.Errorf("%s: the constant is in the code", text)
			}
		}
	}
}

// holds looks for a number in code: as its bytes, or as two halves that movz, movn or
// movk of arm64 hold.
func holds(code []byte, v uint32) bool {
	if bytes.Contains(code, binary.LittleEndian.AppendUint32(nil, v)) {
		return true
	}
	found := map[uint16]bool{}
	for ; len(code) >= 4; code = code[4:] {
		w := binary.LittleEndian.Uint32(code)
		if imm := uint16(w >> 5); w&0x1f800000 == 0x12800000 {
			found[imm] = true
			if w>>29&3 == 0 { // movn
				found[^imm] = true
			}
		}
	}
	return found[uint16(v)] && found[uint16(v>>16)]
}

// TestBySrc: what is made of a row is a row.
func TestBySrc(t *testing.T) {
	for i := range spec.Table {
		row := &spec.Table[i]
		in := spec.Insn{Op: row.Op, Dst: uint8(row.Dst.Lo), Src: uint8(row.Src.Lo), Off: int16(row.Off.Lo), Imm: int32(row.Imm.Lo)}
		if row.Internal {
			continue
		}
		by, ok := plan.BySrc(in, 1)
		switch {
		case ok && spec.Lookup(by) == nil:
			t.Errorf("%s: %v", row.Name, by)
		case !ok && row.Imm == spec.Any && row.Class() != spec.ClassLD && row.Class() != spec.ClassST && row.Op != spec.CALL && !row.JumpsByImm():
			t.Errorf("%s is not blinded", row.Name)
		}
	}
}
