package asm

import "fmt"

// Error is the first thing in a program text that is not as it should be.
type Error struct {
	Line, Col int    // from 1; Col counts bytes
	Found     string // the text that stands there; "" at the end of a line
	Want      string // what was expected
}

func (e *Error) Error() string {
	found := "the end of the line"
	if e.Found != "" {
		found = fmt.Sprintf("%q", e.Found)
	}
	return fmt.Sprintf("line %d, column %d: found %s, want %s", e.Line, e.Col, found, e.Want)
}
