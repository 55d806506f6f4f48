package casefile

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/tools/txtar"
)

// section is the header or a file of the archive, with where it begins.
type section struct {
	file  string
	name  string
	text  string
	start int // the line of the file that text begins on, from 1
}

// field is a line `key: value`, or in a map `key = value`, where sep is '='.
// Continuation lines are joined to the value with a blank.
type field struct {
	line       int
	key, value string
	sep        byte
}

// split cuts the archive. Every line of the input is a line of exactly one section
// or the marker before it, which is how line numbers are known.
func split(name string, data []byte) []section {
	a := txtar.Parse(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")))
	all := []section{{file: name, text: string(a.Comment), start: 1}}
	at := 1 + strings.Count(string(a.Comment), "\n")
	for _, f := range a.Files {
		all = append(all, section{name, f.Name, string(f.Data), at + 1})
		at += 1 + strings.Count(string(f.Data), "\n")
	}
	return all
}

func (s *section) errorf(line int, format string, a ...any) error {
	return &Error{File: s.file, Line: line, What: fmt.Sprintf(format, a...)}
}

// marker is the line that a complaint about the section as a whole names.
func (s *section) marker() int { return max(1, s.start-1) }

// fields reads the lines of a section. Comments go to the second result.
func (s *section) fields() (all []field, comments []string, err error) {
	for i, l := range strings.Split(s.text, "\n") {
		n := s.start + i
		l = strings.TrimRight(l, " \t\r")
		switch {
		case l == "":
		case l[0] == '#':
			comments = append(comments, strings.TrimPrefix(l[1:], " "))
		case l[0] == ' ' || l[0] == '\t':
			if len(all) == 0 {
				return nil, nil, s.errorf(n, "this line begins with a blank, but there is no line before it to continue")
			}
			all[len(all)-1].value += " " + strings.TrimSpace(l)
		default:
			seps := ":"
			if kind, _ := s.kind(); kind == "map" {
				seps = ":="
			}
			at := strings.IndexAny(l, seps)
			if at < 0 {
				hint := ""
				if s.name == "" { // perhaps a program text was taken for a case
					hint = "; a program goes below a line `-- prog --`"
				}
				return nil, nil, s.errorf(n, "want `key: value`, or a comment after #, not %q%s", clip(l), hint)
			}
			all = append(all, field{n, strings.TrimSpace(l[:at]), strings.TrimSpace(l[at+1:]), l[at]})
		}
	}
	return all, comments, nil
}

// clip keeps messages short.
func clip(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}

// bytesOf reads hex with blanks anywhere. The result is never nil.
func bytesOf(s string) ([]byte, error) {
	s = strings.Join(strings.Fields(s), "")
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("want bytes in hex, two digits each, not %q", clip(s))
	}
	return append([]byte{}, b...), nil
}

func number(s string, bits int) (uint64, error) {
	n, err := strconv.ParseUint(s, 0, bits)
	if err != nil {
		return 0, fmt.Errorf("want a number of at most %d bits, not %q", bits, clip(s))
	}
	return n, nil
}
