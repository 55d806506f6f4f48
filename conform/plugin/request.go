package plugin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// contexts are the names of Ctx with the program type that each stands for.
var contexts = []struct {
	name string
	kind hook.Context
	typ  hook.Type
}{
	{"mem", hook.Memory, hook.Unspec},
	{"xdp", hook.XdpMD, hook.XDP},
	{"skb", hook.SkBuff, hook.SchedCLS},
	{"buffer", hook.Buffer, hook.Syscall},
	{"args", hook.Args, hook.RawTracepoint},
}

// ParseRequest reads a line. Fields that the protocol does not have are errors,
// because a request whose misspelt part was passed over would be answered wrongly.
// The ID of a line that is wrong is kept where it can be found.
func ParseRequest(line []byte) (*Request, error) {
	r := &Request{}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	err := d.Decode(r)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("more than one JSON value on the line")
		}
	}
	if err != nil {
		var only struct{ ID json.RawMessage }
		if json.Unmarshal(line, &only) == nil {
			r.ID = only.ID
		}
		return r, fmt.Errorf("not a request: %w", err)
	}
	return r, nil
}

// Case is what the request asks to run.
func (r *Request) Case() (*vm.Case, error) {
	c := &vm.Case{Fuel: r.Fuel}
	typ, err := r.programType()
	if err != nil {
		return nil, err
	}
	order := spec.Little
	switch r.ByteOrder {
	case "", "little":
	case "big":
		order = spec.Big
	default:
		return nil, fmt.Errorf("byte_order %q: want little or big", r.ByteOrder)
	}
	switch r.Mode {
	case "", "checked":
	case "trusted":
		c.Mode = vm.Trusted
	default:
		return nil, fmt.Errorf("mode %q: want checked or trusted", r.Mode)
	}
	texts := r.Programs
	switch {
	case r.Program != nil && r.Programs != nil:
		return nil, errors.New("both program and programs are there: want one of them")
	case r.Program != nil:
		texts = []Hex{r.Program}
	case len(texts) == 0:
		return nil, errors.New("there is no program: want \"program\":hex or \"programs\":[hex…]")
	}
	for i, b := range texts {
		insns, err := spec.Split(b, order)
		if err != nil {
			return nil, fmt.Errorf("program %d: %w", i, err)
		}
		c.Programs = append(c.Programs, &vm.Program{Type: typ, Order: order, Insns: insns})
	}
	for fd := range r.Maps {
		if err := r.Maps[fd].add(c, fd); err != nil {
			return nil, fmt.Errorf("map %d: %w", fd, err)
		}
	}
	return c, r.inputs(c)
}

func (r *Request) programType() (hook.Type, error) {
	want := contexts[0]
	if r.Ctx != "" {
		want.name = ""
		var names []string
		for _, x := range contexts {
			names = append(names, x.name)
			if x.name == r.Ctx {
				want = x
			}
		}
		if want.name == "" {
			return 0, fmt.Errorf("ctx %q: want one of %s", r.Ctx, strings.Join(names, ", "))
		}
	}
	if r.Type == "" {
		return want.typ, nil
	}
	t, ok := hook.ByName(r.Type)
	if !ok {
		return 0, fmt.Errorf("type %q: unknown program type", r.Type)
	}
	if r.Ctx != "" && hook.Lookup(t).Context != want.kind {
		return 0, fmt.Errorf("type %q does not have ctx %q", r.Type, r.Ctx)
	}
	return t, nil
}

func (r *Request) inputs(c *vm.Case) error {
	if r.Memory != nil && r.Inputs != nil {
		return errors.New("both memory and inputs are there: want one of them")
	}
	for _, in := range r.Inputs {
		c.Inputs = append(c.Inputs, vm.Input{Memory: in.Memory, Packet: in.Packet, Context: in.Ctx, Seed: in.Seed})
	}
	if r.Inputs == nil {
		c.Inputs = []vm.Input{{Memory: r.Memory}}
	}
	return nil
}

