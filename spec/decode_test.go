package spec

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// bad slots, and the whole text of the error. lddw's second slot follows where a
// case has two.
var bad = []struct {
	insns []Insn
	want  string
}{
	// Opcodes.
	{[]Insn{{Op: 0x00}}, "insn 0: opcode 0x00 is the second half of an lddw, no instruction by itself"},
	{[]Insn{{Op: 0x95}, {Op: 0x0d, Dst: 1}}, "insn 1: opcode 0x0d is unknown: gotox came after Linux 6.18"},
	{[]Insn{{Op: 0x8c}}, "insn 0: opcode 0x8c is unknown: neg takes no source register"},
	{[]Insn{{Op: 0x8f}}, "insn 0: opcode 0x8f is unknown: neg takes no source register"},
	{[]Insn{{Op: 0x8d}}, "insn 0: opcode 0x8d is unknown: callx is in no specification"},
	{[]Insn{{Op: 0xdf, Imm: 16}}, "insn 0: opcode 0xdf is unknown: bswap takes no source register"},
	{[]Insn{{Op: 0x38}}, "insn 0: opcode 0x38 is unknown: there is no 8-byte packet load"},
	{[]Insn{{Op: 0x58}}, "insn 0: opcode 0x58 is unknown: there is no 8-byte packet load"},
	{[]Insn{{Op: 0x99}}, "insn 0: opcode 0x99 is unknown: an 8-byte load has no sign to extend"},
	{[]Insn{{Op: 0x86}}, "insn 0: opcode 0x86 is unknown"},
	{[]Insn{{Op: 0x96}}, "insn 0: opcode 0x96 is unknown"},
	{[]Insn{{Op: 0xe6}}, "insn 0: opcode 0xe6 is unknown"},
	{[]Insn{{Op: 0xff}}, "insn 0: opcode 0xff is unknown"},

	// Shift counts and divisors.
	{[]Insn{{Op: 0x64, Imm: 32}}, "insn 0: imm 32 of lsh32.k must be 0 to 31"},
	{[]Insn{{Op: 0x67, Imm: 64}}, "insn 0: imm 64 of lsh64.k must be 0 to 63"},
	{[]Insn{{Op: 0x74, Imm: -1}}, "insn 0: imm -1 of rsh32.k must be 0 to 31"},
	{[]Insn{{Op: 0xc7, Imm: 65}}, "insn 0: imm 65 of arsh64.k must be 0 to 63"},
	{[]Insn{{Op: 0x34}}, "insn 0: imm 0 of div32.k must be other than 0"},
	{[]Insn{{Op: 0x37}}, "insn 0: imm 0 of div64.k must be other than 0"},
	{[]Insn{{Op: 0x97, Off: 1}}, "insn 0: imm 0 of smod64.k must be other than 0"},

	// Offsets.
	{[]Insn{{Op: 0x07, Off: 1}}, "insn 0: off 1 of add64.k must be 0"},
	{[]Insn{{Op: 0x3f, Off: 2}}, "insn 0: off 2 of opcode 0x3f must be 0 or 1"},
	{[]Insn{{Op: 0x94, Off: -1, Imm: 1}}, "insn 0: off -1 of opcode 0x94 must be 0 or 1"},
	{[]Insn{{Op: 0xb7, Off: 8}}, "insn 0: off 8 of mov64.k must be 0"},
	{[]Insn{{Op: 0xbc, Off: 24}}, "insn 0: off 24 of opcode 0xbc must be 0, 8 or 16"},
	{[]Insn{{Op: 0xbc, Off: 32}}, "insn 0: off 32 of opcode 0xbc must be 0, 8 or 16"},
	{[]Insn{{Op: 0xbf, Off: 24}}, "insn 0: off 24 of opcode 0xbf must be 0, 1, 8, 16 or 32"},
	{[]Insn{{Op: 0xbf, Off: 1, Imm: 2}}, "insn 0: imm 2 of opcode 0xbf must be 1 or 65536"},
	{[]Insn{{Op: 0xbf, Imm: 2}}, "insn 0: imm 2 of mov64.x must be 0"},
	{[]Insn{{Op: 0xbf, Off: 8, Imm: 2}}, "insn 0: imm 2 of movsx8_64 must be 0"},
	{[]Insn{{Op: 0x06, Off: 1}}, "insn 0: off 1 of ja32 must be 0"},
	{[]Insn{{Op: 0x95, Off: 1}}, "insn 0: off 1 of exit must be 0"},

	// Unused fields.
	{[]Insn{{Op: 0x87, Imm: 1}}, "insn 0: imm 1 of neg64 must be 0"},
	{[]Insn{{Op: 0x84, Src: 1}}, "insn 0: src 1 of neg32 must be 0"},
	{[]Insn{{Op: 0x07, Src: 1}}, "insn 0: src 1 of add64.k must be 0"},
	{[]Insn{{Op: 0x0f, Imm: 1}}, "insn 0: imm 1 of add64.x must be 0"},
	{[]Insn{{Op: 0x05, Imm: 1}}, "insn 0: imm 1 of ja must be 0"},
	{[]Insn{{Op: 0x05, Dst: 1}}, "insn 0: dst 1 of ja must be 0"},
	{[]Insn{{Op: 0x15, Src: 1}}, "insn 0: src 1 of jeq64.k must be 0"},
	{[]Insn{{Op: 0x1d, Imm: 1}}, "insn 0: imm 1 of jeq64.x must be 0"},
	{[]Insn{{Op: 0x1e, Imm: -1}}, "insn 0: imm -1 of jeq32.x must be 0"},
	{[]Insn{{Op: 0x95, Imm: 1}}, "insn 0: imm 1 of exit must be 0"},
	{[]Insn{{Op: 0x95, Dst: 1}}, "insn 0: dst 1 of exit must be 0"},
	{[]Insn{{Op: 0x61, Imm: 1}}, "insn 0: imm 1 of ldxw must be 0"},
	{[]Insn{{Op: 0x62, Src: 1}}, "insn 0: src 1 of stw must be 0"},
	{[]Insn{{Op: 0x7b, Imm: 1}}, "insn 0: imm 1 of stxdw must be 0"},
	{[]Insn{{Op: 0x20, Dst: 1}}, "insn 0: dst 1 of ldabsw must be 0"},
	{[]Insn{{Op: 0x20, Src: 1}}, "insn 0: src 1 of ldabsw must be 0"},
	{[]Insn{{Op: 0x40, Off: 1}}, "insn 0: off 1 of ldindw must be 0"},
	{[]Insn{{Op: 0xe5, Src: 1}}, "insn 0: src 1 of may_goto must be 0"},
	{[]Insn{{Op: 0xe5, Imm: 1}}, "insn 0: imm 1 of may_goto must be 0"},

	// Byte swaps.
	{[]Insn{{Op: 0xd4, Imm: 8}}, "insn 0: imm 8 of opcode 0xd4 must be 16, 32 or 64"},
	{[]Insn{{Op: 0xdc, Imm: 0}}, "insn 0: imm 0 of opcode 0xdc must be 16, 32 or 64"},
	{[]Insn{{Op: 0xd7, Imm: 128}}, "insn 0: imm 128 of opcode 0xd7 must be 16, 32 or 64"},
	{[]Insn{{Op: 0xd4, Imm: 16, Src: 1}}, "insn 0: src 1 of opcode 0xd4 must be 0"},
	{[]Insn{{Op: 0xd7, Imm: 16, Off: 1}}, "insn 0: off 1 of opcode 0xd7 must be 0"},

	// Calls.
	{[]Insn{{Op: 0x85, Src: 3}}, "insn 0: src 3 of opcode 0x85 must be 0, 1 or 2"},
	{[]Insn{{Op: 0x85, Src: 15}}, "insn 0: src 15 of opcode 0x85 must be 0, 1 or 2"},
	{[]Insn{{Op: 0x85, Dst: 1}}, "insn 0: dst 1 of call.helper must be 0"},
	{[]Insn{{Op: 0x85, Src: 1, Dst: 1}}, "insn 0: dst 1 of call.local must be 0"},
	{[]Insn{{Op: 0x85, Off: 1}}, "insn 0: off 1 of call.helper must be 0"},
	{[]Insn{{Op: 0x85, Src: 1, Off: 1}}, "insn 0: off 1 of call.local must be 0"},
	{[]Insn{{Op: 0x85, Src: 2, Dst: 10}}, "insn 0: dst 10 of call.kfunc must be 0"},

	// Registers.
	{[]Insn{{Op: 0x07, Dst: 10}}, "insn 0: dst 10 of add64.k must be a writable register, r0 to r9"},
	{[]Insn{{Op: 0x79, Dst: 10, Src: 1}}, "insn 0: dst 10 of ldxdw must be a writable register, r0 to r9"},
	{[]Insn{{Op: 0xb7, Dst: 11}}, "insn 0: dst 11 of mov64.k must be a writable register, r0 to r9"},
	{[]Insn{{Op: 0x0f, Src: 11}}, "insn 0: src 11 of add64.x must be a register, r0 to r10"},
	{[]Insn{{Op: 0x7b, Dst: 15}}, "insn 0: dst 15 of stxdw must be a register, r0 to r10"},
	{[]Insn{{Op: 0x1d, Dst: 12}}, "insn 0: dst 12 of jeq64.x must be a register, r0 to r10"},
	{[]Insn{{Op: 0xdb, Src: 10, Imm: 1}}, "insn 0: src 10 of atomic_fetch_add64 must be a writable register, r0 to r9"},
	{[]Insn{{Op: 0xc3, Src: 10, Imm: 0xe1}}, "insn 0: src 10 of atomic_xchg32 must be a writable register, r0 to r9"},
	{[]Insn{{Op: 0xd3, Dst: 10, Imm: 0x100}}, "insn 0: dst 10 of load_acquire8 must be a writable register, r0 to r9"},

	// Atomic operations.
	{[]Insn{{Op: 0xdb, Imm: 0xe0}}, "insn 0: imm 0xe0 of opcode 0xdb must be " + atomicImms},
	{[]Insn{{Op: 0xdb, Imm: 0xf0}}, "insn 0: imm 0xf0 of opcode 0xdb must be " + atomicImms},
	{[]Insn{{Op: 0xc3, Imm: 0x02}}, "insn 0: imm 0x02 of opcode 0xc3 must be " + atomicImms},
	{[]Insn{{Op: 0xc3, Imm: 0x53}}, "insn 0: imm 0x53 of opcode 0xc3 must be " + atomicImms},
	{[]Insn{{Op: 0xc3, Imm: -1}}, "insn 0: imm 0xffffffff of opcode 0xc3 must be " + atomicImms},
	{[]Insn{{Op: 0xd3, Imm: 0}}, "insn 0: imm 0x00 of opcode 0xd3 must be 0x100 or 0x110"},
	{[]Insn{{Op: 0xcb, Imm: 1}}, "insn 0: imm 0x01 of opcode 0xcb must be 0x100 or 0x110"},

	// Wide instructions.
	{[]Insn{{Op: 0x18, Src: 7}, {}}, "insn 0: src 7 of opcode 0x18 must be 0, 1, 2, 3, 4, 5 or 6"},
	{[]Insn{{Op: 0x18, Off: 1}, {}}, "insn 0: off 1 of lddw must be 0"},
	{[]Insn{{Op: 0x18, Dst: 10}, {}}, "insn 0: dst 10 of lddw must be a writable register, r0 to r9"},
	{[]Insn{{Op: 0x18}, {Op: 0x95}}, "insn 1: opcode 0x95 of lddw must be 0 in the second slot"},
	{[]Insn{{Op: 0x18}, {Dst: 1}}, "insn 1: dst 1 of lddw must be 0 in the second slot"},
	{[]Insn{{Op: 0x18}, {Src: 1}}, "insn 1: src 1 of lddw must be 0 in the second slot"},
	{[]Insn{{Op: 0x18}, {Off: 1}}, "insn 1: off 1 of lddw must be 0 in the second slot"},
	{[]Insn{{Op: 0x18, Src: 1}, {Imm: 1}}, "insn 1: imm 1 of lddw.map_fd must be 0 in the second slot"},
	{[]Insn{{Op: 0x18, Src: 5}, {Imm: 1}}, "insn 1: imm 1 of lddw.map_idx must be 0 in the second slot"},
	{[]Insn{{Op: 0x95}, {Op: 0x18}}, "insn 1: length 1 of lddw must be 2 slots: the program ends inside it"},

	// What only Linux may write.
	{[]Insn{{Op: 0xbf, Off: -1}}, "insn 0: opcode 0xbf of mov_percpu is internal to Linux and refused from user space"},
	{[]Insn{{Op: 0xc2}}, "insn 0: opcode 0xc2 of nospec is internal to Linux and refused from user space"},
	{[]Insn{{Op: 0xf5}}, "insn 0: opcode 0xf5 of tail_call is internal to Linux and refused from user space"},
	{[]Insn{{Op: 0x21}}, "insn 0: opcode 0x21 of probe_ldxw is internal to Linux and refused from user space"},
	{[]Insn{{Op: 0x51}}, "insn 0: opcode 0x51 of probe_ldxsb is internal to Linux and refused from user space"},
	{[]Insn{{Op: 0xa1}}, "insn 0: opcode 0xa1 of arena_ldxw is internal to Linux and refused from user space"},
	{[]Insn{{Op: 0xc1}}, "insn 0: opcode 0xc1 of arena_ldxsw is internal to Linux and refused from user space"},
}

