package kernelcmp

import (
	"bytes"
	"encoding/binary"
	"os"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/sysbpf"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// output is a buffer that programs of a case put records into.
type output struct {
	fd    int // of the perf event; -1 for a ring buffer
	bytes []byte
	of    int    // the map
	index uint32 // of the perf event in the map
	seen  uint64 // position up to which records were shown
}

// perfPages is the buffer of a perf event: one page that describes it, and room for
// what the programs of a case put out. A sample that does not fit gets ENOSPC.
const perfPages = 1 + 64

// openEvent opens a perf event with a buffer, without which it takes no sample.
func (l *loaded) openEvent(of int, index, cpu uint32) (fd int, err error) {
	if fd, err = sysbpf.OutputEvent(int(cpu)); err != nil {
		return -1, err
	}
	b, err := sysbpf.MapMemory(fd, perfPages*os.Getpagesize(), true)
	if err != nil {
		sysbpf.Close(fd)
		return -1, err
	}
	l.outputs = append(l.outputs, &output{fd: fd, bytes: b, of: of, index: index})
	return fd, nil
}

// openRing makes a ring buffer readable.
func (l *loaded) openRing(of int, s *maps.Spec) error {
	b, err := sysbpf.MapRing(l.maps[of].fd, int(s.MaxEntries))
	if err == nil {
		l.outputs = append(l.outputs, &output{fd: -1, bytes: b, of: of})
	}
	return err
}

func (o *output) close() {
	_ = sysbpf.UnmapMemory(o.bytes)
	if o.fd >= 0 {
		sysbpf.Close(o.fd)
	}
}

// events are the records that came since the last call.
func (l *loaded) events() (all []vm.Event) {
	for _, o := range l.outputs {
		if o.fd >= 0 {
			all = o.samples(all)
		} else {
			all = o.records(all)
		}
	}
	return all
}

// records reads a ring buffer. Nobody consumes it, as in our machines.
func (o *output) records(all []vm.Event) []vm.Event {
	const header, busy, discarded = 8, 1 << 31, 1 << 30
	page := os.Getpagesize()
	data := o.bytes[page:]
	size := uint64(len(data) / 2)
	for end := binary.NativeEndian.Uint64(o.bytes); o.seen < end; {
		at := o.seen % size
		n := binary.NativeEndian.Uint32(data[at:])
		if n&busy != 0 {
			break
		}
		length := uint64(n &^ discarded)
		if n&discarded == 0 {
			all = append(all, vm.Event{Kind: vm.RingRecord, Map: o.of, Data: bytes.Clone(data[at+header:][:length])})
		}
		o.seen += (length + header + 7) &^ 7
	}
	return all
}

// samples reads the buffer of a perf event, and says that it has
// (struct perf_event_mmap_page).
func (o *output) samples(all []vm.Event) []vm.Event {
	const head, tail, sample = 1024, 1032, 9
	page := os.Getpagesize()
	data := o.bytes[page:]
	end := binary.NativeEndian.Uint64(o.bytes[head:])
	copyOut := func(at, n uint64) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = data[(at+uint64(i))%uint64(len(data))]
		}
		return b
	}
	for o.seen < end {
		h := copyOut(o.seen, 12) // type, misc, size; then of a sample the length of its data
		size := uint64(binary.NativeEndian.Uint16(h[6:]))
		if size == 0 {
			break
		}
		if binary.NativeEndian.Uint32(h) == sample {
			n := uint64(binary.NativeEndian.Uint32(h[8:]))
			all = append(all, vm.Event{Kind: vm.PerfSample, Map: o.of, Index: uint64(o.index), Data: copyOut(o.seen+12, n)})
		}
		o.seen += size
	}
	binary.NativeEndian.PutUint64(o.bytes[tail:], o.seen)
	return all
}
