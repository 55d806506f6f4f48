package smtlib

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the random terms")

func mustParse(t testing.TB, text string) Term {
	t.Helper()
	term, err := ParseOne(text)
	if err != nil {
		t.Fatal(err)
	}
	return term
}

// Values by the standard's definitions, where these are not Go's.
func TestValues(t *testing.T) {
	for term, want := range map[string]string{
		"(bvudiv #x07 #x00)":                      "#xff",
		"(bvurem #x07 #x00)":                      "#x07",
		"(bvsdiv #x07 #x00)":                      "#xff",
		"(bvsdiv #xf9 #x00)":                      "#x01",
		"(bvsrem #xf9 #x00)":                      "#xf9",
		"(bvsdiv #x80 #xff)":                      "#x80",
		"(bvsdiv #xf9 #x02)":                      "#xfd",
		"(bvsrem #xf9 #x02)":                      "#xff",
		"(bvshl #x01 #x08)":                       "#x00",
		"(bvashr #x80 #xff)":                      "#xff",
		"(bvashr #x40 #xff)":                      "#x00",
		"(concat #xab #b101)":                     "#b10101011101",
		"((_ extract 6 4) #xab)":                  "#b010",
		"((_ sign_extend 4) #xab)":                "#xfab",
		"((_ zero_extend 4) #xab)":                "#x0ab",
		"(bvneg #x01)":                            "#xff",
		"(bvnot #x0f)":                            "#xf0",
		"(ite (bvslt #x80 #x00) #x01 (nonsense))": "#x01",
		"(xor true true true)":                    "true",
		"(=> true false)":                         "false",
		"(distinct #b1 #b0)":                      "true",
		"(and (not (= true false)) (or false true) (bvsge #x00 #xff) (bvuge #xff #x00))": "true",
	} {
		if v, err := new(Env).Eval(mustParse(t, term)); err != nil || v.String() != want {
			t.Errorf("%s is %v, want %s: %v", term, v, want, err)
		}
	}
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		"(":                              "1 parentheses too few",
		")":                              "a parenthesis too many",
		"a b":                            "2 terms, want one",
		`(echo "a")`:                     "quoted symbols",
		"()":                             "an empty list",
		"x":                              "what is x",
		"#x":                             "what is #x",
		"#b2":                            "what is #b2",
		"(f #x00)":                       "no such function",
		"((f) #x00)":                     "no such function of one vector",
		"(bvadd #x00)":                   "1 arguments",
		"(bvadd #x00 #x000)":             "a (_ BitVec 12)",
		"(bvadd true true)":              "a Bool",
		"(and true #x00)":                "a (_ BitVec 8)",
		"(= true #b1)":                   "a (_ BitVec 1)",
		"(ite #x00 true true)":           "ite on #x00",
		"((_ extract 8 0) #x00)":         "bits 0 to 8 of 8",
		"((_ extract 0 1) #x00)":         "bits 1 to 0 of 8",
		"((_ extract 0) #x00)":           "no such function",
		"((_ zero_extend -1) #x00)":      "is no index",
		"((_ zero_extend 65536) #x00)":   "more than 65536 bits",
		"((_ zero_extend 1) true)":       "no such function of one vector",
		"(g #x00)":                       "x is a (_ BitVec 8), want (_ BitVec 4)",
		"(g #x0 #x0)":                    "2 arguments, want 1",
		"(lies #x0)":                     "gives a (_ BitVec 4), want Bool",
		"(g (bvudiv #x1 (bvadd #x0 y)))": "what is y",
	} {
		defs, _ := Parse("(define-fun g ((x (_ BitVec 4))) (_ BitVec 4) x) (define-fun lies ((x (_ BitVec 4))) Bool (g x))")
		funcs, err := Define(defs)
		if err != nil {
			t.Fatal(err)
		}
		term, err := ParseOne(text)
		if err == nil {
			_, err = (&Env{Funcs: funcs}).Eval(term)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestBadDefinitions(t *testing.T) {
	for text, want := range map[string]string{
		"(define-fun f)":                                          "no definition",
		"(define-fun f (x) Bool true)":                            "x is no parameter",
		"(define-fun f ((x Int)) Bool true)":                      "Int is no sort",
		"(define-fun f () (_ BitVec 0) true)":                     "is no sort",
		"(define-fun f () Bool true) (define-fun f () Bool true)": "f is defined twice",
	} {
		defs, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Define(defs); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// randomTerm is a call of each operator on random vectors.
func randomTerm(rnd *rand.Rand, name string) string {
	op, width := operators[name], 1+rnd.UintN(70)
	text := "(" + name
	for range op.least {
		v := Bits(rnd.Uint64()>>rnd.IntN(64), width)
		if op.args == booleans {
			v = Bool(rnd.IntN(2) == 0)
		}
		if rnd.IntN(6) == 0 {
			v = Value{v.V.SetUint64(0), v.Bits}
		}
		text += " " + v.String()
	}
	return text + ")"
}

// The evaluator and z3 agree on every operator.
func TestTheSolverEvaluatesLikewise(t *testing.T) {
	z3, rnd := ForTest(t, 30*time.Second), rand.New(rand.NewPCG(*seed, 0))
	t.Logf("-seed %d", *seed)
	for _, name := range slices.Sorted(maps.Keys(operators)) {
		text := "(not (and true"
		for range 200 {
			term := randomTerm(rnd, name)
			v, err := new(Env).Eval(mustParse(t, term))
			if err != nil {
				t.Fatalf("%s: %v", term, err)
			}
			text += fmt.Sprintf(" (= %s %v)", term, v)
		}
		if answer, _, err := z3.Ask(Question{Term: mustParse(t, text+"))")}); err != nil || answer != Unsat {
			t.Errorf("%s: %v %v", name, answer, err)
		}
	}
}

func TestSolver(t *testing.T) {
	z3 := ForTest(t, time.Second)
	defs, err := Parse("(define-fun g ((v (_ BitVec 8))) (_ BitVec 8) (bvadd v #x01)) (define-fun h ((v (_ BitVec 8))) (_ BitVec 8) (g (g v)))")
	if err != nil {
		t.Fatal(err)
	}
	x := map[string]uint{"x": 8, "b": 0, "n": 3}
	answer, model, err := z3.Ask(Question{Defs: defs, Consts: x, Term: mustParse(t, "(and b (= (h x) #x01) (= n #b101))")})
	if err != nil || answer != Sat || fmt.Sprint(model) != "map[b:true n:#b101 x:#xff]" {
		t.Errorf("%v %v %v", answer, model, err)
	}
	answer, _, err = z3.Ask(Question{Consts: x, Values: map[string]Value{"x": Bits(3, 8)}, Term: mustParse(t, "(= x #x04)")})
	if err != nil || answer != Unsat {
		t.Errorf("%v %v", answer, err)
	}
	if _, _, err = z3.Ask(Question{Term: mustParse(t, "(= y #x04)")}); err == nil || !strings.Contains(err.Error(), "unknown constant y") {
		t.Errorf("an unknown constant: %v", err)
	}
	// Not to be had in a second.
	if answer, _, err = z3.Ask(Question{Consts: map[string]uint{"p": 64, "q": 64}, Term: mustParse(t,
		"(not (=> (distinct q #x0000000000000000) (= p (bvadd (bvmul (bvudiv p q) q) (bvurem p q)))))")}); err != nil || answer != Unknown {
		t.Errorf("%v %v", answer, err)
	}
	// And it goes on after that.
	if answer, _, err = z3.Ask(Question{Term: mustParse(t, "true")}); err != nil || answer != Sat {
		t.Errorf("%v %v", answer, err)
	}
	_ = z3.Close()
	if _, _, err = z3.Ask(Question{Term: mustParse(t, "true")}); err == nil || !strings.Contains(err.Error(), "z3 fell silent") {
		t.Errorf("after its end: %v", err)
	}
}

// Any text is read or refused, evaluated or refused, and what is written is read back.
func FuzzParse(f *testing.F) {
	f.Add("(define-fun f ((x (_ BitVec 8))) Bool (= x #x01)) (f #x01)")
	f.Add("(ite (bvult #b0 #b1) ((_ extract 3 0) #xab) (concat #x1 #x2)) ; a remark")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<12 {
			return
		}
		terms, err := Parse(text)
		if err != nil {
			return
		}
		funcs, _ := Define(terms)
		for _, term := range terms {
			again, err := ParseOne(term.String())
			if err != nil || again.String() != term.String() {
				t.Errorf("%v is read back as %v: %v", term, again, err)
			}
			_, _ = (&Env{Funcs: funcs}).Eval(term)
		}
	})
}
