package spec

import (
	"encoding/json"
	"reflect"
	"strconv"
	"testing"
)

// rebuild turns JSON nodes back into a tree, so that the JSON form is shown to lose
// nothing.
func rebuild(nodes []Node) (s Seq) {
	for _, n := range nodes {
		switch n.Op {
		case "set":
			s = append(s, Set{register(n.Reg), tree(n.Args[0])})
		case "store":
			s = append(s, Store{Size(n.Bytes), tree(n.Args[0]), tree(n.Args[1])})
		case "do":
			s = append(s, Do{tree(n.Args[0])})
		case "branch":
			s = append(s, Branch{tree(n.Args[0]), tree(n.Args[1])})
		case "call":
			s = append(s, Call{named(numCall, n.Kind)})
		case "clobber":
			s = append(s, Clobber{uint8(register(n.Reg)), uint8(register(n.Last))})
		case "exit":
			s = append(s, Exit{})
		case "trap":
			s = append(s, Trap{n.Kind})
		case "if":
			s = append(s, If{tree(n.Args[0]), rebuild(n.Then), rebuild(n.Else)})
		default:
			panic("step " + n.Op)
		}
	}
	return s
}

func register(name string) RegRef {
	switch name {
	case "dst":
		return Dst
	case "src":
		return Src
	}
	n, err := strconv.Atoi(name[1:])
	if err != nil {
		panic(err)
	}
	return RegRef(n)
}

// named finds an operator by its name, or gives end.
func named[T interface {
	~uint8
	String() string
}](end T, name string) T {
	for op := T(0); op < end; op++ {
		if op.String() == name {
			return op
		}
	}
	return end
}

func tree(n Node) Expr {
	args := make([]Expr, 3)
	for i, a := range n.Args {
		args[i] = tree(a)
	}
	switch n.Op {
	case "const":
		return Const(*n.Value)
	case "reg":
		return Reg(register(n.Reg))
	case "imm":
		return Imm{}
	case "imm64":
		return Wide{}
	case "off":
		return Off{}
	case "cond":
		return Cond{args[0], args[1], args[2]}
	case "load":
		return Load{Size(n.Bytes), args[0]}
	case "packet_has":
		return PacketHas{Size(n.Bytes), args[0]}
	case "packet_load":
		return PacketLoad{Size(n.Bytes), args[0]}
	case "address":
		return Address{named(numAddress, n.Kind)}
	case "budget_spent":
		return BudgetSpent{}
	case "arena_base":
		return ArenaBase{}
	}
	w := Width(n.Width)
	if op := named(numUnary, n.Op); op < numUnary {
		return Unary{op, w, args[0]}
	}
	if op := named(numBinary, n.Op); op < numBinary {
		return Binary{op, w, args[0], args[1]}
	}
	if op := named(numCompare, n.Op); op < numCompare {
		return Compare{op, w, args[0], args[1]}
	}
	op := named(numAtomic, n.Op)
	if op == numAtomic {
		panic("node " + n.Op)
	}
	a := Atomic{Op: op, Size: Size(n.Bytes), Addr: args[0], X: args[1]}
	if op == ACmpXchg {
		a.Cmp, a.X = args[1], args[2]
	}
	return a
}

func TestJSONLosesNothing(t *testing.T) {
	b, err := MarshalTable()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Schema string
		Rows   []RowJSON
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if got.Schema != Schema || len(got.Rows) != len(Table) {
		t.Fatalf("schema %q with %d rows, want %q with %d", got.Schema, len(got.Rows), Schema, len(Table))
	}
	for i, j := range got.Rows {
		r := &Table[i]
		if do := rebuild(j.Do); !reflect.DeepEqual(do, r.Do) {
			t.Errorf("%s: tree comes back as %v, was %v", r.Name, do, r.Do)
		}
		if op, err := strconv.ParseUint(j.Opcode, 0, 8); err != nil || uint8(op) != r.Op || j.Name != r.Name || j.Effect != r.Effect {
			t.Errorf("%s: comes back as %+v", r.Name, j)
		}
		for _, f := range []struct {
			json  FieldJSON
			field Field
		}{{j.Dst, r.Dst}, {j.Src, r.Src}, {j.Off, r.Off}, {j.Imm, r.Imm}} {
			kinds := map[FieldKind]string{Reserved: "reserved", Register: "register", Written: "written", Number: "number"}
			switch {
			case f.field == NonZero:
				if f.json.Kind != "nonzero" || f.json.Min != nil {
					t.Errorf("%s: nonzero comes back as %+v", r.Name, f.json)
				}
			case f.json.Kind != kinds[f.field.Kind], f.field.Kind == Number && (*f.json.Min != f.field.Lo || *f.json.Max != f.field.Hi):
				t.Errorf("%s: %+v comes back as %+v", r.Name, f.field, f.json)
			}
		}
	}
}

func TestRender(t *testing.T) {
	for name, want := range map[string]string{
		"add32.k":          "dst = dst +32 imm",
		"sdiv64.x":         "dst = (src == 0) ? 0 : ((src == -1) ? neg64(dst) : (dst s/ src))",
		"movsx8_32":        "dst = u32(s8(src))",
		"jset32.k":         "if (dst &32 imm) != 0 { pc += off }",
		"ja32":             "pc += imm",
		"stxw":             "mem32[dst + off] = src",
		"lddw":             "dst = imm64",
		"lddw.map_fd":      "dst = map_by_fd(imm)",
		"atomic_cmpxchg32": "r0 = atomic_cmpxchg(mem32[dst + off], r0, src)",
		"call.local":       "call_local(imm); undefined r1 to r5",
		"ldindh":           "if packet_has(2, src +32 imm) { r0 = packet16[src +32 imm]; undefined r1 to r5 } else { r0 = 0; exit }",
		"may_goto":         "if budget_spent { pc += off }",
		"cast_user":        "dst = (src ==32 0) ? 0 : (arena_base | u32(src))",
	} {
		if got := ByName(name).Do.String(); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
	if got, want := (Seq{Trap{"why"}, If{Const(1), Seq{Exit{}}, nil}}).String(), `trap "why"; if 1 { exit }`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
