package casefile

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

func ptr[T any](v T) *T { return &v }

// full has everything that a file can hold, beside the same as a value.
const full = `# Everything at once.
#
#   indented
name: all of it
type: xdp
mode: trusted
fuel: 77
meter: fast
-- prog/main --
	r1 = map[counts]
	r0 = 5
	exit
-- prog/other --
	.insn 0xff, 1, 2, 3, 4	# opcode 0xff is unknown
-- map counts --
type: hash
key: 4
value: 8
max_entries: 16
flags: 0x1
01000000 = 0000000000000000
02000000 = 1122334455667788
-- map --
type: 99
key: 1
value: 40
max_entries: 1
00 =
	000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
	2021222324252627
-- input --
memory: 01
packet: aabbcc
ctx: 0102
seed: 9
-- input 2 --
-- expect --
kind: exit
r0: 0x5
steps: 3
memory:
packet: aabbcd
map counts: 01000000 = 0000000000000001
map #1: 00 = absent
trace: "a \"b\""
-- expect 2 --
kind: fault
fault: read prog=1 pc=3 addr=0x10
message: out of bounds
`

func fullFile() *File {
	prog := func(name string, insns ...spec.Insn) *vm.Program {
		return &vm.Program{Name: name, Type: hook.XDP, Insns: insns}
	}
	long := make([]byte, 40)
	for i := range long {
		long[i] = byte(i)
	}
	return &File{
		Comment: []string{"Everything at once.", "", "  indented"},
		Case: vm.Case{
			Name: "all of it", Mode: vm.Trusted, Fuel: 77, FastFuel: true,
			Programs: []*vm.Program{
				prog("main", spec.Insn{Op: spec.LDDW, Dst: 1, Src: spec.LDDWMapFD}, spec.Insn{}, spec.Insn{Op: spec.MOV, Imm: 5}, spec.Insn{Op: spec.EXIT}),
				prog("other", spec.Insn{Op: 0xff, Dst: 1, Src: 2, Off: 3, Imm: 4}),
			},
			Maps: []*maps.Spec{
				{Name: "counts", Type: maps.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 16, Flags: 1, Entries: []maps.Entry{
					{Key: []byte{1, 0, 0, 0}, Value: make([]byte, 8)},
					{Key: []byte{2, 0, 0, 0}, Value: []byte{0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88}},
				}},
				{Type: 99, KeySize: 1, ValueSize: 40, MaxEntries: 1, Entries: []maps.Entry{{Key: []byte{0}, Value: long}}},
			},
			Inputs: []vm.Input{{Memory: []byte{1}, Packet: []byte{0xaa, 0xbb, 0xcc}, Context: []byte{1, 2}, Seed: 9}, {}},
		},
		Expect: []*Expect{
			{
				R0: ptr(uint64(5)), Steps: ptr(uint64(3)), Memory: []byte{}, Packet: []byte{0xaa, 0xbb, 0xcd},
				Maps: []Element{
					{Map: 0, Key: []byte{1, 0, 0, 0}, Value: []byte{0, 0, 0, 0, 0, 0, 0, 1}},
					{Map: 1, Key: []byte{0}, Absent: true},
				},
				Trace: []string{`a "b"`},
			},
			{Kind: vm.Faulted, Fault: &Fault{vm.FaultRead, ptr(1), ptr(3), ptr(uint64(16))}, Message: "out of bounds"},
		},
	}
}

func TestFull(t *testing.T) {
	got, err := Parse("full", []byte(full))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(fullFile(), got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("parsed (-want +got):\n%s", d)
	}
	if got.Expect[0].Memory == nil || got.Expect[0].Context != nil {
		t.Error("an expectation of no bytes is not the same as no expectation")
	}
	text, err := Format(fullFile())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(full, string(text)); d != "" {
		t.Errorf("formatted (-want +got):\n%s", d)
	}
}

