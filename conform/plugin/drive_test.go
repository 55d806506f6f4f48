package plugin

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// self starts this test binary as a plugin of a kind that TestMain knows.
func self(t *testing.T, kind string) string {
	t.Helper()
	t.Setenv("LOCKSTEP_TEST_PLUGIN", kind)
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestProcess(t *testing.T) {
	p, err := NewProcess("plugin:self", self(t, "once"))
	if err != nil {
		t.Fatal(err)
	}
	p.Timeout = 2 * time.Second
	sum := &vm.Case{
		Programs: []*vm.Program{program(t, "r0 = *(u8 *)(r1 + 0)\nr0 += r2\nexit")},
		Inputs:   []vm.Input{{Memory: []byte{40, 0}}, {Memory: []byte{1}}},
	}
	xdp := returns(1)
	xdp.Programs[0].Type = hook.XDP
	big := returns(1)
	big.Programs[0].Order = spec.Big
	withMap := returns(1)
	withMap.Maps = []*maps.Spec{{}}
	two := returns(1)
	two.Programs = append(two.Programs, two.Programs[0])
	for _, x := range []struct {
		name string
		c    *vm.Case
		want []vm.Result // Reason: a part of it
	}{
		{"r0", returns(-1), []vm.Result{{R0: ^uint64(0)}}},
		{"memory", sum, []vm.Result{{R0: 42}, {R0: 2}}},
		{"an error", &vm.Case{Programs: []*vm.Program{{Insns: []spec.Insn{{Op: 0xff}}}}, Inputs: []vm.Input{{}}}, []vm.Result{{Kind: vm.LoadRejected, Reason: "exit status 1: rejected: insn 0: opcode 0xff is unknown"}}},
		{"death", returns(dies), []vm.Result{{Kind: vm.LoadRejected, Reason: "exit status 3: assertion failed"}}},
		{"signal", returns(aborts), []vm.Result{{Kind: vm.Crash, Reason: "signal: killed"}}},
		{"nonsense", returns(babbles), []vm.Result{{Kind: vm.Crash, Reason: `it printed "hello?" where r0`}}},
		{"hang", returns(hangs), []vm.Result{{Kind: vm.Hang, Reason: "no answer in 2s"}}},
		{"xdp", xdp, []vm.Result{{Kind: vm.LoadUnsupported, Reason: "programs of type xdp"}}},
		{"big", big, []vm.Result{{Kind: vm.LoadUnsupported, Reason: "big-endian"}}},
		{"maps", withMap, []vm.Result{{Kind: vm.LoadUnsupported, Reason: "maps"}}},
		{"two programs", two, []vm.Result{{Kind: vm.LoadUnsupported, Reason: "2 programs"}}},
	} {
		check(t, x.name, p.Run(x.c), x.want)
	}
}

func check(t *testing.T, name string, got []vm.Outcome, want []vm.Result) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d outcomes, want %d", name, len(got), len(want))
		return
	}
	for i, w := range want {
		if g := got[i]; g.Kind != w.Kind || g.R0 != w.R0 || !strings.Contains(g.Reason, w.Reason) {
			t.Errorf("%s: input %d: got %s %#x %q, want %s %#x %q", name, i, g.Kind, g.R0, g.Reason, w.Kind, w.R0, w.Reason)
		}
	}
}

func startSelf(t *testing.T) *Server {
	t.Helper()
	s, err := StartServer("jsonl:self", self(t, "server"))
	if err != nil {
		t.Fatal(err)
	}
	s.Timeout = 2 * time.Second
	t.Cleanup(func() { s.Close() })
	return s
}

