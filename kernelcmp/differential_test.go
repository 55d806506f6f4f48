package kernelcmp

import (
	"encoding/binary"
	"flag"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the random tests")

// agree runs cases on the kernel and on our engines. All must exit, with the same
// outcome.
func agree(t *testing.T, k *Target, cs []*vm.Case) {
	t.Helper()
	kernel := k.RunBatch(cs)
	for _, e := range []vm.Engine{&refvm.Engine{}, fastvm.Engine{}} {
		m, err := mem.New()
		if err != nil {
			t.Fatal(err)
		}
		ours := vm.NewTarget(e, m)
		defer ours.Close()
		for i, c := range cs {
			obs := k.Observables(c) & ours.Observables(c)
			for n, o := range ours.Run(c) {
				if kernel[i][n].Kind != vm.Exit {
					t.Errorf("%s: kernel: %s (%s)", c.Name, kernel[i][n].Kind, kernel[i][n].Reason)
					break
				}
				if d, ok := vm.Compare(&o, &kernel[i][n], obs); !ok {
					t.Errorf("%s, input %d, %s and kernel: %s\n%s", c.Name, n, e.Name(), d, asm.Disassemble(c.Programs[0].Insns, 0, asm.Names{}))
				}
			}
		}
	}
}

// assemble reads a text in which map 0 is "array", map 1 "hash" and map 2 "table".
func assemble(t testing.TB, typ hook.Type, text string) *vm.Program {
	t.Helper()
	p, err := asm.Assemble(text, asm.Names{Maps: []string{"array", "hash", "table"}})
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return &vm.Program{Type: typ, Order: hostOrder, Insns: p.Insns}
}

// Programs in which things of several kinds meet.
var written = []struct {
	name  string
	types []hook.Type
	texts []string
}{
	{"division by zero", allTypes, []string{`
		r0 = -1 ll
		r2 = 0
		r3 = 0x100000007 ll
		w3 %= w2
		r0 ^= r3
		r4 = 9
		r4 s/= r2
		r0 += r4
		exit`}},
	{"atomics on the stack", allTypes, []string{`
		r1 = 0x1122334455667788 ll
		*(u64 *)(r10 - 8) = r1
		r0 = 0x55667788
		r2 = -2
		w0 = cmpxchg32_32(r10 - 8, w0, w2)
		r3 = 5
		lock *(u64 *)(r10 - 8) += r3
		r4 = *(u64 *)(r10 - 8)
		r0 += r4
		exit`}},
	{"sign-extending loads", allTypes, []string{`
		r1 = 0x80c0a0ff ll
		*(u64 *)(r10 - 8) = r1
		r0 = *(s8 *)(r10 - 8)
		r2 = *(s16 *)(r10 - 6)
		r0 *= r2
		r2 = *(s32 *)(r10 - 8)
		r0 ^= r2
		exit`}},
	{"loop over a counter", allTypes, []string{`
		r0 = 1
		r1 = 40
		loop: r0 *= 7
		r1 -= 1
		if r1 != 0 goto loop
		exit`}},
	{"array and hash", []hook.Type{hook.SocketFilter, hook.SchedCLS, hook.XDP, hook.Syscall, hook.Unspec}, []string{`
		*(u32 *)(r10 - 4) = 1
		r1 = map[array]
		r2 = r10
		r2 += -4
		call 1
		r6 = 0
		if r0 == 0 goto out
		r6 = *(u64 *)(r0 + 0)
		r6 += 3
		*(u64 *)(r0 + 0) = r6
		*(u64 *)(r10 - 16) = r6
		r1 = map[hash]
		r2 = r10
		r2 += -16
		r3 = r10
		r3 += -16
		r4 = 1
		call 2
		r6 += r0
		out: r0 = r6
		exit`}},
	{"full hash", []hook.Type{hook.SocketFilter}, []string{`
		r7 = 0
		r8 = 6
		loop: *(u64 *)(r10 - 8) = r8
		r1 = map[hash]
		r2 = r10
		r2 += -8
		r3 = r2
		r4 = 0
		call 2
		r7 <<= 8
		r7 ^= r0
		r8 -= 1
		if r8 != 0 goto loop
		r0 = r7
		exit`}},
	{"33 tail calls", []hook.Type{hook.SocketFilter, hook.SchedCLS, hook.XDP}, []string{`
		r6 = r1
		*(u32 *)(r10 - 4) = 0
		r1 = map[array]
		r2 = r10
		r2 += -4
		call 1
		if r0 == 0 goto out
		r7 = *(u64 *)(r0 + 0)
		r7 += 1
		*(u64 *)(r0 + 0) = r7
		r1 = r6
		r2 = map[table]
		r3 = 0
		call 12
		r0 = r7
		r0 <<= 32
		out: exit`}},
	{"callback that stops early", allTypes, []string{`
		*(u64 *)(r10 - 8) = 0
		r1 = 100
		r2 = func body
		r3 = r10
		r3 += -8
		r4 = 0
		call 181
		r1 = *(u64 *)(r10 - 8)
		r0 <<= 32
		r0 |= r1
		exit
		body: r3 = *(u64 *)(r2 + 0)
		r3 += r1
		*(u64 *)(r2 + 0) = r3
		r0 = 0
		if r1 < 20 goto +1
		r0 = 1
		exit`}},
	{"frames are apart", allTypes, []string{`
		*(u64 *)(r10 - 8) = 1
		r6 = 7
		call f
		r1 = *(u64 *)(r10 - 8)
		r0 += r1
		r0 += r6
		exit
		f: *(u64 *)(r10 - 8) = 100
		r6 = 1000
		r0 = *(u64 *)(r10 - 8)
		exit`}},
	{"packet byte swap", []hook.Type{hook.XDP, hook.SchedCLS}, []string{`
		r2 = *(u32 *)(r1 + DATA)
		r3 = *(u32 *)(r1 + END)
		r4 = r2
		r4 += 20
		r0 = 0
		if r4 > r3 goto out
		r0 = *(u64 *)(r2 + 11)
		r0 = be64 r0
		*(u64 *)(r2 + 3) = r0
		w5 = *(u16 *)(r2 + 0)
		r5 = bswap32 r5
		r0 ^= r5
		out: exit`}},
	{"LD_IND", []hook.Type{hook.SocketFilter, hook.SchedCLS}, []string{`
		r6 = r1
		r7 = 3
		r0 = *(u32 *)skb[r7 + 2]
		r8 = r0
		r0 = *(u16 *)skb[0]
		r0 <<= 32
		r0 |= r8
		exit`}},
}

func TestWrittenPrograms(t *testing.T) {
	k := kernel(t, Options{})
	var cs []*vm.Case
	for _, w := range written {
		for _, typ := range w.types {
			c := &vm.Case{Name: w.name + " (" + typ.String() + ")"}
			for _, text := range w.texts {
				data, end := "76", "80"
				if typ == hook.XDP {
					data, end = "0", "4"
				}
				text = strings.NewReplacer("DATA", data, "END", end).Replace(text)
				c.Programs = append(c.Programs, assemble(t, typ, text))
			}
			c.Maps = []*maps.Spec{
				{Name: "array", Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 3},
				{Name: "hash", Type: maps.Hash, KeySize: 8, ValueSize: 8, MaxEntries: 4},
			}
			if strings.Contains(w.texts[0], "table") {
				c.Maps = append(c.Maps, &maps.Spec{Name: "table", Type: maps.ProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 1,
					Entries: []maps.Entry{{Key: make([]byte, 4), Value: make([]byte, 4)}}})
			}
			for i := range 3 {
				in := vm.Input{Packet: make([]byte, 20+30*i), Memory: make([]byte, 16)}
				for n := range in.Packet {
					in.Packet[n] = byte(n*41 + i)
				}
				c.Inputs = append(c.Inputs, in)
			}
			cs = append(cs, c)
		}
	}
	agree(t, k, cs)
}

// Arithmetic of every form on random values: r0 to r8 come from memory and go back
// there, r9 points to it.
func TestRandomArithmetic(t *testing.T) {
	t.Logf("-seed %d", *seed)
	r := rand.New(rand.NewPCG(*seed, 0))
	var rows []*spec.Row
	for i := range spec.Table {
		if row := &spec.Table[i]; row.ScalarOp() {
			rows = append(rows, row)
		}
	}
	var cs []*vm.Case
	for range 400 {
		parts := []any{movx(9, 1)}
		for n := range uint8(9) {
			parts = append(parts, ldx(spec.SizeDW, n, 9, int16(n)*8))
		}
		for range 30 {
			parts = append(parts, randomInsn(r, rows[r.IntN(len(rows))]))
		}
		for n := range uint8(9) {
			parts = append(parts, stx(spec.SizeDW, 9, n, int16(n)*8))
		}
		c := one(prog(hook.Unspec, append(parts, exit)...), randomMemory(r), randomMemory(r), randomMemory(r))
		c.Name = "random"
		cs = append(cs, c)
	}
	agree(t, kernel(t, Options{}), cs)
}

func randomInsn(r *rand.Rand, row *spec.Row) spec.Insn {
	pick := func(f spec.Field) int64 {
		switch {
		case f.IsRegister():
			return r.Int64N(9)
		case f == spec.Any, f == spec.NonZero:
			return int64([]int32{1, -1, 2, 0x7fff_ffff, -0x8000_0000, int32(r.Uint32()) | 1}[r.IntN(6)])
		}
		return f.Lo + r.Int64N(f.Hi-f.Lo+1)
	}
	return spec.Insn{Op: row.Op, Dst: uint8(pick(row.Dst)), Src: uint8(pick(row.Src)), Off: int16(pick(row.Off)), Imm: int32(pick(row.Imm))}
}

func randomMemory(r *rand.Rand) vm.Input {
	m := make([]byte, 72)
	for i := 0; i < len(m); i += 8 {
		v := r.Uint64() >> r.IntN(64)
		if r.IntN(3) == 0 {
			v = []uint64{0, 1, ^uint64(0), 1 << 63, 1 << 31, 0xffff_ffff, 1<<63 - 1}[r.IntN(7)]
		}
		binary.NativeEndian.PutUint64(m[i:], v)
	}
	return vm.Input{Memory: m}
}
