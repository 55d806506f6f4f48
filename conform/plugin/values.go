package plugin

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Hex is bytes, as hex digits in a JSON string; blanks are passed over.
type Hex []byte

// MarshalText writes lower-case hex.
func (h Hex) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h), nil }

// UnmarshalText reads hex.
func (h *Hex) UnmarshalText(b []byte) error {
	v, err := ParseHex(string(b))
	*h = v
	return err
}

// ParseHex reads hex pairs with any blanks between. The result is never nil.
func ParseHex(s string) ([]byte, error) {
	s = strings.Join(strings.Fields(s), "")
	b, err := hex.DecodeString(s)
	if err != nil {
		const most = 24
		if len(s) > most {
			s = s[:most] + "…"
		}
		return nil, fmt.Errorf("want bytes in hex, two digits each, not %q: %w", s, err)
	}
	return append([]byte{}, b...), nil
}

// U64 is a 64-bit value: a JSON string of hex digits with 0x, which JSON's numbers
// are too narrow for. A number, and hex without 0x, are read too.
type U64 uint64

// MarshalText writes 0x and hex.
func (u U64) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%#x", uint64(u)), nil }

// UnmarshalJSON reads a string of hex or a number.
func (u *U64) UnmarshalJSON(b []byte) error {
	s, base := string(b), 10
	if len(s) >= 2 && s[0] == '"' {
		s, base = strings.TrimPrefix(s[1:len(s)-1], "0x"), 16
	}
	n, err := strconv.ParseUint(s, base, 64)
	if err != nil {
		return fmt.Errorf("want 64 bits in hex, as \"0x2a\", not %s", b)
	}
	*u = U64(n)
	return nil
}

// MapType is a map type by its name in JSON; a number, Linux's, is read too.
type MapType maps.Type

// MarshalJSON writes the name, or the number of a type without one.
func (t MapType) MarshalJSON() ([]byte, error) {
	name := maps.Type(t).String()
	if _, ok := maps.TypeByName(name); ok {
		return json.Marshal(name)
	}
	return json.Marshal(uint32(t))
}

// UnmarshalJSON reads a name or a number.
func (t *MapType) UnmarshalJSON(b []byte) error {
	var name string
	if json.Unmarshal(b, &name) == nil {
		v, ok := maps.TypeByName(name)
		if !ok {
			return fmt.Errorf("unknown map type %q", name)
		}
		*t = MapType(v)
		return nil
	}
	return json.Unmarshal(b, (*uint32)(t))
}

// Fixup is the place of an LDDW whose immediate is to name a map: the number of a
// slot, or in programs other than the first [program, slot].
type Fixup struct{ Prog, Insn int }

// MarshalJSON writes a number or a pair.
func (f Fixup) MarshalJSON() ([]byte, error) {
	if f.Prog == 0 {
		return json.Marshal(f.Insn)
	}
	return json.Marshal([2]int{f.Prog, f.Insn})
}

// UnmarshalJSON reads a number or a pair.
func (f *Fixup) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &f.Insn) == nil {
		return nil
	}
	var pair []int
	if err := json.Unmarshal(b, &pair); err != nil || len(pair) != 2 {
		return fmt.Errorf("want an instruction's number, or [program, instruction], not %s", b)
	}
	f.Prog, f.Insn = pair[0], pair[1]
	return nil
}

// Element is a key and a value of a map, in JSON [key, value], and where bytes of
// the value are undefined [key, value, mask].
type Element struct{ Key, Value, Undef Hex }

// MarshalJSON writes the list.
func (e Element) MarshalJSON() ([]byte, error) {
	if len(e.Undef) == 0 {
		return json.Marshal([]Hex{e.Key, e.Value})
	}
	return json.Marshal([]Hex{e.Key, e.Value, e.Undef})
}

// UnmarshalJSON reads the list.
func (e *Element) UnmarshalJSON(b []byte) error {
	var l []Hex
	if err := json.Unmarshal(b, &l); err != nil {
		return err
	}
	if len(l) < 2 || len(l) > 3 {
		return fmt.Errorf("want [key, value], not %d parts", len(l))
	}
	e.Key, e.Value = l[0], l[1]
	if len(l) == 3 {
		e.Undef = l[2]
	}
	return nil
}
