package num

import (
	"fmt"
	"math"
	"strings"
)

// String writes x, of the normal machine, as Linux's log of 6.18 does: a constant as a
// number, anything else with the parts that say something, equal ones together:
//
//	scalar(smin=smin32=0,smax=umax=smax32=umax32=255,var_off=(0x0; 0xff))
//
// Numbers of more than 16 bits are in hexadecimal there, negative ones as the field's
// 64 or 32 bits. What the kernel would know of the same register may be less.
func (x Scalar) String() string {
	if x.IsBottom() {
		return "bottom"
	}
	if v, ok := x.Const(); ok {
		return logSigned(v)
	}
	var b strings.Builder
	b.WriteString("scalar(")
	fields := x.logFields()
	for i := range fields {
		if !fields[i].omit {
			b.WriteString(group(fields[i:]))
			b.WriteByte(',')
		}
	}
	if x.Bits != anyTnum(64) {
		fmt.Fprintf(&b, "var_off=%v", x.Bits)
	}
	return strings.TrimSuffix(b.String(), ",") + ")"
}

// logField is a bound in the log.
type logField struct {
	name   string
	signed bool
	value  uint64
	omit   bool
}

// logFields are the bounds in the log's order. Minima and maxima take turns.
func (x Scalar) logFields() [8]logField {
	return [8]logField{
		{"smin", true, uint64(x.S.Min), x.S.Min == math.MinInt64},
		{"smax", true, uint64(x.S.Max), x.S.Max == math.MaxInt64},
		{"umin", false, x.U.Min, x.U.Min == 0},
		{"umax", false, x.U.Max, x.U.Max == math.MaxUint64},
		{"smin32", true, logValue32(x.S32.Min), x.S32.Min == math.MinInt32},
		{"smax32", true, logValue32(x.S32.Max), x.S32.Max == math.MaxInt32},
		{"umin32", false, x.U32.Min, x.U32.Min == 0},
		{"umax32", false, x.U32.Max, x.U32.Max == math.MaxUint32},
	}
}

// group writes the first field, and with it, marking them, those of the same kind
// that have the same value.
func group(fields []logField) string {
	f := fields[0]
	names := f.name + "="
	for i := 2; i < len(fields); i += 2 {
		if o := &fields[i]; !o.omit && o.value == f.value && o.isNegative() == f.isNegative() {
			names += o.name + "="
			o.omit = true
		}
	}
	if f.signed {
		return names + logSigned(f.value)
	}
	if f.value <= math.MaxUint16 {
		return names + fmt.Sprint(f.value)
	}
	return names + fmt.Sprintf("%#x", f.value)
}

func (f *logField) isNegative() bool { return f.signed && int64(f.value) < 0 }

func isShort(v int64) bool { return math.MinInt16 <= v && v <= math.MaxInt16 }

// logSigned is a signed number in the log.
func logSigned(v uint64) string {
	if isShort(int64(v)) {
		return fmt.Sprint(int64(v))
	}
	return fmt.Sprintf("%#x", v)
}

// logValue32 is a signed bound of the subregister: its lower 32 bits if they will be
// written in hexadecimal.
func logValue32(v int64) uint64 {
	if isShort(v) {
		return uint64(v)
	}
	return uint64(uint32(v))
}
