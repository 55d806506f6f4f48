package maps

import (
	"slices"

	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// ring is a ring buffer (Linux's kernel/bpf/ringbuf.c): records of any size, each
// behind a header of 8 bytes, from programs on all CPUs to one reader.
//
// Positions count bytes since the start and only grow. A record stands at its
// position modulo the size; one that passes the end of the ring goes on behind it,
// where Linux maps the ring a second time. What a reserved record holds before it is
// written is unspecified: here zeroes. Headers are not in guest memory.
type ring struct {
	object
	producer, consumer uint64
	records            []record // in order
}

// record is one that is not consumed yet.
type record struct {
	at        uint64
	size      uint32
	busy      bool
	discarded bool
}

const (
	ringHeader = 8
	maxRecord  = 1<<30 - 1
)

// Flags and questions of the ring buffer helpers (BPF_RB_*).
const (
	RingNoWakeup    = 1
	RingForceWakeup = 2

	RingAvailable = 0 // bytes between consumer and producer
	RingSize      = 1
	RingConsumer  = 2
	RingProducer  = 3
)

func newRing(s *Spec, at Place) *ring {
	r := &ring{}
	r.init(s, at)
	return r
}

// room is what a record takes of the ring.
func room(size uint32) uint64 { return (uint64(size) + ringHeader + 7) &^ 7 }

// data is the address of a record's first byte.
func (r *ring) data(at uint64) uint32 {
	return r.base + uint32(at%uint64(r.spec.MaxEntries)) + ringHeader
}

// Reserve makes a record of size bytes that only its program sees, and gives its
// address; p is what the program may do with it. ok is false if there is no room.
func (r *ring) Reserve(size uint64, p mem.Perm) (addr uint32, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if size > maxRecord {
		return 0, false
	}
	rec := record{at: r.producer, size: uint32(size), busy: true}
	end := rec.at + room(rec.size)
	pending := r.producer // where the oldest reservation is
	if i := slices.IndexFunc(r.records, func(x record) bool { return x.busy }); i >= 0 {
		pending = r.records[i].at
	}
	most := uint64(r.spec.MaxEntries)
	if room(rec.size) > most || end-r.consumer > most-1 || end-pending > most-1 {
		return 0, false
	}
	addr = r.data(rec.at)
	clear(r.mem.Bytes(addr, rec.size))
	r.mem.Allow(addr, rec.size, p)
	r.producer = end
	r.records = append(r.records, rec)
	return addr, true
}

// Commit ends the reservation at addr. It gives a copy of the record's bytes; ok is
// false if there is no such reservation.
func (r *ring) Commit(addr uint32, discard bool) (data []byte, undef []bool, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.records, func(x record) bool { return x.busy && r.data(x.at) == addr })
	if i < 0 {
		return nil, nil, false
	}
	rec := &r.records[i]
	rec.busy, rec.discarded = false, discard
	data, undef = slices.Clone(r.mem.Bytes(addr, rec.size)), r.mem.UndefIn(addr, rec.size)
	r.mem.Allow(addr, rec.size, 0)
	return data, undef, true
}

// Output writes a whole record. It is EAGAIN if there is no room.
func (r *ring) Output(data []byte) error {
	addr, ok := r.Reserve(uint64(len(data)), mem.RW)
	if !ok {
		return EAGAIN
	}
	copy(r.mem.Bytes(addr, uint32(len(data))), data)
	r.Commit(addr, false)
	return nil
}

// Query answers one of the questions of bpf_ringbuf_query.
func (r *ring) Query(what uint64) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch what {
	case RingAvailable:
		return r.producer - r.consumer
	case RingSize:
		return uint64(r.spec.MaxEntries)
	case RingConsumer:
		return r.consumer
	case RingProducer:
		return r.producer
	}
	return 0
}

// Consume takes the next record out, as user space does. ok is false if there is
// none, or none that is committed.
func (r *ring) Consume() (data []byte, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.records) > 0 && !r.records[0].busy {
		rec := r.records[0]
		r.records = slices.Delete(r.records, 0, 1)
		r.consumer = rec.at + room(rec.size)
		if !rec.discarded {
			return slices.Clone(r.mem.Bytes(r.data(rec.at), rec.size)), true
		}
	}
	return nil, false
}

func (r *ring) Update([]byte, []byte, uint64) error { return ENOTSUPP }
func (r *ring) Delete([]byte) error                 { return ENOTSUPP }

func (r *ring) userLookup(_, _ []byte) error { return ENOTSUPP }
func (r *ring) nextKey(_, _ []byte) error    { return ENOTSUPP }

// Ring is a Map that is a ring buffer.
type Ring interface {
	Reserve(size uint64, p mem.Perm) (addr uint32, ok bool)
	Commit(addr uint32, discard bool) (data []byte, undef []bool, ok bool)
	Output(data []byte) error
	Query(what uint64) uint64
	Consume() (data []byte, ok bool)
}
