package spec

import (
	"fmt"
	"regexp"
	"testing"
)

func TestEveryRowIsFoundByItsOwnFields(t *testing.T) {
	seen := map[string]bool{}
	for i := range Table {
		r := &Table[i]
		if seen[r.Name] {
			t.Errorf("two rows named %s", r.Name)
		}
		seen[r.Name] = true
		if got := Lookup(sample(r)); got != r {
			t.Errorf("%s: looked up as %v", r.Name, got)
		}
		if ByName(r.Name) != r || r.ID != i {
			t.Errorf("%s: ByName or ID is wrong", r.Name)
		}
	}
}

// sample is the instruction of a row with the least value in every field.
func sample(r *Row) Insn {
	return Insn{Op: r.Op, Dst: uint8(r.Dst.Lo), Src: uint8(r.Src.Lo), Off: int16(r.Off.Lo), Imm: int32(r.Imm.Lo)}
}

// At most one row fits any slot: all opcodes, all sources, and every offset and
// immediate that some row selects by, with two that none does.
func TestRowsDoNotOverlap(t *testing.T) {
	offs, imms := map[int64]bool{3: true, -77: true}, map[int64]bool{77: true, -77: true}
	for _, r := range Table {
		if r.Off.Selects() {
			offs[r.Off.Lo] = true
		}
		if r.Imm.Selects() {
			imms[r.Imm.Lo] = true
		}
	}
	for op := range 256 {
		for src := range uint8(16) {
			for off := range offs {
				for imm := range imms {
					in := Insn{Op: uint8(op), Src: src, Off: int16(off), Imm: int32(imm)}
					var fits []string
					for i := range Table {
						if Table[i].Op == in.Op && Table[i].selected(in) {
							fits = append(fits, Table[i].Name)
						}
					}
					if len(fits) > 1 {
						t.Fatalf("%v fits %v", in, fits)
					}
				}
			}
		}
	}
}

func TestRowsAreComplete(t *testing.T) {
	since := regexp.MustCompile(`^\d+\.\d+$`)
	section := regexp.MustCompile(`^(4\.1|4\.2|4\.3|4\.3\.1|4\.3\.2|5\.1|5\.2|5\.3|5\.4|5\.5|linux/\S+( BPF_\w+)?)$`)
	written := map[string]string{}
	for i := range Table {
		r := &Table[i]
		if r.Effect == "" || r.Mnemonic == "" || r.Group == "" || !section.MatchString(r.Section) {
			t.Errorf("%s lacks an effect, mnemonic, group or section: %+v", r.Name, r)
		}
		if r.Internal != (r.Do == nil) {
			t.Errorf("%s: internal rows, and they alone, have no tree", r.Name)
		}
		if r.Internal {
			continue
		}
		if !since.MatchString(r.Since) {
			t.Errorf("%s: since %q is no release", r.Name, r.Since)
		}
		// What the assembler tells rows apart by.
		key := fmt.Sprint(r.Mnemonic, " reg=", r.Src.IsRegister())
		for _, f := range []Field{r.Src, r.Off, r.Imm} {
			if f.Selects() {
				key += fmt.Sprint(" ", f.Lo)
			} else {
				key += " any"
			}
		}
		if other, ok := written[key]; ok {
			t.Errorf("%s and %s are both written %s", r.Name, other, key)
		}
		written[key] = r.Name
	}
}

// uses is what a tree reads and writes.
type uses struct {
	readDst, readSrc, setDst, setSrc, imm, off, wide bool
}

func (u *uses) expr(t *testing.T, x Expr) {
	switch x := x.(type) {
	case nil, Const, BudgetSpent, ArenaBase:
	case Reg:
		u.readDst = u.readDst || RegRef(x) == Dst
		u.readSrc = u.readSrc || RegRef(x) == Src
		if x > 10 && RegRef(x) != Dst && RegRef(x) != Src {
			t.Errorf("reads register %d", x)
		}
	case Imm, Address:
		u.imm = true
	case Wide:
		u.imm, u.wide = true, true
	case Off:
		u.off = true
	case Unary:
		if x.Op >= numUnary {
			t.Errorf("unary operator %d", x.Op)
		}
		u.expr(t, x.X)
	case Binary:
		if x.Op >= numBinary {
			t.Errorf("binary operator %d", x.Op)
		}
		u.expr(t, x.X)
		u.expr(t, x.Y)
	case Compare:
		if x.Op >= numCompare {
			t.Errorf("relation %d", x.Op)
		}
		u.expr(t, x.X)
		u.expr(t, x.Y)
	case Cond:
		u.expr(t, x.If)
		u.expr(t, x.Then)
		u.expr(t, x.Else)
	case Load:
		u.expr(t, x.Addr)
	case Atomic:
		if x.Op >= numAtomic || (x.Cmp != nil) != (x.Op == ACmpXchg) || (x.X == nil) != (x.Op == ALoadAcquire) {
			t.Errorf("atomic operator %d with operands %v, %v", x.Op, x.X, x.Cmp)
		}
		u.expr(t, x.Addr)
		u.expr(t, x.X)
		u.expr(t, x.Cmp)
	case PacketHas:
		u.expr(t, x.X)
	case PacketLoad:
		u.expr(t, x.X)
	default:
		t.Errorf("unknown expression %T", x)
	}
}

func (u *uses) seq(t *testing.T, s Seq) {
	for _, st := range s {
		switch st := st.(type) {
		case Set:
			u.setDst = u.setDst || st.R == Dst
			u.setSrc = u.setSrc || st.R == Src
			if st.R == 10 {
				t.Errorf("writes r10")
			}
			u.expr(t, st.X)
		case Store:
			u.expr(t, st.Addr)
			u.expr(t, st.X)
		case Do:
			u.expr(t, st.X)
		case Branch:
			u.expr(t, st.If)
			u.expr(t, st.To)
		case Call:
			u.imm = true
		case If:
			u.expr(t, st.Cond)
			u.seq(t, st.Then)
			u.seq(t, st.Else)
		case Clobber, Exit, Trap:
		default:
			t.Errorf("unknown statement %T", st)
		}
	}
}

// A tree uses the fields that the encoding lets vary, and no others.
func TestTreesUseTheirFields(t *testing.T) {
	for i := range Table {
		r := &Table[i]
		if r.Internal {
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			var u uses
			u.seq(t, r.Do)
			check := func(what string, tree, encoding bool) {
				if tree != encoding {
					t.Errorf("%s: %v in the tree, %v in the encoding", what, tree, encoding)
				}
			}
			check("dst is used", u.readDst || u.setDst, r.Dst.IsRegister())
			check("dst is written", u.setDst, r.Dst.Kind == Written)
			check("src is used", u.readSrc || u.setSrc, r.Src.IsRegister())
			check("src is written", u.setSrc, r.Src.Kind == Written)
			check("imm is used", u.imm, !r.Imm.Selects())
			if r.Name != "call.kfunc" { // its offset only helps to name the function
				check("off is used", u.off, !r.Off.Selects())
			}
			check("both immediates are used", u.wide, r.Name == "lddw")
		})
	}
}
