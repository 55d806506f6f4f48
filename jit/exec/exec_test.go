//go:build linux

package exec

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"unsafe"
)

// text reads the executable view.
func (c *Code) text(n int) []byte {
	p := c.Addr
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&p)), n)
}

func TestSlotsHoldWhatWasPutIn(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	type held struct {
		code Code
		want []byte
	}
	var all []held
	for i := range 2000 {
		n := 1 + rnd.IntN(1<<rnd.IntN(14))
		if i%500 == 0 {
			n = smallest<<largest + 1
		}
		want := make([]byte, n)
		for j := range want {
			want[j] = byte(rnd.Uint32())
		}
		c, err := New(want)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, held{c, want})
		if len(all) > 50 {
			k := rnd.IntN(len(all))
			if h := &all[k]; !bytes.Equal(h.code.text(len(h.want)), h.want) {
				t.Fatalf("a slot of %d bytes has changed", len(h.want))
			}
			if err := all[k].code.Free(); err != nil {
				t.Fatal(err)
			}
			all[k] = all[len(all)-1]
			all = all[:len(all)-1]
		}
	}
	for _, h := range all {
		if err := h.code.Free(); err != nil {
			t.Error(err)
		}
	}
}

// TestNoPageIsWritableAndExecutable looks at the process as a whole.
func TestNoPageIsWritableAndExecutable(t *testing.T) {
	a, err := New([]byte{0xc3})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Free()
	b, err := mapOwn([]byte{0xc3})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Free()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Skip("no /proc: ", err)
	}
	for line := range strings.Lines(string(maps)) {
		if f := strings.Fields(line); len(f) > 1 && strings.Contains(f[1], "w") && strings.Contains(f[1], "x") {
			t.Error(line)
		}
	}
}

// withoutTheDoubleMap makes the pool do as on a host that refuses it.
func withoutTheDoubleMap(t *testing.T) {
	slots.Lock()
	free, rw, rx, single := slots.free, slots.rw, slots.rx, slots.single
	slots.free, slots.single = [largest + 1][]Code{}, true
	slots.Unlock()
	t.Cleanup(func() { slots.free, slots.rw, slots.rx, slots.single = free, rw, rx, single })
}

func TestWithoutTheDoubleMap(t *testing.T) {
	withoutTheDoubleMap(t)
	TestSlotsHoldWhatWasPutIn(t)
	TestNoPageIsWritableAndExecutable(t)
}

// TestBatches looks at the permissions of each page in a batch's life.
func TestBatches(t *testing.T) {
	withoutTheDoubleMap(t)
	slots.open, slots.spare = nil, nil
	var all []Code
	for range 100 {
		c, err := New(make([]byte, 1000))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	first, last := all[0].batch, all[99].batch
	if first == last || last != slots.open {
		t.Fatal("100,000 bytes fit into one batch")
	}
	check := func(b *batch, want string) {
		t.Helper()
		if got := permissions(t, uintptr(unsafe.Pointer(&b.mem[0]))); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	check(first, "rw-p")
	if err := errors.Join(all[0].Seal(), all[1].Seal()); err != nil {
		t.Fatal(err)
	}
	check(first, "r-xp")
	check(last, "rw-p")
	if err := all[99].Seal(); err != nil {
		t.Fatal(err)
	}
	check(last, "r-xp")
	if slots.open != nil {
		t.Error("a batch is open that programs run in")
	}
	for i := range all {
		if err := all[i].Free(); err != nil {
			t.Fatal(err)
		}
	}
	check(first, "rw-p")
	if len(slots.spare) != 2 {
		t.Errorf("%d batches to be used again, want 2", len(slots.spare))
	}
}

// permissions of the page at an address, as the process's maps have them.
func permissions(t *testing.T, addr uintptr) string {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Skip("no /proc: ", err)
	}
	for line := range strings.Lines(string(maps)) {
		var from, to uintptr
		var perms string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &perms); err == nil && from <= addr && addr < to {
			return perms
		}
	}
	return "not mapped"
}

// BenchmarkNew is the time of a program in a slot, and that of one in a batch: of one
// that is loaded, sealed and freed alone, and of 50 together.
func BenchmarkNew(b *testing.B) {
	code := make([]byte, 1000)
	for _, tt := range []struct {
		name   string
		single bool
		n      int
	}{{"slot", false, 1}, {"batch of 1", true, 1}, {"batch of 50", true, 50}} {
		b.Run(tt.name, func(b *testing.B) {
			slots.single = tt.single
			free := slots.free
			if tt.single {
				slots.free = [largest + 1][]Code{}
			}
			defer func() { slots.single, slots.free = false, free }()
			all := make([]Code, tt.n)
			for b.Loop() {
				for i := range all {
					var err error
					if all[i], err = New(code); err != nil {
						b.Fatal(err)
					}
				}
				for i := range all {
					if err := all[i].Seal(); err != nil {
						b.Fatal(err)
					}
				}
				for i := range all {
					all[i].Free()
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*tt.n), "ns/program")
		})
	}
}
