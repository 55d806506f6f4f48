package asm

import (
	"errors"
	"strconv"
	"strings"
)

// token is a piece of a line. The last token of a line has the kind end.
type token struct {
	kind tokenKind
	text string
	num  uint64 // of a number
	col  int    // from 0, in bytes
}

type tokenKind uint8

const (
	end tokenKind = iota
	word
	number
	punct
)

// puncts are matched longest first. The signed operators of the pseudo-C syntax
// begin with a letter; nothing else does.
var puncts = []string{
	"s>>=", "<<=", ">>=", "s>=", "s<=", "s/=", "s%=",
	"+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "==", "!=", ">=", "<=", "s>", "s<",
	"=", ">", "<", "&", "+", "-", "*", "(", ")", "[", "]", ",", ":",
}

// lex splits a line into tokens and its comment. The comment is returned only
// where it began with a semicolon: it may be an instruction in LLVM's eyes.
func lex(line string) (toks []token, aside string, err *Error) {
	i := 0
	for i < len(line) {
		c := line[i]
		switch {
		case c == ' ' || c == '\t' || c == '\r':
			i++
		case c == ';':
			return append(toks, token{col: i}), line[i+1:], nil
		case c == '#' && isHash(line, i, toks):
			toks = append(toks, token{punct, "#", 0, i})
			i++
		case c == '#' || strings.HasPrefix(line[i:], "//"):
			return append(toks, token{col: i}), "", nil
		case c >= '0' && c <= '9':
			t := token{number, span(line[i:]), 0, i}
			var bad error
			if t.num, bad = strconv.ParseUint(t.text, 0, 64); bad != nil {
				want := "a number, as 10 or 0xa"
				if errors.Is(bad, strconv.ErrRange) {
					want = "a number of at most 64 bits"
				}
				return nil, "", &Error{Col: i + 1, Found: t.text, Want: want}
			}
			toks = append(toks, t)
			i += len(t.text)
		default:
			t, ok := lexWord(line[i:])
			if !ok {
				return nil, "", &Error{Col: i + 1, Found: firstRune(line[i:]), Want: "a word, a number or an operator"}
			}
			t.col = i
			toks = append(toks, t)
			i += len(t.text)
		}
	}
	return append(toks, token{col: len(line)}), "", nil
}

func lexWord(s string) (token, bool) {
	for _, p := range puncts {
		if strings.HasPrefix(s, p) {
			return token{kind: punct, text: p}, true
		}
	}
	n := 0
	if s[0] == '%' { // %r0
		n = 1
	}
	w := span(s[n:])
	if w == "" {
		return token{}, false
	}
	return token{kind: word, text: s[:n+len(w)]}, true
}

// isHash tells the `#` of `call name#3` from that of a comment: it follows the
// callee's name at once, and a number follows it.
func isHash(line string, i int, toks []token) bool {
	n := len(toks)
	if n < 2 || toks[n-2].text != "call" || toks[n-1].kind != word || i+1 == len(line) {
		return false
	}
	last := toks[n-1]
	next := line[i+1]
	return last.col+len(last.text) == i && (next == '-' || next >= '0' && next <= '9')
}

// span is the longest prefix of s made of the characters of words.
func span(s string) string {
	for i := range len(s) {
		if !isWordByte(s[i]) {
			return s[:i]
		}
	}
	return s
}

func isWordByte(c byte) bool {
	return c == '_' || c == '.' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// isName reports whether s can stand in a program text as a name.
func isName(s string) bool {
	return s != "" && span(s) == s && (s[0] < '0' || s[0] > '9')
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}
