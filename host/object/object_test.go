package object

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// dispatch has callbacks, tail calls, .data and calls inside .text. Its return
// values follow from the C source.
func TestDispatch(t *testing.T) {
	for _, file := range []string{"dispatch.o", "dispatch.be.o"} {
		o := open(t, file)
		for _, tt := range []struct {
			program string
			packet  int
			r0      uint64
		}{
			{"small", 0, 0 + 1 + 4 + 9 + 16},
			{"large", 0, 42},
			{"dispatch", 63, 30}, // limit is 64
			{"dispatch", 64, 42},
		} {
			c, err := o.Case(tt.program, vm.Input{Packet: make([]byte, tt.packet)})
			if err != nil {
				t.Fatal(err)
			}
			out := run(t, c)
			if out.Kind != vm.Exit || out.R0 != tt.r0 {
				t.Errorf("%s: %s with %d bytes: %v %v %s r0 %d, want exit with %d", file, tt.program, tt.packet, out.Kind, out.Fault, out.Reason, out.R0, tt.r0)
			}
		}
	}
}

// nested has two maps in a map, of which "all" comes before it in the object and
// "some" after it. What it returns follows from the C source.
func TestNested(t *testing.T) {
	for _, file := range []string{"nested.o", "nested.be.o"} {
		o := open(t, file)
		in := func(n int) vm.Input { return vm.Input{Packet: make([]byte, n)} }
		c, err := o.Case("", in(60), in(61), in(70), in(100), in(62))
		if err != nil {
			t.Fatal(err)
		}
		target := vm.NewTarget(&refvm.Engine{}, mem.NewList())
		defer target.Close()
		for i, out := range target.Run(c) {
			want := []uint64{1, 2, 1<<64 - 1, 10, 3}[i]
			if out.Kind != vm.Exit || uint32(out.R0) != uint32(want) {
				t.Fatalf("%s, input %d: %v %v %s r0 %d, want exit with %d", file, i, out.Kind, out.Fault, out.Reason, int32(out.R0), int32(want))
			}
			var put []uint64
			for _, e := range out.Events {
				put = append(put, o.Order.Binary().Uint64(e.Data))
			}
			if found := want < 1<<63; found != (len(put) == 1) || found && put[0] != want {
				t.Errorf("%s, input %d: put out %v, want %d", file, i, put, want)
			}
		}
	}
}

func run(t *testing.T, c *vm.Case) vm.Outcome {
	t.Helper()
	target := vm.NewTarget(&refvm.Engine{}, mem.NewList())
	defer target.Close()
	return target.Run(c)[0]
}