const atomicImms = "0x00, 0x01, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, 0xf1, 0x100 or 0x110"

func TestDecodeRefuses(t *testing.T) {
	for _, c := range bad {
		for _, o := range []ByteOrder{Little, Big} {
			_, err := Decode(Encode(c.insns, o), o)
			switch {
			case err == nil:
				t.Errorf("%v, %v: accepted, want %q", c.insns, o, c.want)
			case err.Error() != c.want:
				t.Errorf("%v, %v:\n got %s\nwant %s", c.insns, o, err, c.want)
			}
		}
	}
}

func TestDecodeRefusesPartOfASlot(t *testing.T) {
	for n := 1; n < SlotSize; n++ {
		_, err := Decode(make([]byte, 2*SlotSize+n), Little)
		if want := "must be 8 bytes: the program ends inside the slot"; err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%d bytes over: %v", n, err)
		}
		if e, ok := err.(*Error); ok && (e.Slot != 2 || e.Value != int64(n)) {
			t.Errorf("%d bytes over: slot %d, value %d", n, e.Slot, e.Value)
		}
	}
}

// edges are the values at the border of what a field allows.
func edges(f Field) []int64 {
	switch {
	case f == NonZero:
		return []int64{-1 << 31, -1, 1, 1<<31 - 1}
	case f == Any:
		return []int64{-1 << 31, -1, 0, 1, 1<<31 - 1}
	}
	return []int64{f.Lo, f.Hi}
}

