package spec

import "testing"

func TestEveryRowIsFoundByItsOwnFields(t *testing.T) {
	seen := map[string]bool{}
	for i := range Table {
		r := &Table[i]
		if seen[r.Name] {
			t.Errorf("two rows named %s", r.Name)
		}
		seen[r.Name] = true
		in := Insn{Op: r.Op, Dst: uint8(r.Dst.Lo), Src: uint8(r.Src.Lo), Off: int16(r.Off.Lo), Imm: int32(r.Imm.Lo)}
		if got := Lookup(in); got != r {
			t.Errorf("%s: looked up as %v", r.Name, got)
		}
	}
	t.Logf("%d rows", len(Table))
}
