package casefile

import (
	"flag"
	"math/rand"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	fuzz "github.com/google/gofuzz"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

var seed = flag.Int64("seed", 0, "seed of the random files; 0: the time")

// TestRoundTrip fills files with random contents: what Format writes, Parse reads
// back, and Format writes the same again.
func TestRoundTrip(t *testing.T) {
	s := *seed
	if s == 0 {
		s = time.Now().UnixNano()
	}
	t.Logf("seed %d", s)
	names := []string{"", "a", "b.c", "_$-/9", "main"}
	f := fuzz.NewWithSeed(s).NilChance(0.3).NumElements(0, 5).Funcs(
		func(n *string, c fuzz.Continue) { *n = names[c.Intn(len(names))] },
		func(b *[]byte, c fuzz.Continue) {
			*b = make([]byte, c.Intn(80))
			c.Read(*b)
		},
		func(b *[]bool, c fuzz.Continue) { *b = nil },
		func(k *vm.Kind, c fuzz.Continue) { *k = vm.Kind(c.Intn(int(vm.Crash) + 1)) },
		func(k *vm.FaultKind, c fuzz.Continue) { *k = 1 + vm.FaultKind(c.Intn(int(vm.FaultTrap))) },
		func(m *vm.Mode, c fuzz.Continue) { *m = vm.Mode(c.Intn(2)) },
		func(k *maps.FieldKind, c fuzz.Continue) {
			*k = maps.SpinLock + maps.FieldKind(c.Intn(int(maps.ResSpinLock)))
		},
		func(i *int, c fuzz.Continue) { *i = c.Intn(1 << 31) },
		func(i *spec.Insn, c fuzz.Continue) {
			c.FuzzNoCustom(i)
			i.Dst, i.Src = i.Dst&0xf, i.Src&0xf
			if c.Intn(3) > 0 { // mostly real opcodes
				i.Op = spec.Table[c.Intn(len(spec.Table))].Op
			}
		},
		func(f *File, c fuzz.Continue) { fill(f, c) },
	)
	for range 500 {
		var want File
		f.Fuzz(&want)
		text, err := Format(&want)
		if err != nil {
			t.Fatalf("%v\n%+v", err, want)
		}
		got, err := Parse("f", text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if d := cmp.Diff(&want, got, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("(-want +got):\n%s\n%s", d, text)
		}
		again, err := Format(got)
		if err != nil || string(again) != string(text) {
			t.Fatalf("%v (-want +got):\n%s", err, cmp.Diff(string(text), string(again)))
		}
	}
}

// fill keeps to what File promises.
func fill(f *File, c fuzz.Continue) {
	c.Fuzz(&f.Name)
	c.Fuzz(&f.Comment)
	c.Fuzz(&f.Mode)
	c.Fuzz(&f.Fuel)
	c.Fuzz(&f.FastFuel)
	typ := []hook.Type{hook.Unspec, hook.XDP, hook.Syscall, hook.StreamVerdict, hook.Type(c.Uint32())}[c.Intn(5)]
	order, license := spec.ByteOrder(c.Intn(2)), []string{"", "MIT", "Dual BSD/GPL", vm.NoLicense}[c.Intn(4)]
	for range 1 + c.Intn(2) {
		p := &vm.Program{Type: typ, Order: order, License: license}
		c.Fuzz(&p.Name)
		c.Fuzz(&p.Insns)
		f.Programs = append(f.Programs, p)
	}
	for range c.Intn(3) {
		m := &maps.Spec{}
		c.Fuzz(m)
		m.Type = maps.Type(c.Intn(30))
		if i := m.Inner; i != nil { // of an inner map only the shape is written
			*i = maps.Spec{Type: i.Type, KeySize: i.KeySize, ValueSize: i.ValueSize, MaxEntries: i.MaxEntries, Flags: i.Flags}
		}
		f.Maps = append(f.Maps, m)
	}
	for range 1 + c.Intn(3) {
		var in vm.Input
		c.Fuzz(&in)
		f.Inputs = append(f.Inputs, in)
	}
	for range c.Intn(len(f.Inputs) + 1) {
		var e *Expect
		if c.RandBool() {
			e = &Expect{}
			c.Fuzz(e)
			fitMaps(e, len(f.Maps), c.Rand)
		}
		f.Expect = append(f.Expect, e)
	}
	for n := len(f.Expect); n > 0 && f.Expect[n-1] == nil; n-- {
		f.Expect = f.Expect[:n-1]
	}
}

func fitMaps(e *Expect, n int, r *rand.Rand) {
	if n == 0 {
		e.Maps = nil
	}
	for i := range e.Maps {
		e.Maps[i].Map = r.Intn(n)
		if e.Maps[i].Absent {
			e.Maps[i].Value = nil
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte("-- prog.hex --\n9500000000000000\n-- expect 1 --\nr0: -1\n"))
	f.Add([]byte("order: big\n-- prog --\nexit\n-- map x --\n-- map x --\n-- map #0 --\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("f", data)
		if err != nil {
			return
		}
		text, err := Format(c)
		if err != nil {
			t.Fatalf("a file that was read cannot be written: %v", err)
		}
		again, err := Parse("f", text)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, text)
		}
		if reflect.DeepEqual(c, again) { // cmp is slow
			return
		}
		if d := cmp.Diff(c, again, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("(-first +second):\n%s", d)
		}
	})
}
