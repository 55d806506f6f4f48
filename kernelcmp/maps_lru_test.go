//go:build linux

package kernelcmp

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/commands"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/sysbpf"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Which key an LRU map evicts is not determined, so both implementations are held to
// what is: see lruSide.check.

// lruPair is an LRU map of ours and one of the kernel's, each with what was last
// written to it.
type lruPair struct {
	*pair
	sides [2]*lruSide
}

// lruSide is one implementation and what is known of it.
type lruSide struct {
	name     string
	do       func(o mapOp, value []byte) error
	last     map[string][]byte // last written and not deleted since; evicted keys stay
	capacity int
	exact    bool // evicts only when it is full
}

type lruOp struct{ mapOp }

func (o lruOp) Run(sut commands.SystemUnderTest) commands.Result {
	for _, s := range sut.(*lruPair).sides {
		if what := s.check(o.mapOp); what != "" {
			return fmt.Sprintf("%s, %v: %s", s.name, o, what)
		}
	}
	return ""
}

func (o lruOp) PostCondition(_ commands.State, r commands.Result) *gopter.PropResult {
	if r.(string) == "" {
		return &gopter.PropResult{Status: gopter.PropTrue}
	}
	return &gopter.PropResult{Status: gopter.PropFalse, Labels: []string{r.(string)}}
}

// holds looks a key up. What is there must be what was last written.
func (s *lruSide) holds(key []byte, size int) (there bool, what string) {
	v := make([]byte, size)
	switch err := s.do(mapOp{do: "lookup", key: key}, v); code(err) {
	case 0:
		if want, ok := s.last[string(key)]; !ok || !bytes.Equal(v, want) {
			return true, fmt.Sprintf("key %x holds %x, last written was %x", key, v, want)
		}
		return true, ""
	case int(maps.ENOENT):
		return false, ""
	default:
		return false, fmt.Sprintf("lookup of %x: %v", key, err)
	}
}

func (s *lruSide) count(size int) (n int, what string) {
	for k := range s.last {
		there, what := s.holds([]byte(k), size)
		if what != "" {
			return 0, what
		}
		if there {
			n++
		}
	}
	return n, ""
}

// check does an update, delete or take, and says what is wrong with its answer or
// with what it left behind.
func (s *lruSide) check(o mapOp) string {
	if o.do != "update" && o.do != "delete" && o.do != "take" {
		return ""
	}
	size := len(o.value)
	before, what := s.holds(o.key, size)
	if what != "" {
		return what
	}
	n, what := s.count(size)
	if what != "" {
		return what
	}
	switch o.do {
	case "update":
		want := 0
		switch {
		case o.flags > maps.Exist:
			want = int(maps.EINVAL)
		case before && o.flags == maps.NoExist:
			want = int(maps.EEXIST)
		case !before && o.flags == maps.Exist:
			want = int(maps.ENOENT)
		}
		err := s.do(o, o.value)
		if !s.exact && before && (code(err) == 0 || code(err) == int(maps.ENOENT)) {
			want = code(err) // made room before it looked, and evicted this very key
		}
		if code(err) != want {
			return fmt.Sprintf("%v, want %v; the key is there: %v", err, maps.Errno(want), before)
		}
		if err != nil && (s.exact || o.flags > maps.Exist) {
			break
		}
		if err == nil {
			s.last[string(o.key)] = bytes.Clone(o.value)
		}
		there, what := s.holds(o.key, size)
		if what != "" || err == nil && !there {
			return "a key just written is gone " + what
		}
		after, what := s.count(size)
		switch {
		case what != "":
			return what
		case after > s.capacity:
			return fmt.Sprintf("%d keys, more than %d", after, s.capacity)
		case s.exact && before && after != n, s.exact && !before && after != min(n+1, s.capacity):
			return fmt.Sprintf("%d keys before, %d after", n, after)
		}
	case "delete", "take":
		v := make([]byte, size)
		want := int(maps.ENOENT)
		if before {
			want = 0
		}
		if o.flags = 0; code(s.do(o, v)) != want {
			return fmt.Sprintf("want %v", maps.Errno(want))
		}
		if o.do == "take" && before && !bytes.Equal(v, s.last[string(o.key)]) {
			return fmt.Sprintf("took %x", v)
		}
		delete(s.last, string(o.key))
	}
	return ""
}

func TestLRUMapsKeepTheirPromises(t *testing.T) {
	mapKernel(t)
	t.Logf("-seed %d", *seed)
	st := newStand(t)
	for _, typ := range []maps.Type{maps.LRUHash, maps.LRUPerCPUHash} {
		t.Run(typ.String(), func(t *testing.T) {
			check(t, st, typ, func(s maps.Spec) commands.SystemUnderTest { return st.openLRU(s) },
				func(o mapOp) commands.Command { return lruOp{o} })
		})
	}
}

func (st *stand) openLRU(s maps.Spec) *lruPair {
	s.Flags &^= maps.UserReadOnly | maps.UserWriteOnly
	p := &lruPair{pair: st.open(s)}
	capacity := int(s.MaxEntries)
	if c := int(st.cpus); s.Flags&maps.NoCommonLRU != 0 {
		capacity = (capacity + c - 1) / c * c
	}
	p.sides[0] = &lruSide{name: "ours", last: map[string][]byte{}, capacity: capacity, exact: true, do: func(o mapOp, v []byte) error {
		switch o.do {
		case "update":
			return p.ours.Update(o.key, v, o.flags)
		case "delete":
			return p.ours.Delete(o.key)
		case "take":
			return p.ours.LookupAndDelete(o.key, v, o.flags)
		}
		return p.ours.Lookup(o.key, v, 0)
	}}
	p.sides[1] = &lruSide{name: "kernel", last: map[string][]byte{}, capacity: capacity, do: func(o mapOp, v []byte) error {
		switch o.do {
		case "update":
			return sysbpf.Update(p.fd, o.key, v, o.flags)
		case "delete":
			return sysbpf.Delete(p.fd, o.key)
		case "take":
			return sysbpf.LookupAndDelete(p.fd, o.key, v, o.flags)
		}
		return sysbpf.Lookup(p.fd, o.key, v, 0)
	}}
	return p
}
