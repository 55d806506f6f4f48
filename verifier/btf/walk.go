package btf

import "fmt"

// Found is what a load of some bytes of a structure meets.
type Found struct {
	Pointer   bool   // to a structure: Type says which
	Memory    bool   // a pointer to what is no structure: to be read, never to be trusted
	Type      ID     // of Pointer
	Field     string // of Pointer: the member
	Tags      []string
	Untrusted bool // found in a union of several members: which of them is there is not known
}

// Walk looks for the member of a structure that size bytes at off belong to (Linux's
// btf_struct_walk). Numbers may be loaded in part, pointers only as a whole. The error has
// the kernel's words.
func Walk(k Kernel, id ID, off, size uint32) (f Found, err error) {
	for depth := 0; depth < maxDepth; depth++ {
		t := k.Type(id)
		if t == nil || !t.Composite() {
			return f, fmt.Errorf("Type '%s' is not a struct", name(t))
		}
		if t.Kind == Union && len(t.Members) != 1 {
			f.Untrusted = true
		}
		if uint64(off)+uint64(size) > uint64(t.Size) {
			inner, at, number, err := flexible(k, t, off, size)
			if err != nil || number {
				return f, err
			}
			id, off = inner, at
			continue
		}
		next, at, done, err := f.member(k, t, off, size)
		if err != nil || done {
			return f, err
		}
		id, off = next, at
	}
	return f, fmt.Errorf("Type '%s' is nested too deep", name(k.Type(id)))
}

// maxDepth is how deep structures may be nested.
const maxDepth = 64

func name(t *Type) string {
	if t == nil {
		return ""
	}
	return t.Name
}

// flexible is a load behind the end of a structure whose last member is an array without a
// size.
func flexible(k Kernel, t *Type, off, size uint32) (id ID, at uint32, number bool, err error) {
	beyond := fmt.Errorf("access beyond struct %s at off %d size %d", t.Name, off, size)
	if len(t.Members) == 0 {
		return 0, 0, false, beyond
	}
	last := t.Members[len(t.Members)-1]
	array := k.Type(last.Type)
	if array == nil || array.Kind != Array || array.Count != 0 || off < last.Bit/8 {
		return 0, 0, false, beyond
	}
	elem := k.Type(array.Elem)
	switch {
	case elem != nil && elem.Kind == Int:
		return 0, 0, true, nil
	case elem == nil || !elem.Composite() || elem.Size == 0:
		return 0, 0, false, beyond
	}
	return elem.ID, (off - last.Bit/8) % elem.Size, false, nil
}

// member finds the member; if that is a structure, the search goes on in it.
func (f *Found) member(k Kernel, t *Type, off, size uint32) (next ID, at uint32, done bool, err error) {
	for _, m := range t.Members {
		begin := m.Bit / 8
		if off+size <= begin {
			break
		}
		if m.Bits != 0 {
			if off <= begin && (m.Bit+m.Bits+7)/8 <= off+size {
				return 0, 0, true, nil
			}
			continue
		}
		if off < begin { // a hole
			break
		}
		mt, bytes := element(k, m.Type)
		if mt == nil {
			return 0, 0, false, fmt.Errorf("field %s doesn't have size", m.Name)
		}
		end := begin + bytes
		if off >= end {
			continue
		}
		if mt.Size != 0 && bytes > mt.Size { // an array: the element that is meant
			begin += (off - begin) / mt.Size * mt.Size
		}
		switch {
		case mt.Composite():
			return mt.ID, off - begin, false, nil
		case mt.Kind == Pointer:
			return 0, 0, true, f.pointer(k, t, &m, mt, begin, off, size)
		case off+size > end && !f.Untrusted:
			return 0, 0, false, fmt.Errorf("access beyond the end of member %s (mend:%d) in struct %s with off %d size %d", m.Name, end, t.Name, off, size)
		}
		return 0, 0, true, nil
	}
	return 0, 0, false, fmt.Errorf("struct %s doesn't have field at offset %d", t.Name, off)
}

// element is a member's type, or what an array is of, and how many bytes all of it has.
func element(k Kernel, id ID) (t *Type, bytes uint32) {
	n := uint32(1)
	for t = k.Type(id); t != nil && t.Kind == Array; t = k.Type(t.Elem) {
		n *= t.Count
	}
	if t == nil || t.Kind == Void || t.Kind == Func || t.Kind == Proto || t.Kind == Forward {
		return nil, 0
	}
	return t, n * t.Size
}

func (f *Found) pointer(k Kernel, t *Type, m *Member, mt *Type, begin, off, size uint32) error {
	if mt.Size != size || off != begin {
		return fmt.Errorf("cannot access ptr member %s with moff %d in struct %s with off %d size %d", m.Name, begin, t.Name, off, size)
	}
	to := k.Type(mt.Elem)
	if to == nil || !to.Composite() {
		f.Memory = true
		return nil
	}
	f.Pointer, f.Type, f.Tags, f.Field = true, to.ID, mt.Tags, m.Name
	return nil
}

// Contains reports whether a pointer to off in a structure is a pointer to another type too:
// to a member that begins there, of any depth (Linux's btf_struct_ids_match). Strict, it
// has to be the structure itself.
func Contains(k Kernel, id ID, off uint32, want ID, strict bool) bool {
	for range maxDepth {
		t := k.Type(id)
		if t == nil {
			return false
		}
		if off == 0 && t.ID == want {
			return true
		}
		if strict || !t.Composite() {
			return false
		}
		next := ID(0)
		for _, m := range t.Members {
			mt, bytes := element(k, m.Type)
			begin := m.Bit / 8
			if m.Bits != 0 || mt == nil || !mt.Composite() || off < begin || off >= begin+bytes || mt.Size == 0 {
				continue
			}
			next, off = mt.ID, (off-begin)%mt.Size
			break
		}
		if next == 0 {
			return false
		}
		id = next
	}
	return false
}
