package casefile

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lockstep-ebpf/lockstep/vm"
)

func (p *parser) expect(s *section, arg string) error {
	n, err := s.ordinal(arg)
	if err != nil {
		return err
	}
	if n <= len(p.f.Expect) {
		return s.errorf(s.marker(), "expect %d here: expectations come in the order of their inputs", n)
	}
	const most = 1 << 16
	if n > most {
		return s.errorf(s.marker(), "expect %d: there are no more than %d inputs", n, most)
	}
	for len(p.f.Expect) < n-1 {
		p.f.Expect = append(p.f.Expect, nil)
	}
	p.lastExpect = s.marker()
	fields, _, err := s.fields()
	if err != nil {
		return err
	}
	e := &Expect{}
	for _, f := range fields {
		if err := p.expectation(e, f); err != nil {
			return s.errorf(f.line, "%s: %v", clip(f.key), err)
		}
	}
	p.f.Expect = append(p.f.Expect, e)
	return nil
}

func (p *parser) expectation(e *Expect, f field) (err error) {
	if name, ok := strings.CutPrefix(f.key, "map "); ok {
		el, err := p.element(strings.TrimSpace(name), f.value)
		e.Maps = append(e.Maps, el)
		return err
	}
	switch f.key {
	case "kind":
		var ok bool
		if e.Kind, ok = vm.KindByName(f.value); !ok {
			return fmt.Errorf("want exit, fault, fuel, rejected, unsupported, hang or crash, not %q", clip(f.value))
		}
	case "r0":
		e.R0, err = pointer(signed(f.value))
	case "steps":
		e.Steps, err = pointer(number(f.value, 64))
	case "fault":
		e.Fault, err = fault(f.value)
	case "memory":
		e.Memory, err = bytesOf(f.value)
	case "packet":
		e.Packet, err = bytesOf(f.value)
	case "ctx":
		e.Context, err = bytesOf(f.value)
	case "trace":
		var text string
		if text, err = strconv.Unquote(f.value); err != nil {
			return fmt.Errorf("want a quoted string, not %q", clip(f.value))
		}
		e.Trace = append(e.Trace, text)
	case "message":
		e.Message = strings.Join(strings.Fields(f.value), " ")
	default:
		return fmt.Errorf("unknown key: an expectation has kind, r0, steps, fault, memory, packet, ctx, map NAME, trace, message")
	}
	return err
}

func pointer[T any](v T, err error) (*T, error) { return &v, err }

// signed takes -1 for 0xffffffffffffffff, because return values are often errors.
func signed(s string) (uint64, error) {
	if strings.HasPrefix(s, "-") {
		n, err := strconv.ParseInt(s, 0, 64)
		if err != nil {
			return 0, fmt.Errorf("want a number of at most 64 bits, not %q", clip(s))
		}
		return uint64(n), nil
	}
	return number(s, 64)
}

// element reads what follows `map NAME:`.
func (p *parser) element(name, text string) (el Element, err error) {
	if el.Map = mapByName(p.f.Maps, name); el.Map < 0 {
		n, bad := strconv.Atoi(strings.TrimPrefix(name, "#"))
		if bad != nil || !strings.HasPrefix(name, "#") || n < 0 || n >= len(p.f.Maps) {
			return el, fmt.Errorf("there is no such map")
		}
		el.Map = n
	}
	key, value, ok := strings.Cut(text, "=")
	if !ok {
		return el, fmt.Errorf("want `key = value` or `key = absent`, not %q", clip(text))
	}
	if el.Key, err = bytesOf(key); err != nil {
		return el, err
	}
	if strings.TrimSpace(value) == "absent" {
		el.Absent = true
		return el, nil
	}
	el.Value, err = bytesOf(value)
	return el, err
}

// fault reads `read pc=3 addr=0x10 prog=1`; all but the kind may be absent.
func fault(text string) (*Fault, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil, fmt.Errorf("want a kind of fault")
	}
	f := &Fault{}
	var ok bool
	if f.Kind, ok = vm.FaultByName(words[0]); !ok || f.Kind == vm.NoFault {
		return nil, fmt.Errorf("want align, read, write, helper, depth or trap, not %q", clip(words[0]))
	}
	for _, w := range words[1:] {
		name, value, _ := strings.Cut(w, "=")
		bits := 31
		if name == "addr" {
			bits = 64
		}
		n, err := number(value, bits)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", clip(name), err)
		}
		i := int(n)
		switch name {
		case "pc":
			f.PC = &i
		case "prog":
			f.Prog = &i
		case "addr":
			f.Addr = &n
		default:
			return nil, fmt.Errorf("want pc=, addr= or prog=, not %q", clip(w))
		}
	}
	return f, nil
}
