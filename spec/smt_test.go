package spec

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/internal/smtlib"
)

// noSMT says why a row is no function of what it reads. The test checks each
// entry, so that none outlives its reason.
var noSMT = map[string]string{
	"may_goto":           "uses up a budget",
	"call.helper":        "leaves the program",
	"call.local":         "leaves the function",
	"call.kfunc":         "leaves the program",
	"exit":               "leaves the function",
	"lddw.map_fd":        "is an address that the loader knows",
	"lddw.map_value":     "is an address that the loader knows",
	"lddw.btf_var":       "is an address that the loader knows",
	"lddw.func":          "is an address that the loader knows",
	"lddw.map_idx":       "is an address that the loader knows",
	"lddw.map_idx_value": "is an address that the loader knows",
	"cast_user":          "depends on where the arena is",
	"ldabsw":             "reads the packet, and may exit",
	"ldabsh":             "reads the packet, and may exit",
	"ldabsb":             "reads the packet, and may exit",
	"ldindw":             "reads the packet, and may exit",
	"ldindh":             "reads the packet, and may exit",
	"ldindb":             "reads the packet, and may exit",
}

func TestEveryRowHasAnSMTForm(t *testing.T) {
	for i := range Table {
		r := &Table[i]
		switch _, ok := r.SMT(Little); {
		case r.Internal && ok:
			t.Errorf("%s has no meaning, and an SMT form", r.Name)
		case !r.Internal && !ok && noSMT[r.Name] == "":
			t.Errorf("%s has no SMT form, and no reason is given", r.Name)
		case ok && noSMT[r.Name] != "":
			t.Errorf("%s has an SMT form, though it %s", r.Name, noSMT[r.Name])
		}
	}
	for name := range noSMT {
		if ByName(name) == nil {
			t.Errorf("%s is no row", name)
		}
	}
}

func randomOf(t *testing.T) *rand.Rand {
	s := *seed
	if s == 0 {
		s = time.Now().UnixNano()
	}
	t.Logf("-seed=%d", s)
	return rand.New(rand.NewPCG(uint64(s), 0))
}

// points are states for a row: corners, and as many random ones.
func points(r *Row, o ByteOrder, rnd *rand.Rand, n int) (states []state) {
	var corners []state
	inputs(r, func(s state) { corners = append(corners, s) })
	for range n {
		s := corners[rnd.IntN(len(corners))]
		s.order = o
		states = append(states, s)
		s.dst, s.src, s.r0, s.next.Imm = rnd.Uint64(), rnd.Uint64(), rnd.Uint64(), int32(rnd.Uint32())
		if !r.Imm.Selects() {
			s.in.Imm = int32(rnd.Uint32())
		}
		for i := range s.mem {
			s.mem[i] = byte(rnd.Uint32())
		}
		if base := s.base(r); base != nil {
			*base = memBase + 16
		}
		states = append(states, s)
	}
	return states
}

// equations are terms that say what the row's tree makes of a state.
func equations(r *Row, s state) (terms []string) {
	after := s
	runTree(&after, r.Do)
	args := fmt.Sprintf("#x%016x #x%016x #x%08x", s.dst, s.src, uint32(s.in.Imm))
	n, addr := s.in.Bytes(), uint64(0)
	if base := s.base(r); base != nil {
		addr = *base + uint64(int64(s.in.Off))
		args += fmt.Sprintf(" #x%016x #x%0*x", s.r0, 2*n, s.load(addr, n))
	}
	if r.IsWide() {
		args += fmt.Sprintf(" #x%08x", uint32(s.next.Imm))
	}
	is := func(function, want string) {
		terms = append(terms, fmt.Sprintf("(= (%s %s) %s)", function, args, want))
	}
	text, _ := r.SMT(s.order)
	if after.mem != s.mem || strings.Contains(text, r.Name+".mem ") {
		is(r.Name+".mem", fmt.Sprintf("#x%0*x", 2*n, after.load(addr, n)))
	}
	switch step := r.Do[0].(type) {
	case Branch:
		is(r.Name, fmt.Sprint(after.taken))
	case Set:
		registers := map[RegRef]uint64{Dst: after.dst, Src: after.src, 0: after.r0}
		is(r.Name, fmt.Sprintf("#x%016x", registers[step.R]))
	}
	return terms
}

func parsed(t *testing.T, format string, args ...any) smtlib.Term {
	t.Helper()
	term, err := smtlib.ParseOne(fmt.Sprintf(format, args...))
	if err != nil {
		t.Fatal(err)
	}
	return term
}

func definitions(t *testing.T, o ByteOrder) []smtlib.Term {
	t.Helper()
	defs, err := smtlib.Parse(SMT(o))
	if err != nil {
		t.Fatal(err)
	}
	return defs
}

// By the evaluator of internal/smtlib the functions give what the trees give.
func TestSMTMeansWhatTheTreesMean(t *testing.T) {
	rnd := randomOf(t)
	for _, order := range []ByteOrder{Little, Big} {
		funcs, err := smtlib.Define(definitions(t, order))
		if err != nil {
			t.Fatal(err)
		}
		env := &smtlib.Env{Funcs: funcs}
		checked := map[string]bool{}
		for r := range rowsWithSMT {
			for _, s := range points(r, order, rnd, 50) {
				for _, e := range equations(r, s) {
					term := parsed(t, "%s", e)
					call := term.List[1]
					checked[call.List[0].Atom] = true
					if v, err := env.Eval(term); err != nil || !v.True() {
						got, _ := env.Eval(call)
						t.Fatalf("%s-endian, the tree says %s, the function %v: %v", order, e, got, err)
					}
				}
			}
		}
		for name := range funcs {
			if !checked[name] {
				t.Errorf("%s was not evaluated", name)
			}
		}
	}
}

// The same question to a real solver.
func TestSMTWithASolver(t *testing.T) {
	z3, rnd := smtlib.ForTest(t, 30*time.Second), randomOf(t)
	for _, order := range []ByteOrder{Little, Big} {
		defs := definitions(t, order)
		holds := func(terms ...string) bool {
			answer, _, err := z3.Ask(smtlib.Question{Defs: defs, Term: parsed(t, "(not (and true %s))", strings.Join(terms, " "))})
			if err != nil {
				t.Fatal(err)
			}
			return answer == smtlib.Unsat
		}
		for r := range rowsWithSMT {
			var all []string
			for _, s := range points(r, order, rnd, 60) {
				all = append(all, equations(r, s)...)
			}
			if holds(all...) {
				continue
			}
			for _, e := range all {
				if !holds(e) {
					t.Fatalf("%s-endian, the tree says %s, and the solver does not", order, e)
				}
			}
		}
	}
}

func rowsWithSMT(yield func(*Row) bool) {
	for i := range Table {
		if _, ok := Table[i].SMT(Little); ok && !yield(&Table[i]) {
			return
		}
	}
}
