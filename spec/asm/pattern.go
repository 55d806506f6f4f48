package asm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// field is a place in an instruction that text can fill.
type field uint8

const (
	opcode field = iota
	dst
	src
	off
	imm
	next // the Imm of an LDDW's second slot
	numFields
)

// values holds every field of an instruction of one or two slots.
type values [numFields]int64

func valuesOf(i, second spec.Insn) values {
	return values{int64(i.Op), int64(i.Dst), int64(i.Src), int64(i.Off), int64(i.Imm), int64(second.Imm)}
}

func (v *values) insn() spec.Insn {
	return spec.Insn{Op: uint8(v[opcode]), Dst: uint8(v[dst]), Src: uint8(v[src]), Off: int16(v[off]), Imm: int32(v[imm])}
}

// form is one way of writing one row. The fields that no hole covers hold their
// value in fixed.
//
// A form is its pattern cut into parts: literal text, and holes. Reading and
// printing walk the same parts, so that neither can know more than the other.
type form struct {
	row    *spec.Row // nil for .insn
	parts  []part
	covers [numFields]bool
	fixed  values
	target field // the field that holds a distance, or 0
}

// part is literal text if hole is nil.
type part struct {
	text string
	toks []token
	hole *hole
}

// newForm compiles a pattern such as "{dst} += {imm}". A mistake in a pattern is
// a mistake in this package, so it panics.
func newForm(row *spec.Row, pattern string) *form {
	f := &form{row: row}
	for rest := pattern; rest != ""; {
		text, after, found := strings.Cut(rest, "{")
		if text != "" {
			f.parts = append(f.parts, literal(text))
		}
		if !found {
			break
		}
		name, after, _ := strings.Cut(after, "}")
		h := holes[name]
		if h == nil {
			panic("asm: no hole {" + name + "} for " + pattern)
		}
		f.parts = append(f.parts, part{hole: h})
		for _, x := range h.binds {
			f.covers[x] = true
		}
		if h.target {
			f.target = h.binds[0]
		}
		rest = after
	}
	if row != nil {
		for x, is := range map[field]spec.Field{dst: row.Dst, src: row.Src, off: row.Off, imm: row.Imm, next: row.Next} {
			if is.Selects() {
				f.fixed[x] = is.Lo
			}
		}
		f.fixed[opcode] = int64(row.Op)
	}
	return f
}

func literal(text string) part {
	plain, hash := strings.CutSuffix(text, "#") // to the lexer, the start of a comment
	toks, _, err := lex(plain)
	if err != nil {
		panic("asm: " + err.Error())
	}
	toks = toks[:len(toks)-1]
	if hash {
		toks = append(toks, token{kind: punct, text: "#"})
	}
	return part{text: text, toks: toks}
}

// wide reports whether the form fills two slots.
func (f *form) wide() bool { return f.row != nil && f.row.IsWide() }

// print writes v in this form, or reports that it cannot.
func (f *form) print(v values, at *place) (string, bool) {
	for x := range v {
		if !f.covers[x] && v[x] != f.fixed[x] {
			return "", false
		}
	}
	var b strings.Builder
	for _, p := range f.parts {
		if p.hole == nil {
			b.WriteString(p.text)
			continue
		}
		s, ok := p.hole.print(v, at)
		if !ok {
			return "", false
		}
		b.WriteString(s)
	}
	return b.String(), true
}

// place is what printing may know besides the fields.
type place struct {
	pc     int
	names  *Names
	labels map[int]string // by slot; nil for distances
}

// reader matches the tokens of one line against forms. It remembers what the
// forms that came furthest wanted, for the error.
type reader struct {
	toks   []token
	names  *Names
	labels map[string]int // of the whole program; the places are not yet known

	at    int
	v     values
	bound [numFields]bool
	label *token // the label that the target names

	far   int
	wants []string
}

// match tries one form on the whole line.
func (r *reader) match(f *form) bool {
	r.at, r.v, r.bound, r.label = 0, f.fixed, [numFields]bool{}, nil
	for i := range f.parts {
		if !r.part(&f.parts[i]) {
			return false
		}
	}
	return r.peek().kind == end || r.fail("the end of the line")
}

func (r *reader) part(p *part) bool {
	if p.hole != nil {
		return p.hole.read(r)
	}
	for i := range p.toks {
		if t := &p.toks[i]; !r.take(t.text) {
			return r.fail("`" + t.text + "`")
		}
	}
	return true
}

func (r *reader) peek() *token { return &r.toks[r.at] }

// take steps over a token with this text.
func (r *reader) take(text string) bool {
	t := r.peek()
	if t.kind == end || t.text != text && !(t.kind == number && isDigits(text) && fmt.Sprint(t.num) == text) {
		return false
	}
	r.at++
	return true
}

func isDigits(s string) bool { return s[0] >= '0' && s[0] <= '9' }

// bind sets a field. A field that a form shows twice must be the same each time.
func (r *reader) bind(f field, v int64) bool {
	if r.bound[f] && r.v[f] != v {
		return false
	}
	r.bound[f], r.v[f] = true, v
	return true
}

// fail notes what would have fitted at the current token.
func (r *reader) fail(want string) bool {
	if r.at > r.far {
		r.far, r.wants = r.at, nil
	}
	if r.at == r.far && !slices.Contains(r.wants, want) {
		r.wants = append(r.wants, want)
	}
	return false
}

// err is the error of a line that no form fits.
func (r *reader) err() *Error {
	t := r.toks[r.far]
	e := &Error{Col: t.col + 1, Found: t.text}
	slices.Sort(r.wants) // the forms are tried in no fixed order
	const most = 12      // nobody reads more
	if len(r.wants) > most {
		isWord := func(want string) bool { return want[0] == '`' }
		kinds := slices.DeleteFunc(slices.Clone(r.wants), isWord)
		words := len(r.wants) - len(kinds)
		r.wants = append(kinds, fmt.Sprintf("one of %d words, as %s", words, r.wants[slices.IndexFunc(r.wants, isWord)]))
	}
	switch n := len(r.wants); {
	case r.far == 0:
		e.Want = "an instruction, as `r1 += r2` or `add r1, r2`"
	case n == 1:
		e.Want = r.wants[0]
	default:
		e.Want = strings.Join(r.wants[:n-1], ", ") + " or " + r.wants[n-1]
	}
	return e
}