func TestShortForms(t *testing.T) {
	f, err := Parse("short", []byte("-- prog.hex --\nb7 00 00 00 05 00 00 00 # r0 = 5\n95 00 00 00 00 00 00 00\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := &File{Case: vm.Case{
		Programs: []*vm.Program{{Insns: []spec.Insn{{Op: spec.MOV, Imm: 5}, {Op: spec.EXIT}}}},
		Inputs:   []vm.Input{{}},
	}}
	if d := cmp.Diff(want, f, cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
	// The same program for a big-endian machine: RFC 9669 section 3.1 swaps fields.
	f, err = Parse("big", []byte("order: big\r\n-- prog/x.hex --\r\nb7 10 00 00 00 00 00 05\r\n95 00 00 00 00 00 00 00\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if p := f.Programs[0]; p.Order != spec.Big || p.Name != "x" || p.Insns[0] != (spec.Insn{Op: spec.MOV, Dst: 1, Imm: 5}) {
		t.Errorf("got %+v", p)
	}
}

func TestParseErrors(t *testing.T) {
	const prog = "-- prog --\nexit\n"
	for _, x := range []struct{ text, want string }{
		{"", "f:1: there is no program"},
		{"exit\n", "f:1: want `key: value`, or a comment after #, not \"exit\"; a program goes below a line `-- prog --`"},
		{"r0 = 5\n", "f:1: want `key: value`"},
		{prog + "-- input --\nhello\n", "f:4: want `key: value`, or a comment after #, not \"hello\""},
		{"\n colour: red\n" + prog, "f:2: this line begins with a blank"},
		{"colour: red\n" + prog, `f:1: unknown key "colour"`},
		{"# x\ntype: zdp\n" + prog, `f:2: type: unknown program type "zdp"`},
		{"mode: half\n" + prog, `f:1: mode: want checked or trusted`},
		{"meter: slow\n" + prog, `f:1: meter: want exact or fast`},
		{"order: middle\n" + prog, `f:1: order: want little or big`},
		{"fuel: -1\n" + prog, `f:1: fuel: want a number of at most 64 bits, not "-1"`},
		{prog + "-- pragma --\n", `f:3: unknown file "pragma"`},
		{"-- prog --\nexit\nr0 = = 5\n", `f:3:6: found "="`},
		{"-- prog --\nr1 = map[x]\n-- map y --\n", `f:2:10: found "x", want a map: y`},
		{"-- prog.hex --\n0\n", `f:2: want bytes in hex`},
		{"-- prog.hex --\n00\n", `f:2: insn 0: length 1`},
		{"-- prog/a b --\n", `f:1: program name "a b"`},
		{"-- prog/a.hex.hex --\n", `f:1: program name "a.hex"`},
		{"-- prog x --\n", `f:1: unknown file "prog x"`},
		{"-- map a b --\n" + prog, `f:1: map name "a b"`},
		{"-- map a --\ntype: tree\n" + prog, `f:2: type: unknown map type "tree"`},
		{"-- map a --\nkeys: 4\n" + prog, `f:2: unknown key "keys"`},
		{"-- map a --\nkey: 0x100000000\n" + prog, `f:2: key: want a number of at most 32 bits`},
		{"-- map a --\n0x = 00\n" + prog, `f:2: want bytes in hex`},
		{prog + "-- input 2 --\n", `f:3: input 2 here: the next one is input 1`},
		{prog + "-- input x --\n", `f:3: want a number from 1 after the name, not "x"`},
		{prog + "-- input --\npacket: 0\n", `f:4: packet: want bytes in hex`},
		{prog + "-- input --\npackets: 00\n", `f:4: unknown key "packets"`},
		{prog + "-- expect --\n-- expect --\n", `f:4: expect 1 here: expectations come in the order`},
		{prog + "-- expect 2 --\n", `f:3: there is no input 2`},
		{prog + "-- expect 99999999 --\n", `f:3: expect 99999999: there are no more than`},
		{prog + "-- expect --\nkind: good\n", `f:4: kind: want exit,`},
		{prog + "-- expect --\nr0: five\n", `f:4: r0: want a number`},
		{prog + "-- expect --\nr0: -9223372036854775809\n", `f:4: r0: want a number`},
		{prog + "-- expect --\nr1: 0\n", `f:4: r1: unknown key`},
		{prog + "-- expect --\nfault:\n", `f:4: fault: want a kind of fault`},
		{prog + "-- expect --\nfault: none\n", `f:4: fault: want align,`},
		{prog + "-- expect --\nfault: read at=3\n", `f:4: fault: want pc=, addr= or prog=, not "at=3"`},
		{prog + "-- expect --\nfault: read pc\n", `f:4: fault: pc: want a number`},
		{prog + "-- expect --\nmap x: 00 = 00\n", `f:4: map x: there is no such map`},
		{prog + "-- map x --\n-- expect --\nmap x: 00\n", "f:5: map x: want `key = value`"},
		{prog + "-- expect --\ntrace: a\n", `f:4: trace: want a quoted string`},
	} {
		_, err := Parse("f", []byte(x.text))
		var e *Error
		if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), x.want) {
			t.Errorf("%q:\ngot  %v\nwant %s", x.text, err, x.want)
		}
	}
}

func TestFormatErrors(t *testing.T) {
	for _, x := range []struct {
		break_ func(f *File)
		want   string
	}{
		{func(f *File) { f.Programs = nil }, "no program"},
		{func(f *File) { f.Name = "two\nlines" }, "case name"},
		{func(f *File) { f.Comment = []string{"a\nb"} }, "comment line"},
		{func(f *File) { f.Programs[1].Type = hook.Unspec }, "programs of types xdp and mem"},
		{func(f *File) { f.Programs[1].Order = spec.Big }, "both byte orders"},
		{func(f *File) { f.Programs[1].Name = "a.hex" }, "program name"},
		{func(f *File) { f.Maps[0].Name = "a b" }, "map name"},
		{func(f *File) { f.Expect[0].Message = "a  b" }, "expected message"},
	} {
		f := fullFile()
		x.break_(f)
		if _, err := Format(f); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("got %v, want %s", err, x.want)
		}
	}
}

func TestReadNamesTheFile(t *testing.T) {
	path := t.TempDir() + "/x.txtar"
	if _, err := Read(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(path, []byte("fuel: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err == nil || !strings.HasPrefix(err.Error(), path+":1: fuel") {
		t.Errorf("got %v", err)
	}
}

// TestDocExample reads the case that the package comment shows.
func TestDocExample(t *testing.T) {
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, l := range strings.Split(string(source), "\n") {
		if l, ok := strings.CutPrefix(l, "//\t"); ok {
			text.WriteString(l + "\n")
			continue
		}
		if text.Len() > 0 {
			break
		}
	}
	f, err := Parse("doc.go", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	if f.Name != "a counter" || len(f.Maps) != 1 || len(f.Expect) != 1 || len(f.Programs[0].Insns) != 11 {
		t.Errorf("got %+v", f)
	}
	if err := spec.CheckAll(f.Programs[0].Insns); err != nil {
		t.Error(err)
	}
}