// TestServerSurvives sends batches with cases in them that kill the server, and
// expects each death to cost its own case alone.
func TestServerSurvives(t *testing.T) {
	s := startSelf(t)
	if s.Hello().Name != "refvm" {
		t.Errorf("hello from %q", s.Hello().Name)
	}
	batch := []*vm.Case{returns(1), returns(dies), returns(2), returns(hangs), returns(3), returns(babbles), returns(4), returns(aborts), returns(5)}
	got := s.RunBatch(batch)
	for i, w := range []vm.Result{
		{R0: 1},
		{Kind: vm.Crash, Reason: "exit status 3; standard error: assertion failed"},
		{R0: 2},
		{Kind: vm.Hang, Reason: "no answer in time (2s)"},
		{R0: 3},
		{Kind: vm.Crash, Reason: `not a reply: invalid character 'h' looking for beginning of value: "hello?`},
		{R0: 4},
		{Kind: vm.Crash, Reason: "signal: killed"},
		{R0: 5},
	} {
		check(t, batch[i].Programs[0].Insns[0].String(), got[i], []vm.Result{w})
	}
	check(t, "alone", s.Run(returns(6)), []vm.Result{{R0: 6}})
	check(t, "death alone", s.Run(returns(dies)), []vm.Result{{Kind: vm.Crash, Reason: "exit status 3"}})
	check(t, "afterwards", s.Run(returns(7)), []vm.Result{{R0: 7}})
	unknown := returns(1)
	unknown.Programs[0].Type = 99
	check(t, "type", s.Run(unknown), []vm.Result{{Kind: vm.LoadUnsupported, Reason: "program type 99"}})
}

// TestServerEqualsEngine compares whole outcomes across the protocol with those of
// the engine itself, on random programs that fault, loop, call helpers and leave
// undefined values.
func TestServerEqualsEngine(t *testing.T) {
	s := startSelf(t)
	engine := reference()
	defer engine.Close()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var batch []*vm.Case
	for range 300 {
		batch = append(batch, random(r))
	}
	kinds := map[vm.Kind]int{}
	for i, got := range s.RunBatch(batch) {
		want := engine.Run(batch[i])
		for k := range want {
			kinds[want[k].Kind]++
			w := want[k]
			if w.Kind != vm.Exit { // not shown
				w.R0, w.Regs, w.Undef = 0, [11]uint64{}, 0
			}
			if w.Kind > vm.FuelSpent {
				w = vm.Outcome{Result: w.Result}
				w.Steps = 0
			}
			if d := cmp.Diff(w, got[k], cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("case %d, input %d (-engine +server):\n%s\n%v", i, k, d, batch[i].Programs[0].Insns)
			}
		}
	}
	t.Logf("kinds: %v", kinds)
	if kinds[vm.Exit] == 0 || kinds[vm.Faulted] == 0 || kinds[vm.LoadRejected] == 0 {
		t.Errorf("the programs do not show enough: %v", kinds)
	}
}

func random(r *rand.Rand) *vm.Case {
	types := []hook.Type{hook.Unspec, hook.XDP, hook.SchedCLS, hook.Syscall, hook.RawTracepoint, hook.CgroupSKBEgress, hook.StreamVerdict}
	p := &vm.Program{Type: types[r.IntN(len(types))], Order: spec.ByteOrder(r.IntN(2))}
	bytes := func() []byte {
		b := make([]byte, 1+r.IntN(20))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	p.Insns = append(p.Insns, spec.Insn{Op: spec.LDDW, Dst: 8, Src: spec.LDDWMapFD, Imm: int32(r.IntN(2))}, spec.Insn{})
	for range r.IntN(12) {
		row := &spec.Table[r.IntN(len(spec.Table))]
		if row.Internal || row.IsWide() || row.Branches() || row.Op == spec.CALL || row.Op == spec.EXIT || row.Casts() {
			continue
		}
		if row.Class() == spec.ClassLD && r.IntN(4) > 0 {
			continue
		}
		in := func(f spec.Field) int64 {
			switch {
			case f.IsRegister():
				return int64([]int{0, 1, 2, 8, 9}[r.IntN(5)])
			case f.Selects():
				return f.Lo
			case f.Lo >= 0 && f.Lo <= f.Hi:
				return f.Lo + r.Int64N(f.Hi-f.Lo+1)
			}
			return int64(1 + r.IntN(7))
		}
		i := spec.Insn{Op: row.Op, Dst: uint8(in(row.Dst)), Src: uint8(in(row.Src)), Off: int16(in(row.Off)), Imm: int32(in(row.Imm))}
		if row.Class() == spec.ClassSTX && r.IntN(2) == 0 && row.Off == spec.Any {
			i.Dst, i.Off = 10, -8
		}
		p.Insns = append(p.Insns, i)
	}
	p.Insns = append(p.Insns, spec.Insn{Op: spec.EXIT})
	c := &vm.Case{
		Programs: []*vm.Program{p},
		Maps: []*maps.Spec{
			{Name: "h", Type: maps.Hash, KeySize: 2, ValueSize: 3, MaxEntries: 4, Entries: []maps.Entry{{Key: []byte{1, 2}, Value: []byte{3, 4, 5}}}},
			{Name: "b", Type: maps.BloomFilter, ValueSize: 4, MaxEntries: 8, Extra: 3, Entries: []maps.Entry{{Value: []byte{1, 2, 3, 4}}}},
			{Name: "a", Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 2},
			{
				Name: "m", Type: maps.HashOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 2,
				Inner:   &maps.Spec{Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 2},
				Entries: []maps.Entry{{Key: []byte{9, 0, 0, 0}, Value: []byte{2, 0, 0, 0}}},
			},
		},
	}
	for range 1 + r.IntN(3) {
		in := vm.Input{Memory: bytes(), Packet: bytes(), Seed: r.Uint64()}
		if p.Type != hook.XDP {
			in.Context = bytes()
		}
		c.Inputs = append(c.Inputs, in)
	}
	return c
}

// TestScriptHangs makes sure that the process that a plugin's script waits for goes
// with the script.
func TestScriptHangs(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("needs sh")
	}
	path := filepath.Join(t.TempDir(), "hang.sh")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nsleep 3600\necho 5\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := NewProcess("x", path)
	if err != nil {
		t.Fatal(err)
	}
	p.Timeout = 100 * time.Millisecond
	check(t, "script", p.Run(returns(1)), []vm.Result{{Kind: vm.Hang, Reason: "no answer in 100ms"}})
}

