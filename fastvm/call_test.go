package fastvm_test

import (
	"encoding/binary"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// expect is what a run must have given.
type expect struct {
	kind  vm.Kind
	r0    uint64
	steps uint64
	fault vm.Fault
}

func checkRun(t *testing.T, name string, c *vm.Case, want expect) {
	t.Helper()
	for _, f := range sharedForms(t) {
		o := f.run(c)
		if o.Kind != want.kind || o.Kind == vm.Exit && o.R0 != want.r0 || o.Steps != want.steps || o.Fault != want.fault {
			t.Errorf("%s, %s: %v r0 %#x steps %d %v %s, want %+v", name, f.name, o.Kind, o.R0, o.Steps, o.Fault, o.Reason, want)
		}
	}
}

// TestCalls: r6 to r9 and the caller's frame survive a call; r10 in the callee is
// the end of a frame of its own.
func TestCalls(t *testing.T) {
	insns := prog(
		mov(6, 1), mov(7, 2), mov(8, 3), mov(9, 4), op(st|spec.SizeDW, 10, 0, -8, 5),
		movx(1, 10), call(8), // 5, 6
		op(alu64|spec.OpADD|spec.SrcX, 0, 6, 0, 0), op(alu64|spec.OpADD|spec.SrcX, 0, 7, 0, 0),
		op(alu64|spec.OpADD|spec.SrcX, 0, 8, 0, 0), op(alu64|spec.OpADD|spec.SrcX, 0, 9, 0, 0),
		op(ldx|spec.SizeDW, 1, 10, -8, 0), op(alu64|spec.OpADD|spec.SrcX, 0, 1, 0, 0), exit(),
		nop(), // 14: not reached
		// 15: r0 = r10 - r1, everything else overwritten
		movx(0, 10), op(alu64|spec.OpSUB|spec.SrcX, 0, 1, 0, 0),
		mov(6, 0), mov(7, 0), mov(8, 0), mov(9, 0), op(st|spec.SizeDW, 10, 0, -8, 0), exit())
	insns[14] = op(spec.JA, 0, 0, 0, 0)
	insns[14] = exit()
	checkRun(t, "call", of(insns), expect{r0: mem.FrameStride + 1 + 2 + 3 + 4 + 5, steps: 14 + 8})
}

// TestCallsAgain calls two deep in a loop, with fuel that ends anywhere: the frames
// that a trusted run has opened once are entered another way after that.
func TestCallsAgain(t *testing.T) {
	const rounds = 4
	insns := prog(
		mov(6, rounds), mov(7, 0),
		movx(1, 6), call(6), // 2, 3
		op(alu64|spec.OpADD|spec.SrcX, 7, 0, 0, 0), add(6, -1), op(jmp|spec.OpJNE, 6, 0, -5, 0),
		movx(0, 7), exit(), nop(),
		// 10: r0 = 10 * (g(r1) - r10 of the caller), through the callee's frame
		mov(6, 10), movx(7, 1), movx(1, 10), call(3), op(alu64|spec.OpMUL|spec.SrcX, 0, 6, 0, 0), op(alu64|spec.OpADD|spec.SrcX, 0, 7, 0, 0), exit(),
		// 17: r0 = distance of the two frames
		op(stx|spec.SizeDW, 10, 1, -8, 0), movx(0, 10), op(ldx|spec.SizeDW, 6, 10, -8, 0), op(alu64|spec.OpSUB|spec.SrcX, 0, 6, 0, 0), exit())
	insns[9] = exit()
	const all = 2 + rounds*(5+7+5) + 2
	for fuel := uint64(1); fuel <= all; fuel++ {
		c := of(insns)
		c.Fuel = fuel
		want := expect{kind: vm.FuelSpent, steps: fuel}
		if fuel == all {
			want = expect{r0: rounds*10*mem.FrameStride + 1 + 2 + 3 + 4, steps: all}
		}
		checkRun(t, "calls in a loop", c, want)
	}
}

func nop() spec.Insn { return op(spec.JA, 0, 0, 0, 0) }

// TestDepth: the eighth frame cannot call.
func TestDepth(t *testing.T) {
	// r1 counts down; the function calls itself until it is 0.
	deep := func(n int32) *vm.Case {
		return of(prog(mov(1, n), call(1), exit(),
			mov(0, 42), op(jmp|spec.OpJEQ, 1, 0, 2, 0), add(1, -1), call(-4), exit()))
	}
	checkRun(t, "7 calls deep", deep(6), expect{r0: 42, steps: 2 + 6*5 + 3 + 1})
	checkRun(t, "8 calls deep", deep(7), expect{kind: vm.Faulted, steps: 2 + 7*4, fault: vm.Fault{Kind: vm.FaultDepth, PC: 6}})
}

// TestDeadFrame: a frame is inaccessible after its function has returned.
func TestDeadFrame(t *testing.T) {
	insns := prog(call(2), op(ldx|spec.SizeDW, 0, 0, -8, 0), exit(),
		op(st|spec.SizeDW, 10, 0, -8, 1), movx(0, 10), exit())
	for _, f := range sharedForms(t) {
		if f.mode != vm.Checked {
			continue
		}
		want := vm.Fault{Kind: vm.FaultRead, PC: 1, Addr: mem.StackBase + mem.FrameStride + mem.FrameSize - 8}
		if o := f.run(of(insns)); o.Fault != want {
			t.Errorf("%s: %v %v, want %v", f.name, o.Kind, o.Fault, want)
		}
	}
}

// TestResidue: a frame that a run has written is zero in the next.
func TestResidue(t *testing.T) {
	write := of(prog(call(1), exit(), op(st|spec.SizeDW, 10, 0, -8, 1), mov(0, 0), exit()))
	read := of(prog(call(1), exit(), op(ldx|spec.SizeDW, 0, 10, -8, 0), exit()))
	for _, f := range sharedForms(t) {
		f.run(write)
		if o := f.run(read); o.Kind != vm.Exit || o.R0 != 0 {
			t.Errorf("%s: %v %#x", f.name, o.Kind, o.R0)
		}
	}
}

func array(n, size uint32) *maps.Spec {
	return &maps.Spec{Type: maps.Array, KeySize: 4, ValueSize: size, MaxEntries: n}
}

func TestHelpers(t *testing.T) {
	// The value of key 1 is 0x55; add 1 to it through the pointer.
	c := of(prog(lddwOf(1, spec.LDDWMapFD, 0), op(st|spec.SizeW, 10, 0, -4, 1), movx(2, 10), add(2, -4), helper(vm.HelperMapLookup),
		op(jmp|spec.OpJEQ, 0, 0, 4, 0), op(ldx|spec.SizeDW, 1, 0, 0, 0), add(1, 1), op(stx|spec.SizeDW, 0, 1, 0, 0), movx(0, 1), exit()))
	c.Maps = []*maps.Spec{array(2, 8)}
	c.Maps[0].Entries = []maps.Entry{{Key: []byte{1, 0, 0, 0}, Value: []byte{0x55, 0, 0, 0, 0, 0, 0, 0}}}
	checkRun(t, "map_lookup_elem", c, expect{r0: 0x56, steps: 11})

	c = of(prog(mov(1, 5), helper(vm.HelperMapLookup), exit()))
	checkRun(t, "lookup in no map", c, expect{kind: vm.Faulted, steps: 2, fault: vm.Fault{Kind: vm.FaultHelper, PC: 1, Addr: 5}})
}

func TestLoopHelper(t *testing.T) {
	// main: r1 = nr, r2 = callback, r3 = &stack, r4 = flags; stack counts the sum of
	// the indices. r0 = rounds + 1000 * sum.
	build := func(nr, flags int32, callback ...any) *vm.Case {
		return of(prog(
			op(st|spec.SizeDW, 10, 0, -8, 0), mov(6, 1000),
			mov(1, nr), lddwOf(2, spec.LDDWFunc, 8), movx(3, 10), mov(4, flags), helper(vm.HelperLoop), // 2, 3, 5, 6, 7
			op(ldx|spec.SizeDW, 1, 10, -8, 0), op(alu64|spec.OpMUL|spec.SrcX, 1, 6, 0, 0), op(alu64|spec.OpADD|spec.SrcX, 0, 1, 0, 0), exit(), // 8 to 11
			prog(callback...)))
	}
	sum := prog(op(ldx|spec.SizeDW, 3, 2, -8, 0), op(alu64|spec.OpADD|spec.SrcX, 3, 1, 0, 0), op(stx|spec.SizeDW, 2, 3, -8, 0), mov(6, 77))
	const around = 7 + 4
	errno := func(e maps.Errno) uint64 { return -uint64(e) }
	checkRun(t, "all rounds", build(5, 0, sum, mov(0, 0), exit()), expect{r0: 5 + 10_000, steps: around + 5*6})
	checkRun(t, "no round", build(0, 0, sum, mov(0, 0), exit()), expect{steps: around})
	checkRun(t, "stopped after the first", build(5, 0, sum, mov(0, 1), exit()), expect{r0: 1, steps: around + 6})
	checkRun(t, "stopped by the upper half", build(5, 0, sum, lddw(0, 1<<32), exit()), expect{r0: 1, steps: around + 6})
	checkRun(t, "stopped at index 2", build(9, 0, sum, mov(0, 0), op(jmp|spec.OpJLT, 1, 0, 1, 2), mov(0, 1), exit()),
		expect{r0: 3 + 3000, steps: around + 3*7 + 1})
	checkRun(t, "flags", build(5, 1, sum, mov(0, 0), exit()), expect{r0: errno(maps.EINVAL), steps: around})
	checkRun(t, "too many", build(vm.MaxLoops+1, 0, sum, mov(0, 0), exit()), expect{r0: errno(maps.E2BIG), steps: around})

	c := build(5, 0, sum, mov(0, 0), exit())
	c.Programs[0].Insns[3] = spec.Insn{Op: spec.LDDW, Dst: 2, Imm: 123}
	checkRun(t, "no function", c, expect{kind: vm.Faulted, steps: 6 + 1, fault: vm.Fault{Kind: vm.FaultHelper, PC: 7, Addr: 123}})

	c = build(1<<20, 0, mov(0, 0), exit())
	c.Fuel = 1000
	checkRun(t, "fuel", c, expect{kind: vm.FuelSpent, steps: 1000})

	// The callback calls itself through bpf_loop: the eighth frame is the last.
	c = of(prog(mov(1, 1), lddwOf(2, spec.LDDWFunc, 4), mov(4, 0), helper(vm.HelperLoop), exit(),
		nop(), mov(1, 1), lddwOf(2, spec.LDDWFunc, -3), mov(4, 0), helper(vm.HelperLoop), exit()))
	c.Programs[0].Insns[1].Imm = 4
	checkRun(t, "nested too deeply", c, expect{kind: vm.Faulted, steps: 4 + 7*5, fault: vm.Fault{Kind: vm.FaultDepth, PC: 11}})
}

// progArray is a map that names programs by index.
func progArray(entries ...uint32) *maps.Spec {
	s := &maps.Spec{Type: maps.ProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 4}
	for i, p := range entries {
		s.Entries = append(s.Entries, maps.Entry{
			Key: binary.LittleEndian.AppendUint32(nil, uint32(i)), Value: binary.LittleEndian.AppendUint32(nil, p),
		})
	}
	return s
}

func tailCall(index int32) []spec.Insn {
	return prog(lddwOf(2, spec.LDDWMapFD, 0), mov(3, index), helper(vm.HelperTailCall))
}

func programs(m *maps.Spec, each ...[]spec.Insn) *vm.Case {
	c := &vm.Case{Maps: []*maps.Spec{m}}
	for _, insns := range each {
		c.Programs = append(c.Programs, &vm.Program{Insns: insns})
	}
	return c
}

func TestTailCalls(t *testing.T) {
	target := prog(movx(0, 1), add(0, 7), exit())
	checkRun(t, "taken", programs(progArray(1), prog(mov(1, 5), tailCall(0), mov(0, 99), exit()), target), expect{r0: 12, steps: 4 + 3})
	checkRun(t, "index counts as 32 bits",
		programs(progArray(1), prog(mov(1, 5), lddwOf(2, spec.LDDWMapFD, 0), lddw(3, junk), helper(vm.HelperTailCall), mov(0, 99), exit()), target),
		expect{r0: 12, steps: 4 + 3})
	checkRun(t, "empty slot", programs(progArray(1), prog(tailCall(1), mov(0, 99), exit()), target), expect{r0: 99, steps: 5})
	checkRun(t, "index out of range", programs(progArray(1), prog(tailCall(4), mov(0, 99), exit()), target), expect{r0: 99, steps: 5})
	checkRun(t, "negative index", programs(progArray(1), prog(tailCall(-1), mov(0, 99), exit()), target), expect{r0: 99, steps: 5})
	checkRun(t, "no map", programs(progArray(1), prog(mov(2, 3), helper(vm.HelperTailCall), exit())),
		expect{kind: vm.Faulted, steps: 2, fault: vm.Fault{Kind: vm.FaultHelper, PC: 1, Addr: 3}})
	c := programs(progArray(1), prog(mov(0, 0), exit()))
	c.Maps = append(c.Maps, array(1, 8))
	c.Programs[0].Insns = prog(lddwOf(2, spec.LDDWMapFD, 1), helper(vm.HelperTailCall), exit())
	checkRun(t, "another type of map", c, expect{kind: vm.Faulted, steps: 2, fault: vm.Fault{Kind: vm.FaultHelper, PC: 2, Addr: vm.MapAddress(1)}})

	// The program calls itself and counts in r6: 33 calls succeed.
	self := prog(mov(1, 0), add(1, 0), tailCall(0), mov(0, 99), exit())
	checkRun(t, "33 and no more", programs(progArray(0), self), expect{r0: 99, steps: 34*5 + 2})

	// In a subprogram: the target returns to the subprogram's caller, in its program.
	sub := prog(mov(6, 3), call(2), op(alu64|spec.OpADD|spec.SrcX, 0, 6, 0, 0), exit(), mov(1, 10), tailCall(0), mov(0, 99), exit())
	checkRun(t, "in a subprogram", programs(progArray(1), sub, prog(mov(6, 50), target)), expect{r0: 20, steps: 2 + 4 + 4 + 2})

	fault := programs(progArray(1), prog(tailCall(0), exit()), prog(mov(0, 0), op(ldx|spec.SizeB, 0, 0, 0, 0), exit()))
	for _, f := range sharedForms(t) {
		want := vm.Fault{Kind: vm.FaultRead, Prog: 1, PC: 1}
		if o := f.run(fault); f.mode == vm.Checked && o.Fault != want {
			t.Errorf("%s: fault in the target: %v %v", f.name, o.Kind, o.Fault)
		}
	}

	// A short program that calls a long one, with fuel that ends anywhere.
	long := prog(mov(0, 0))
	for range 50 {
		long = append(long, add(0, 1))
	}
	long = append(long, exit())
	for fuel := uint64(1); fuel < 60; fuel++ {
		c := programs(progArray(1), prog(tailCall(0), exit()), long)
		c.Fuel = fuel
		want := expect{kind: vm.FuelSpent, steps: fuel}
		if fuel >= 55 {
			want = expect{r0: 50, steps: 55}
		}
		checkRun(t, "fuel", c, want)
	}
}

func TestPacketLoads(t *testing.T) {
	packet := []byte{0x81, 0x82, 0x83, 0x84, 0x85}
	ld := func(mode, size int, src uint8, imm int32) spec.Insn {
		return op(spec.ClassLD|mode|size, 0, src, 0, imm)
	}
	for _, x := range []struct {
		name  string
		insn  spec.Insn
		want  uint64
		steps uint64
	}{
		{"b", ld(spec.ModeABS, spec.SizeB, 0, 4), 0x85 + 1, 4},
		{"h", ld(spec.ModeABS, spec.SizeH, 0, 1), 0x8283 + 1, 4},
		{"w", ld(spec.ModeABS, spec.SizeW, 0, 1), 0x8283_8485 + 1, 4},
		{"w, one byte too few", ld(spec.ModeABS, spec.SizeW, 0, 2), 0, 2},
		{"negative", ld(spec.ModeABS, spec.SizeB, 0, -1), 0, 2},
		{"ind", ld(spec.ModeIND, spec.SizeB, 7, 1), 0x84 + 1, 4},
		{"ind, backwards", ld(spec.ModeIND, spec.SizeH, 7, -2), 0x8182 + 1, 4},
		{"ind, outside", ld(spec.ModeIND, spec.SizeH, 7, 2), 0, 2},
	} {
		c := of(prog(lddw(7, junk|2), x.insn, add(0, 1), exit()))
		c.Programs[0].Type = hook.SocketFilter
		c.Inputs = []vm.Input{{Packet: packet}}
		checkRun(t, x.name, c, expect{r0: x.want, steps: x.steps})
	}
}

// TestMayGoto: falls through until the budget is spent.
func TestMayGoto(t *testing.T) {
	c := of(prog(mov(0, 0), op(spec.JCOND, 0, 0, 2, 0), add(0, 1), op(spec.JA, 0, 0, -3, 0), exit()))
	for _, f := range sharedForms(t) {
		l, err := f.target.Load(c)
		if err != nil {
			t.Fatal(err)
		}
		m := f.target.Machine()
		if err := m.Setup(hook.Unspec, &vm.Input{}); err != nil {
			t.Fatal(err)
		}
		m.Budget = 10
		if r := l.Instance.Run(m); r.Kind != vm.Exit || r.R0 != 10 || m.Budget != 0 || r.Steps != 1+3*10+2 {
			t.Errorf("%s: %+v, budget left %d", f.name, r, m.Budget)
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, f := range sharedForms(t) {
		c := of(prog(mov(0, 0), exit()))
		c.Programs[0].Order = spec.Big
		if o := f.run(c); o.Kind != vm.LoadUnsupported {
			t.Errorf("%s: big-endian: %v", f.name, o.Kind)
		}
	}
}

// TestAllocations: Run allocates nothing, Load nothing after the first time.
func TestAllocations(t *testing.T) {
	w, err := vm.NewWorld()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	m := w.NewMachine()
	l, err := w.Load(fastvm.Engine{}, &vm.Program{Insns: prog(call(1), exit(), helper(vm.HelperKtime), exit())})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Setup(hook.Unspec, &vm.Input{}); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { l.Instance.Run(m) }); n != 0 {
		t.Errorf("Run allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		in, _ := fastvm.Engine{}.Load(l)
		in.Close()
	}); n != 0 {
		t.Errorf("Load allocates %v times", n)
	}
}
