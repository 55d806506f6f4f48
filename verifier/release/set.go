package release

import (
	"fmt"
	"strconv"
	"strings"
)

// Set is a set of small numbers, written as they are in the generated tables: "1-3 5 12-16".
type Set struct{ bits []uint64 }

// Has reports whether n is in the set.
func (s Set) Has(n int) bool {
	return n >= 0 && n/64 < len(s.bits) && s.bits[n/64]>>(n%64)&1 != 0
}

// Add puts n into the set.
func (s *Set) Add(n int) {
	for n/64 >= len(s.bits) {
		s.bits = append(s.bits, 0)
	}
	s.bits[n/64] |= 1 << (n % 64)
}

// All are the numbers of the set, in order.
func (s Set) All() (all []int) {
	for n := range len(s.bits) * 64 {
		if s.Has(n) {
			all = append(all, n)
		}
	}
	return all
}

func (s Set) String() string {
	var parts []string
	all := s.All()
	for i := 0; i < len(all); {
		j := i
		for j+1 < len(all) && all[j+1] == all[j]+1 {
			j++
		}
		part := strconv.Itoa(all[i])
		if j > i {
			part += "-" + strconv.Itoa(all[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, " ")
}

// ParseSet reads a set as String writes it.
func ParseSet(text string) (s Set, err error) {
	for _, part := range strings.Fields(text) {
		first, last, isRange := strings.Cut(part, "-")
		from, err := strconv.ParseUint(first, 10, 16)
		to := from
		if err == nil && isRange {
			to, err = strconv.ParseUint(last, 10, 16)
		}
		if err != nil || to < from {
			return Set{}, fmt.Errorf("set %q: %q is no number and no range", text, part)
		}
		for n := from; n <= to; n++ {
			s.Add(int(n))
		}
	}
	return s, nil
}

// mustSet is ParseSet for generated tables, which a test reads whole.
func mustSet(text string) Set {
	s, err := ParseSet(text)
	if err != nil {
		panic(err)
	}
	return s
}
