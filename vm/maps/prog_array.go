package maps

import "encoding/binary"

// progArray holds programs for tail calls, by index into the World's programs.
// Programs cannot read it (Linux's prog_array_map_ops has no lookup for them), and
// a run cannot change it, so it has no Entries.
//
// Keys are the loader's, not the guest's, like the values: always little-endian.
type progArray struct{ objects }

func newProgArray(s *Spec, at Place) *progArray {
	p := &progArray{}
	p.setup(s, at)
	return p
}

// Program is the program at index i.
func (p *progArray) Program(i uint32) (prog uint32, ok bool) { return p.element(i) }

func (p *progArray) swap(key []byte) []byte {
	return p.appendIndex(nil, binary.LittleEndian.Uint32(key))
}

func (p *progArray) Update(key, value []byte, flags uint64) error {
	return p.objects.Update(p.swap(key), value, flags)
}

func (p *progArray) Delete(key []byte) error { return p.objects.Delete(p.swap(key)) }

func (p *progArray) userLookup(key, value []byte) error {
	return p.objects.userLookup(p.swap(key), value)
}
