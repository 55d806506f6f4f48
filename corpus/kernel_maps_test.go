package corpus

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/perf"
	"github.com/cilium/ebpf/ringbuf"

	"github.com/lockstep-ebpf/lockstep/vm"
	vmmaps "github.com/lockstep-ebpf/lockstep/vm/maps"
)

// userSpace is what a program that had loaded an object would do with its maps.
type userSpace struct {
	maps  map[string]*ebpf.Map
	names []string
	rings map[string]*ringbuf.Reader
	perf  map[string]*perf.Reader // opened when the map is written to
}

func newUserSpace(t *testing.T, coll *ebpf.Collection) *userSpace {
	t.Helper()
	u := &userSpace{coll.Maps, slices.Sorted(maps.Keys(coll.Maps)), map[string]*ringbuf.Reader{}, map[string]*perf.Reader{}}
	t.Cleanup(u.close)
	for name, m := range u.maps {
		if m.Type() != ebpf.RingBuf {
			continue
		}
		r, err := ringbuf.NewReader(m)
		if err != nil {
			t.Fatalf("map %s: %v", name, err)
		}
		u.rings[name] = r
	}
	return u
}

func (u *userSpace) close() {
	for _, r := range u.rings {
		_ = r.Close()
	}
	for _, r := range u.perf {
		_ = r.Close()
	}
}

func (u *userSpace) number(name string) int { return slices.Index(u.names, name) }

func (u *userSpace) write(t *testing.T, set entries) {
	t.Helper()
	for name, list := range set {
		for _, e := range list {
			if err := u.put(name, e); err != nil {
				t.Fatalf("map %s: entry %x: %v", name, e.Key, err)
			}
		}
	}
}

func (u *userSpace) put(name string, e vmmaps.Entry) (err error) {
	m := u.maps[name]
	switch m.Type() {
	case ebpf.PerfEventArray: // for every CPU
		if u.perf[name] == nil {
			u.perf[name], err = perf.NewReader(m, 64<<10)
		}
		return err
	case ebpf.HashOfMaps, ebpf.ArrayOfMaps:
		return m.Put(e.Key, u.maps[string(e.Value)])
	case ebpf.Queue, ebpf.Stack:
		return m.Put(nil, e.Value)
	}
	return m.Put(e.Key, e.Value)
}

// read is what is in a map; of a per-CPU map as in the outcome of a case.
func (u *userSpace) read(t *testing.T, name string) (all []vmmaps.Entry) {
	t.Helper()
	m := u.maps[name]
	var key, value []byte
	var values [][]byte
	it := m.Iterate()
	switch m.Type() {
	case ebpf.Queue, ebpf.Stack:
		return u.readList(t, name)
	case ebpf.PerCPUArray, ebpf.PerCPUHash, ebpf.LRUCPUHash:
		for it.Next(&key, &values) {
			all = append(all, entry(bytes.Clone(key), bytes.Join(values[:vm.DefaultCPUs], nil)))
		}
	default:
		for it.Next(&key, &value) {
			all = append(all, entry(bytes.Clone(key), bytes.Clone(value)))
		}
	}
	if err := it.Err(); err != nil {
		t.Fatalf("map %s: %v", name, err)
	}
	return all
}

// readList takes everything out of a queue or stack, and puts it back.
func (u *userSpace) readList(t *testing.T, name string) (all []vmmaps.Entry) {
	t.Helper()
	m := u.maps[name]
	for {
		var value []byte
		err := m.LookupAndDelete(nil, &value)
		if errors.Is(err, ebpf.ErrKeyNotExist) {
			break
		}
		if err != nil {
			t.Fatalf("map %s: %v", name, err)
		}
		all = append(all, vmmaps.Entry{Value: bytes.Clone(value)})
	}
	back := slices.Clone(all)
	if m.Type() == ebpf.Stack {
		slices.Reverse(back)
	}
	for _, e := range back {
		if err := m.Put(nil, e.Value); err != nil {
			t.Fatalf("map %s: %v", name, err)
		}
	}
	return all
}

// events are what came out of ring buffers and perf events since the last call.
func (u *userSpace) events(t *testing.T) (all []vm.Event) {
	t.Helper()
	collect := func(name string, kind vm.EventKind, read func() ([]byte, error)) {
		for {
			b, err := read()
			if errors.Is(err, os.ErrDeadlineExceeded) {
				return
			}
			if err != nil {
				t.Fatalf("map %s: %v", name, err)
			}
			all = append(all, vm.Event{Kind: kind, Map: u.number(name), Data: b})
		}
	}
	past := time.Unix(1, 0) // take what is there, do not wait
	for name, r := range u.rings {
		r.SetDeadline(past)
		collect(name, vm.RingRecord, func() ([]byte, error) { x, err := r.Read(); return x.RawSample, err })
	}
	for name, r := range u.perf {
		r.SetDeadline(past)
		collect(name, vm.PerfSample, func() ([]byte, error) { x, err := r.Read(); return x.RawSample, err })
	}
	return all
}
