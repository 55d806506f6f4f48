package casefile

import (
	"errors"
	"strconv"
	"strings"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Parse reads a case. name is what errors call the file. The error is an *Error.
func Parse(name string, data []byte) (*File, error) {
	sections := split(name, data)
	p := parser{f: &File{}}
	if err := p.header(&sections[0]); err != nil {
		return nil, err
	}
	// Programs name maps, and so do expectations: maps come first.
	for _, read := range []func(s *section, kind, arg string) error{p.maps, p.rest} {
		for i := range sections[1:] {
			s := &sections[1+i]
			kind, arg := s.kind()
			if err := read(s, kind, arg); err != nil {
				return nil, err
			}
		}
	}
	if len(p.f.Programs) == 0 {
		return nil, sections[0].errorf(1, "there is no program: want a file `-- prog --`")
	}
	if len(p.f.Inputs) == 0 {
		p.f.Inputs = []vm.Input{{}}
	}
	if len(p.f.Expect) > len(p.f.Inputs) {
		return nil, sections[0].errorf(p.lastExpect, "there is no input %d to expect something of", len(p.f.Expect))
	}
	return p.f, nil
}

type parser struct {
	f          *File
	typ        hook.Type
	order      spec.ByteOrder
	license    string
	lastExpect int // its line
}

// kind splits a name such as "map counts", "input 2", "prog/main.hex".
func (s *section) kind() (kind, arg string) {
	if rest, ok := strings.CutPrefix(s.name, "prog"); ok {
		rest, isHex := strings.CutSuffix(rest, ".hex")
		if rest == "" || rest[0] == '/' {
			if isHex {
				return "prog.hex", strings.TrimPrefix(rest, "/")
			}
			return "prog", strings.TrimPrefix(rest, "/")
		}
	}
	switch kind, arg, _ = strings.Cut(s.name, " "); kind {
	case "map", "input", "expect":
		return kind, strings.TrimSpace(arg)
	}
	return s.name, ""
}

func (p *parser) header(s *section) error {
	fields, comments, err := s.fields()
	if err != nil {
		return err
	}
	p.f.Comment = comments
	for _, f := range fields {
		var err error
		switch f.key {
		case "name":
			p.f.Name = strings.Join(strings.Fields(f.value), " ")
		case "type":
			p.typ, err = programType(f.value)
		case "license":
			p.license = strings.Join(strings.Fields(f.value), " ")
		case "fuel":
			p.f.Fuel, err = number(f.value, 64)
		case "mode":
			switch f.value {
			case "checked":
				p.f.Mode = vm.Checked
			case "trusted":
				p.f.Mode = vm.Trusted
			default:
				err = errors.New("want checked or trusted, not " + strconv.Quote(f.value))
			}
		case "meter":
			switch f.value {
			case "exact":
				p.f.FastFuel = false
			case "fast":
				p.f.FastFuel = true
			default:
				err = errors.New("want exact or fast, not " + strconv.Quote(f.value))
			}
		case "order":
			switch f.value {
			case "little":
				p.order = spec.Little
			case "big":
				p.order = spec.Big
			default:
				err = errors.New("want little or big, not " + strconv.Quote(f.value))
			}
		default:
			return s.errorf(f.line, "unknown key %q: a header has name, type, license, mode, fuel, meter, order", clip(f.key))
		}
		if err != nil {
			return s.errorf(f.line, "%s: %v", f.key, err)
		}
	}
	return nil
}

func (p *parser) rest(s *section, kind, arg string) error {
	switch kind {
	case "prog", "prog.hex":
		return p.program(s, kind, arg)
	case "input":
		return p.input(s, arg)
	case "expect":
		return p.expect(s, arg)
	case "map":
		return nil
	}
	return s.errorf(s.marker(), "unknown file %q: want prog, prog/NAME, prog.hex, map NAME, input N or expect N", clip(s.name))
}

func (p *parser) program(s *section, kind, name string) error {
	if name != "" && !validProgName(name) {
		return s.errorf(s.marker(), "program name %q: want letters, digits and _.$-/, not ending in .hex", clip(name))
	}
	prog := &vm.Program{Name: name, Type: p.typ, Order: p.order, License: p.license}
	p.f.Programs = append(p.f.Programs, prog)
	if kind == "prog.hex" {
		b, err := bytesOf(uncomment(s.text))
		if err != nil {
			return s.errorf(s.start, "%v", err)
		}
		if prog.Insns, err = spec.Split(b, p.order); err != nil {
			return s.errorf(s.start, "%v", err)
		}
		return nil
	}
	a, err := asm.Assemble(s.text, Names(p.f.Maps))
	var bad *asm.Error
	if errors.As(err, &bad) {
		_, what, _ := strings.Cut(bad.Error(), ": ") // without its own line and column
		return &Error{s.file, s.start - 1 + bad.Line, bad.Col, what}
	}
	if err != nil {
		return s.errorf(s.start, "%v", err)
	}
	prog.Insns = a.Insns
	return nil
}

// uncomment drops what follows a # on each line.
func uncomment(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i], _, _ = strings.Cut(l, "#")
	}
	return strings.Join(lines, "\n")
}

