package spec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error says why a slot is not an instruction: which slot, which field of it, and
// the rule that the field breaks.
type Error struct {
	Slot  int    // index of the slot
	Op    uint8  // the slot's opcode
	Field string // "opcode", "dst", "src", "off", "imm", or "length"
	Value int64  // what the field holds
	Rule  string // what it must be, as the end of a sentence
	Row   *Row   // the form it was taken for, if only one was left
}

func (e *Error) Error() string {
	form := ""
	switch {
	case e.Row != nil:
		form = " of " + e.Row.Name
	case e.Field != "opcode" && e.Field != "length":
		form = fmt.Sprintf(" of opcode %#02x", e.Op)
	}
	return fmt.Sprintf("insn %d: %s %s%s %s", e.Slot, e.Field, number(e.Op, e.Field, e.Value), form, e.Rule)
}

// number writes a field's value as people know it: opcodes and the operation of
// an atomic in hex, the rest in decimal.
func number(op uint8, field string, v int64) string {
	switch {
	case field == "opcode":
		return fmt.Sprintf("%#02x", v)
	case field == "imm" && isAtomic(op):
		return fmt.Sprintf("%#02x", uint32(v))
	}
	return fmt.Sprint(v)
}

func isAtomic(op uint8) bool { return op&7 == ClassSTX && op&0xe0 == ModeATOMIC }

// Decode reads a program from bytes and checks every slot against the table.
// It takes any bytes and never panics; what it returns encodes to the same bytes.
func Decode(b []byte, o ByteOrder) ([]Insn, error) {
	insns, err := Split(b, o)
	if err != nil {
		return nil, err
	}
	if err := CheckAll(insns); err != nil {
		return nil, err
	}
	return insns, nil
}

// Split reads the slots of a program without judging them, for code that wants to
// show or to run what Decode refuses. The one error is a length that is no whole
// number of slots.
func Split(b []byte, o ByteOrder) ([]Insn, error) {
	if len(b)%SlotSize != 0 {
		return nil, &Error{
			Slot: len(b) / SlotSize, Field: "length", Value: int64(len(b) % SlotSize),
			Rule: fmt.Sprintf("must be %d bytes: the program ends inside the slot", SlotSize),
		}
	}
	insns := make([]Insn, len(b)/SlotSize)
	for i := range insns {
		insns[i] = SplitSlot([SlotSize]byte(b[i*SlotSize:]), o)
	}
	return insns, nil
}

// CheckAll checks every slot, LDDW pairs included.
func CheckAll(insns []Insn) error {
	for pc := 0; pc < len(insns); pc++ {
		i := insns[pc]
		if row := fitting(i); row != nil && !row.Internal && i.Op != LDDW {
			continue
		}
		if _, err := Check(insns, pc); err != nil {
			return err
		}
		pc++ // the second slot of the LDDW
	}
	return nil
}

// Check finds the row of the instruction at pc and checks all its fields, the
// second slot of an LDDW included. Forms internal to Linux are refused.
func Check(insns []Insn, pc int) (*Row, error) {
	i := insns[pc]
	row := Lookup(i)
	if row == nil {
		return nil, unknown(i, pc)
	}
	if row.Internal {
		return nil, &Error{pc, i.Op, "opcode", int64(i.Op), "is internal to Linux and refused from user space", row}
	}
	if field, v, f := row.violated(i); field != "" {
		return nil, &Error{pc, i.Op, field, v, "must be " + f.String(), row}
	}
	if !row.IsWide() {
		return row, nil
	}
	if pc+1 == len(insns) {
		return nil, &Error{pc, i.Op, "length", 1, "must be 2 slots: the program ends inside it", row}
	}
	return row, checkSecond(insns[pc+1], pc+1, row)
}

func (r *Row) violated(i Insn) (name string, value int64, f Field) {
	switch {
	case !r.Dst.Contains(int64(i.Dst)):
		return "dst", int64(i.Dst), r.Dst
	case !r.Src.Contains(int64(i.Src)):
		return "src", int64(i.Src), r.Src
	case !r.Off.Contains(int64(i.Off)):
		return "off", int64(i.Off), r.Off
	case !r.Imm.Contains(int64(i.Imm)):
		return "imm", int64(i.Imm), r.Imm
	}
	return "", 0, Field{}
}

func checkSecond(i Insn, slot int, row *Row) error {
	for _, f := range []struct {
		name  string
		value int64
		rule  Field
	}{
		{"opcode", int64(i.Op), Zero},
		{"dst", int64(i.Dst), Zero},
		{"src", int64(i.Src), Zero},
		{"off", int64(i.Off), Zero},
		{"imm", int64(i.Imm), row.Next},
	} {
		if !f.rule.Contains(f.value) {
			return &Error{slot, i.Op, f.name, f.value, "must be " + f.rule.String() + " in the second slot", row}
		}
	}
	return nil
}

// refused explains opcodes that belong to no row and yet are met in the wild.
var refused = map[uint8]string{
	0x00: "is the second half of an lddw, no instruction by itself",
	0x0d: "is unknown: gotox came after Linux 6.18",
	0x38: "is unknown: there is no 8-byte packet load",
	0x58: "is unknown: there is no 8-byte packet load",
	0x8c: "is unknown: neg takes no source register",
	0x8d: "is unknown: callx is in no specification",
	0x8f: "is unknown: neg takes no source register",
	0x99: "is unknown: an 8-byte load has no sign to extend",
	0xdf: "is unknown: bswap takes no source register",
}

// unknown explains a slot that belongs to no row: the opcode is not in the table,
// or a selecting field holds none of the values that select.
func unknown(i Insn, pc int) error {
	rows := byOp[i.Op]
	if len(rows) == 0 {
		return &Error{Slot: pc, Op: i.Op, Field: "opcode", Value: int64(i.Op), Rule: cmp.Or(refused[i.Op], "is unknown")}
	}
	fields := []struct {
		name  string
		value int64
		of    func(*Row) Field
	}{
		{"src", int64(i.Src), func(r *Row) Field { return r.Src }},
		{"off", int64(i.Off), func(r *Row) Field { return r.Off }},
		{"imm", int64(i.Imm), func(r *Row) Field { return r.Imm }},
	}
	for _, f := range fields {
		var left []*Row // rows that this field does not rule out
		for _, r := range rows {
			if x := f.of(r); !x.Selects() || x.Contains(f.value) {
				left = append(left, r)
			}
		}
		if len(left) == 0 {
			return unselected(i, pc, f.name, f.value, rows, f.of)
		}
		rows = left
	}
	return &Error{Slot: pc, Op: i.Op, Field: "opcode", Value: int64(i.Op), Rule: "has no form with these fields"}
}

// unselected lists the values that one of rows would have taken.
func unselected(i Insn, pc int, name string, value int64, rows []*Row, of func(*Row) Field) error {
	e := &Error{Slot: pc, Op: i.Op, Field: name, Value: value}
	var values []int64
	for _, r := range rows {
		if r.Internal {
			continue
		}
		values = append(values, of(r).Lo)
		if e.Row = r; len(values) > 1 {
			e.Row = nil
		}
	}
	slices.Sort(values)
	values = slices.Compact(values)
	var allowed []string
	for _, v := range values {
		allowed = append(allowed, number(i.Op, name, v))
	}
	last := len(allowed) - 1
	e.Rule = "must be " + allowed[last]
	if last > 0 {
		e.Rule = "must be " + strings.Join(allowed[:last], ", ") + " or " + allowed[last]
	}
	return e
}
