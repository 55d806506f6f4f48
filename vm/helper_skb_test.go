package vm

import (
	"bytes"
	"testing"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// TestSkbLoadBytes: answers as bpf_skb_load_bytes in Linux's net/core/filter.c: the
// destination is cleared where the packet ends before.
func TestSkbLoadBytes(t *testing.T) {
	w, err := NewWorld()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	m := w.NewMachine()
	packet := []byte("0123456789")
	if err := m.Setup(hook.SchedCLS, &Input{Packet: packet}); err != nil {
		t.Fatal(err)
	}
	to := m.OpenFrame(0, mem.RW) - 16
	for _, tt := range []struct {
		name   string
		off, n uint64
		r0     uint64
		want   string
	}{
		{"the start", 0, 4, 0, "0123"},
		{"all", 0, 10, 0, "0123456789"},
		{"the last byte", 9, 1, 0, "9"},
		{"one too many", 7, 4, Errno(maps.EFAULT), "\x00\x00\x00\x00"},
		{"behind the end", 10, 1, Errno(maps.EFAULT), "\x00"},
		{"more than INT_MAX", 1 << 31, 2, Errno(maps.EFAULT), "\x00\x00"},
		{"offset and length have 32 bits", 1<<32 + 2, 1<<32 + 3, 0, "234"},
	} {
		dst := m.Mem.Bytes(uint32(to), 16)
		copy(dst, bytes.Repeat([]byte{0xee}, 16))
		r0, f := skbLoadBytes(m, &[5]uint64{m.R1, tt.off, to, tt.n})
		n := len(tt.want)
		if f.Kind != NoFault || r0 != tt.r0 || string(dst[:n]) != tt.want || dst[n] != 0xee {
			t.Errorf("%s: r0 = %#x, %v, %q; want %#x, %q", tt.name, r0, f, dst, tt.r0, tt.want)
		}
	}
	for name, args := range map[string][5]uint64{
		"not the context":   {m.R1 + 8, 0, to, 4},
		"no length":         {m.R1, 0, to, 0},
		"not in the frame":  {m.R1, 0, to + 15, 4},
		"a read-only place": {m.R1, 0, m.R1, 4},
	} {
		if _, f := skbLoadBytes(m, &args); f.Kind == NoFault {
			t.Errorf("%s: no fault", name)
		}
	}
	if err := m.Setup(hook.XDP, &Input{Packet: packet}); err != nil {
		t.Fatal(err)
	}
	if _, f := skbLoadBytes(m, &[5]uint64{m.R1, 0, m.OpenFrame(0, mem.RW) - 16, 4}); f.Kind != FaultHelper {
		t.Errorf("an xdp program: %v, want a helper fault", f)
	}
}
