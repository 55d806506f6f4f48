package kernelcmp

import (
	"bytes"
	"encoding/binary"
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/jit"
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
	engines := []vm.Engine{&refvm.Engine{}, fastvm.Engine{}}
	if (jit.Engine{}).Supports(&vm.Program{Order: hostOrder}) == nil {
		engines = append(engines, jit.Engine{})
	}
	for _, e := range engines {
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

func TestWrittenPrograms(t *testing.T) { agree(t, kernel(t, Options{}), writtenCases(t)) }

// What instrument makes of a program does what the program does, and stores r0. The
// reference VM is the judge, so no kernel is needed.
func TestInstrumentKeepsMeaning(t *testing.T) {
	m, err := mem.New()
	if err != nil {
		t.Fatal(err)
	}
	ref := vm.NewTarget(&refvm.Engine{}, m)
	defer ref.Close()
	for _, c := range writtenCases(t) {
		var plain []vm.Outcome
		for _, o := range ref.Run(c) {
			o.Maps, o.Packet.Data = slices.Clone(o.Maps), bytes.Clone(o.Packet.Data)
			plain = append(plain, o)
		}
		p := *c.Programs[0]
		funcs, ok := canStoreR0(&p)
		if !ok {
			t.Errorf("%s cannot be instrumented", c.Name)
			continue
		}
		result := len(c.Maps)
		p.Insns = instrument(p.Insns, funcs, []spec.Insn{mov(7, 0), mov(8, 0)}, storeR0(result)).insns
		c := *c
		c.Programs = []*vm.Program{&p}
		c.Maps = append(slices.Clone(c.Maps), &maps.Spec{Name: "result", Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1})
		for i, o := range ref.Run(&c) {
			if o.Kind != vm.Exit || plain[i].Kind != vm.Exit {
				t.Errorf("%s, input %d: %s (%s), unchanged %s (%s)", c.Name, i, o.Kind, o.Reason, plain[i].Kind, plain[i].Reason)
				continue
			}
			if got := o.Maps[result][0].Value; !bytes.Equal(got, u64(plain[i].R0)) {
				t.Errorf("%s, input %d: stored %x, want %#x", c.Name, i, got, plain[i].R0)
			}
			o.Maps = o.Maps[:result]
			if d, ok := vm.Compare(&plain[i], &o, vm.ObsR0|vm.ObsMaps|vm.ObsPacket); !ok {
				t.Errorf("%s, input %d: unchanged and changed: %s", c.Name, i, d)
			}
		}
	}
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