// Every row accepts the edges of its fields, in both byte orders, and refuses what
// lies just beyond each of them unless that is another row.
func TestDecodeAtTheEdges(t *testing.T) {
	accepted := 0
	for i := range Table {
		r := &Table[i]
		if r.Internal {
			continue
		}
		for _, dst := range edges(r.Dst) {
			for _, src := range edges(r.Src) {
				for _, off := range edges(r.Off) {
					for _, imm := range edges(r.Imm) {
						insns := []Insn{{r.Op, uint8(dst), uint8(src), int16(max(-1<<15, min(off, 1<<15-1))), int32(imm)}}
						if r.IsWide() {
							insns = append(insns, Insn{Imm: int32(r.Next.Hi)})
						}
						accepted++
						roundTrip(t, insns)
					}
				}
			}
		}
		in := sample(r)
		for _, f := range []struct {
			field Field
			set   func(*Insn, int64)
			top   int64
		}{
			{r.Dst, func(i *Insn, v int64) { i.Dst = uint8(v) }, 15},
			{r.Src, func(i *Insn, v int64) { i.Src = uint8(v) }, 15},
			{r.Off, func(i *Insn, v int64) { i.Off = int16(v) }, 1<<15 - 1},
			{r.Imm, func(i *Insn, v int64) { i.Imm = int32(v) }, 1<<31 - 1},
		} {
			for _, v := range []int64{f.field.Lo - 1, f.field.Hi + 1, f.top} {
				if v < 0 && f.top == 15 || v > f.top || f.field.Contains(v) || f.field == Any {
					continue
				}
				x := in
				f.set(&x, v)
				if got, err := Check([]Insn{x, {}}, 0); err == nil && got == r {
					t.Errorf("%v accepted as %s", x, r.Name)
				}
			}
		}
	}
	t.Logf("%d instructions accepted", accepted)
}

