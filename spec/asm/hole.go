package asm

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// hole is a place in a pattern for the value of one field (or of two). Reading
// binds the fields and prints nothing; printing may decline, and then another
// form is tried.
type hole struct {
	binds  []field
	target bool // the field is a distance in slots, counted from the next one
	read   func(*reader) bool
	print  func(values, *place) (string, bool)
}

// holes has them all, by the name that stands in the braces.
var holes = map[string]*hole{
	"dst":    register(dst, "r", false),
	"src":    register(src, "r", false),
	"dst32":  register(dst, "w", false),
	"src32":  register(src, "w", false),
	"dst:rw": register(dst, "r", true), // printed as r3, read as w3 too
	"src:rw": register(src, "r", true),
	"src:wr": register(src, "w", true),

	"imm":   integer(imm, math.MinInt32, math.MaxUint32, "%d"),
	"index": integer(off, math.MinInt16, math.MaxInt16, "%d"),
	"next":  {binds: []field{next}, read: readInteger(next, math.MinInt32, math.MaxUint32), print: printNext},
	"wide":  {binds: []field{imm, next}, read: readWide, print: printWide},

	"disp":   displacement(off, math.MinInt16, math.MaxInt16, " ", false),
	"disp32": displacement(imm, math.MinInt32, math.MaxInt32, " ", false),
	"short":  displacement(off, math.MinInt16, math.MaxInt16, "", true), // [r1], [r1+4]

	"target":   distance(off, math.MinInt16, math.MaxInt16, "", true),
	"target32": distance(imm, math.MinInt32, math.MaxInt32, "", true),
	"body":     distance(imm, math.MinInt32, math.MaxInt32, "pc", false),

	"map":    {binds: []field{imm}, read: readMap, print: printMap},
	"helper": {binds: []field{imm}, read: readHelper, print: printHelper},

	"raw op":  integer(opcode, 0, math.MaxUint8, "0x%02x"),
	"raw dst": integer(dst, 0, 15, "%d"),
	"raw src": integer(src, 0, 15, "%d"),
	"raw off": integer(off, math.MinInt16, math.MaxInt16, "%d"),
}

// register is r0 to r10, or w0 to w10. With either, both are read.
func register(f field, letter string, either bool) *hole {
	want := fmt.Sprintf("a register, %s0 to %[1]s10", letter)
	other := map[string]string{"r": "w", "w": "r"}[letter]
	return &hole{
		binds: []field{f},
		read: func(r *reader) bool {
			name := strings.TrimPrefix(r.peek().text, "%")
			digits, ok := strings.CutPrefix(name, letter)
			if !ok && either {
				digits, ok = strings.CutPrefix(name, other)
			}
			n, err := strconv.ParseUint(digits, 10, 8)
			if !ok || err != nil || n > 10 || digits != fmt.Sprint(n) {
				return r.fail(want)
			}
			if !r.bind(f, int64(n)) {
				return r.fail(fmt.Sprintf("%s%d again", letter, r.v[f]))
			}
			r.at++
			return true
		},
		print: func(v values, _ *place) (string, bool) {
			return fmt.Sprintf("%s%d", letter, v[f]), v[f] <= 10
		},
	}
}

// integer is a number that may have a minus sign.
func integer(f field, lo, hi int64, verb string) *hole {
	return &hole{
		binds: []field{f},
		read:  readInteger(f, lo, hi),
		print: func(v values, _ *place) (string, bool) { return fmt.Sprintf(verb, v[f]), true },
	}
}

func readInteger(f field, lo, hi int64) func(*reader) bool {
	return func(r *reader) bool {
		minus := r.take("-")
		n, ok := r.number(minus, lo, hi)
		return ok && r.bind(f, wrap(f, n))
	}
}

// number reads digits and checks their range.
func (r *reader) number(minus bool, lo, hi int64) (int64, bool) {
	t := r.peek()
	n := int64(t.num)
	if minus {
		n = -n
	}
	small := t.num <= math.MaxInt64
	if t.kind != number || !small || n < lo || n > hi {
		return 0, r.fail(fmt.Sprintf("a number from %d to %d", lo, hi))
	}
	r.at++
	return n, true
}

// wrap gives an unsigned 32-bit number its place in a signed field.
func wrap(f field, n int64) int64 {
	if f == imm || f == next {
		return int64(int32(n))
	}
	return n
}

