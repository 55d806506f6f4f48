package casefile

import (
	"fmt"
	"os"
	"strings"

	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// File is a case with what people and tests know of it.
//
// All programs of the Case have the same type and byte order. A file that was read
// has at least one program and one input.
type File struct {
	vm.Case
	Comment []string  // lines, without #
	Expect  []*Expect // by input; nil, or shorter than Inputs, where nothing is expected
}

// Expect is what should come of an input. Only Kind is always compared; of the
// others what is nil or empty.
type Expect struct {
	Kind    vm.Kind
	R0      *uint64
	Steps   *uint64
	Fault   *Fault
	Memory  []byte // nil: not compared; empty: no bytes
	Packet  []byte
	Context []byte
	Maps    []Element
	Trace   []string // what trace_printk printed, line by line
	Message string   // part of the reason, where there is one
}

// Fault is an expected fault. What is nil is not compared.
type Fault struct {
	Kind vm.FaultKind
	Prog *int
	PC   *int
	Addr *uint64
}

// Element is what a map should hold afterwards under a key: Value, or nothing if
// Absent.
type Element struct {
	Map    int // its number
	Key    []byte
	Value  []byte
	Absent bool
}

// Error is the first thing in a file that is not as it should be.
type Error struct {
	File string
	Line int // from 1
	Col  int // from 1; 0 if the whole line is meant
	What string
}

func (e *Error) Error() string {
	if e.Col > 0 {
		return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.What)
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.What)
}

// Read reads a case from disk.
func Read(path string) (*File, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, b)
}

// mapByName is the number of the first map of that name, or -1.
func mapByName(specs []*maps.Spec, name string) int {
	for i, s := range specs {
		if s.Name == name {
			return i
		}
	}
	return -1
}

// validProgName reports whether a program can be called so in a file.
func validProgName(s string) bool { return validName(s) && !strings.HasSuffix(s, ".hex") }

// validName reports whether a map can be called so in a file.
func validName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '_', c == '.', c == '$', c == '-', c == '/':
		default:
			return false
		}
	}
	return s != ""
}
