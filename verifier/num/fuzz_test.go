package num

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// tape is a source of random numbers that reads them from a fuzzer's bytes, and goes
// on with others when there are no more.
type tape struct {
	left []byte
	more *rand.PCG
}

// Uint64 is the next number.
func (t *tape) Uint64() uint64 {
	if len(t.left) < 8 {
		return t.more.Uint64()
	}
	v := binary.LittleEndian.Uint64(t.left)
	t.left = t.left[8:]
	return v
}

// FuzzOperators reads a width, two scalars, members and an operator from its input, and
// checks what TestLaws does.
func FuzzOperators(f *testing.F) {
	for seed := range uint64(32) {
		r := rand.New(rand.NewPCG(seed, 1))
		b := make([]byte, 0, 512)
		for len(b) < cap(b) {
			b = binary.LittleEndian.AppendUint64(b, r.Uint64())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := rand.New(&tape{b, rand.NewPCG(1, 2)})
		s := sampleOf(r)
		msg := ""
		switch forms, branches := formsOf(s.w), branchesOf(s.w); r.IntN(4) {
		case 0:
			msg = s.sound(forms[r.IntN(len(forms))])
		case 1:
			msg = s.monotone(forms[r.IntN(len(forms))])
		case 2:
			msg = s.branch(branches[r.IntN(len(branches))])
		case 3:
			msg = lawTight(&s) + lawLattice(&s)
		}
		if msg != "" {
			t.Errorf("%s at %v", msg, &s)
		}
	})
}
