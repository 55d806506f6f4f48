package bpftest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/bpftest"
)

// open is struct open of opens.c.
type open struct {
	NS   uint64
	PID  uint32
	FD   int32
	Comm [16]byte
	Name [64]byte
}

func text(b []byte) string { s, _, _ := strings.Cut(string(b), "\x00"); return s }

// load loads opens.o with a clock that stands still until it is moved.
func load(t testing.TB, opts ...bpftest.Option) (o *bpftest.Object, now *uint64) {
	o = bpftest.Load(t, "testdata/opens.o", opts...)
	now = new(uint64)
	o.Env().Now = func() uint64 { return *now }
	o.Env().Task.PID, o.Env().Task.TGID, o.Env().Task.Comm = 78, 77, "cat"
	return o, now
}

func TestOpens(t *testing.T) {
	o, now := load(t)
	*now = 1000
	o.Run("enter", bpftest.Args(-100, "/etc/passwd", 0)).Returns(0)
	if n := o.Map("started").Len(); n != 1 {
		t.Errorf("%d files are being opened, want 1", n)
	}
	*now = 1300
	var got open
	o.Run("leave", bpftest.Return(3)).Returns(0).Record("opens", &got)
	if got.NS != 300 || got.PID != 77 || got.FD != 3 || text(got.Comm[:]) != "cat" || text(got.Name[:]) != "/etc/passwd" {
		t.Errorf("%+v", got)
	}
	o.Map("started").Lacks(uint32(78))

	o.Run("enter", bpftest.Args(-100, "/none"))
	o.Run("leave", bpftest.Return(-2)).Record("opens", &got)
	var failed uint64
	o.Variable("failed", &failed)
	if got.FD != -2 || failed != 1 {
		t.Errorf("fd %d, %d failed", got.FD, failed)
	}
	// Nobody began this one.
	if r := o.Run("leave", bpftest.Return(3)); len(r.Records("opens")) != 0 {
		t.Errorf("%d records", len(r.Records("opens")))
	}
}

// TestSet: a constant is what the loader makes it.
func TestSet(t *testing.T) {
	for only, want := range map[uint32]int{0: 1, 77: 1, 78: 0} {
		o, _ := load(t, bpftest.Set("only", only))
		o.Run("enter", bpftest.Args(0, "/"))
		if n := o.Map("started").Len(); n != want {
			t.Errorf("only %d: %d files, want %d", only, n, want)
		}
	}
}

// TestText: a pointer that leads nowhere gives an empty name, a long text is cut.
func TestText(t *testing.T) {
	o, _ := load(t)
	for _, tt := range []struct {
		arg  any
		want string
	}{{0, ""}, {uint64(0xffff_8000_0000_0000), ""}, {strings.Repeat("x", 70), strings.Repeat("x", 63)}, {[]byte("ab\x00c"), "ab"}} {
		o.Run("enter", bpftest.Args(0, tt.arg))
		var got open
		if !o.Map("started").Get(uint32(78), &got) || text(got.Name[:]) != tt.want {
			t.Errorf("%v: name %q, want %q", tt.arg, text(got.Name[:]), tt.want)
		}
	}
}

func TestMocks(t *testing.T) {
	o := bpftest.Load(t, "testdata/faults.o", bpftest.Mock("bpf_snprintf_btf", func(c *bpftest.Call) uint64 {
		if c.Args[1] != 8 || !c.Write(c.Args[0], []byte("hello")) || c.Write(c.Args[0], make([]byte, 600)) {
			t.Errorf("arguments %x", c.Args)
		}
		if got := c.Read(c.Args[0], 4); string(got) != "hell" {
			t.Errorf("read %q", got)
		}
		return 5
	}), bpftest.Mock("get_prandom_u32", func(*bpftest.Call) uint64 { return 4 }))
	o.Env().Now = func() uint64 { return 38 }
	o.Run("mocked", bpftest.Packet([]byte{1})).Returns('h')
	o.Run("asks", bpftest.Packet(make([]byte, 14)), bpftest.Field("mark", 1)).Returns(42)
}

// recorder is a test that notes how it fails.
type recorder struct {
	testing.TB
	said []string
}

type fatal struct{}

