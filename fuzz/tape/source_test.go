package tape

import (
	"bytes"
	"testing"
)

// answers asks a fixed round of questions.
func answers(s *Source, t *Table) (all []uint64) {
	for range 40 {
		all = append(all, uint64(s.Byte()), s.Bits(13), uint64(s.Below(7)), uint64(s.Below(1000)), uint64(s.Below(1<<20)),
			s.Int(), uint64(s.Int32()), uint64(s.Pick(t)), uint64(s.Between(3, 9)))
		if s.Chance(20) || s.Coin() {
			all = append(all, 1)
		}
	}
	return all
}

func equal(a, b []uint64) bool {
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

func TestSeedHasAByteForm(t *testing.T) {
	table := NewTable(1, 5, 0, 3)
	for seed := range uint64(200) {
		s := FromSeed(seed)
		want := answers(s, table)
		if s.Spent() {
			t.Fatalf("seed %d: a seeded tape is spent", seed)
		}
		again := FromBytes(bytes.Clone(s.Bytes()))
		if got := answers(again, table); !equal(got, want) {
			t.Fatalf("seed %d: the recorded tape answers otherwise", seed)
		}
		if again.Spent() {
			t.Fatalf("seed %d: the recorded tape is too short", seed)
		}
		s.Seed(seed)
		if got := answers(s, table); !equal(got, want) {
			t.Fatalf("seed %d: the same seed answers otherwise", seed)
		}
	}
}

func TestEmptyTapeGivesLeastAnswers(t *testing.T) {
	s := FromBytes(nil)
	if !s.Spent() {
		t.Error("an empty tape is not spent")
	}
	if s.Byte() != 0 || s.Bits(64) != 0 || s.Below(9) != 0 || s.Below(1<<30) != 0 || s.Chance(255) || s.Coin() || s.Int() != 0 ||
		s.Int32() != 0 || s.Between(4, 6) != 4 || s.Pick(NewTable(1, 1)) != 0 {
		t.Error("an empty tape gives something other than the least answer")
	}
}

func TestBelowStaysBelow(t *testing.T) {
	s := FromSeed(1)
	for n := -1; n < 70000; n += 1 + n/5 {
		for range 50 {
			if v := s.Below(n); v < 0 || v > 0 && v >= n {
				t.Fatalf("Below(%d) = %d", n, v)
			}
		}
	}
}

func TestTableShares(t *testing.T) {
	table := NewTable(0, 1, 1000, 0, 500)
	var count [5]int
	for _, c := range table {
		count[c]++
	}
	if count[0] != 0 || count[3] != 0 || count[1] != 1 || count[2] < 165 || count[4] < 80 {
		t.Errorf("shares of 256 bytes: %v", count)
	}
}

func TestNumbersReachTheCorners(t *testing.T) {
	s := FromSeed(3)
	seen := map[uint64]bool{}
	for range 200_000 {
		seen[s.Int()] = true
	}
	for _, c := range corners {
		if !seen[c] {
			t.Errorf("%#x never came", c)
		}
	}
	for k := range 64 {
		if !seen[1<<k] || !seen[1<<k-1] || !seen[1<<k+1] {
			t.Errorf("2^%d or a neighbour never came", k)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	s := FromSeed(5)
	table := NewTable(2, 3)
	if n := testing.AllocsPerRun(100, func() {
		s.Seed(5)
		for range 20 {
			s.Int()
			s.Below(300)
			s.Pick(table)
		}
	}); n != 0 {
		t.Errorf("%v allocations a run", n)
	}
}

func BenchmarkByte(b *testing.B) {
	s := FromSeed(1)
	for i := range b.N {
		if i&1023 == 0 {
			s.Seed(1)
		}
		s.Byte()
	}
}
