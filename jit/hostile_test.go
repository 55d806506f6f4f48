package jit_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"testing"

	"github.com/lockstep-ebpf/lockstep/internal/onerow"
	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// TestHostileAddresses makes accesses of all sizes to addresses of all sorts, in both
// modes. Checked, they are compared with the reference VM. Trusted, the process
// survives, and a reset leaves nothing of what they wrote.
func TestHostileAddresses(t *testing.T) {
	rnd, p := random(t), newPair(t)
	addresses := []uint64{
		0, 1, 7, 1<<32 - 1, 1<<32 - 8, 1 << 32, 1<<32 + 8, 1<<31 - 1, 1 << 31, 1<<63 - 1, 1 << 63, ^uint64(0), ^uint64(0) - 7,
		mem.StackBase, mem.StackBase + mem.FrameSize, mem.StackBase | 1<<32, mem.StackBase | 1<<63, mem.ContextBase, mem.CodeBase, mem.MapBase, mem.ValueBase,
	}
	for range 300 * *longFlag {
		addresses = append(addresses, rnd.Uint64()>>rnd.IntN(64), mem.ContextBase+uint64(rnd.IntN(200)), mem.ValueBase+uint64(rnd.IntN(0x300)))
	}
	offsets := []int16{0, 0, 0, 0, 1, -1, 8, -8, 512, -512, 1<<15 - 1, -1 << 15}
	kinds := map[string]int{}
	for i := range spec.Table {
		row := &spec.Table[i]
		if row.Internal || onerow.Base(row, &spec.Insn{}) == nil {
			continue
		}
		for n, addr := range addresses {
			if n%7 != i%7 {
				continue
			}
			c := hostile(rnd, row, addr, offsets[rnd.IntN(len(offsets))])
			o := p.same(t, c)[0]
			kinds[fmt.Sprint(o.Kind, " ", o.Fault.Kind)]++
			if n%4 == 0 && !(testing.Short() && n%40 != 0) { // a reset, see TestRowsAgree
				c.Mode = vm.Trusted
				p.jit.Run(c)
			}
		}
	}
	t.Log(kinds)
	c := caseOf(t, programs[0].text)
	p.jit.Run(c) // resets
	for _, at := range addresses[:20] {
		if b := p.jit.Machine().Mem.Bytes(uint32(at)&^0xff, 256); at < mem.StackBase && !bytes.Equal(b, make([]byte, 256)) {
			t.Errorf("something is left at %#x", at)
		}
	}
}

// hostile is a program with one access.
func hostile(rnd *rand.Rand, row *spec.Row, addr uint64, off int16) *vm.Case {
	i := spec.Insn{Op: row.Op, Dst: 1, Src: 2, Off: off, Imm: int32(row.Imm.Lo)}
	if row.Imm == spec.Any {
		i.Imm = int32(rnd.Uint32())
	}
	if row.Src == spec.Zero {
		i.Src = 0
	}
	*onerow.Base(row, &i) = 3
	insns := []spec.Insn{
		{Op: spec.MOV, Dst: 0, Imm: 1},
		{Op: spec.MOV, Dst: 1, Imm: 2},
		{Op: spec.MOV, Dst: 2, Imm: 3},
		{Op: spec.LDDW, Dst: 3, Imm: int32(addr)},
		{Imm: int32(addr >> 32)},
		i,
		{Op: spec.EXIT},
	}
	return &vm.Case{
		Name: row.Name, Programs: []*vm.Program{{Type: hook.SocketFilter, Insns: insns}}, Inputs: []vm.Input{{}},
		Maps: []*maps.Spec{
			{Name: "r", Type: maps.Array, KeySize: 4, ValueSize: 13, MaxEntries: 3, Flags: maps.ReadOnly},
			{Name: "w", Type: maps.Array, KeySize: 4, ValueSize: 13, MaxEntries: 3, Flags: maps.WriteOnly},
			{Name: "rw", Type: maps.Array, KeySize: 4, ValueSize: 13, MaxEntries: 3},
		},
	}
}

