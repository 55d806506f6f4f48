package bpftest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Map is a map as user space sees it. Keys and values are bytes, text, or what
// encoding/binary can write: numbers of a fixed size, and arrays and structures of them
// without the padding that a C compiler adds.
type Map struct {
	t     testing.TB
	name  string
	user  maps.User
	order binary.ByteOrder
}

// Map finds a map by its name.
func (o *Object) Map(name string) *Map {
	o.t.Helper()
	fd, ok := o.maps[name]
	if !ok {
		o.t.Fatalf("bpftest: there is no map %q, or no program that runs here refers to it", name)
	}
	return &Map{o.t, name, maps.User{Map: o.world.Maps[fd]}, o.object.Order.Binary()}
}

// key encodes a key, which has the map's size.
func (m *Map) key(key any) []byte {
	m.t.Helper()
	if key == nil {
		return nil
	}
	b, err := sized(m.order, key, int(m.user.Map.Spec().KeySize))
	return m.check("key", b, int(m.user.Map.Spec().KeySize), err)
}

func (m *Map) value(value any) []byte {
	m.t.Helper()
	b, err := sized(m.order, value, m.user.ValueSize())
	return m.check("value", b, m.user.ValueSize(), err)
}

func (m *Map) check(what string, b []byte, size int, err error) []byte {
	m.t.Helper()
	if err == nil && len(b) != size {
		err = fmt.Errorf("%d bytes, want %d", len(b), size)
	}
	if err != nil {
		m.t.Fatalf("bpftest: map %s: %s: %v", m.name, what, err)
	}
	return b
}

// Put writes an element. Queues and stacks have no keys: nil. Of a per-CPU map the value is
// a slice of one for each CPU, each padded to 8 bytes.
func (m *Map) Put(key, value any) {
	m.t.Helper()
	if err := m.user.Update(m.key(key), m.value(value), maps.Any); err != nil {
		m.t.Fatalf("bpftest: map %s: put %v: %v", m.name, key, err)
	}
}

// Delete removes an element that is there.
func (m *Map) Delete(key any) {
	m.t.Helper()
	if err := m.user.Delete(m.key(key)); err != nil {
		m.t.Fatalf("bpftest: map %s: delete %v: %v", m.name, key, err)
	}
}

// Bytes is the value under a key, or nil.
func (m *Map) Bytes(key any) []byte {
	m.t.Helper()
	value := make([]byte, m.user.ValueSize())
	err := m.user.Lookup(m.key(key), value, 0)
	switch {
	case errors.Is(err, maps.ENOENT):
		return nil
	case err != nil:
		m.t.Fatalf("bpftest: map %s: get %v: %v", m.name, key, err)
	}
	return value
}

// Get decodes the value under a key into a pointer, and reports whether it is there.
func (m *Map) Get(key, value any) bool {
	m.t.Helper()
	b := m.Bytes(key)
	if b == nil {
		return false
	}
	if _, err := binary.Decode(b, m.order, value); err != nil {
		m.t.Fatalf("bpftest: map %s: %T: %v", m.name, value, err)
	}
	return true
}

// Len is the number of elements.
func (m *Map) Len() int { return len(m.user.Map.Entries(nil)) }

// Wants fails the test unless the value under a key is this one.
func (m *Map) Wants(key, want any) {
	m.t.Helper()
	got, w := m.Bytes(key), m.value(want)
	switch {
	case got == nil:
		m.t.Errorf("map %s has nothing under %v, want %v; it has %d elements", m.name, key, want, m.Len())
	case !bytes.Equal(got, w):
		m.t.Errorf("map %s has %x under %v, want %x (%v)", m.name, got, key, w, want)
	}
}

// Lacks fails the test if there is something under a key.
func (m *Map) Lacks(key any) {
	m.t.Helper()
	if got := m.Bytes(key); got != nil {
		m.t.Errorf("map %s has %x under %v, want nothing", m.name, got, key)
	}
}

// Variable decodes a global variable into a pointer.
func (o *Object) Variable(name string, value any) {
	o.t.Helper()
	v, ok := o.object.Variables[name]
	if !ok {
		o.t.Fatalf("bpftest: the object has no variable %q", name)
	}
	m := o.Map(v.Map)
	b := m.Bytes(uint32(0))
	if _, err := binary.Decode(b[v.Off:v.Off+v.Size], m.order, value); err != nil {
		o.t.Fatalf("bpftest: variable %s: %T: %v", name, value, err)
	}
}