// TestMaps compares the maps with their declarations in C.
func TestMaps(t *testing.T) {
	zeros := func(n int) []byte { return make([]byte, n) }
	for file, want := range map[string][]maps.Spec{
		"dispatch.o": {
			{Name: ".data", Type: maps.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1, Entries: []maps.Entry{{Key: zeros(4), Value: []byte{64, 0, 0, 0}}}},
			{Name: "sizes", Type: maps.ProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 4},
		},
		"dispatch.be.o": {
			{Name: ".data", Type: maps.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1, Entries: []maps.Entry{{Key: zeros(4), Value: []byte{0, 0, 0, 64}}}},
			{Name: "sizes", Type: maps.ProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 4},
		},
		"../../../corpus/programs/ratelimit.o": {
			{Name: ".bss", Type: maps.Array, KeySize: 4, ValueSize: 24, MaxEntries: 1, Entries: []maps.Entry{{Key: zeros(4), Value: zeros(24)}}},
			{
				Name: ".rodata", Type: maps.Array, KeySize: 4, ValueSize: 16, MaxEntries: 1, Flags: maps.ReadOnly, Frozen: true,
				Entries: []maps.Entry{{Key: zeros(4), Value: []byte{0x40, 0x42, 0x0f, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0}}},
			},
			{Name: "buckets", Type: maps.Hash, KeySize: 4, ValueSize: 32, MaxEntries: 4},
			{Name: "clock", Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1},
		},
	} {
		var got []maps.Spec
		for _, m := range open(t, file).Maps {
			got = append(got, m.Spec)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

// TestPrograms checks what a program's section says, and that nothing but what the
// ELF file wants relocated differs from the bytes in the section.
func TestPrograms(t *testing.T) {
	for file, want := range map[string]struct {
		section string
		typ     hook.Type
		order   spec.ByteOrder
	}{
		"checksum":     {"tc", hook.SchedCLS, spec.Little},
		"checksum.be":  {"tc", hook.SchedCLS, spec.Big},
		"firewall":     {"xdp", hook.XDP, spec.Little},
		"firewall.be":  {"xdp", hook.XDP, spec.Big},
		"ratelimit.be": {"xdp", hook.XDP, spec.Big},
	} {
		path := "../../../corpus/programs/" + file + ".o"
		p, err := open(t, path).Program("")
		if err != nil {
			t.Fatal(err)
		}
		if p.Section != want.section || p.Type != want.typ || p.Order != want.order || p.Name != strings.TrimSuffix(file, ".be") {
			t.Errorf("%s: %s in section %s has type %v and %v-endian order", file, p.Name, p.Section, p.Type, p.Order)
		}
		raw := section(t, path, want.section)
		got := spec.Encode(p.Insns, p.Order)[:len(raw)] // subprograms stand behind
		for at := 0; at < len(raw); at += spec.SlotSize {
			i := spec.SplitSlot([spec.SlotSize]byte(raw[at:]), p.Order)
			relocated := i.Op == spec.LDDW || i.Op == spec.CALL && i.Src == spec.CallLocal
			if !relocated && !bytes.Equal(raw[at:at+spec.SlotSize], got[at:at+spec.SlotSize]) {
				t.Errorf("%s: slot %d is %x, the section has %x", file, at/spec.SlotSize, got[at:at+spec.SlotSize], raw[at:at+spec.SlotSize])
			}
		}
	}
}

func section(t *testing.T, path, name string) []byte {
	t.Helper()
	f, err := elf.Open("testdata/" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := f.Section(name).Data()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestUnready: an object that needs a kernel can be read; a case of it says what
// stands in the way, where, and what to do.
func TestUnready(t *testing.T) {
	o := open(t, "unready.o")
	probe, err := o.Program("probe")
	if err != nil {
		t.Fatal(err)
	}
	probe.Type = 20 // lirc_mode2, which is not simulated
	for _, tt := range []struct{ program, want string }{
		{"core", "unready.o: program core (section xdp): insn 0: CO-RE relocation"},
		{"kfunc", "program kfunc (section xdp): insn 1: kernel function kernel_function"},
		{"ksym", "program ksym (section xdp): insn 0: symbol kernel_symbol"},
		{"undefined", "program undefined (section xdp): insn 1: function elsewhere is declared but not defined"},
		{"probe", "program probe (section kprobe/do_exit): unsupported: program type 20"},
		{"odd", "program odd (section nonsense): the section's name says no program type"},
		{"missing", `there is no program "missing": the object has core, kfunc, ksym, odd, probe, ring, undefined`},
		{"", "name one of the programs: the object has core,"},
	} {
		c, err := o.Case(tt.program)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, %v; want an error with %q", tt.program, c, err, tt.want)
		}
	}
}

func TestReadErrors(t *testing.T) {
	good, err := os.ReadFile("testdata/dispatch.o")
	if err != nil {
		t.Fatal(err)
	}
	native, err := os.ReadFile("/proc/self/exe")
	for _, tt := range []struct {
		name, want string
		object     []byte
	}{
		{"empty", "not an ELF file", nil},
		{"text", "not an ELF file", []byte("int main(void) { return 0; }")},
		{"half", "", good[:len(good)/2]},
		{"large .bss", `section ".bss" has 1073741824 bytes`, patched(t, ".bss")},
		{"large variables", "has 33554432 bytes: an object", patched(t, "total")},
		{"a native executable", "not for BPF", native},
	} {
		if tt.name == "a native executable" && err != nil {
			t.Log("no /proc/self/exe here: a native executable is not tried")
			continue
		}
		if _, err := Read(bytes.NewReader(tt.object)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error with %q", tt.name, err, tt.want)
		}
	}
}

// patched is an object whose .bss claims 1 GiB, or in which every symbol claims 32 MiB.
func patched(t *testing.T, what string) []byte {
	t.Helper()
	b, err := os.ReadFile("../../corpus/programs/ratelimit.o")
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	put := binary.LittleEndian.PutUint64
	if what == ".bss" {
		i := slices.IndexFunc(f.Sections, func(s *elf.Section) bool { return s.Name == what })
		headers := binary.LittleEndian.Uint64(b[40:]) // e_shoff
		put(b[headers+uint64(i)*64+32:], 1<<30)       // sh_size
		return b
	}
	symbols := f.Section(".symtab")
	for at := symbols.Offset; at < symbols.Offset+symbols.Size; at += elf.Sym64Size {
		put(b[at+16:], 32<<20) // st_size
	}
	return b
}

func open(t *testing.T, file string) *Object {
	t.Helper()
	o, err := Open("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestReaderPanics: a panic at any read under the ELF readers is an error of Read.
func TestReaderPanics(t *testing.T) {
	b, err := os.ReadFile("testdata/dispatch.o")
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]int{"debug/elf": 0, "cilium/ebpf": 0}
	for n := 0; ; n++ {
		_, err := Read(&breaking{bytes.NewReader(b), n})
		if err == nil {
			break // n reads are enough
		}
		for name := range by {
			if strings.Contains(err.Error(), name) && strings.Contains(err.Error(), "panicked: broken") {
				by[name]++
			}
		}
	}
	if by["debug/elf"] == 0 || by["cilium/ebpf"] == 0 {
		t.Errorf("panics that became errors: %v, want some of each", by)
	}
}

// breaking panics after a number of reads.
type breaking struct {
	r    io.ReaderAt
	left int
}

func (b *breaking) ReadAt(p []byte, off int64) (int, error) {
	if b.left--; b.left < 0 {
		panic("broken")
	}
	return b.r.ReadAt(p, off)
}

// TestFillIn: what an object leaves to its loader, and what it does not.
func TestFillIn(t *testing.T) {
	for _, tt := range []struct {
		in                     ebpf.MapSpec
		key, value, maxEntries uint32
	}{
		{ebpf.MapSpec{Type: ebpf.PerfEventArray}, 4, 4, vm.DefaultCPUs},
		{ebpf.MapSpec{Type: ebpf.PerfEventArray, KeySize: 4, ValueSize: 4, MaxEntries: 128}, 4, 4, 128},
		{ebpf.MapSpec{Type: ebpf.CPUMap, KeySize: 4, ValueSize: 8}, 4, 8, vm.DefaultCPUs},
		{ebpf.MapSpec{Type: ebpf.ProgramArray, MaxEntries: 3}, 4, 4, 3},
		{ebpf.MapSpec{Type: ebpf.ArrayOfMaps, KeySize: 4, MaxEntries: 3}, 4, 4, 3},
		{ebpf.MapSpec{Type: ebpf.HashOfMaps, KeySize: 8, MaxEntries: 3}, 8, 4, 3},
		{ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4}, 4, 0, 0},
		{ebpf.MapSpec{Type: ebpf.Array}, 0, 0, 0},
	} {
		got := convertMap("m", &tt.in, spec.Little)
		if got.KeySize != tt.key || got.ValueSize != tt.value || got.MaxEntries != tt.maxEntries {
			t.Errorf("%v: key %d, value %d, %d entries; want %d, %d, %d", tt.in.Type, got.KeySize, got.ValueSize, got.MaxEntries, tt.key, tt.value, tt.maxEntries)
		}
	}
}
