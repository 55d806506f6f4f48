package btf_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-ebpf/lockstep/verifier/btf"
)

// kernel is a few types, by hand. An ID is an index.
type kernel []btf.Type

func (k kernel) Type(id btf.ID) *btf.Type {
	if int(id) >= len(k) {
		return nil
	}
	k[id].ID = id
	return &k[id]
}

func (k kernel) Find(btf.Kind, string) btf.ID { return 0 }
func (k kernel) Typedef(string) btf.ID        { return 0 }

const (
	void btf.ID = iota
	u32
	inner
	toInner
	toVoid
	four
	flexible
	choice
	outer
	toOuter
	pairs
	u8
	tail
	endless
	twoByTwo
	line
)

// struct outer { u32 a; /* 4 bytes free */ struct inner *p; void *v; struct inner in; u32 four[4]; union { struct inner *l; struct inner *r; }; u32 low:4, high:28; struct inner pairs[2]; u32 two[2][2]; };
var types = kernel{
	void:     {Kind: btf.Void},
	u32:      {Kind: btf.Int, Size: 4},
	u8:       {Kind: btf.Int, Size: 1},
	inner:    {Kind: btf.Struct, Name: "inner", Size: 16, Members: []btf.Member{{Name: "x", Type: u32}, {Name: "o", Type: toOuter, Bit: 64}}},
	toInner:  {Kind: btf.Pointer, Size: 8, Elem: inner, Tags: []string{"rcu"}},
	toVoid:   {Kind: btf.Pointer, Size: 8},
	toOuter:  {Kind: btf.Pointer, Size: 8, Elem: outer},
	four:     {Kind: btf.Array, Elem: u32, Count: 4},
	pairs:    {Kind: btf.Array, Elem: inner, Count: 2},
	line:     {Kind: btf.Array, Elem: u32, Count: 2},
	twoByTwo: {Kind: btf.Array, Elem: line, Count: 2},
	choice:   {Kind: btf.Union, Size: 8, Members: []btf.Member{{Name: "l", Type: toInner}, {Name: "r", Type: toInner}}},
	outer: {Kind: btf.Struct, Name: "outer", Size: 120, Members: []btf.Member{
		{Name: "a", Type: u32},
		{Name: "p", Type: toInner, Bit: 64},
		{Name: "v", Type: toVoid, Bit: 128},
		{Name: "in", Type: inner, Bit: 192},
		{Name: "four", Type: four, Bit: 320},
		{Name: "", Type: choice, Bit: 448},
		{Name: "low", Type: u32, Bit: 512, Bits: 4},
		{Name: "high", Type: u32, Bit: 516, Bits: 28},
		{Name: "pairs", Type: pairs, Bit: 576},
		{Name: "two", Type: twoByTwo, Bit: 832},
	}},
	flexible: {Kind: btf.Array, Elem: inner},
	tail:     {Kind: btf.Struct, Name: "tail", Size: 8, Members: []btf.Member{{Name: "n", Type: u32}, {Name: "rest", Type: flexible, Bit: 64}}},
	endless:  {Kind: btf.Struct, Name: "endless", Size: 8, Members: []btf.Member{{Name: "self", Type: endless}}},
}

// TestWalk: what loads of a structure meet follows from its declaration above, and the words
// from btf_struct_walk in kernel/bpf/btf.c.
func TestWalk(t *testing.T) {
	for _, x := range []struct {
		in        btf.ID
		off, size uint32
		want      btf.Found
		err       string
	}{
		{outer, 0, 4, btf.Found{}, ""},
		{outer, 1, 1, btf.Found{}, ""},
		{outer, 0, 8, btf.Found{}, "access beyond the end of member a (mend:4) in struct outer with off 0 size 8"},
		{outer, 4, 4, btf.Found{}, "struct outer doesn't have field at offset 4"},
		{outer, 8, 8, btf.Found{Pointer: true, Type: inner, Field: "p", Tags: []string{"rcu"}}, ""},
		{outer, 8, 4, btf.Found{}, "cannot access ptr member p with moff 8 in struct outer with off 8 size 4"},
		{outer, 12, 8, btf.Found{}, "cannot access ptr member p with moff 8 in struct outer with off 12 size 8"},
		{outer, 16, 8, btf.Found{Memory: true}, ""},
		{outer, 24, 4, btf.Found{}, ""},
		{outer, 32, 8, btf.Found{Pointer: true, Type: outer, Field: "o"}, ""},
		{outer, 28, 4, btf.Found{}, "struct inner doesn't have field at offset 4"},
		{outer, 40, 8, btf.Found{}, ""},
		{outer, 52, 4, btf.Found{}, ""},
		{outer, 52, 8, btf.Found{}, "access beyond the end of member four (mend:56) in struct outer with off 52 size 8"},
		{outer, 56, 8, btf.Found{Pointer: true, Type: inner, Field: "l", Tags: []string{"rcu"}, Untrusted: true}, ""},
		{outer, 64, 4, btf.Found{}, ""},
		{outer, 64, 1, btf.Found{}, ""},
		{outer, 72 + 16 + 8, 8, btf.Found{Pointer: true, Type: outer, Field: "o"}, ""},
		{outer, 104 + 8, 4, btf.Found{}, ""},
		{outer, 120, 1, btf.Found{}, "access beyond struct outer at off 120 size 1"},
		{tail, 8 + 3*16 + 8, 8, btf.Found{Pointer: true, Type: outer, Field: "o"}, ""},
		{tail, 8 + 3*16, 4, btf.Found{}, ""},
		{u32, 0, 4, btf.Found{}, "Type '' is not a struct"},
		{endless, 0, 4, btf.Found{}, "Type 'endless' is nested too deep"},
	} {
		got, err := btf.Walk(types, x.in, x.off, x.size)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if text != x.err || err == nil && !cmp.Equal(got, x.want) {
			t.Errorf("%d bytes at %d of type %d: %+v, %q, want %+v, %q", x.size, x.off, x.in, got, text, x.want, x.err)
		}
	}
}

// TestContains: a pointer to the beginning of a member is one to the member's type.
func TestContains(t *testing.T) {
	for _, x := range []struct {
		in     btf.ID
		off    uint32
		of     btf.ID
		strict bool
		want   bool
	}{
		{outer, 0, outer, true, true},
		{outer, 24, inner, false, true},
		{outer, 24, inner, true, false},
		{outer, 0, inner, false, false},
		{outer, 72, inner, false, true},
		{outer, 72 + 16, inner, false, true},
		{outer, 72 + 8, inner, false, false},
		{outer, 200, inner, false, false},
		{endless, 0, inner, false, false},
	} {
		if got := btf.Contains(types, x.in, x.off, x.of, x.strict); got != x.want {
			t.Errorf("type %d at %d of %d, strict %v: %v", x.of, x.off, x.in, x.strict, got)
		}
	}
}