// TestSmallServer drives a server that is not ours and says no more than it must.
func TestSmallServer(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("needs sh")
	}
	path := filepath.Join(t.TempDir(), "small.sh")
	script := `#!/bin/sh
echo '{"hello":{"protocol":1,"name":"small","observables":["r0"],"byte_order":"little","limits":{"insns":3}}}'
i=0
while read line; do
	case "$line" in
	*b70000000700*) echo "{\"id\":$i,\"rejected\":\"no sevens\"}" ;;
	*) echo "{\"id\":$i,\"r0\":\"5\",\"news\":true}" ;;
	esac
	i=$((i+1))
done
`
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := StartServer("x", path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if obs := s.Observables(returns(5)); obs != vm.ObsR0 {
		t.Errorf("observables %v", obs.Names())
	}
	long := returns(5)
	long.Programs[0].Insns = make([]spec.Insn, 4)
	big := returns(5)
	big.Programs[0].Order = spec.Big
	got := s.RunBatch([]*vm.Case{returns(5), long, returns(7), big, returns(5)})
	for i, w := range []vm.Result{
		{R0: 5},
		{Kind: vm.LoadUnsupported, Reason: "a program of 4 slots: its limit is 3"},
		{Kind: vm.LoadRejected, Reason: "no sevens"},
		{Kind: vm.LoadUnsupported, Reason: "big-endian"},
		{R0: 5},
	} {
		check(t, "small", got[i], []vm.Result{w})
	}
}

func TestStartErrors(t *testing.T) {
	for _, x := range []struct{ kind, want string }{
		{"rude", `its first line is no greeting: there is no "hello"; it is "{\"error\":\"go away\"}`},
		{"stillborn", "does not say hello: it ended: exit status 4; standard error: no such engine"},
	} {
		if _, err := StartServer(x.kind, self(t, x.kind)); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: got %v, want %s", x.kind, err, x.want)
		}
	}
	path := self(t, "silent")
	s := &Server{Timeout: 50 * time.Millisecond, path: path}
	if err := s.start(); err == nil || !strings.Contains(err.Error(), "does not say hello: no answer in time (50ms)") {
		t.Errorf("silent: got %v", err)
	}
	for _, command := range []string{"", "  ", "/no/such/file", "./doc.go"} {
		if _, err := NewProcess("x", command); err == nil || !strings.Contains(err.Error(), "plugin") {
			t.Errorf("process %q: got %v", command, err)
		}
		if _, err := StartServer("x", command); err == nil || !strings.Contains(err.Error(), "plugin") {
			t.Errorf("server %q: got %v", command, err)
		}
	}
}
