package spec

import (
	"fmt"
	"math/big"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A small evaluator of the bit-vector terms that SMT writes, by the definitions of
// SMT-LIB's theory, over math/big: what a solver would make of them.

type sexp struct {
	atom string
	list []sexp
}

var smtTokens = regexp.MustCompile(`;[^\n]*|[()]|[^\s();]+`)

func parseSexps(t *testing.T, text string) []sexp {
	stack := [][]sexp{nil}
	for _, tok := range smtTokens.FindAllString(text, -1) {
		switch top := len(stack) - 1; {
		case tok[0] == ';':
		case tok == "(":
			stack = append(stack, nil)
		case tok == ")":
			if top == 0 {
				t.Fatal("a parenthesis too many")
			}
			stack[top-1] = append(stack[top-1], sexp{list: append([]sexp{}, stack[top]...)})
			stack = stack[:top]
		default:
			stack[top] = append(stack[top], sexp{atom: tok})
		}
	}
	if len(stack) != 1 {
		t.Fatal("a parenthesis too few")
	}
	return stack[0]
}

// bv is a bit-vector; a Bool is a vector of 0 bits.
type bv struct {
	v *big.Int
	n uint
}

func boolean(b bool) bv { return bv{big.NewInt(int64(truth(b))), 0} }

func vector(v *big.Int, n uint) bv {
	return bv{new(big.Int).Mod(v, new(big.Int).Lsh(big.NewInt(1), n)), n}
}

func (b bv) signed() *big.Int {
	if b.n == 0 {
		return b.v
	}
	return reference{b.n}.signed(b.v.Uint64())
}

func smtEval(x sexp, env map[string]bv) bv {
	if x.atom != "" {
		if hex, ok := strings.CutPrefix(x.atom, "#x"); ok {
			v, _ := new(big.Int).SetString(hex, 16)
			return bv{v, uint(4 * len(hex))}
		}
		if v, ok := env[x.atom]; ok {
			return v
		}
		panic("what is " + x.atom)
	}
	head, args := x.list[0], []bv{}
	if head.atom == "ite" {
		if smtEval(x.list[1], env).v.Sign() != 0 {
			return smtEval(x.list[2], env)
		}
		return smtEval(x.list[3], env)
	}
	for _, a := range x.list[1:] {
		args = append(args, smtEval(a, env))
	}
	a, z := args[0], new(big.Int)
	if head.list != nil { // (_ extract 7 0), (_ zero_extend 32)
		i, _ := strconv.Atoi(head.list[2].atom)
		switch head.list[1].atom {
		case "extract":
			j, _ := strconv.Atoi(head.list[3].atom)
			return vector(z.Rsh(a.v, uint(j)), uint(i-j+1))
		case "zero_extend":
			return vector(a.v, a.n+uint(i))
		case "sign_extend":
			return vector(a.signed(), a.n+uint(i))
		}
	}
	if head.atom == "bvneg" {
		return vector(z.Neg(a.v), a.n)
	}
	if head.atom == "concat" {
		for _, p := range args[1:] {
			a = bv{new(big.Int).Or(new(big.Int).Lsh(a.v, p.n), p.v), a.n + p.n}
		}
		return a
	}
	b := args[1]
	if a.n != b.n {
		panic(fmt.Sprintf("%s of %d and %d bits", head.atom, a.n, b.n))
	}
	cmp, scmp := a.v.Cmp(b.v), a.signed().Cmp(b.signed())
	switch head.atom {
	case "=":
		return boolean(cmp == 0)
	case "distinct":
		return boolean(cmp != 0)
	case "bvult":
		return boolean(cmp < 0)
	case "bvule":
		return boolean(cmp <= 0)
	case "bvugt":
		return boolean(cmp > 0)
	case "bvuge":
		return boolean(cmp >= 0)
	case "bvslt":
		return boolean(scmp < 0)
	case "bvsle":
		return boolean(scmp <= 0)
	case "bvsgt":
		return boolean(scmp > 0)
	case "bvsge":
		return boolean(scmp >= 0)
	case "bvadd":
		return vector(z.Add(a.v, b.v), a.n)
	case "bvsub":
		return vector(z.Sub(a.v, b.v), a.n)
	case "bvmul":
		return vector(z.Mul(a.v, b.v), a.n)
	case "bvudiv":
		return vector(z.Quo(a.v, b.v), a.n)
	case "bvurem":
		return vector(z.Rem(a.v, b.v), a.n)
	case "bvsdiv":
		return vector(z.Quo(a.signed(), b.signed()), a.n)
	case "bvsrem":
		return vector(z.Rem(a.signed(), b.signed()), a.n)
	case "bvand":
		return vector(z.And(a.v, b.v), a.n)
	case "bvor":
		return vector(z.Or(a.v, b.v), a.n)
	case "bvxor":
		return vector(z.Xor(a.v, b.v), a.n)
	case "bvshl":
		return vector(z.Lsh(a.v, uint(b.v.Uint64())), a.n)
	case "bvlshr":
		return vector(z.Rsh(a.v, uint(b.v.Uint64())), a.n)
	case "bvashr":
		return vector(z.Rsh(a.signed(), uint(b.v.Uint64())), a.n)
	}
	panic("what is " + head.atom)
}

func TestSMTMeansWhatTheTreesMean(t *testing.T) {
	bits := func(v uint64, n uint) bv { return vector(new(big.Int).SetUint64(v), n) }
	imms := []int32{0, 1, 5, 31, 63, -1, -128, -1 << 31, 1<<31 - 1}
	corners := append(every(corner64, 2), 0, ^uint64(0))
	for _, order := range []ByteOrder{Little, Big} {
		checked := 0
		for _, def := range parseSexps(t, SMT(order)) {
			if def.list[0].atom != "define-fun" {
				continue
			}
			r := ByName(def.list[1].atom)
			if r == nil {
				t.Fatalf("%s is no row", def.list[1].atom)
			}
			checked++
			for _, dst := range corners {
				for _, src := range corners {
					for _, imm := range imms {
						regs := [11]uint64{1: dst, 2: src}
						e := &Env{Insn: Insn{Op: r.Op, Dst: 1, Src: 2, Off: int16(r.Off.Lo), Imm: imm}, Regs: &regs, Big: order == Big}
						var want uint64
						if set, ok := r.Do[0].(Set); ok {
							want = e.Eval(set.X)
						} else {
							want = e.Eval(r.Do[0].(Branch).If)
						}
						got := smtEval(def.list[4], map[string]bv{"dst": bits(dst, 64), "src": bits(src, 64), "imm": bits(uint64(uint32(imm)), 32)})
						if got.v.Uint64() != want || (got.n == 64) != (r.Class() == ClassALU || r.Class() == ClassALU64) {
							t.Fatalf("%s: dst %#x src %#x imm %d: %#x of %d bits, want %#x", r.Name, dst, src, imm, got.v, got.n, want)
						}
						if !r.Imm.Contains(1) && r.Imm.Selects() {
							break
						}
					}
					if !r.Src.IsRegister() {
						break
					}
				}
			}
		}
		if checked < 110 {
			t.Errorf("only %d functions", checked)
		}
	}
}

// The same question to a real solver, where there is one.
func TestSMTWithASolver(t *testing.T) {
	z3, err := exec.LookPath("z3")
	if err != nil {
		t.Skip("needs z3 (Debian package z3) in PATH")
	}
	var script strings.Builder
	script.WriteString(SMT(Little))
	asked := 0
	for i := range Table {
		r := &Table[i]
		if _, ok := r.SMT(Little); !ok {
			continue
		}
		script.WriteString("(push)(assert (or false")
		for _, dst := range every(corner64, 3) {
			for _, src := range append(every(corner64, 5), 0, ^uint64(0)) {
				for _, imm := range []int32{0, 5, 31, -1, -1 << 31} {
					regs := [11]uint64{1: dst, 2: src}
					e := &Env{Insn: Insn{Op: r.Op, Dst: 1, Src: 2, Off: int16(r.Off.Lo), Imm: imm}, Regs: &regs}
					want := ""
					if set, ok := r.Do[0].(Set); ok {
						want = fmt.Sprintf("#x%016x", e.Eval(set.X))
					} else {
						want = fmt.Sprint(e.Eval(r.Do[0].(Branch).If) != 0)
					}
					fmt.Fprintf(&script, " (distinct (%s #x%016x #x%016x #x%08x) %s)", r.Name, dst, src, uint32(imm), want)
				}
			}
		}
		script.WriteString("))(check-sat)(pop)\n")
		asked++
	}
	cmd := exec.Command(z3, "-in")
	cmd.Stdin = strings.NewReader(script.String())
	out, err := cmd.CombinedOutput()
	if want := strings.Repeat("unsat\n", asked); string(out) != want || err != nil {
		t.Errorf("z3: %v\n%.2000s", err, out)
	}
}
