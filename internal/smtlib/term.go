package smtlib

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Term is an S-expression: a list, or an atom if Atom is not empty.
type Term struct {
	Atom string
	List []Term
}

// Quoted symbols and strings are not read: nothing here writes them.
var tokens = regexp.MustCompile(`;[^\n]*|[()]|[^\s();]+`)

// Parse reads the terms of a text.
func Parse(text string) ([]Term, error) {
	open := [][]Term{nil} // lists that are not closed yet, outermost first
	for _, tok := range tokens.FindAllString(text, -1) {
		top := len(open) - 1
		switch {
		case tok[0] == ';':
		case tok == "(":
			open = append(open, nil)
		case tok == ")" && top == 0:
			return nil, errors.New("a parenthesis too many")
		case tok == ")":
			open[top-1] = append(open[top-1], Term{List: open[top]})
			open = open[:top]
		case strings.ContainsAny(tok, `"|`):
			return nil, fmt.Errorf("%s: quoted symbols and strings are not read", tok)
		default:
			open[top] = append(open[top], Term{Atom: tok})
		}
	}
	if n := len(open) - 1; n > 0 {
		return nil, fmt.Errorf("%d parentheses too few", n)
	}
	return open[0], nil
}

// ParseOne reads a text of one term.
func ParseOne(text string) (Term, error) {
	all, err := Parse(text)
	if err == nil && len(all) != 1 {
		err = fmt.Errorf("%d terms, want one", len(all))
	}
	if err != nil {
		return Term{}, fmt.Errorf("%.60q: %w", text, err)
	}
	return all[0], nil
}

func (t Term) String() string {
	if t.Atom != "" {
		return t.Atom
	}
	parts := make([]string, len(t.List))
	for i, x := range t.List {
		parts[i] = x.String()
	}
	return "(" + strings.Join(parts, " ") + ")"
}

// head is the atom that a list begins with, or "".
func (t Term) head() string {
	if len(t.List) == 0 {
		return ""
	}
	return t.List[0].Atom
}

// atoms calls f for every atom in t.
func (t Term) atoms(f func(string)) {
	if t.Atom != "" {
		f(t.Atom)
	}
	for _, x := range t.List {
		x.atoms(f)
	}
}
