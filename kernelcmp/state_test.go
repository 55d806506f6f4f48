package kernelcmp

import (
	"math/rand/v2"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// randomStates are n states with some bytes of stack.
func randomStates(r *rand.Rand, n, stack int) []State {
	all := make([]State, n)
	for i := range all {
		for reg := range all[i].Regs {
			v := r.Uint64() >> r.IntN(64)
			if r.IntN(3) == 0 {
				v = []uint64{0, 1, ^uint64(0), 1 << 63, 1 << 31, 0xffff_ffff, 1<<63 - 1}[r.IntN(7)]
			}
			all[i].Regs[reg] = v
		}
		for range stack {
			all[i].Stack = append(all[i].Stack, byte(r.Uint32()))
		}
	}
	return all
}

// randomBody is n instructions on all ten registers and the stack, with a jump
// forward here and there.
func randomBody(r *rand.Rand, n, stack int) []spec.Insn {
	var rows []*spec.Row
	for i := range spec.Table {
		if row := &spec.Table[i]; row.ScalarOp() {
			rows = append(rows, row)
		}
	}
	var body []spec.Insn
	for len(body) < n {
		off := int16(-StateReserved - 8 - 8*r.IntN(max(1, stack/8)))
		switch k := r.IntN(12); {
		case k == 0 && stack > 0:
			body = append(body, stx(spec.SizeDW, 10, uint8(r.IntN(10)), off))
		case k == 1 && stack > 0:
			body = append(body, ldx(spec.SizeDW, uint8(r.IntN(10)), 10, off))
		case k == 2:
			body = append(body, jmpx([]uint8{spec.OpJGT, spec.OpJSLE, spec.OpJNE, spec.OpJSET}[r.IntN(4)], uint8(r.IntN(10)), uint8(r.IntN(10)), 1), mov(uint8(r.IntN(10)), int32(r.Uint32())))
		default:
			i := randomInsn(r, rows[r.IntN(len(rows))])
			body = append(body, i)
		}
	}
	return append(body, exit)
}

// The whole state in which a body ends is the same on every engine and on the kernel.
func TestStates(t *testing.T) {
	t.Logf("-seed %d", *seed)
	r := rand.New(rand.NewPCG(*seed, 3))
	k := kernel(t, Options{})
	var cs []*vm.Case
	for n := range 200 {
		stack := 8 * (n % (MaxStateStack/8 + 1))
		c, err := StateCase(randomBody(r, 1+n/2, stack), hostOrder, randomStates(r, 4, stack))
		if err != nil {
			t.Fatal(err)
		}
		c.Name = "states"
		cs = append(cs, c)
	}
	agree(t, k, cs)
}

// A state that a body leaves alone comes back; what it changes is changed.
func TestStateOf(t *testing.T) {
	k := kernel(t, Options{})
	r := rand.New(rand.NewPCG(1, 4))
	in := randomStates(r, 1, 16)
	body := insns(add(7, 1), st(spec.SizeDW, 10, -24, -1), jmp(spec.OpJEQ, 7, 1, 1), exit, mov(0, 0))
	c, err := StateCase(body, hostOrder, in)
	if err != nil {
		t.Fatal(err)
	}
	out := exited(t, k.Run(c)[0])
	got, err := StateOf(&out, hostOrder)
	if err != nil {
		t.Fatal(err)
	}
	want := in[0]
	want.Regs[7]++
	for reg := range want.Regs {
		if got.Regs[reg] != want.Regs[reg] {
			t.Errorf("r%d = %#x, want %#x", reg, got.Regs[reg], want.Regs[reg])
		}
	}
	if string(got.Stack[:8]) != string(want.Stack[:8]) || string(got.Stack[8:]) != "\xff\xff\xff\xff\xff\xff\xff\xff" {
		t.Errorf("stack %x, began as %x", got.Stack, want.Stack)
	}
	for _, bad := range [][]State{{{Stack: make([]byte, 4)}}, {{Stack: make([]byte, 512)}}, {{}, {Stack: make([]byte, 8)}}} {
		if _, err := StateCase(nil, hostOrder, bad); err == nil {
			t.Errorf("stacks of %d bytes are taken", len(bad[0].Stack))
		}
	}
}

// BenchmarkStates loads bodies and runs each from four states, journal included: what
// two executors do on two processors.
func BenchmarkStates(b *testing.B) {
	for _, n := range []int{10, 30, 100} {
		b.Run(map[int]string{10: "10 insns", 30: "30 insns", 100: "100 insns"}[n], func(b *testing.B) {
			dir := b.TempDir()
			b.SetParallelism(1)
			b.RunParallel(func(pb *testing.PB) {
				k, err := Open(Options{Journal: dir})
				if err != nil {
					b.Error(err)
					return
				}
				defer k.Close()
				r := rand.New(rand.NewPCG(5, 6))
				var cs []*vm.Case
				for range batchSize {
					c, err := StateCase(randomBody(r, n, 64), hostOrder, randomStates(r, 4, 64))
					if err != nil {
						b.Error(err)
						return
					}
					cs = append(cs, c)
				}
				for more := true; more; {
					n := 0
					for n < batchSize && pb.Next() {
						n++
					}
					more = n == batchSize
					for _, o := range k.RunBatch(cs[:n]) {
						if o[0].Kind != vm.Exit {
							b.Error(o[0].Reason)
							return
						}
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "programs/s")
		})
	}
}
