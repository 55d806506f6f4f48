package plugin

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// TestMain makes the test binary a plugin of its own when it is started as one.
func TestMain(m *testing.M) {
	switch os.Getenv("LOCKSTEP_TEST_PLUGIN") {
	case "once":
		os.Exit(once())
	case "server":
		if err := Serve(moody{reference()}, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	case "silent":
		time.Sleep(time.Hour)
	case "rude":
		fmt.Println(`{"error":"go away"}`)
		os.Exit(0)
	case "stillborn":
		fmt.Fprintln(os.Stderr, "no such engine")
		os.Exit(4)
	}
	os.Exit(m.Run())
}

func reference() *vm.EngineTarget {
	m, err := mem.New()
	if err != nil {
		panic(err)
	}
	return vm.NewTarget(&refvm.Engine{}, m)
}

// moody is a target that fails where the first instruction is r0 = one of these.
type moody struct{ vm.Target }

const (
	dies    = 66601 // with status 3 and a word on standard error
	hangs   = 66602
	babbles = 66603 // writes what is no reply
	aborts  = 66604 // by a signal
)

func mood(c *vm.Case) {
	if len(c.Programs) == 0 || len(c.Programs[0].Insns) == 0 {
		return
	}
	switch i := c.Programs[0].Insns[0]; i.Imm {
	case dies:
		fmt.Fprintln(os.Stderr, "assertion failed")
		os.Exit(3)
	case hangs:
		time.Sleep(time.Hour)
	case babbles:
		fmt.Println("hello?")
		os.Exit(0)
	case aborts:
		p, _ := os.FindProcess(os.Getpid())
		_ = p.Kill()
		time.Sleep(time.Hour)
	}
}

func (m moody) Run(c *vm.Case) []vm.Outcome {
	mood(c)
	return m.Target.Run(c)
}

func once() int {
	memory := ""
	if len(os.Args) > 1 {
		memory = os.Args[1]
	}
	r0, err := RunOnce(moody{reference()}, memory, os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Printf("%x\n", r0)
	return 0
}

// program assembles.
func program(t testing.TB, text string) *vm.Program {
	t.Helper()
	a, err := asm.Assemble(text, asm.Names{})
	if err != nil {
		t.Fatal(err)
	}
	return &vm.Program{Insns: a.Insns}
}

func returns(imm int32) *vm.Case {
	return &vm.Case{
		Programs: []*vm.Program{{Insns: []spec.Insn{{Op: spec.MOV, Imm: imm}, {Op: spec.EXIT}}}},
		Inputs:   []vm.Input{{}},
	}
}

func TestRunOnce(t *testing.T) {
	target := reference()
	defer target.Close()
	for _, x := range []struct{ program, memory, want string }{
		// mov r0, 5; exit, as bpf_conformance writes it.
		{"b7  00  00  00  05  00  00  00  95  00  00  00  00  00  00  00  \n", "", "5"},
		// r0 = *(u8 *)(r1 + 1); r0 += r2; exit
		{"71 10 01 00 00 00 00 00 0f 20 00 00 00 00 00 00 95 00 00 00 00 00 00 00", "aa  bb  cc  ", "be"},
		{"", "", "error: program: standard input is empty"},
		{"b7  00  0", "", "error: program: want bytes in hex"},
		{"b7  00", "", "error: insn 0: length 2 must be 8 bytes: the program ends inside the slot"},
		{"95 00 00 00 00 00 00 00", "xx", "error: memory: want bytes in hex"},
		{"95 00 00 00 00 00 00 01", "", "error: rejected: insn 0: imm 16777216 of exit must be 0"},
		{"71 10 01 00 00 00 00 00 95 00 00 00 00 00 00 00", "aa", "error: read fault at insn 0"},
		{"05 00 ff ff 00 00 00 00", "", "error: out of fuel after 1000000 instructions"},
	} {
		r0, err := RunOnce(target, x.memory, strings.NewReader(x.program))
		got := fmt.Sprintf("%x", r0)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != x.want && !(strings.HasPrefix(x.want, "error:") && strings.HasPrefix(got, x.want)) {
			t.Errorf("%q, %q:\ngot  %s\nwant %s", x.program, x.memory, got, x.want)
		}
	}
}
