package spec

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// runTree does what a row's tree says to s. Only registers 1 (dst), 2 (src) and 0
// are in play.
func runTree(s *state, do Seq) {
	regs := [11]uint64{0: s.r0, 1: s.dst, 2: s.src}
	env := &Env{Insn: s.in, Next: s.next, Regs: &regs, Big: s.order == Big}
	var eval func(Expr) uint64
	eval = func(x Expr) uint64 {
		switch x := x.(type) {
		case Load:
			return s.load(eval(x.Addr), int(x.Size))
		case Unary:
			return EvalUnary(x.Op, eval(x.X), uint(x.W), 64, s.order == Big)
		case Atomic:
			addr, n := eval(x.Addr), int(x.Size)
			old := s.load(addr, n)
			if x.Op == ALoadAcquire {
				return old
			}
			v := eval(x.X)
			switch x.Op {
			case AAdd:
				v = old + v
			case AOr:
				v |= old
			case AAnd:
				v &= old
			case AXor:
				v ^= old
			case ACmpXchg:
				if s.load(addr, n) != eval(x.Cmp)&maskOf(uint(8*n)) {
					v = old
				}
			}
			s.store(addr, n, v)
			return old
		}
		return env.Eval(x)
	}
	for _, st := range do {
		switch st := st.(type) {
		case Set:
			regs[st.R.Of(s.in)] = eval(st.X)
		case Store:
			s.store(eval(st.Addr), int(st.Size), eval(st.X))
		case Do:
			eval(st.X)
		case Branch:
			if eval(st.If) != 0 {
				s.taken, s.to = true, int64(eval(st.To))
			}
		}
	}
	s.r0, s.dst, s.src = regs[0], regs[1], regs[2]
}

// The places where the appendix, read by the letter, says another thing than the
// table, and the erratum that explains each.
var appendixDiffers = map[string][]string{
	"S1": {"div64.k", "mod64.k"},
	"S4": {
		"lsh32.x", "lsh64.x", "rsh32.k", "rsh32.x", "rsh64.x", "arsh32.k", "arsh32.x", "arsh64.x",
		"jeq32.k", "jne32.k", "jgt32.k", "jge32.k", "jlt32.k", "jle32.k",
	},
	"S8": {"lddw"},
	"S9": {"div32.x", "sdiv32.x", "mod32.x", "smod32.x"},
}

var corner64 = []uint64{
	0, 1, 2, 7, 31, 32, 33, 63, 64, 65, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
	0x123456789abcdef0, 0x7fffffffffffffff, 0x8000000000000000, 0x8000000000000001, 0xffffffff00000000, 0xffffffff80000000, 0xfffffffffffffffe, ^uint64(0),
}

var corner32 = []int32{0, 1, 2, 7, 31, 32, 63, 64, 0x7f, 0x80, 0x7fffffff, -1 << 31, -1, -2, -128}

// base is the register that holds the address of the row's access, nil if it has none.
func (s *state) base(r *Row) *uint64 {
	switch {
	case r.Class() == ClassLDX || r.Imm == Is(AtomicLoadAcq):
		return &s.src
	case r.Class() == ClassST || r.Class() == ClassSTX:
		return &s.dst
	}
	return nil
}

// inputs calls yield with states that fit the row.
func inputs(r *Row, yield func(state)) {
	imms := []int32{int32(r.Imm.Lo)}
	if !r.Imm.Selects() {
		imms = slices.DeleteFunc(slices.Clone(corner32), func(v int32) bool { return !r.Imm.Contains(int64(v)) })
	}
	offs := []int16{int16(r.Off.Lo)}
	if !r.Off.Selects() {
		offs = []int16{-8, 0, 16}
	}
	others := corner64 // what the other register holds
	if r.Src.Selects() {
		others = []uint64{0, 0x123456789abcdef1, 1 << 63}
	}
	for _, imm := range imms {
		for _, off := range offs {
			for _, x := range corner64 {
				for _, y := range others {
					s := state{in: Insn{Op: r.Op, Dst: 1, Src: 2, Off: off, Imm: imm}, next: Insn{Imm: int32(y)}, dst: x, src: y, r0: x}
					for i := range s.mem {
						s.mem[i] = byte(0xa5 ^ i*37)
					}
					if base := s.base(r); base != nil {
						*base = memBase + 16
						s.store(memBase+16+uint64(int64(off)), 8, x^y<<7)
						if y&1 == 1 {
							s.r0 = s.load(memBase+16+uint64(int64(off)), 8) ^ x<<32
						}
					}
					yield(s)
				}
			}
		}
	}
}

// The trees and the appendix's formulas are run on the same inputs. They agree
// everywhere but where an erratum says that the appendix is wrong, and there they
// really differ.
func TestTreesMeanWhatTheRFCWrites(t *testing.T) {
	explained := map[string]string{}
	for id, names := range appendixDiffers {
		for _, n := range names {
			explained[n] = id
		}
	}
	ran := 0
	for _, f := range readRFC(t) {
		if f.text == "-" || f.text == "return" || strings.HasPrefix(f.text, "call") || strings.Contains(f.text, "map_") || strings.Contains(f.text, "_addr(") {
			continue
		}
		rows := f.rows()
		if len(rows) != 1 {
			t.Errorf("%v: %d rows", f, len(rows))
			continue
		}
		r := rows[0]
		ran++
		differs := ""
		toks := formulaTokens.FindAllString(f.text, -1)
		inputs(r, func(s state) {
			tree, text := s, s
			runTree(&tree, r.Do)
			if err := runFormula(&text, toks); err != nil {
				t.Fatalf("%v: %v", f, err)
			}
			if tree != text && differs == "" {
				differs = diffStates(s, tree, text)
			}
		})
		switch id := explained[r.Name]; {
		case differs != "" && id == "":
			t.Errorf("%s, %v: %s", r.Name, f, differs)
		case differs == "" && id != "":
			t.Errorf("%s: erratum %s says that the appendix differs, and it does not", r.Name, id)
		}
	}
	if ran < 150 {
		t.Errorf("only %d formulas ran", ran)
	}
}

func diffStates(in, tree, text state) string {
	return fmt.Sprintf("imm %#x off %d dst %#x src %#x r0 %#x: table gives dst %#x src %#x r0 %#x taken %v to %d, appendix dst %#x src %#x r0 %#x taken %v to %d",
		in.in.Imm, in.in.Off, in.dst, in.src, in.r0, tree.dst, tree.src, tree.r0, tree.taken, tree.to, text.dst, text.src, text.r0, text.taken, text.to)
}