func (p *parser) maps(s *section, kind, name string) error {
	if kind != "map" {
		return nil
	}
	if name != "" && !validName(name) {
		return s.errorf(s.marker(), "map name %q: want letters, digits and _.$-/", clip(name))
	}
	m := &maps.Spec{Name: name}
	p.f.Maps = append(p.f.Maps, m)
	fields, _, err := s.fields()
	if err != nil {
		return err
	}
	for _, f := range fields {
		if f.sep == '=' {
			e, err := entry(f)
			if err != nil {
				return s.errorf(f.line, "%v", err)
			}
			m.Entries = append(m.Entries, e)
			continue
		}
		var n uint64
		var err error
		switch f.key {
		case "type":
			m.Type, err = mapType(f.value)
		case "key", "value", "max_entries", "flags":
			n, err = number(f.value, 32)
		case "extra":
			m.Extra, err = number(f.value, 64)
		case "inner":
			m.Inner, err = inner(f.value)
		case "fields":
			m.Fields, err = parseFields(f.value)
		case "frozen":
			m.Frozen, err = strconv.ParseBool(f.value)
		default:
			return s.errorf(f.line, "unknown key %q: a map has type, key, value, max_entries, flags, extra, frozen, inner, fields and entries `key = value`", clip(f.key))
		}
		if err != nil {
			return s.errorf(f.line, "%s: %v", f.key, err)
		}
		switch f.key {
		case "key":
			m.KeySize = uint32(n)
		case "value":
			m.ValueSize = uint32(n)
		case "max_entries":
			m.MaxEntries = uint32(n)
		case "flags":
			m.Flags = uint32(n)
		}
	}
	return nil
}

// inner reads what the maps in a map of maps look like.
func inner(s string) (*maps.Spec, error) {
	w := strings.Fields(s)
	if len(w) != 5 {
		return nil, errors.New("want type, key, value, max_entries and flags of the inner maps, not " + strconv.Quote(clip(s)))
	}
	m := &maps.Spec{}
	var err error
	if m.Type, err = mapType(w[0]); err != nil {
		return nil, err
	}
	for i, at := range []*uint32{&m.KeySize, &m.ValueSize, &m.MaxEntries, &m.Flags} {
		n, err := number(w[1+i], 32)
		if err != nil {
			return nil, err
		}
		*at = uint32(n)
	}
	return m, nil
}

func entry(f field) (maps.Entry, error) {
	key, err := bytesOf(f.key)
	if err != nil {
		return maps.Entry{}, err
	}
	value, err := bytesOf(f.value)
	return maps.Entry{Key: key, Value: value}, err
}

// ordinal reads the number of an input or expectation; the first may go without.
func (s *section) ordinal(arg string) (int, error) {
	if arg == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(arg)
	if err != nil || n < 1 {
		return 0, s.errorf(s.marker(), "want a number from 1 after the name, not %q", clip(arg))
	}
	return n, nil
}

func (p *parser) input(s *section, arg string) error {
	n, err := s.ordinal(arg)
	if err != nil {
		return err
	}
	if n != len(p.f.Inputs)+1 {
		return s.errorf(s.marker(), "input %d here: the next one is input %d", n, len(p.f.Inputs)+1)
	}
	fields, _, err := s.fields()
	if err != nil {
		return err
	}
	var in vm.Input
	for _, f := range fields {
		var err error
		switch f.key {
		case "memory":
			in.Memory, err = bytesOf(f.value)
		case "packet":
			in.Packet, err = bytesOf(f.value)
		case "ctx":
			in.Context, err = bytesOf(f.value)
		case "seed":
			in.Seed, err = number(f.value, 64)
		default:
			return s.errorf(f.line, "unknown key %q: an input has memory, packet, ctx, seed", clip(f.key))
		}
		if err != nil {
			return s.errorf(f.line, "%s: %v", f.key, err)
		}
	}
	p.f.Inputs = append(p.f.Inputs, in)
	return nil
}
