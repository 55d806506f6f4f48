package spec

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// The table as JSON, for tools in other languages. The form is stable: fields may
// be added, none is renamed or removed while the schema keeps its number.
//
// A node of a tree is {"op": NAME, …}: an operator with "width" in bits and its
// operands in "args"; a leaf with "reg" or "value"; a memory node with "bytes".
// Steps are nodes too ("set", "store", "do", "branch", "call", "clobber", "exit",
// "trap", "if"), and "do" of a row is the list of its steps.

// Schema names the JSON form.
const Schema = "lockstep-isa/1"

// Node is a node of a tree in its JSON form.
type Node struct {
	Op    string `json:"op"`
	Width int    `json:"width,omitempty"` // bits
	Bytes int    `json:"bytes,omitempty"`
	Reg   string `json:"reg,omitempty"`   // dst, src, r0 to r10
	Last  string `json:"last,omitempty"`  // of a range of registers
	Value *int64 `json:"value,omitempty"` // of a constant
	Kind  string `json:"kind,omitempty"`  // of an address, a call or a trap
	Args  []Node `json:"args,omitempty"`
	Then  []Node `json:"then,omitempty"`
	Else  []Node `json:"else,omitempty"`
}

// FieldJSON is a Field in its JSON form. Kind is reserved, register, written,
// number or nonzero; a number has its bounds.
type FieldJSON struct {
	Kind string `json:"kind"`
	Min  *int64 `json:"min,omitempty"`
	Max  *int64 `json:"max,omitempty"`
}

// RowJSON is a Row in its JSON form.
type RowJSON struct {
	Name     string     `json:"name"`
	Opcode   string     `json:"opcode"`
	Dst      FieldJSON  `json:"dst"`
	Src      FieldJSON  `json:"src"`
	Off      FieldJSON  `json:"off"`
	Imm      FieldJSON  `json:"imm"`
	NextImm  *FieldJSON `json:"next_imm,omitempty"` // of forms of two slots
	Mnemonic string     `json:"mnemonic"`
	Group    Group      `json:"group"`
	Section  string     `json:"section"`
	Since    string     `json:"since,omitempty"`
	CPU      int        `json:"cpu,omitempty"`
	Internal bool       `json:"internal,omitempty"`
	Effect   string     `json:"effect"`
	Meaning  string     `json:"meaning,omitempty"` // Do as text
	Do       []Node     `json:"do,omitempty"`
}

// MarshalTable is the whole table as JSON: an object {"schema": …, "rows": […]}, a
// row a line.
func MarshalTable() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b) // ends every row with a newline
	enc.SetEscapeHTML(false)
	fmt.Fprintf(&b, "{\"schema\": %q, \"rows\": [\n", Schema)
	for i := range Table {
		if i > 0 {
			b.Truncate(b.Len() - 1)
			b.WriteString(",\n")
		}
		if err := enc.Encode(Table[i].JSON()); err != nil {
			return nil, err
		}
	}
	b.WriteString("]}\n")
	return b.Bytes(), nil
}

// JSON is the row in its JSON form.
func (r *Row) JSON() RowJSON {
	j := RowJSON{
		Name: r.Name, Opcode: fmt.Sprintf("%#02x", r.Op),
		Dst: r.Dst.json(), Src: r.Src.json(), Off: r.Off.json(), Imm: r.Imm.json(),
		Mnemonic: r.Mnemonic, Group: r.Group, Section: r.Section, Since: r.Since, CPU: r.CPU, Internal: r.Internal,
		Effect: r.Effect, Meaning: r.Do.String(), Do: r.Do.nodes(),
	}
	if r.IsWide() {
		next := r.Next.json()
		j.NextImm = &next
	}
	return j
}

func (f Field) json() FieldJSON {
	switch {
	case f.Kind == Reserved:
		return FieldJSON{Kind: "reserved"}
	case f.Kind == Register:
		return FieldJSON{Kind: "register"}
	case f.Kind == Written:
		return FieldJSON{Kind: "written"}
	case f == NonZero:
		return FieldJSON{Kind: "nonzero"}
	}
	return FieldJSON{"number", &f.Lo, &f.Hi}
}

func (s Seq) nodes() []Node {
	var nodes []Node
	for _, st := range s {
		nodes = append(nodes, stmtNode(st))
	}
	return nodes
}

func stmtNode(s Stmt) Node {
	switch s := s.(type) {
	case Set:
		return Node{Op: "set", Reg: s.R.String(), Args: exprNodes(s.X)}
	case Store:
		return Node{Op: "store", Bytes: int(s.Size), Args: exprNodes(s.Addr, s.X)}
	case Do:
		return Node{Op: "do", Args: exprNodes(s.X)}
	case Branch:
		return Node{Op: "branch", Args: exprNodes(s.If, s.To)}
	case Call:
		return Node{Op: "call", Kind: s.Kind.String()}
	case Clobber:
		return Node{Op: "clobber", Reg: RegRef(s.First).String(), Last: RegRef(s.Last).String()}
	case Exit:
		return Node{Op: "exit"}
	case Trap:
		return Node{Op: "trap", Kind: s.Why}
	case If:
		return Node{Op: "if", Args: exprNodes(s.Cond), Then: s.Then.nodes(), Else: s.Else.nodes()}
	}
	panic(fmt.Sprintf("spec: %T has no JSON form", s))
}

// exprNodes leaves out the operands that an Atomic does not have.
func exprNodes(xs ...Expr) []Node {
	var nodes []Node
	for _, x := range xs {
		if x != nil {
			nodes = append(nodes, exprNode(x))
		}
	}
	return nodes
}

func exprNode(x Expr) Node {
	switch x := x.(type) {
	case Const:
		v := int64(x)
		return Node{Op: "const", Value: &v}
	case Reg:
		return Node{Op: "reg", Reg: RegRef(x).String()}
	case Imm:
		return Node{Op: "imm"}
	case Wide:
		return Node{Op: "imm64"}
	case Off:
		return Node{Op: "off"}
	case Unary:
		return Node{Op: x.Op.String(), Width: int(x.W), Args: exprNodes(x.X)}
	case Binary:
		return Node{Op: x.Op.String(), Width: int(x.W), Args: exprNodes(x.X, x.Y)}
	case Compare:
		return Node{Op: x.Op.String(), Width: int(x.W), Args: exprNodes(x.X, x.Y)}
	case Cond:
		return Node{Op: "cond", Args: exprNodes(x.If, x.Then, x.Else)}
	case Load:
		return Node{Op: "load", Bytes: int(x.Size), Args: exprNodes(x.Addr)}
	case Atomic: // address, what cmpxchg compares with, operand
		return Node{Op: x.Op.String(), Bytes: int(x.Size), Args: exprNodes(x.Addr, x.Cmp, x.X)}
	case PacketHas:
		return Node{Op: "packet_has", Bytes: int(x.Size), Args: exprNodes(x.X)}
	case PacketLoad:
		return Node{Op: "packet_load", Bytes: int(x.Size), Args: exprNodes(x.X)}
	case Address:
		return Node{Op: "address", Kind: x.Kind.String()}
	case BudgetSpent:
		return Node{Op: "budget_spent"}
	case ArenaBase:
		return Node{Op: "arena_base"}
	}
	panic(fmt.Sprintf("spec: %T has no JSON form", x))
}