func roundTrip(t *testing.T, insns []Insn) {
	t.Helper()
	for _, o := range []ByteOrder{Little, Big} {
		b := Encode(insns, o)
		got, err := Decode(b, o)
		if err != nil {
			t.Errorf("%v, %v endian: %v", insns, o, err)
		} else if !slices.Equal(got, insns) {
			t.Errorf("%v, %v endian: decoded as %v", insns, o, got)
		}
	}
}

// The bytes of RFC 9669 section 3.1's layout, written out by hand for both orders.
func TestSlotLayout(t *testing.T) {
	in := Insn{Op: 0xb3, Dst: 0x2, Src: 0x5, Off: 0x1122, Imm: 0x33445566}
	little := []byte{0xb3, 0x52, 0x22, 0x11, 0x66, 0x55, 0x44, 0x33}
	big := []byte{0xb3, 0x25, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66}
	for o, want := range map[ByteOrder][]byte{Little: little, Big: big} {
		if got := in.Append(nil, o); !bytes.Equal(got, want) {
			t.Errorf("%v endian: % x, want % x", o, got, want)
		}
		if got := SplitSlot([8]byte(want), o); got != in {
			t.Errorf("%v endian: read as %v", o, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, c := range bad {
		f.Add(Encode(c.insns, Little), false)
		f.Add(Encode(c.insns, Big), true)
	}
	for i := range Table {
		f.Add(append(sample(&Table[i]).Append(nil, Little), make([]byte, 8)...), false)
	}
	f.Add([]byte{1, 2, 3}, false)
	f.Fuzz(func(t *testing.T, b []byte, big bool) {
		o := Little
		if big {
			o = Big
		}
		insns, err := Decode(b, o)
		if err != nil {
			if e, ok := err.(*Error); !ok || e.Slot < 0 || e.Slot > len(b)/SlotSize || e.Field == "" || e.Rule == "" {
				t.Errorf("error without its parts: %#v", err)
			}
			return
		}
		if !bytes.Equal(Encode(insns, o), b) {
			t.Errorf("% x decodes to %v, which encodes to % x", b, insns, Encode(insns, o))
		}
	})
}
