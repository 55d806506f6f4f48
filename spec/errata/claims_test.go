package errata

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/internal/smtlib"
	"github.com/lockstep-ebpf/lockstep/spec"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the random points")

func TestClaimsAreComplete(t *testing.T) {
	ids := map[string]bool{}
	for _, c := range slices.Concat(Claims, planted) {
		if c.ID == "" || c.Words == "" || ids[c.ID] {
			t.Errorf("%q lacks a part or is there twice", c.ID)
		}
		ids[c.ID] = true
		if ByID(c.Of) == nil && !slices.ContainsFunc(spec.Table, func(r spec.Row) bool { return r.Section == c.Of }) {
			t.Errorf("%s is about %q, which is neither an erratum nor a section", c.ID, c.Of)
		}
		for name := range c.Witness {
			if Constants[name] == 0 {
				t.Errorf("%s: the witness names %q, want one of %v", c.ID, name, Constants)
			}
		}
		for _, term := range c.Terms() {
			if strings.Contains(term, "$") {
				t.Errorf("%s: nothing stands for a $ in %s", c.ID, term)
			}
		}
	}
}

// instance is one term of a claim, on machines of one byte order.
type instance struct {
	*Claim
	order spec.ByteOrder
	term  smtlib.Term
	defs  []smtlib.Term
	env   *smtlib.Env
}

func (i *instance) String() string {
	return fmt.Sprintf("%s, %s-endian: %s %v", i.ID, i.order, i.Words, i.term)
}

// question asks for constants that make the term true, or false.
func (i *instance) question(holds bool) smtlib.Question {
	term := i.term
	if !holds {
		term = smtlib.Term{List: []smtlib.Term{{Atom: "not"}, term}}
	}
	return smtlib.Question{Defs: i.defs, Consts: Constants, Term: term}
}

// at is the term's truth at a point.
func (i *instance) at(t *testing.T, point map[string]smtlib.Value) bool {
	t.Helper()
	i.env.Vars = point
	v, err := i.env.Eval(i.term)
	if err != nil || v.Bits != 0 {
		t.Fatalf("%v at %v: %v of %d bits, %v", i, point, v, v.Bits, err)
	}
	return v.True()
}

// instances expands claims, for both byte orders where that makes a difference.
func instances(t *testing.T, claims []Claim) (all []*instance) {
	t.Helper()
	seen := map[string]bool{}
	for _, order := range []spec.ByteOrder{spec.Little, spec.Big} {
		defs, err := smtlib.Parse(Prelude(order))
		if err != nil {
			t.Fatal(err)
		}
		env := &smtlib.Env{Funcs: meanings(t, defs, order)}
		for c := range claims {
			for _, text := range claims[c].Terms() {
				term, err := smtlib.ParseOne(text)
				if err != nil {
					t.Fatalf("%s: %v", claims[c].ID, err)
				}
				i := &instance{&claims[c], order, term, defs, env}
				if q := i.ID + i.question(true).String(); !seen[q] {
					seen[q] = true
					all = append(all, i)
				}
			}
		}
	}
	return all
}

// meanings are the functions that terms call. Those of forms are evaluated twice, as
// they are printed and by the table's trees, and have to agree; memory has no value in
// a tree, so that forms which use it are evaluated as printed, which package spec's
// tests compare with the trees.
func meanings(t *testing.T, defs []smtlib.Term, order spec.ByteOrder) map[string]smtlib.Func {
	t.Helper()
	funcs, err := smtlib.Define(defs)
	if err != nil {
		t.Fatal(err)
	}
	for name, printed := range funcs {
		r := spec.ByName(name)
		if r == nil || !r.ScalarOp() && !r.Branches() && r.Name != "lddw" {
			continue
		}
		funcs[name] = func(args []smtlib.Value) (smtlib.Value, error) {
			v, err := printed(args)
			if err != nil {
				return v, err
			}
			if want := byTree(r, args, order); v.String() != want.String() {
				return v, fmt.Errorf("the tree says %v, the printed function %v", want, v)
			}
			return v, nil
		}
	}
	return funcs
}

