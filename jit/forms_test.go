package jit_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// TestRowsAgree runs every row on random operands, in both modes, with fuel for
// everything and with fuel that ends anywhere.
func TestRowsAgree(t *testing.T) {
	rnd, p := random(t), newPair(t)
	ran, kinds := 0, map[string]int{}
	for i := range spec.Table {
		row := &spec.Table[i]
		if row.Internal || row.Op == spec.CALL || row.Casts() || row.IsWide() && row.Src.Lo != 0 {
			continue // calls and addresses need a program around them
		}
		ran++
		for n := range 10 * *longFlag {
			c := oneRow(rnd, row)
			for _, c.Mode = range []vm.Mode{vm.Checked, vm.Trusted} {
				if c.Mode == vm.Trusted && (!tame(c) || testing.Short() && n%10 != 0) {
					continue
				}
				c.Fuel = 0
				o := p.same(t, c)[0]
				kinds[fmt.Sprint(c.Mode, " ", o.Kind, " ", o.Fault.Kind)]++
				steps := o.Steps
				if c.Mode == vm.Trusted { // costs a reset of guest memory, under qemu 30 ms
					c.Fuel = 1 + rnd.Uint64N(steps)
					p.same(t, c)
					continue
				}
				for c.Fuel = 1; c.Fuel <= steps; c.Fuel++ {
					p.same(t, c)
				}
			}
			if t.Failed() {
				t.Fatalf("row %s", row.Name)
			}
		}
	}
	t.Logf("%d rows, outcomes %v", ran, kinds)
}

// tame reports whether the address of the case's access is the stack's: a trusted
// machine may do anything with another.
func tame(c *vm.Case) bool { return c.Name == "" }

// oneRow is a program that puts random numbers into r0 to r9 and some of the
// stack, leaves one register undefined, and runs one instruction of the row.
// The case is named if the instruction's address is a wild one.
func oneRow(rnd *rand.Rand, row *spec.Row) *vm.Case {
	var insns []spec.Insn
	lddw := func(r uint8, v uint64) {
		insns = append(insns, spec.Insn{Op: spec.LDDW, Dst: r, Imm: int32(v)}, spec.Insn{Imm: int32(v >> 32)})
	}
	undef := uint8(rnd.IntN(40)) // often none
	unused := uint16(0)
	if rnd.IntN(2) == 0 {
		unused = uint16(rnd.Uint32()) // so that the lowering has registers to spare
	}
	for r := uint8(0); r < 10; r++ {
		if r != undef && unused>>r&1 == 0 {
			lddw(r, corner(rnd))
		}
	}
	for off := int16(-32); off < 0; off += 8 {
		lddw(9, corner(rnd))
		insns = append(insns, spec.Insn{Op: spec.STXDW, Dst: 10, Src: 9, Off: off})
	}
	in := spec.Insn{Op: row.Op, Dst: pick(rnd, row.Dst), Src: pick(rnd, row.Src), Off: int16(inField(rnd, row.Off)), Imm: int32(inField(rnd, row.Imm))}
	if row.Branches() {
		in.Off = 1
		if row.JumpsByImm() {
			in.Off, in.Imm = 0, 1
		}
	}
	c := &vm.Case{Inputs: []vm.Input{{Packet: []byte{1, 2, 3, 4, 5, 6, 7, 8}}}}
	if base := addressRegister(row); base != nil {
		at := base(&in)
		if rnd.IntN(4) == 0 {
			*at = 10
		}
		if *at < 10 {
			insns = append(insns, spec.Insn{Op: spec.MOVX, Dst: *at, Src: 10})
		}
		in.Off = int16(-8 * (1 + rnd.IntN(3)))
		if row.Imm == spec.Is(spec.AtomicCmpXchg) && *at != 0 { // let it succeed, often
			insns = append(insns, spec.Insn{Op: spec.LDXDW, Dst: 0, Src: 10, Off: in.Off})
		}
		switch rnd.IntN(3) {
		case 0:
			in.Off += int16(rnd.IntN(8) - 3)
			c.Name = "misaligned"
		case 1:
			c.Name = "wild"
			in.Off = int16(corner(rnd))
			if *at < 10 {
				in.Off = int16(rnd.IntN(600) - 560)
				if rnd.IntN(2) == 0 {
					in.Off = int16(rnd.Uint32())
				}
				other := (*at + 1) % 10
				lddw(other, -uint64(int64(in.Off))+uint64(rnd.IntN(8))-uint64(8*rnd.IntN(60)))
				if rnd.IntN(3) == 0 {
					lddw(other, corner(rnd))
				}
				insns = append(insns, spec.Insn{Op: spec.ClassALU64 | spec.OpADD | spec.SrcX, Dst: *at, Src: other})
			}
		}
	}
	insns = append(insns, in)
	if row.IsWide() {
		insns = append(insns, spec.Insn{Imm: int32(corner(rnd))})
	}
	insns = append(insns, spec.Insn{Op: spec.ClassALU64 | spec.OpADD, Dst: 0, Imm: 1})
	off := int16(-32)
	for r := uint8(1); r < 10 && off < 0; r++ { // what is in the stack now
		if r != in.Dst && r != in.Src {
			insns = append(insns, spec.Insn{Op: spec.LDXDW, Dst: r, Src: 10, Off: off})
			off += 8
		}
	}
	insns = append(insns, spec.Insn{Op: spec.EXIT})
	c.Programs = []*vm.Program{{Type: hook.SocketFilter, Insns: insns}}
	return c
}

// addressRegister says which register holds the address of a row's access.
func addressRegister(row *spec.Row) func(*spec.Insn) *uint8 {
	switch row.Class() {
	case spec.ClassLDX:
		return func(i *spec.Insn) *uint8 { return &i.Src }
	case spec.ClassST, spec.ClassSTX:
		if row.Imm == spec.Is(spec.AtomicLoadAcq) {
			return func(i *spec.Insn) *uint8 { return &i.Src }
		}
		return func(i *spec.Insn) *uint8 { return &i.Dst }
	}
	return nil
}

func corner(rnd *rand.Rand) uint64 {
	switch rnd.IntN(6) {
	case 0:
		return rnd.Uint64()
	case 3:
		return rnd.Uint64() << 32
	case 4:
		return 1<<31 - uint64(rnd.IntN(2))
	case 1:
		return uint64(rnd.IntN(5) - 2)
	case 2:
		return 1<<rnd.IntN(64) - uint64(rnd.IntN(3)-1)
	}
	return uint64(int64(int32(rnd.Uint32())))
}

func pick(rnd *rand.Rand, f spec.Field) uint8 { return uint8(inField(rnd, f)) }

func inField(rnd *rand.Rand, f spec.Field) int64 {
	if f == spec.NonZero {
		return int64(int32(corner(rnd) | 1))
	}
	if f == spec.Any {
		return int64(int32(corner(rnd)))
	}
	return f.Lo + rnd.Int64N(f.Hi-f.Lo+1)
}
