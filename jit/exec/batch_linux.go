package exec

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batch is memory for several programs where a host refuses the double map. It is
// written until one of them is to run, and executable from then on: one system call
// for all that were loaded together, and one when the last of them is gone.
//
// Invariant: while it is sealed nothing is written; while it is not, nothing runs.
// All but sealed is under the pool's lock.
type batch struct {
	mem    []byte
	used   int // bytes
	live   int // programs
	sealed atomic.Bool
}

const (
	batchSize = 64 << 10
	batchLine = 64 // programs start at multiples of it
	mostSpare = 4
)

// put copies code into the batch that is open, or into a new one.
func (p *pool) put(code []byte) (Code, error) {
	p.Lock()
	defer p.Unlock()
	if p.open != nil && p.open.used+len(code) > batchSize {
		p.open = nil // it is sealed when one of its programs runs
	}
	if p.open == nil {
		if n := len(p.spare); n > 0 {
			p.open, p.spare = p.spare[n-1], p.spare[:n-1]
		} else {
			b, err := unix.Mmap(-1, 0, batchSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
			if err != nil {
				return Code{}, fmt.Errorf("mapping memory for machine code: %w", err)
			}
			p.open = &batch{mem: b}
		}
	}
	b := p.open
	at := b.mem[b.used:]
	copy(at, code)
	b.used = min((b.used+len(code)+batchLine-1)&^(batchLine-1), batchSize)
	b.live++
	return Code{Addr: uintptr(unsafe.Pointer(&at[0])), batch: b}, nil
}

// Seal makes the code ready to run. It has to be called before the first time, and
// costs nothing later.
func (c *Code) Seal() error {
	if c.batch == nil || c.batch.sealed.Load() {
		return nil
	}
	return slots.seal(c.batch)
}

func (p *pool) seal(b *batch) error {
	p.Lock()
	defer p.Unlock()
	if b.sealed.Load() {
		return nil
	}
	if err := unix.Mprotect(b.mem, unix.PROT_READ|unix.PROT_EXEC); err != nil {
		return fmt.Errorf("making machine code executable: %w", err)
	}
	barrier(uintptr(unsafe.Pointer(&b.mem[0])), b.used)
	if p.open == b {
		p.open = nil
	}
	b.sealed.Store(true)
	return nil
}

// drop takes a program out of its batch, which is used again when it is empty.
func (p *pool) drop(b *batch) error {
	p.Lock()
	defer p.Unlock()
	if b.live--; b.live > 0 {
		return nil
	}
	b.used = 0
	switch {
	case b == p.open:
		return nil
	case len(p.spare) == mostSpare:
		return unix.Munmap(b.mem)
	case b.sealed.Load():
		if err := unix.Mprotect(b.mem, unix.PROT_READ|unix.PROT_WRITE); err != nil {
			return fmt.Errorf("making memory for machine code writable: %w", err)
		}
		b.sealed.Store(false)
	}
	p.spare = append(p.spare, b)
	return nil
}
