package fastvm_test

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the random programs")

// generator draws random programs that have no unwritten registers and end.
type generator struct {
	*rand.Rand
	rows []*spec.Row
}

func newGenerator(seed uint64) *generator {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0))}
	for i := range spec.Table {
		r := &spec.Table[i]
		usable := r.ScalarOp() || r.Conditional() && r.Op != spec.JCOND
		switch r.Class() {
		case spec.ClassLDX, spec.ClassST, spec.ClassSTX:
			usable = !r.Internal
		}
		if usable {
			g.rows = append(g.rows, r)
		}
	}
	return g
}

// constant is a number that is likely to matter.
func (g *generator) constant() uint64 {
	v := g.Uint64()
	switch g.IntN(4) {
	case 0:
		return v & 0xff
	case 1:
		return 1<<(v%64) - v>>63
	case 2:
		return uint64(int64(int32(v)))
	}
	return v
}

// field draws a value that a field may hold.
func (g *generator) field(f spec.Field) int64 {
	for {
		v := int64(int32(g.constant()))
		if f.Lo <= f.Hi && f.Hi-f.Lo < 1<<31-1 {
			v = f.Lo + g.Int64N(f.Hi-f.Lo+1)
		}
		if f.Contains(v) {
			return v
		}
	}
}

// program is some registers' setting, then n random instructions that jump
// forward only, then everything that memory and registers hold.
func (g *generator) program(n int) []spec.Insn {
	var out []spec.Insn
	for r := range uint8(10) {
		out = append(out, lddw(r, g.constant())...)
	}
	for slot := int16(-8); slot >= -64; slot -= 8 {
		out = append(out, op(spec.STXDW, 10, uint8(g.IntN(10)), slot, 0))
	}
	for i := range n {
		out = append(out, g.insn(g.rows[g.IntN(len(g.rows))], n-i))
	}
	return append(out, fold()...)
}

// insn draws one instruction of a form; a jump goes over less than far of those
// after it.
func (g *generator) insn(r *spec.Row, far int) spec.Insn {
	x := spec.Insn{
		Op: r.Op, Dst: uint8(g.field(r.Dst)), Src: uint8(g.field(r.Src)), Imm: int32(g.field(r.Imm)),
		Off: int16(g.field(r.Off)),
	}
	switch {
	case r.Branches():
		x.Off = int16(g.IntN(far))
	case r.Class() == spec.ClassLDX:
		x.Src = 10
	case r.Class() == spec.ClassST:
		x.Dst = 10
	case r.Class() == spec.ClassSTX && x.Imm == spec.AtomicLoadAcq && r.Group == spec.Linux:
		x.Src = 10
	case r.Class() == spec.ClassSTX:
		x.Dst = 10
	}
	if r.Class() >= spec.ClassLDX && r.Class() <= spec.ClassSTX {
		x.Off = -8 * int16(1+g.IntN(8))
		if g.IntN(20) == 0 { // one in a few is out of bounds or unaligned
			x.Off += int16(g.IntN(8)) * int16(g.IntN(2))
		}
	}
	return x
}

// fold is code that makes r0 of r0 to r9 and of the stack, and exits.
func fold() (out []spec.Insn) {
	for r := uint8(1); r < 10; r++ {
		out = append(out, op(alu64|spec.OpMUL, 0, 0, 0, 31), op(alu64|spec.OpADD|spec.SrcX, 0, r, 0, 0))
	}
	for slot := int16(-8); slot >= -64; slot -= 8 {
		out = append(out, op(spec.LDXDW, 1, 10, slot, 0), op(alu64|spec.OpMUL, 0, 0, 0, 31), op(alu64|spec.OpADD|spec.SrcX, 0, 1, 0, 0))
	}
	return append(out, exit())
}

// TestFused enters every fused run at each of its parts.
func TestFused(t *testing.T) {
	t.Logf("-seed %d", *seed)
	g := newGenerator(*seed)
	m, err := mem.New()
	if err != nil {
		t.Fatal(err)
	}
	reference := vm.NewTarget(&refvm.Engine{}, m)
	defer reference.Close()
	for n, run := range fastvm.Fusions() {
		for round := range 4 {
			at := round % len(run)
			insns := prog(g.program(0)[:20+8], op(spec.JA, 0, 0, int16(at), 0)) // without the folding
			start := len(insns)
			for _, code := range run {
				insns = append(insns, g.insn(spec.Lookup(spec.Insn{Op: code}), 3))
			}
			insns = prog(insns, mov(9, 99), add(8, 1), fold())
			c := of(insns)
			c.Inputs = []vm.Input{{}}
			c.Fuel = uint64(g.IntN(2) * (start + g.IntN(5)))
			want := &reference.Run(c)[0]
			for _, f := range sharedForms(t) {
				if f.mode == vm.Trusted && want.Kind == vm.Faulted {
					continue
				}
				if d, ok := vm.Compare(want, f.run(c), vm.ObsAll); !ok {
					t.Fatalf("run %x from part %d, %s: refvm and fastvm differ in %v\n%v", run, at, f.name, d, insns[start:])
				}
			}
			l, err := sharedForms(t)[0].target.Load(c)
			if err != nil {
				t.Fatal(err)
			}
			if !fastvm.IsFused(l.Instance, start, n) {
				t.Fatalf("run %x is not fused", run)
			}
		}
	}
}

// TestAgainstReference runs random programs on this engine and on the reference VM.
func TestAgainstReference(t *testing.T) {
	t.Logf("-seed %d", *seed)
	g := newGenerator(*seed)
	m, err := mem.New()
	if err != nil {
		t.Fatal(err)
	}
	reference := vm.NewTarget(&refvm.Engine{}, m)
	defer reference.Close()
	kinds := map[vm.Kind]int{}
	for n := range 1500 {
		c := of(g.program(1 + g.IntN(60)))
		c.Inputs = []vm.Input{{}}
		for _, f := range sharedForms(t) {
			if f.mode == vm.Trusted && n%10 != 0 { // no faults in common with checked mode
				continue
			}
			c.Mode, c.Fuel = f.mode, 0
			if n%3 == 0 {
				c.Fuel = 1 + uint64(n)%100
			}
			want := &reference.Run(c)[0]
			kinds[want.Kind]++
			if d, ok := vm.Compare(want, f.run(c), vm.ObsAll); !ok {
				t.Fatalf("program %d, %s: refvm and fastvm differ in %v\n%v", n, f.name, d, c.Programs[0].Insns)
			}
		}
	}
	t.Log(kinds)
}

var _ vm.Engine = fastvm.Engine{}