// add makes the map number fd of a case, and its fixups name it.
func (m *Map) add(c *vm.Case, fd int) error {
	c.Maps = append(c.Maps, m.spec())
	for _, f := range m.Fixups {
		if f.Prog < 0 || f.Prog >= len(c.Programs) {
			return fmt.Errorf("fixup: there is no program %d", f.Prog)
		}
		insns := c.Programs[f.Prog].Insns
		if f.Insn < 0 || f.Insn >= len(insns) || insns[f.Insn].Op != spec.LDDW {
			return fmt.Errorf("fixup: instruction %d of program %d is no 64-bit immediate load (0x18)", f.Insn, f.Prog)
		}
		i := &insns[f.Insn]
		if i.Src == spec.LDDWValue {
			i.Src = spec.LDDWMapFD
		}
		i.Imm = int32(fd)
	}
	return nil
}

// spec is the map without its fixups.
func (m *Map) spec() *maps.Spec {
	s := &maps.Spec{
		Name: m.Name, Type: maps.Type(m.Type), KeySize: m.KeySize, ValueSize: m.ValueSize,
		MaxEntries: m.MaxEntries, Flags: m.Flags, Extra: m.Extra, Frozen: m.Frozen,
	}
	if m.Inner != nil {
		s.Inner = m.Inner.spec()
	}
	for _, e := range m.Entries {
		s.Entries = append(s.Entries, maps.Entry{Key: e.Key, Value: e.Value})
	}
	return s
}

// requestFor is the request that asks to run c. Its program type must have a name
// and there must be a program: see Server.beyond.
func requestFor(id string, c *vm.Case) *Request {
	r := &Request{ID: json.RawMessage(id), Fuel: c.Fuel, Inputs: []Input{}}
	info := hook.Lookup(c.Programs[0].Type)
	r.Type = info.Name
	for _, x := range contexts {
		if x.kind == info.Context {
			r.Ctx = x.name
		}
	}
	if c.Mode == vm.Trusted {
		r.Mode = "trusted"
	}
	order := c.Programs[0].Order
	if order == spec.Big {
		r.ByteOrder = "big"
	}
	for _, p := range c.Programs {
		r.Programs = append(r.Programs, spec.Encode(p.Insns, order))
	}
	for fd, s := range c.Maps {
		m := mapOf(s)
		m.Fixups = fixups(c, fd)
		r.Maps = append(r.Maps, m)
	}
	for _, in := range c.Inputs {
		r.Inputs = append(r.Inputs, Input{in.Memory, in.Packet, in.Context, in.Seed})
	}
	return r
}

// mapOf is the map without fixups.
func mapOf(s *maps.Spec) Map {
	m := Map{
		Name: s.Name, Type: MapType(s.Type), KeySize: s.KeySize, ValueSize: s.ValueSize,
		MaxEntries: s.MaxEntries, Flags: s.Flags, Extra: s.Extra, Frozen: s.Frozen,
	}
	if s.Inner != nil {
		inner := mapOf(s.Inner)
		m.Inner = &inner
	}
	for _, e := range s.Entries {
		m.Entries = append(m.Entries, Element{Key: e.Key, Value: e.Value})
	}
	return m
}

// fixups are the places in the programs that name map fd.
func fixups(c *vm.Case, fd int) (all []Fixup) {
	for p, prog := range c.Programs {
		for pc := 0; pc < len(prog.Insns); pc++ {
			i := prog.Insns[pc]
			if i.Wide() {
				if namesMap(i) && int(i.Imm) == fd {
					all = append(all, Fixup{p, pc})
				}
				pc++
			}
		}
	}
	return all
}

// namesMap reports whether the immediate of an LDDW is the number of a map.
func namesMap(i spec.Insn) bool {
	switch i.Src {
	case spec.LDDWMapFD, spec.LDDWMapValue, spec.LDDWMapIdx, spec.LDDWMapIdxValue:
		return true
	}
	return false
}
