package spec

import (
	"strings"
	"testing"
)

// evalRow runs a scalar row on a machine of the given width and gives the value of
// its destination.
func evalRow(r *Row, word uint, dst, src uint64, imm int32, big bool) uint64 {
	regs := [11]uint64{1: dst, 2: src}
	e := &Env{Insn: Insn{Op: r.Op, Dst: 1, Src: 2, Off: int16(r.Off.Lo), Imm: imm}, Regs: &regs, Bits: word, Big: big}
	return e.Eval(r.Do[0].(Set).X)
}

// wanted states the arithmetic rows a second time, by name, over the integers: the
// rules of RFC 9669 section 4.1 that are not one operator. It is nil for other rows.
func wanted(r *Row) func(word uint, dst, src uint64) uint64 {
	full, form, _ := strings.Cut(r.Name, ".")
	half := strings.HasSuffix(full, "32")
	name := strings.TrimSuffix(strings.TrimSuffix(full, "32"), "64")
	op, ok := wantOps[name]
	if !ok || form == "" && name != "neg" {
		return nil
	}
	return func(word uint, dst, src uint64) uint64 {
		n := word
		if half {
			n = max(1, 32*word/64)
		}
		ref, x, y := reference{n}, dst&maskOf(n), src&maskOf(n)
		switch name {
		case "neg":
			return ref.unary(Neg, x, word, false)
		case "mov":
			return y
		}
		if v, ok := ref.binary(op, x, y); ok {
			return v
		}
		if strings.HasSuffix(name, "div") {
			return 0 // division by zero
		}
		return x // modulo zero: the dividend, cut to the operation's width
	}
}

var wantOps = map[string]BinaryOp{
	"add": Add, "sub": Sub, "mul": Mul, "div": Udiv, "sdiv": Sdiv, "mod": Umod, "smod": Smod, "and": And, "or": Or, "xor": Xor,
	"lsh": Shl, "rsh": Lshr, "arsh": Ashr, "mov": 0, "neg": 0,
}

func every(in []uint64, stride int) (out []uint64) {
	for i := 2; i < len(in); i += stride {
		out = append(out, in[i])
	}
	return out
}

func TestScalarRowsAtEveryWidth(t *testing.T) {
	compared := 0
	for i := range Table {
		r := &Table[i]
		if !r.ScalarOp() {
			continue
		}
		if len(r.Do) != 1 {
			t.Fatalf("%s: %d steps, want one Set", r.Name, len(r.Do))
		}
		want := wanted(r)
		if want != nil {
			compared++
		}
		for word := uint(3); word <= 64; word++ {
			half := maskOf(word)
			if r.Class() == ClassALU && r.Op&0xf0 != OpEND {
				half = maskOf(max(1, 32*word/64))
			}
			in := values(min(word, 64))
			if len(in) > 64 { // all values up to 6 bits, a part of them beyond
				in = append(every(in, len(in)/12), 0, 1, maskOf(word), maskOf(word)>>1, maskOf(word)>>1+1)
			}
			others := in
			if !r.Src.IsRegister() && r.Imm.Selects() {
				others = in[:1]
			}
			for _, dst := range in {
				for _, y := range others {
					imm := int32(y)
					if r.Imm.Selects() {
						imm = int32(r.Imm.Lo)
					}
					got := evalRow(r, word, dst, y, imm, false)
					if got&^half != 0 {
						t.Fatalf("%s at %d bits: %#x, %#x gives %#x, beyond %#x", r.Name, word, dst, y, got, half)
					}
					if !r.Src.IsRegister() {
						y = uint64(int64(imm)) & maskOf(word)
					}
					if want != nil && got != want(word, dst, y) {
						t.Fatalf("%s at %d bits: %#x, %#x gives %#x, want %#x", r.Name, word, dst, y, got, want(word, dst, y))
					}
				}
			}
		}
	}
	if compared != 13*4+2+4 {
		t.Errorf("%d rows compared", compared)
	}
}

