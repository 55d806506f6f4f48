package errata

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lockstep-ebpf/lockstep/internal/smtlib"
)

// planted are claims that are false: what people believe, or what implementations
// once did. They show that a claim can fail.
var planted = []Claim{
	{ID: "false-commutes", Of: "4.1", Words: "SUB commutes.", Over: widths, Term: "(= (sub$1.x x y i) (sub$1.x y x i))"},
	{ID: "false-factors", Of: "4.1", Words: "A product is 0 only if a factor is.", Term: "(=> (= (mul64.x x y i) zero) (or (= x zero) (= y zero)))"},
	{ID: "false-sign", Of: "4.1", Words: "A 32-bit result is sign-extended.", Term: "(= (add32.x x y i) (sext (lo32 (add64.x x y i))))"},
	{ID: "false-keeps", Of: "mod-register-zero", Words: "MOD32 by 0 keeps the upper half.", Term: "(= (mod32.x x zero i) x)"},
	{ID: "false-wide-divisor", Of: "S9", Words: "DIV32 tests all of src for 0.", Term: "(= (= (div32.x ones y i) zero) (= y zero))"},
	{ID: "false-appendix", Of: "S1", Words: "DIV64 takes the immediate -1 as u32.", Term: "(= (div64.k x y #xffffffff) (bvudiv x (zext #xffffffff)))"},
	{ID: "false-least", Of: "S3", Words: "A quotient of two negative numbers is not negative.", Over: widths, Term: "(=> (and (negative$1 x) (negative$1 y)) (not (negative$1 (sdiv$1.x x y i))))"},
	{ID: "false-floor", Of: "4.1", Words: "s>> 1 is s/ 2.", Term: "(= (arsh64.k x y #x00000001) (sdiv64.k x y #x00000002))"},
	{ID: "false-shift", Of: "shift-register", Words: "A shift by 64 or more gives 0.", Term: "(=> (bvuge y #x0000000000000040) (= (lsh64.x x y i) zero))"},
	{ID: "false-mask", Of: "shift-register", Words: "32-bit shifts mask with 63.", Term: "(= (lsh32.x x y i) (u32 (lsh64.x x y i)))"},
	{ID: "false-swap", Of: "4.2", Words: "BSWAP16 leaves what is above.", Term: "(= (bvlshr (bswap16 x y i) #x0000000000000010) (bvlshr x #x0000000000000010))"},
	{ID: "false-order", Of: "4.2", Words: "LE32 and BE32 are the same, whatever the machine.", Term: "(= (le32 x y i) (be32 x y i))"},
	{ID: "false-opposite", Of: "4.3", Words: "JGT is the opposite of JLT.", Over: both, Term: "(distinct (jgt$1 x y i) (jlt$1 x y i))"},
	{ID: "false-signed", Of: "4.3", Words: "JSGT is JGT.", Over: both, Term: "(= (jsgt$1 x y i) (jgt$1 x y i))"},
	{ID: "false-jset", Of: "4.3", Words: "JSET tests for all bits.", Term: "(= (jset64.x x y i) (= (and64.x x y i) y))"},
	{ID: "false-compare", Of: "4.3", Words: "JEQ32 compares 64 bits.", Term: "(= (jeq32.x x y i) (jeq64.x x y i))"},
	{ID: "false-r0", Of: "cmpxchg-success", Words: "CMPXCHG leaves r0 alone on success.", Term: "(=> (= (lo32 x) (lo32 z)) (= (atomic_cmpxchg32 x y i z (lo32 x)) z))"},
	{ID: "false-load", Of: "S2", Words: "A sign-extending load is a load.", Term: "(= (ldxsb x y i z (lo8 x)) (ldxb x y i z (lo8 x)))"},
	{ID: "false-lddw", Of: "S8", Words: "LDDW is a MOV of imm if next_imm is 0.", Term: "(=> (= j #x00000000) (= (lddw x y i j) (mov64.k x y i)))"},

	// Witnesses of what is never the case.
	{ID: "false-self", Of: "4.1", Words: "Some x - x is not 0.", Over: widths, Term: "(distinct (sub$1.x x x i) zero)", Witness: map[string]uint64{"x": 1 << 63}},
	{ID: "false-half", Of: "4.1", Words: "Some 32-bit sum has an upper half.", Term: "(distinct (hi32 (add32.x x y i)) #x00000000)", Witness: map[string]uint64{"x": 1<<64 - 1, "y": 1}},
}

// Both the solver and the points refute every instance of every planted claim, and
// what the solver names as a counterexample is one by our own evaluator.
func TestPlantedClaimsAreRefuted(t *testing.T) {
	at := points(rand.New(rand.NewPCG(0, 0)))
	all := instances(t, planted)
	for _, i := range all {
		try := at
		if i.Witness != nil {
			try = []map[string]smtlib.Value{i.witness()}
		}
		if !slices.ContainsFunc(try, func(point map[string]smtlib.Value) bool { return !i.at(t, point) }) {
			t.Errorf("%v: no point refutes it", i)
		}
	}
	z3 := smtlib.ForTest(t, limit)
	for _, i := range all {
		exists := i.Witness != nil
		answer, model, err := z3.Ask(i.question(exists))
		switch {
		case err != nil:
			t.Fatalf("%v: %v", i, err)
		case exists && answer != smtlib.Unsat:
			t.Errorf("%v: the solver says %s at %v", i, answer, model)
		case !exists && answer != smtlib.Sat:
			t.Errorf("%v: the solver says %s", i, answer)
		case answer == smtlib.Sat && i.at(t, model) != exists:
			t.Errorf("%v: the solver's counterexample %v is none", i, model)
		}
	}
}
