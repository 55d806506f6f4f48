package witness_test

import (
	"flag"
	"maps"
	"slices"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/oracle"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/witness"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
)

var (
	firstSeed = flag.Uint64("seed", 1, "seed of the first program")
	unguardN  = flag.Int("unguarded", 150, "harmful programs without a guard to find witnesses for")
	keep      = flag.Bool("inputs", false, "let the search see the inputs that programs were generated with")
	show      = flag.Int("show", 10, "programs without a witness to name")
)

func reference(t testing.TB) *oracle.Reference {
	t.Helper()
	ref, err := oracle.NewReference()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ref.Close() })
	return ref
}

// share counts what was found.
type share struct{ all, found, tries int }

// TestUnguardedProgramsHaveWitnesses takes one guard out of valid programs. Those on which
// some input does harm, as trying shows, must nearly all get a witness from the search,
// which sees neither those inputs nor, without -inputs, those that the program came with.
func TestUnguardedProgramsHaveWitnesses(t *testing.T) {
	t.Logf("seed %d", *firstSeed)
	ref := reference(t)
	u := newUnguarded(ref)
	var total share
	by := map[string]*share{}
	seed := *firstSeed
	for ; total.all < *unguardN; seed++ {
		c, f, kind := u.make(seed)
		if c == nil {
			continue
		}
		if !*keep {
			c.Inputs = nil
		}
		w := witness.Search(c, f, witness.Options{Machine: ref, Seed: seed})
		for _, key := range []string{"guard " + kind, "rule " + f.Rule} {
			if by[key] == nil {
				by[key] = &share{}
			}
			by[key].count(&w)
		}
		total.count(&w)
		switch {
		case w.Answer == witness.Confirmed:
			confirm(t, ref, seed, &w)
		case total.all-total.found <= *show:
			t.Logf("seed %d: %s, %s: %s (reached %v)", seed, kind, f.Rule, &w, w.Reached)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(by)) {
		s := by[key]
		t.Logf("%-28s %5d of %5d", key, s.found, s.all)
	}
	t.Logf("%d of %d have a witness, of seeds up to %d; %d tries each", total.found, total.all, seed, total.tries/total.all)
	if total.found*100 < total.all*90 {
		t.Errorf("%d of %d have a witness, want 90%%", total.found, total.all)
	}
}

func (s *share) count(w *witness.Result) {
	s.all++
	s.tries += w.Tries
	if w.Answer == witness.Confirmed {
		s.found++
	}
}

// confirm runs a witness once more, unwatched.
func confirm(t *testing.T, ref *oracle.Reference, seed uint64, w *witness.Result) {
	t.Helper()
	if w.Harm == witness.Endless {
		return
	}
	outs := ref.Run(w.Case)
	last := outs[len(outs)-1]
	if w.Harm == witness.Faults && (last.Kind != vm.Faulted || last.Fault != w.Outcome.Fault) {
		t.Errorf("seed %d: the witness gives %s, and %s when it runs again", seed, &w.Outcome.Fault, last.Kind)
	}
}

// TestAnswers has programs for each answer; the lines say what a verifier knows, and what
// is so.
func TestAnswers(t *testing.T) {
	ref := reference(t)
	for _, tt := range []struct {
		name, text string
		want       witness.Answer
		harm       witness.Harm
	}{
		{"a lookup that may fail", `type: socket_filter
-- prog --
	*(u32 *)(r10 - 4) = 9
	r1 = map[h]
	r2 = r10
	r2 += -4
	call bpf_map_lookup_elem
	r0 = *(u64 *)(r0 + 0)
	exit
-- map h --
type: hash
key: 4
value: 16
max_entries: 4
09000000 = 00000000000000000000000000000000
`, witness.Confirmed, witness.Faults},
		{"a magic number in the packet, and the last byte of a value", `type: xdp
-- prog --
	r2 = *(u32 *)(r1 + 0)
	r3 = *(u32 *)(r1 + 4)
	r4 = r2
	r4 += 14
	if r4 > r3 goto out
	r5 = *(u16 *)(r2 + 12)
	r5 = be16 r5
	if r5 != 2048 goto out
	r6 = *(u32 *)(r2 + 4)
	r6 *= 7
	r6 ^= 4660
	if w6 != 3405691582 goto out
	r7 = *(u8 *)(r2 + 3)
	r8 = map[a][0] + 0
	r8 += r7
	r0 = *(u8 *)(r8 + 0)
out:
	r0 = 1
	exit
-- map a --
type: array
key: 4
value: 255
max_entries: 1
`, witness.Confirmed, witness.Faults},
		{"a register of another path", `type: socket_filter
-- prog --
	r6 = *(u32 *)(r1 + 8)
	if r6 == 77 goto L3
	r7 = 1
L3:
	r0 = r7
	exit
`, witness.Confirmed, witness.Undefined},
		{"a loop that one number does not leave", `type: socket_filter
-- prog --
	r6 = *(u32 *)(r1 + 8)
L1:
	if r6 == 12345 goto L1
	r0 = 0
	exit
`, witness.Confirmed, witness.Endless},
		{"two registers that are never both large", `type: socket_filter
-- prog --
	r6 = *(u32 *)(r1 + 8)
	r7 = 15
	r7 -= r6
	if r6 > 15 goto out
	r8 = map[a][0] + 0
	r8 += r6
	r8 += r7
	r0 = *(u8 *)(r8 + 0)
out:
	r0 = 0
	exit
-- map a --
type: array
key: 4
value: 16
max_entries: 1
`, witness.NotFound, witness.None},
		{"a reference that is kept", `type: socket_filter
-- prog --
	r1 = map[r]
	r2 = 8
	r3 = 0
	call bpf_ringbuf_reserve
	r0 = 0
	exit
-- map r --
type: ringbuf
key: 0
value: 0
max_entries: 4096
`, witness.Unknown, witness.None},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file, err := casefile.Parse(tt.name, []byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			res := verifier.Verify(&file.Case, verifier.Options{})
			if res.Failure == nil {
				t.Fatal("accepted")
			}
			for seed := range uint64(4) {
				w := witness.Search(&file.Case, res.Failure, witness.Options{Machine: ref, Seed: seed})
				if w.Answer != tt.want || w.Harm != tt.harm {
					t.Errorf("seed %d, rule %s: %s, want %s (%s)", seed, res.Failure.Rule, &w, tt.want, tt.harm)
				}
				again := witness.Search(&file.Case, res.Failure, witness.Options{Machine: ref, Seed: seed})
				if again.Tries != w.Tries || again.Outcome != w.Outcome {
					t.Errorf("seed %d: the same search comes to %s, and to %s", seed, &w, &again)
				}
			}
		})
	}
}
