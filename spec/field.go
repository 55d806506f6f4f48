package spec

import "fmt"

// Field says which values a field of a slot may hold. A Field with Lo == Hi
// selects: rows that share an opcode are told apart by such fields.
type Field struct {
	Kind   FieldKind
	Lo, Hi int64 // inclusive
}

// FieldKind is what a field's value is used as.
type FieldKind uint8

// Kinds of field.
const (
	Reserved FieldKind = iota // must be zero (RFC 9669 section 3.1), the zero Field
	Register                  // a register number that is read
	Written                   // a register number that is written (never r10)
	Number                    // a number from Lo to Hi
)

// The fields that rows are made of.
var (
	Zero   = Field{}
	AnyReg = Field{Register, 0, 10}
	WReg   = Field{Written, 0, 9}
	Any    = Field{Number, -1 << 31, 1<<31 - 1}
	Shift5 = Field{Number, 0, 31}
	Shift6 = Field{Number, 0, 63}
)

// Is is the field that holds v and nothing else.
func Is(v int64) Field { return Field{Number, v, v} }

// NonZero stands for an immediate divisor, which Linux rejects when it is 0: it
// is not a range, so Contains treats it apart.
var NonZero = Field{Number, 1, 0}

// Contains reports whether v is allowed.
func (f Field) Contains(v int64) bool {
	if f == NonZero {
		return v != 0
	}
	return f.Lo <= v && v <= f.Hi
}

// Selects reports whether the field allows one value only.
func (f Field) Selects() bool { return f.Lo == f.Hi }

// IsRegister reports whether the field names a register.
func (f Field) IsRegister() bool { return f.Kind == Register || f.Kind == Written }

// String says what is allowed, to end the sentence "must be …".
func (f Field) String() string {
	switch {
	case f.Kind == Reserved:
		return "0"
	case f == NonZero:
		return "other than 0"
	case f.Kind == Register:
		return "a register, r0 to r10"
	case f.Kind == Written:
		return "a writable register, r0 to r9"
	case f.Lo == f.Hi:
		return fmt.Sprint(f.Lo)
	case f == Any:
		return "any number"
	}
	return fmt.Sprintf("%d to %d", f.Lo, f.Hi)
}
