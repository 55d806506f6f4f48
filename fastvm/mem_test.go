package fastvm_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

var sizes = []struct {
	bits  int
	bytes uint64
}{{spec.SizeB, 1}, {spec.SizeH, 2}, {spec.SizeW, 4}, {spec.SizeDW, 8}}

func low(v, n uint64) uint64 { return v << (64 - 8*n) >> (64 - 8*n) }

// TestLoadStore: RFC 9669 section 5.1 and 5.2, on the stack. The register keeps
// nothing of what it held; the neighbours of the bytes stored stay.
func TestLoadStore(t *testing.T) {
	const x, y = 0x8182_8384_8586_8788, 0xf1f2_f3f4_f5f6_f7f8
	for _, s := range sizes {
		name := fmt.Sprintf("%d bytes", s.bytes)
		setup := prog(lddw(1, x), op(stx|spec.SizeDW, 10, 1, -8, 0), lddw(0, m1))
		checkR0(t, "load of "+name, prog(setup, op(ldx|s.bits, 0, 10, -8, 0), exit()), low(x, s.bytes))
		if s.bytes < 8 {
			want := uint64(int64(low(x, s.bytes)<<(64-8*s.bytes)) >> (64 - 8*s.bytes))
			checkR0(t, "sign-extending load of "+name, prog(setup, op(ldsx|s.bits, 0, 10, -8, 0), exit()), want)
		}
		merged := x&^low(m1, s.bytes) | low(y, s.bytes)
		checkR0(t, "store of "+name, prog(setup, lddw(2, y), op(stx|s.bits, 10, 2, -8, 0), op(ldx|spec.SizeDW, 0, 10, -8, 0), exit()), merged)
		merged = x&^low(m1, s.bytes) | low(-2&m1, s.bytes)
		checkR0(t, "store of an immediate of "+name, prog(setup, op(st|s.bits, 10, 0, -8, -2), op(ldx|spec.SizeDW, 0, 10, -8, 0), exit()), merged)
		checkR0(t, "unaligned "+name, prog(setup, op(st|spec.SizeDW, 10, 0, -16, 0), lddw(2, y),
			op(stx|s.bits, 10, 2, -11, 0), op(ldx|s.bits, 0, 10, -11, 0), exit()), low(y, s.bytes))
	}
}

// TestFaults puts every access at both sides of every border of a 16-byte input.
func TestFaults(t *testing.T) {
	const length = 16
	base := uint64(mem.DataBase)
	type access struct {
		name  string
		insn  spec.Insn // through r6
		n     uint64
		kind  vm.FaultKind
		align bool
	}
	var all []access
	for _, s := range sizes {
		name := fmt.Sprint(s.bytes)
		all = append(all,
			access{"load" + name, op(ldx|s.bits, 0, 6, 0, 0), s.bytes, vm.FaultRead, false},
			access{"store" + name, op(stx|s.bits, 6, 0, 0, 0), s.bytes, vm.FaultWrite, false},
			access{"store imm" + name, op(st|s.bits, 6, 0, 0, 0), s.bytes, vm.FaultWrite, false},
			access{"load_acquire" + name, op(atom|s.bits, 0, 6, 0, spec.AtomicLoadAcq), s.bytes, vm.FaultRead, true},
			access{"store_release" + name, op(atom|s.bits, 6, 0, 0, spec.AtomicStoreRel), s.bytes, vm.FaultWrite, true})
		if s.bytes < 8 {
			all = append(all, access{"sload" + name, op(ldsx|s.bits, 0, 6, 0, 0), s.bytes, vm.FaultRead, false})
		}
		if s.bytes >= 4 {
			for _, imm := range []int32{spec.AtomicAdd, spec.AtomicOr | spec.AtomicFetch, spec.AtomicXchg, spec.AtomicCmpXchg} {
				all = append(all, access{fmt.Sprintf("atomic %#x %s", imm, name), op(atom|s.bits, 6, 0, 0, imm), s.bytes, vm.FaultRead, true})
			}
		}
	}
	for _, f := range sharedForms(t) {
		if f.mode != vm.Checked {
			continue
		}
		for _, a := range all {
			for _, at := range []uint64{
				base - 8, base - 1, base, base + 1, base + 8, base + 9, base + 12, base + 13, base + 15, base + 16, 0, m1, m1 - 7,
				base + 1<<32, base | 1<<63, 1<<32 - 8, 1<<32 - 1,
			} {
				// The offset takes part in the effective address.
				insn := a.insn
				insn.Off = -24
				c := of(prog(lddw(6, at+24), mov(0, 0), insn, exit()))
				c.Inputs = []vm.Input{{Memory: make([]byte, length)}}
				o := f.run(c)
				want := vm.Fault{Prog: 0, PC: 3, Addr: at}
				switch {
				case a.align && at%a.n != 0:
					want.Kind = vm.FaultAlign
				case at < base || at+a.n > base+length || at+a.n < at:
					want.Kind = a.kind
				}
				if want.Kind == vm.NoFault {
					if o.Kind != vm.Exit {
						t.Errorf("%s at %#x, %s: %v, want exit", a.name, at, f.name, o.Fault)
					}
				} else if o.Kind != vm.Faulted || o.Fault != want || o.Steps != 3 {
					t.Errorf("%s at %#x, %s: %v %v after %d steps, want %v after 3", a.name, at, f.name, o.Kind, o.Fault, o.Steps, want)
				}
			}
		}
	}
}

