package asm

import (
	"fmt"
	"math"
	"strings"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// Names are what a program text may call by name. The zero value has none.
type Names struct {
	Maps    []string         // the Imm of an LDDW of a map is an index into these
	Helpers map[string]int32 // by name, as "bpf_map_lookup_elem"
}

// Program is an assembled text.
type Program struct {
	Insns  []spec.Insn
	Labels map[string]int // the slot that each label stands before; len(Insns) at the end
	Lines  []int          // the line of each slot, from 1
}

// Assemble reads a program in either syntax, or in both. The error is an *Error,
// the first in the text.
func Assemble(text string, names Names) (*Program, error) {
	a := assembler{names: &names, labels: map[string]int{}}
	if err := a.scan(text); err != nil {
		return nil, err
	}
	p := &Program{Labels: a.labels}
	for i := range a.lines {
		if err := a.emit(p, &a.lines[i]); err != nil {
			err.Line = a.lines[i].number
			return nil, err
		}
	}
	for _, l := range a.refs {
		if err := a.resolve(p, l); err != nil {
			return nil, err
		}
	}
	for _, implied := range a.implied {
		delete(p.Labels, implied)
	}
	return p, nil
}

type assembler struct {
	names   *Names
	lines   []line
	labels  map[string]int // −1 until the slot is known
	implied []string       // labels that the text does not define
	refs    []ref
}

// line is a line with its labels taken off.
type line struct {
	number int
	labels []string
	toks   []token
	aside  string // what follows a semicolon
}

// ref is the use of a label.
type ref struct {
	pc    int
	field field
	at    token
	line  int
}

// scan lexes every line and collects the labels, which an instruction before
// them may use.
func (a *assembler) scan(text string) *Error {
	exit := -1
	for i, s := range strings.Split(text, "\n") {
		l := line{number: i + 1}
		var err *Error
		if l.toks, l.aside, err = lex(s); err != nil {
			err.Line = l.number
			return err
		}
		for len(l.toks) > 2 && l.toks[0].kind == word && l.toks[1].text == ":" {
			t := l.toks[0]
			if _, twice := a.labels[t.text]; twice || !isName(t.text) {
				return &Error{l.number, t.col + 1, t.text, "a label that is a name and is defined once"}
			}
			a.labels[t.text] = -1
			l.labels = append(l.labels, t.text)
			l.toks = l.toks[2:]
		}
		if exit < 0 && l.toks[0].text == "exit" {
			exit = len(a.lines)
		}
		a.lines = append(a.lines, l)
	}
	if _, defined := a.labels["exit"]; exit >= 0 && !defined {
		a.labels["exit"] = -1
		a.implied = append(a.implied, "exit")
		a.lines[exit].labels = append(a.lines[exit].labels, "exit")
	}
	return nil
}

// emit assembles one line.
func (a *assembler) emit(p *Program, l *line) *Error {
	for _, name := range l.labels {
		p.Labels[name] = len(p.Insns)
	}
	if l.toks[0].kind == end {
		return nil
	}
	r := reader{toks: l.toks, names: a.names, labels: a.labels}
	f := r.find()
	if f == nil {
		return r.explain()
	}
	if a.isInsn(l.aside) {
		t := l.toks[len(l.toks)-1]
		return &Error{Col: t.col + 1, Found: ";", Want: "one instruction a line (`;` begins a comment)"}
	}
	if r.label != nil {
		a.refs = append(a.refs, ref{len(p.Insns), f.target, *r.label, l.number})
	}
	p.Insns = append(p.Insns, r.v.insn())
	p.Lines = append(p.Lines, l.number)
	if f.wide() {
		p.Insns = append(p.Insns, spec.Insn{Imm: int32(r.v[next])})
		p.Lines = append(p.Lines, l.number)
	}
	return nil
}

// isInsn reports whether a comment would assemble.
func (a *assembler) isInsn(comment string) bool {
	toks, _, err := lex(comment)
	if err != nil || toks[0].kind == end {
		return false
	}
	r := reader{toks: toks, names: a.names, labels: a.labels}
	return r.find() != nil
}

// find picks the form that fits the line.
func (r *reader) find() *form {
	first := r.toks[0].text
	second := r.toks[min(1, len(r.toks)-1)].text
	for _, forms := range [][]*form{opening[first], opening["{} "+second]} {
		for _, f := range forms {
			if r.match(f) {
				return f
			}
		}
	}
	return nil
}

// explain makes the error of a line that find gave up: it tries every form, to
// know all that would have fitted.
func (r *reader) explain() *Error {
	for _, forms := range opening {
		for _, f := range forms {
			r.match(f)
		}
	}
	return r.err()
}

// resolve turns the use of a label into a distance.
func (a *assembler) resolve(p *Program, l ref) *Error {
	d := p.Labels[l.at.text] - l.pc - 1
	i := &p.Insns[l.pc]
	if l.field == imm {
		i.Imm = int32(d)
		return nil
	}
	if d < math.MinInt16 || d > math.MaxInt16 {
		return &Error{l.line, l.at.col + 1, l.at.text, fmt.Sprintf("a label at most 32767 slots away, not %d (gotol and ja32 reach further)", d)}
	}
	i.Off = int16(d)
	return nil
}
