//go:build linux

package exec

import (
	"errors"
	"fmt"
	"math/bits"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Code is a piece of machine code that can be run. The zero value is none.
type Code struct {
	Addr  uintptr // where it runs
	data  []byte  // all of its slot, in the view that can be written; nil: a mapping of its own
	own   []byte  // that mapping
	size  class
	batch *batch // or where it is together with others
}

// class is a size of slots: smallest << class bytes.
type class uint8

const (
	smallest  = 256
	largest   = class(14)               // 4 MiB
	chunkSize = smallest << largest * 4 // of address space; pages come when touched
)

// pool hands out slots of memory that is mapped twice.
type pool struct {
	sync.Mutex
	free   [largest + 1][]Code
	rw, rx []byte   // what is left of the newest chunk
	single bool     // this host refuses the double map
	open   *batch   // then: what the next program is put into
	spare  []*batch // empty ones
}

var slots pool

// New copies code to where it can be run, once it is sealed.
func New(code []byte) (Code, error) {
	c := class(bits.Len(uint(max(len(code), smallest)-1) / smallest))
	if c > largest {
		return mapOwn(code)
	}
	slot, err := slots.take(c)
	if err != nil {
		return Code{}, err
	}
	if slot.data == nil && len(code) <= batchSize {
		return slots.put(code)
	}
	if slot.data == nil {
		return mapOwn(code)
	}
	copy(slot.data, code)
	barrier(slot.Addr, len(code))
	return slot, nil
}

// Free gives the slot back. Nothing may run in it.
func (c *Code) Free() error {
	defer func() { *c = Code{} }()
	switch {
	case c.batch != nil:
		return slots.drop(c.batch)
	case c.own != nil:
		return unix.Munmap(c.own)
	case c.data != nil:
		slots.Lock()
		slots.free[c.size] = append(slots.free[c.size], *c)
		slots.Unlock()
	}
	return nil
}

func (p *pool) take(c class) (Code, error) {
	p.Lock()
	defer p.Unlock()
	if n := len(p.free[c]); n > 0 {
		slot := p.free[c][n-1]
		p.free[c] = p.free[c][:n-1]
		return slot, nil
	}
	if p.single {
		return Code{}, nil
	}
	n := smallest << c
	if len(p.rw) < n {
		if err := p.grow(); err != nil {
			p.single = true
			return Code{}, nil
		}
	}
	slot := Code{Addr: uintptr(unsafe.Pointer(&p.rx[0])), data: p.rw[:n:n], size: c}
	p.rw, p.rx = p.rw[n:], p.rx[n:]
	return slot, nil
}

// grow maps a new chunk twice: once to write, once to run. What is left of the
// old one, less than a slot of the largest class, is given up.
func (p *pool) grow() error {
	fd, err := unix.MemfdCreate("lockstep-jit", unix.MFD_CLOEXEC)
	if err != nil {
		return fmt.Errorf("memfd for machine code: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.Ftruncate(fd, chunkSize); err != nil {
		return fmt.Errorf("room for machine code: %w", err)
	}
	rw, err := unix.Mmap(fd, 0, chunkSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("mapping machine code to write: %w", err)
	}
	rx, err := unix.Mmap(fd, 0, chunkSize, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_SHARED)
	if err != nil {
		unix.Munmap(rw)
		return fmt.Errorf("mapping machine code to run: %w", err)
	}
	if !refetches(rw, rx) {
		return errors.Join(errStale, unix.Munmap(rw), unix.Munmap(rx))
	}
	p.rw, p.rx = rw, rx
	return nil
}

var errStale = errors.New("this host runs code that has been replaced")

// mapOwn gives code a mapping of its own: written first, then made executable.
func mapOwn(code []byte) (Code, error) {
	b, err := unix.Mmap(-1, 0, len(code), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return Code{}, fmt.Errorf("mapping %d bytes of machine code: %w", len(code), err)
	}
	copy(b, code)
	if err := unix.Mprotect(b, unix.PROT_READ|unix.PROT_EXEC); err != nil {
		unix.Munmap(b)
		return Code{}, fmt.Errorf("making machine code executable: %w", err)
	}
	addr := uintptr(unsafe.Pointer(&b[0]))
	barrier(addr, len(code))
	return Code{Addr: addr, own: b}, nil
}