// TestPermissions: a packet's context may be read and not written, a write-only map
// the other way round.
func TestPermissions(t *testing.T) {
	value := func(flags uint32, insn spec.Insn) *vm.Case {
		c := of(prog(lddwOf(6, spec.LDDWMapValue, 0), insn, mov(0, 0), exit()))
		c.Maps = []*maps.Spec{{Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: flags}}
		return c
	}
	ctx := of(prog(op(stx|spec.SizeW, 1, 10, 0, 0), mov(0, 0), exit()))
	ctx.Programs[0].Type = hook.XDP
	for _, x := range []struct {
		name string
		c    *vm.Case
		want vm.FaultKind
	}{
		{"write of a context", ctx, vm.FaultWrite},
		{"read of a read-only map", value(maps.ReadOnly, op(ldx|spec.SizeDW, 0, 6, 0, 0)), vm.NoFault},
		{"write of a read-only map", value(maps.ReadOnly, op(st|spec.SizeDW, 6, 0, 0, 0)), vm.FaultWrite},
		{"atomic on a read-only map", value(maps.ReadOnly, op(atom|spec.SizeDW, 6, 6, 0, 0)), vm.FaultWrite},
		{"load-acquire of a read-only map", value(maps.ReadOnly, op(atom|spec.SizeDW, 0, 6, 0, spec.AtomicLoadAcq)), vm.NoFault},
		{"read of a write-only map", value(maps.WriteOnly, op(ldx|spec.SizeB, 0, 6, 0, 0)), vm.FaultRead},
		{"write of a write-only map", value(maps.WriteOnly, op(st|spec.SizeB, 6, 0, 0, 0)), vm.NoFault},
		{"atomic on a write-only map", value(maps.WriteOnly, op(atom|spec.SizeW, 6, 6, 0, 0)), vm.FaultRead},
		{"store-release on a write-only map", value(maps.WriteOnly, op(atom|spec.SizeW, 6, 6, 0, spec.AtomicStoreRel)), vm.NoFault},
	} {
		for _, f := range sharedForms(t) {
			if f.mode != vm.Checked {
				continue
			}
			if o := f.run(x.c); o.Fault.Kind != x.want {
				t.Errorf("%s, %s: %v %v %s, want %v", x.name, f.name, o.Kind, o.Fault, o.Reason, x.want)
			}
		}
	}
}

// TestTrustedMasks: a trusted program's wild addresses stay in the window.
func TestTrustedMasks(t *testing.T) {
	for _, f := range sharedForms(t) {
		if f.mode != vm.Trusted {
			continue
		}
		c := of(prog(lddw(6, 0xffff_0000_0000_0000+mem.DataBase), op(ldx|spec.SizeB, 0, 6, 2, 0), exit()))
		c.Inputs = []vm.Input{{Memory: []byte{1, 2, 3}}}
		if o := f.run(c); o.Kind != vm.Exit || o.R0 != 3 {
			t.Errorf("%s: %v %v %#x", f.name, o.Kind, o.Fault, o.R0)
		}
	}
}