func (r *recorder) Helper()                   {}
func (r *recorder) Errorf(f string, a ...any) { r.said = append(r.said, fmt.Sprintf(f, a...)) }
func (r *recorder) Fatalf(f string, a ...any) { r.Errorf(f, a...); panic(fatal{}) }

// TestFailures: what a test hears when it is wrong.
func TestFailures(t *testing.T) {
	for _, tt := range []struct {
		name string
		does func(t testing.TB)
		want []string
	}{
		{"no file", func(t testing.TB) { bpftest.Load(t, "testdata/none.o") }, []string{"none.o"}},
		{"no program", func(t testing.TB) { bpftest.Load(t, "testdata/faults.o").Run("x") }, []string{`no program "x"`, "careless"}},
		{"not simulated", func(t testing.TB) { bpftest.Load(t, "testdata/faults.o").Run("mocked") }, []string{"mocked cannot run here", "helper 149"}},
		{"a short packet", func(t testing.TB) {
			bpftest.Load(t, "testdata/faults.o").Run("careless", bpftest.Packet(make([]byte, 14)))
		}, []string{"read fault", "address 0x30000014", "= *(u8 *)(r1 + 20)", "r1=0x30000000"}},
		{"another result", func(t testing.TB) {
			bpftest.Load(t, "testdata/faults.o").Run("careless", bpftest.Packet(make([]byte, 30))).Returns(7)
		}, []string{"careless returned 0, want 7", "exit"}},
		{"another packet", func(t testing.TB) {
			bpftest.Load(t, "testdata/faults.o").Run("careless", bpftest.Packet(make([]byte, 30))).PacketIs([]byte{0, 1})
		}, []string{"differ from byte 1"}},
		{"a packet for a probe", func(t testing.TB) { bpftest.Load(t, "testdata/opens.o").Run("enter", bpftest.Packet(nil)) }, []string{"kprobe program has no packet"}},
		{"no such field", func(t testing.TB) { bpftest.Load(t, "testdata/faults.o").Run("asks", bpftest.Field("marc", 1)) }, []string{`no field "marc"`}},
		{"a large value", func(t testing.TB) { bpftest.Load(t, "testdata/faults.o").Run("asks", bpftest.Field("mark", 1<<32)) }, []string{"4294967296 does not fit into 4 bytes"}},
		{"no such map", func(t testing.TB) { bpftest.Load(t, "testdata/opens.o").Map("x") }, []string{`no map "x"`}},
		{"a short key", func(t testing.TB) { bpftest.Load(t, "testdata/opens.o").Map("started").Delete("ab") }, []string{"key: 2 bytes, want 4"}},
		{"not there", func(t testing.TB) { bpftest.Load(t, "testdata/opens.o").Map("started").Wants(1, make([]byte, 96)) }, []string{"nothing under 1", "0 elements"}},
		{"no such variable", func(t testing.TB) { bpftest.Load(t, "testdata/opens.o", bpftest.Set("x", 1)) }, []string{`no variable "x"`, "only"}},
		{"no such helper", func(t testing.TB) { bpftest.Load(t, "testdata/opens.o", bpftest.Mock("x", nil)) }, []string{`no helper "x"`}},
		{"tail calls", func(t testing.TB) { bpftest.Load(t, "testdata/opens.o", bpftest.Mock("tail_call", nil)) }, []string{"cannot be replaced"}},
		{"nothing printed", func(t testing.TB) {
			bpftest.Load(t, "testdata/opens.o").Run("leave").Printed("x")
		}, []string{`printed [], want ["x"]`}},
		{"no record", func(t testing.TB) {
			bpftest.Load(t, "testdata/opens.o").Run("leave").Record("opens", new(open))
		}, []string{"0 records in opens, want 1"}},
		{"no redirection", func(t testing.TB) {
			bpftest.Load(t, "testdata/opens.o").Run("leave").RedirectedTo(3)
		}, []string{"no redirection, want one to 3"}},
	} {
		r := &recorder{TB: t}
		func() {
			defer func() {
				if p := recover(); p != nil && p != any(fatal{}) {
					panic(p)
				}
			}()
			tt.does(r)
		}()
		if len(r.said) != 1 {
			t.Errorf("%s: said %q, want one failure", tt.name, r.said)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(r.said[0], want) {
				t.Errorf("%s: said\n%s\nwithout %q", tt.name, r.said[0], want)
			}
		}
	}
}