func byTree(r *spec.Row, args []smtlib.Value, order spec.ByteOrder) smtlib.Value {
	regs := [11]uint64{1: args[0].Uint64(), 2: args[1].Uint64()}
	env := &spec.Env{Insn: spec.Insn{Op: r.Op, Dst: 1, Src: 2, Imm: int32(args[2].Uint64())}, Regs: &regs, Big: order == spec.Big}
	if r.IsWide() {
		env.Next.Imm = int32(args[3].Uint64())
	}
	if b, ok := r.Do[0].(spec.Branch); ok {
		return smtlib.Bool(env.Eval(b.If) != 0)
	}
	return smtlib.Bits(env.Eval(r.Do[0].(spec.Set).X), 64)
}

// witness is the point that the claim names.
func (i *instance) witness() map[string]smtlib.Value {
	point := map[string]smtlib.Value{}
	for name, bits := range Constants {
		point[name] = smtlib.Bits(i.Witness[name], bits)
	}
	return point
}

// points are corners, each of x, y and i with each, and random operands.
func points(rnd *rand.Rand) (all []map[string]smtlib.Value) {
	add := func(x, y, z uint64, i, j uint32) {
		all = append(all, map[string]smtlib.Value{
			"x": smtlib.Bits(x, 64), "y": smtlib.Bits(y, 64), "z": smtlib.Bits(z, 64), "i": smtlib.Bits(uint64(i), 32), "j": smtlib.Bits(uint64(j), 32),
		})
	}
	words := []uint64{0, 1, 33, 0x80, 1 << 31, 1 << 32, 0x123456789abcdef0, 1 << 63, ^uint64(0)}
	halves := []uint32{0, 1, 33, 1 << 31, ^uint32(0)}
	for _, x := range words {
		for _, y := range words {
			for n, i := range halves {
				add(x, y, x^y<<32, i, halves[(n+1)%len(halves)])
			}
		}
	}
	for range 50 {
		x, y := rnd.Uint64(), rnd.Uint64()>>rnd.IntN(64)
		add(x, y, x^y<<32, rnd.Uint32(), rnd.Uint32())
	}
	return all
}

// Claims hold on points, and their witnesses are ones, by our own evaluator.
func TestClaimsHoldOnPoints(t *testing.T) {
	t.Logf("-seed %d", *seed)
	at := points(rand.New(rand.NewPCG(*seed, 0)))
	for _, i := range instances(t, Claims) {
		if i.Witness != nil {
			if !i.at(t, i.witness()) {
				t.Errorf("%v: not at %v", i, i.Witness)
			}
			continue
		}
		for _, point := range at {
			if !i.at(t, point) {
				t.Errorf("%v: not at %v", i, point)
				break
			}
		}
	}
}

const limit = 30 * time.Second

// A claim is proved if the solver finds no constants that make it false; one with a
// witness, if these make it true.
func TestClaimsAreProved(t *testing.T) {
	z3 := smtlib.ForTest(t, limit)
	all, slowest := instances(t, Claims), time.Duration(0)
	for _, i := range all {
		start, want, q := time.Now(), smtlib.Unsat, i.question(false)
		if i.Witness != nil {
			want, q = smtlib.Sat, i.question(true)
			q.Values = i.witness()
		}
		answer, model, err := z3.Ask(q)
		slowest = max(slowest, time.Since(start))
		switch {
		case err != nil:
			t.Fatalf("%v: %v", i, err)
		case answer == smtlib.Unknown:
			t.Errorf("%v: no answer in %v", i, limit)
		case answer != want:
			t.Errorf("%v: the solver says %s, %v", i, answer, model)
		}
	}
	t.Logf("%d claims, %d terms, the slowest took %v", len(Claims), len(all), slowest)
}