// TestAtomics: RFC 9669 section 5.3. mem and r2 before, then mem, r2 and r0 after;
// r0 is 0x_1_0000_0007 before.
func TestAtomics(t *testing.T) {
	const r0 = 1<<32 | 7
	for _, c := range []struct {
		name     string
		imm      int32
		mem, x   uint64
		mem2, x2 uint64
		r02      uint64
		n        uint64
	}{
		{"add", spec.AtomicAdd, 10, junk | 5, junk | 15, junk | 5, r0, 8},
		{"add wraps", spec.AtomicAdd, m1, 1, 0, 1, r0, 8},
		{"or", spec.AtomicOr, 0xf0, 0x1f, 0xff, 0x1f, r0, 8},
		{"and", spec.AtomicAnd, 0xf0, 0x1f, 0x10, 0x1f, r0, 8},
		{"xor", spec.AtomicXor, 0xf0, 0x1f, 0xef, 0x1f, r0, 8},
		{"fetch add", spec.AtomicAdd | spec.AtomicFetch, junk | 10, 5, junk | 15, junk | 10, r0, 8},
		{"fetch or", spec.AtomicOr | spec.AtomicFetch, junk | 0xf0, 0x1f, junk | 0xff, junk | 0xf0, r0, 8},
		{"fetch and", spec.AtomicAnd | spec.AtomicFetch, junk | 0xf0, 0x1f, 0x10, junk | 0xf0, r0, 8},
		{"fetch xor", spec.AtomicXor | spec.AtomicFetch, junk | 0xf0, 0x1f, junk | 0xef, junk | 0xf0, r0, 8},
		{"xchg", spec.AtomicXchg, junk, 5, 5, junk, r0, 8},
		{"cmpxchg, equal", spec.AtomicCmpXchg, r0, 5, 5, 5, r0, 8},
		{"cmpxchg, low halves equal", spec.AtomicCmpXchg, 7, 5, 7, 5, 7, 8},
		{"cmpxchg, not equal", spec.AtomicCmpXchg, junk, 5, junk, 5, junk, 8},

		{"add32", spec.AtomicAdd, junk | 10, junk | 5, junk | 15, junk | 5, r0, 4},
		{"add32 carries nothing", spec.AtomicAdd, junk | m1w, 1, junk, 1, r0, 4},
		{"or32", spec.AtomicOr, junk | 0xf0, junk, junk | 0xf0, junk, r0, 4},
		{"and32", spec.AtomicAnd, junk | 0xf0, 0x1f, junk | 0x10, 0x1f, r0, 4},
		{"xor32", spec.AtomicXor, junk | 0xf0, 0x1f, junk | 0xef, 0x1f, r0, 4},
		{"fetch add32", spec.AtomicAdd | spec.AtomicFetch, junk | 10, junk | 5, junk | 15, 10, r0, 4},
		{"fetch or32", spec.AtomicOr | spec.AtomicFetch, junk | 0xf0, 0x1f, junk | 0xff, 0xf0, r0, 4},
		{"fetch and32", spec.AtomicAnd | spec.AtomicFetch, junk | 0xf0, 0x1f, junk | 0x10, 0xf0, r0, 4},
		{"fetch xor32", spec.AtomicXor | spec.AtomicFetch, junk | 0xf0, 0x1f, junk | 0xef, 0xf0, r0, 4},
		{"xchg32", spec.AtomicXchg, junk | 9, junk | 5, junk | 5, 9, r0, 4},
		{"cmpxchg32, equal", spec.AtomicCmpXchg, junk | 7, 5, junk | 5, 5, 7, 4},
		{"cmpxchg32, not equal", spec.AtomicCmpXchg, junk | 8, 5, junk | 8, 5, 8, 4},
	} {
		bits := spec.SizeDW
		if c.n == 4 {
			bits = spec.SizeW
		}
		insns := prog(movx(6, 1), lddw(0, r0), lddw(2, c.x), op(atom|bits, 6, 2, 0, c.imm), exit())
		for _, f := range sharedForms(t) {
			x := of(insns)
			x.Inputs = []vm.Input{{Memory: binary.LittleEndian.AppendUint64(nil, c.mem)}}
			o := f.run(x)
			if got := binary.LittleEndian.Uint64(o.Memory.Data); o.Kind != vm.Exit || got != c.mem2 || o.Regs[2] != c.x2 || o.R0 != c.r02 {
				t.Errorf("%s, %s: %v memory %#x r2 %#x r0 %#x, want %#x %#x %#x", c.name, f.name, o.Kind, got, o.Regs[2], o.R0, c.mem2, c.x2, c.r02)
			}
		}
	}
}

