package spec

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// rfcForm is a line of testdata/rfc9669.tsv.
type rfcForm struct {
	line          int
	op            uint8
	src, off, imm string // a number, or "any"
	group         Group
	text          string
}

func (f rfcForm) String() string {
	return fmt.Sprintf("rfc9669.tsv:%d %#02x src=%s off=%s imm=%s", f.line, f.op, f.src, f.off, f.imm)
}

func readRFC(t testing.TB) []rfcForm {
	t.Helper()
	b, err := os.ReadFile("testdata/rfc9669.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var forms []rfcForm
	for n, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		c := strings.Split(line, "\t")
		if len(c) != 6 {
			t.Fatalf("rfc9669.tsv:%d: %d columns, want 6", n+1, len(c))
		}
		op, err := strconv.ParseUint(c[0], 0, 8)
		if err != nil {
			t.Fatalf("rfc9669.tsv:%d: %v", n+1, err)
		}
		forms = append(forms, rfcForm{n + 1, uint8(op), c[1], c[2], c[3], Group(c[4]), c[5]})
	}
	if len(forms) < 170 {
		t.Fatalf("only %d forms read", len(forms))
	}
	return forms
}

// matches compares a field's rule with the RFC's. "any" admits what a loader may
// refuse for its value, a shift count or a divisor, and a register that may not be r10.
func matches(rfc string, f Field) bool {
	if rfc == "any" {
		return f == Any || f == NonZero || f == Shift5 || f == Shift6 || f == AnyReg || f == WReg
	}
	v, err := strconv.ParseInt(rfc, 0, 64)
	return err == nil && f.Selects() && f.Lo == v
}

func (f rfcForm) rows() (found []*Row) {
	for _, r := range ByOpcode(f.op) {
		if r.Group != Linux && matches(f.src, r.Src) && matches(f.off, r.Off) && matches(f.imm, r.Imm) {
			found = append(found, r)
		}
	}
	return found
}

func TestTableIsTheRFCs(t *testing.T) {
	claimed := map[*Row]rfcForm{}
	for _, f := range readRFC(t) {
		if f.op == 0 {
			if rows := ByOpcode(0); rows != nil {
				t.Errorf("the second slot of an LDDW has rows of its own: %v", rows)
			}
			continue
		}
		if f.text == "call kfunc" {
			f.off = "any" // Linux: the index of a BTF object
		}
		rows := f.rows()
		if len(rows) != 1 {
			t.Errorf("%v: %d rows, want 1", f, len(rows))
			continue
		}
		r := rows[0]
		if r.Group != f.group {
			t.Errorf("%v: %s is in group %s, want %s", f, r.Name, r.Group, f.group)
		}
		if other, ok := claimed[r]; ok {
			t.Errorf("%v and %v are both %s", f, other, r.Name)
		}
		claimed[r] = f
	}
	for i := range Table {
		r := &Table[i]
		if _, ok := claimed[r]; !ok && r.Group != Linux {
			t.Errorf("%s is in no line of the RFC and not in group %s", r.Name, Linux)
		}
	}
}