func readWide(r *reader) bool {
	minus := r.take("-")
	t := r.peek()
	n := t.num
	if minus {
		n = -n
	}
	if t.kind != number || minus && t.num > 1<<63 {
		return r.fail("a number of at most 64 bits")
	}
	r.at++
	return r.bind(imm, int64(int32(n))) && r.bind(next, int64(int32(n>>32)))
}

func printWide(v values, _ *place) (string, bool) {
	return fmt.Sprintf("%#x", uint64(uint32(v[next]))<<32|uint64(uint32(v[imm]))), true
}

func printNext(v values, _ *place) (string, bool) {
	return fmt.Sprint(uint32(v[next])), true
}

// displacement is what follows the base register of an address: `+ 4`, `- 8`,
// or nothing. The kernel's log also has `+ -4`. Brief ones print no zero.
func displacement(f field, lo, hi int64, space string, brief bool) *hole {
	return &hole{
		binds: []field{f},
		read: func(r *reader) bool {
			minus := r.take("-")
			if !minus && !r.take("+") {
				return r.fail("`+`") || r.fail("`-`") || r.bind(f, 0)
			}
			minus = !minus && r.take("-") || minus
			n, ok := r.number(minus, lo, hi)
			return ok && r.bind(f, n)
		},
		print: func(v values, _ *place) (string, bool) {
			switch n := v[f]; {
			case n < 0:
				return fmt.Sprintf("-%s%d", space, -n), true
			case n == 0 && brief:
				return "", true
			default:
				return fmt.Sprintf("+%s%d", space, n), true
			}
		},
	}
}

// distance is where control goes: a label, pc+3, and unless it would look like a
// helper's number, +3.
func distance(f field, lo, hi int64, prefix string, bare bool) *hole {
	return &hole{
		binds:  []field{f},
		target: true,
		read: func(r *reader) bool {
			start := r.at
			pc := r.take("pc")
			if pc || bare {
				minus := r.take("-")
				if minus || r.take("+") {
					n, ok := r.number(minus, lo, hi)
					return ok && r.bind(f, n)
				}
			}
			r.at = start
			t := r.peek()
			if _, ok := r.labels[t.text]; t.kind == word && ok {
				r.label = t
				r.at++
				return r.bind(f, 0)
			}
			if bare {
				r.fail("a distance, as +2")
			} else {
				r.fail("a distance, as pc+2")
			}
			return r.fail("a label of this program")
		},
		print: func(v values, at *place) (string, bool) {
			if l, ok := at.labels[at.pc+1+int(v[f])]; ok {
				return l, true
			}
			return fmt.Sprintf("%s%+d", prefix, v[f]), true
		},
	}
}

func readMap(r *reader) bool {
	t := r.peek()
	i := slices.Index(r.names.Maps, t.text)
	if t.kind != word || i < 0 {
		if len(r.names.Maps) == 0 {
			return r.fail("no map name (no maps are named)")
		}
		return r.fail("a map: " + strings.Join(r.names.Maps, ", "))
	}
	r.at++
	return r.bind(imm, int64(i))
}

func printMap(v values, at *place) (string, bool) {
	i := v[imm]
	if i < 0 || i >= int64(len(at.names.Maps)) {
		return "", false
	}
	name := at.names.Maps[i]
	return name, isName(name) && int64(slices.Index(at.names.Maps, name)) == i
}

func readHelper(r *reader) bool {
	t := r.peek()
	if t.kind != word || t.text == "kfunc" {
		return r.fail("a helper's number or name")
	}
	if r.toks[r.at+1].text == "#" { // the number counts
		r.at += 2
		return readInteger(imm, math.MinInt32, math.MaxUint32)(r)
	}
	n, ok := r.names.Helpers[t.text]
	if _, isLabel := r.labels[t.text]; !ok || isLabel {
		return r.fail("a helper's number or name")
	}
	r.at++
	return r.bind(imm, int64(n))
}

// printHelper writes the number beside the name, so that the text can be read
// without the same Names.
func printHelper(v values, at *place) (string, bool) {
	best := ""
	for name, n := range at.names.Helpers {
		if int64(n) == v[imm] && isName(name) && name != "kfunc" && (best == "" || name < best) {
			best = name
		}
	}
	return fmt.Sprintf("%s#%d", best, v[imm]), best != ""
}