// TestOrdered: load-acquire and store-release of every size.
func TestOrdered(t *testing.T) {
	const x, y = 0x8182_8384_8586_8788, 0xf1f2_f3f4_f5f6_f7f8
	for _, s := range sizes {
		setup := prog(lddw(1, x), op(stx|spec.SizeDW, 10, 1, -8, 0), lddw(0, m1), lddw(2, y))
		name := fmt.Sprintf(" of %d bytes", s.bytes)
		checkR0(t, "load-acquire"+name, prog(setup, op(atom|s.bits, 0, 10, -8, spec.AtomicLoadAcq), exit()), low(x, s.bytes))
		checkR0(t, "store-release"+name, prog(setup, op(atom|s.bits, 10, 2, -8, spec.AtomicStoreRel),
			op(ldx|spec.SizeDW, 0, 10, -8, 0), exit()), x&^low(m1, s.bytes)|low(y, s.bytes))
	}
}

// TestStress lets eight machines of one World count in the same places.
func TestStress(t *testing.T) {
	const machines, rounds = 8, 2000
	insns := prog(
		lddwOf(6, spec.LDDWMapValue, 0), mov(7, rounds),
		mov(1, 1), op(atom|spec.SizeDW, 6, 1, 0, spec.AtomicAdd),
		mov(1, 1), op(atom|spec.SizeW, 6, 1, 8, spec.AtomicAdd|spec.AtomicFetch),
		op(ldx|spec.SizeB, 0, 10, -1, 0), // no guest race: own stack
		// a compare-and-swap loop at offset 16
		op(atom|spec.SizeDW, 0, 6, 16, spec.AtomicLoadAcq), movx(1, 0), add(1, 3), movx(2, 0),
		op(atom|spec.SizeDW, 6, 1, 16, spec.AtomicCmpXchg), op(jmp|spec.OpJNE|spec.SrcX, 0, 2, -5, 0),
		add(7, -1), op(jmp|spec.OpJNE, 7, 0, -13, 0),
		mov(0, 0), exit())
	for _, open := range []func() (*mem.Memory, error){mem.NewWindow, func() (*mem.Memory, error) { return mem.NewList(), nil }} {
		for _, mode := range []vm.Mode{vm.Checked, vm.Trusted} {
			m, err := open()
			if err != nil {
				t.Log(err)
				continue
			}
			w := vm.NewWorldIn(m)
			defer w.Close()
			if _, err := w.AddMap(&maps.Spec{Type: maps.Array, KeySize: 4, ValueSize: 24, MaxEntries: 1}); err != nil {
				t.Fatal(err)
			}
			l, err := w.Load(fastvm.Engine{}, &vm.Program{Insns: insns})
			if err != nil {
				t.Fatal(err)
			}
			cpus := make([]*vm.Machine, machines)
			for i := range cpus { // before any runs: a new machine reserves memory
				cpus[i] = w.NewMachine()
				cpus[i].Mode = mode
				if err := cpus[i].Setup(hook.Unspec, &vm.Input{}); err != nil {
					t.Fatal(err)
				}
			}
			var wg sync.WaitGroup
			for _, cpu := range cpus {
				wg.Go(func() {
					if r := l.Instance.Run(cpu); r.Kind != vm.Exit {
						t.Errorf("%v %v", r.Kind, r.Fault)
					}
				})
			}
			wg.Wait()
			want := binary.LittleEndian.AppendUint64(nil, machines*rounds)
			want = binary.LittleEndian.AppendUint64(want, machines*rounds)
			want = binary.LittleEndian.AppendUint64(want, machines*rounds*3)
			if got := w.Maps[0].Entries(nil)[0].Value; !bytes.Equal(got, want) {
				t.Errorf("mode %d: %x, want %x", mode, got, want)
			}
		}
	}
}