// The rules that implementations get wrong, each spelt out with plain numbers.
func TestRulesByExample(t *testing.T) {
	const top, min64 = 0x1122334400000000, 1 << 63
	for _, c := range []struct {
		row      string
		dst, src uint64
		imm      int32
		want     uint64
	}{
		{"div64.x", 7, 0, 0, 0},
		{"div32.x", top | 7, 0, 0, 0},
		{"div32.x", top | 7, 1 << 32, 0, 0}, // the low half of src is 0
		{"mod64.x", top | 7, 0, 0, top | 7},
		{"mod32.x", top | 7, 0, 0, 7}, // the upper half is cleared all the same
		{"sdiv64.x", min64, ^uint64(0), 0, min64},
		{"smod64.x", min64, ^uint64(0), 0, 0},
		{"sdiv32.x", 0x80000000, 0xffffffff, 0, 0x80000000},
		{"smod32.x", 0x80000000, 0xffffffff, 0, 0},
		{"sdiv64.x", ^uint64(0) - 6, 2, 0, ^uint64(0) - 2}, // -7 / 2 = -3
		{"smod64.x", ^uint64(0) - 6, 2, 0, ^uint64(0)},     // -7 % 2 = -1
		{"smod64.x", 7, ^uint64(0) - 1, 0, 1},              // 7 % -2 = 1
		{"div64.k", ^uint64(0), 0, -1, 1},                  // the immediate is sign-extended first
		{"div64.k", 1 << 32, 0, -1, 0},
		{"div32.k", 0xffffffff, 0, -1, 1},
		{"mod64.k", 1 << 40, 0, -16, 1 << 40},
		{"lsh64.x", 1, 65, 0, 2},
		{"lsh32.x", 1, 33, 0, 2},
		{"rsh32.k", top | 0x80000000, 0, 31, 1}, // the upper half does not come down
		{"arsh32.k", 0x80000000, 0, 31, 0xffffffff},
		{"arsh64.x", min64, 127, 0, ^uint64(0)},
		{"add32.k", 0xffffffff, 0, 1, 0},
		{"mov32.k", top, 0, -1, 0xffffffff},
		{"mov64.k", top, 0, -1, ^uint64(0)},
		{"and64.k", ^uint64(0), 0, -16, ^uint64(0) - 15},
		{"or64.k", 0, 0, -1 << 31, 0xffffffff80000000},
		{"xor32.k", top, 0, -1, 0xffffffff},
		{"neg32", top | 1, 0, 0, 0xffffffff},
		{"neg64", 1, 0, 0, ^uint64(0)},
		{"movsx8_32", 0, top | 0x80, 0, 0xffffff80},
		{"movsx16_32", 0, 0x8000, 0, 0xffff8000},
		{"movsx8_64", 0, 0x80, 0, 0xffffffffffffff80},
		{"movsx16_64", 0, top | 0x7fff, 0, 0x7fff},
		{"movsx32_64", 0, 0x80000000, 0, 0xffffffff80000000},
		{"le16", 0x1122334455667788, 0, 16, 0x7788},
		{"le32", 0x1122334455667788, 0, 32, 0x55667788},
		{"le64", 0x1122334455667788, 0, 64, 0x1122334455667788},
		{"be16", 0x1122334455667788, 0, 16, 0x8877},
		{"be32", 0x1122334455667788, 0, 32, 0x88776655},
		{"be64", 0x1122334455667788, 0, 64, 0x8877665544332211},
		{"bswap16", 0x1122334455667788, 0, 16, 0x8877},
		{"bswap32", 0x1122334455667788, 0, 32, 0x88776655},
		{"bswap64", 0x1122334455667788, 0, 64, 0x8877665544332211},
	} {
		r := ByName(c.row)
		if got := evalRow(r, 64, c.dst, c.src, c.imm, false); got != c.want {
			t.Errorf("%s of %#x, src %#x, imm %d: %#x, want %#x", c.row, c.dst, c.src, c.imm, got, c.want)
		}
		if le, be := strings.HasPrefix(c.row, "le"), strings.HasPrefix(c.row, "be"); le || be {
			other := "be"
			if be {
				other = "le"
			}
			twin := ByName(other + c.row[2:])
			if got := evalRow(twin, 64, c.dst, c.src, c.imm, true); got != c.want {
				t.Errorf("%s on a big-endian machine: %#x, want %#x", twin.Name, got, c.want)
			}
		}
	}
}

// guarded evaluates x and fails where an operator has no value: a division by zero,
// or the least number divided by -1. Rows must step around both.
func guarded(t *testing.T, e *Env, x Expr) uint64 {
	switch x := x.(type) {
	case Cond:
		if guarded(t, e, x.If) != 0 {
			return guarded(t, e, x.Then)
		}
		return guarded(t, e, x.Else)
	case Binary:
		a, b, n := guarded(t, e, x.X), guarded(t, e, x.Y), e.at(x.W)
		least, ones := uint64(1)<<(n-1), maskOf(n)
		switch x.Op {
		case Udiv, Umod, Sdiv, Smod:
			if b&ones == 0 || (x.Op == Sdiv || x.Op == Smod) && b&ones == ones && a&ones == least {
				t.Fatalf("%v of %#x and %#x at %d bits", x.Op, a, b, n)
			}
		}
	}
	return e.Eval(x)
}

func TestDivisionsAreGuarded(t *testing.T) {
	for i := range Table {
		r := &Table[i]
		if r.Group != Divmul32 && r.Group != Divmul64 {
			continue
		}
		for _, word := range []uint{3, 4, 5, 6, 64} {
			for _, dst := range values(word) {
				for _, src := range values(word) {
					regs := [11]uint64{1: dst, 2: src}
					e := &Env{Insn: Insn{Op: r.Op, Dst: 1, Src: 2, Off: int16(r.Off.Lo), Imm: int32(src)}, Regs: &regs, Bits: word}
					guarded(t, e, r.Do[0].(Set).X)
				}
			}
		}
	}
}
