//go:build linux

package exec

import (
	"bytes"
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

// TestWithoutTheDoubleMap takes the other way.
func TestWithoutTheDoubleMap(t *testing.T) {
	saved := slots.single
	slots.Lock()
	free := slots.free
	slots.free, slots.single = [largest + 1][]Code{}, true
	slots.Unlock()
	defer func() { slots.free, slots.single = free, saved }()
	want := []byte{1, 2, 3, 0xc3}
	c, err := New(want)
	if err != nil {
		t.Fatal(err)
	}
	if c.own == nil || !bytes.Equal(c.text(4), want) {
		t.Errorf("%+v", c)
	}
	if err := c.Free(); err != nil || c.Addr != 0 {
		t.Errorf("%v, %+v", err, c)
	}
}