// TestNothingIsUnsupported: whatever the reference VM loads, the JIT loads.
func TestNothingIsUnsupported(t *testing.T) {
	p := newPair(t)
	for i := range spec.Table {
		row := &spec.Table[i]
		in := spec.Insn{Op: row.Op, Dst: uint8(row.Dst.Lo), Src: uint8(row.Src.Lo), Off: int16(row.Off.Lo), Imm: int32(row.Imm.Lo)}
		if row.Branches() {
			in.Off = 0
		}
		if row.Imm == spec.Any || row.Imm == spec.NonZero {
			in.Imm = 1
		}
		insns := []spec.Insn{in}
		if row.IsWide() {
			insns = append(insns, spec.Insn{})
		}
		insns = append(insns, spec.Insn{Op: spec.EXIT}, spec.Insn{Op: spec.EXIT})
		c := &vm.Case{
			Programs: []*vm.Program{{Type: hook.SocketFilter, Insns: insns}}, Inputs: []vm.Input{{}},
			Maps: []*maps.Spec{{Name: "a", Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1}, {Name: "b", Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1}},
		}
		if want, got := p.ref.Run(c)[0], p.jit.Run(c)[0]; want.Kind != got.Kind {
			t.Errorf("%s: refvm %v (%s), jit %v (%s)", row.Name, want.Kind, want.Reason, got.Kind, got.Reason)
		}
	}
}

// broken is a map that panics, after others have run.
type broken struct{ maps.Map }

func (broken) Lookup([]byte) (uint32, bool) {
	runtime.Gosched()
	panic("broken map")
}

// TestPanicInAHelper unwinds through a run; the machine is as good as before.
func TestPanicInAHelper(t *testing.T) { panicsInAHelper(t, 10)() }

// TestPanicsUnderStress does so on eight goroutines whose stacks move, while the
// garbage collector works hard and the profiler's signals arrive.
func TestPanicsUnderStress(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	if err := pprof.StartCPUProfile(io.Discard); err == nil {
		defer pprof.StopCPUProfile()
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(panicsInAHelper(t, 300**longFlag))
	}
	wg.Wait()
}

// panicsInAHelper prepares a machine, and gives what lets its helpers panic now and then.
func panicsInAHelper(t *testing.T, rounds int) func() {
	x, ref := target(t, jit.Engine{}), target(t, &refvm.Engine{})
	c := caseOf(t, `
		call f
		exit
	f:	*(u32 *)(r10 - 4) = 1
		r1 = map_by_fd(1)
		r2 = r10
		r2 += -4
		call bpf_map_lookup_elem
		if r0 == 0 goto out
		r0 = *(u64 *)(r0 + 0)
	out:	exit`)
	want := ref.Run(c)[0]
	l, err := x.Load(c)
	if err != nil {
		t.Fatal(err)
	}
	return func() { letPanic(t, l, x.Machine(), c, &want, rounds) }
}

func letPanic(t *testing.T, l *vm.Loaded, m *vm.Machine, c *vm.Case, want *vm.Outcome, rounds int) {
	for round := range rounds {
		grow(round % 60)
		if err := m.Setup(hook.SocketFilter, &c.Inputs[0]); err != nil {
			t.Error(err)
			return
		}
		whole := m.World.Maps[1]
		switch round % 4 {
		case 0, 2:
			m.World.Maps[1] = broken{whole}
		case 1:
			m.World.Maps[1] = yielding{whole}
		}
		func() {
			defer func() { recover() }()
			got := l.Instance.Run(m)
			if round%2 == 0 || got.Kind != want.Kind || got.R0 != want.R0 || got.Steps != want.Steps {
				t.Errorf("round %d: %+v, want %+v", round, got, want.Result)
			}
		}()
		m.World.Maps[1] = whole
	}
}
