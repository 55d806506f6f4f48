package asm

import (
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
)

var seed = flag.Uint64("seed", rand.Uint64(), "seed of the random tests")

func random(t *testing.T) *rand.Rand {
	t.Logf("-seed=%d", *seed)
	return rand.New(rand.NewPCG(*seed, 0))
}

// randomSlots mixes well-formed instructions of every row, such with one field
// broken, halves of pairs, and noise.
func randomSlots(r *rand.Rand, n int) []spec.Insn {
	var out []spec.Insn
	for len(out) < n {
		row := &spec.Table[r.IntN(len(spec.Table))]
		in := spec.Insn{
			Op: row.Op, Dst: uint8(pick(r, row.Dst)), Src: uint8(pick(r, row.Src)), Off: int16(pick(r, row.Off)), Imm: int32(pick(r, row.Imm)),
		}
		second := spec.Insn{Imm: int32(pick(r, row.Next))}
		switch r.IntN(12) {
		case 0:
			in.Dst = uint8(r.IntN(16))
		case 1:
			in.Src = uint8(r.IntN(16))
		case 2:
			in.Off = int16(r.Uint32())
		case 3:
			in.Imm = int32(r.Uint32())
		case 4:
			in = noise(r)
		case 5:
			second = noise(r)
		case 6:
			second.Imm = int32(r.Uint32())
		}
		out = append(out, in)
		if in.Wide() && r.IntN(8) != 0 {
			out = append(out, second)
		}
	}
	return out
}

func noise(r *rand.Rand) spec.Insn {
	return spec.Insn{Op: uint8(r.Uint32()), Dst: uint8(r.IntN(16)), Src: uint8(r.IntN(16)), Off: int16(r.Uint32()), Imm: int32(r.Uint32())}
}

// pick is often small, so that jumps stay within the program.
func pick(r *rand.Rand, f spec.Field) int64 {
	if f.Selects() {
		return f.Lo
	}
	for {
		v := int64(r.IntN(41) - 20)
		if r.IntN(4) == 0 {
			v = int64(int32(r.Uint32()))
			if r.IntN(2) == 0 {
				v = int64(int16(v))
			}
		}
		if f.Contains(v) {
			return v
		}
	}
}

// checkRoundTrip is the law: what we print is read as what it was, in both
// syntaxes, with labels and without, with names and without.
func checkRoundTrip(t *testing.T, insns []spec.Insn) {
	t.Helper()
	for _, syntax := range []Syntax{PseudoC, Mnemonic} {
		for _, names := range []Names{{}, someNames} {
			text := Disassemble(insns, syntax, names)
			if strings.Contains(text, noForm) {
				t.Fatalf("a slot that spec.Check accepts has no form:\n%s", text)
			}
			if p, err := Assemble(text, names); err != nil || !slices.Equal(p.Insns, insns) {
				t.Fatalf("%v\nis written in %s as\n%s\nand read as %v, %v", insns, syntax, text, p, err)
			}
			plain := ""
			for pc := 0; pc < len(insns); {
				line, slots := Format(insns, pc, syntax, names)
				plain += line + "\n"
				pc += slots
			}
			if p, err := Assemble(plain, names); err != nil || !slices.Equal(p.Insns, insns) {
				t.Fatalf("%v\nis written in %s as\n%s\nand read as %v, %v", insns, syntax, plain, p, err)
			}
		}
	}
}

func TestRoundTripOfAnySlots(t *testing.T) {
	r := random(t)
	for range 300 {
		checkRoundTrip(t, randomSlots(r, r.IntN(40)))
	}
}

func FuzzDisassemble(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		f.Add(spec.Encode(randomSlots(r, 8), spec.Little))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		insns, err := spec.Split(b[:len(b)/spec.SlotSize*spec.SlotSize], spec.Little)
		if err != nil {
			t.Fatal(err)
		}
		checkRoundTrip(t, insns)
	})
}

func FuzzAssemble(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		insns := randomSlots(r, 8)
		f.Add(Disassemble(insns, PseudoC, someNames))
		f.Add(Disassemble(insns, Mnemonic, Names{}))
	}
	f.Add("call x#-1 ; a\nx: y: goto y // z\n%r3 = 0x1 ll\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Assemble(text, someNames)
		if err != nil {
			if e := err.(*Error); e.Line < 1 || e.Col < 1 || e.Want == "" {
				t.Fatalf("%q: incomplete error %+v", text, e)
			}
			return
		}
		if len(p.Lines) != len(p.Insns) {
			t.Fatalf("%q: %d slots, %d lines", text, len(p.Insns), len(p.Lines))
		}
		for l, pc := range p.Labels {
			if pc < 0 || pc > len(p.Insns) {
				t.Fatalf("%q: label %s stands at %d of %d", text, l, pc, len(p.Insns))
			}
		}
		checkRoundTrip(t, p.Insns)
	})
}
