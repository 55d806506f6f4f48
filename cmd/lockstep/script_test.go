package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/lockstep-ebpf/lockstep/conform/plugin"
	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

func TestMain(m *testing.M) {
	kernelcmp.ExecutorMain()
	testscript.Main(m, map[string]func(){
		"lockstep": main,
		"liar":     liar,
		"dier":     func() { os.Exit(7) },
	})
}

// TestScripts runs testdata/script/*.txtar. Beside testscript's own commands there
// is `field FILE PATH WANT`, which looks into a JSON object.
func TestScripts(t *testing.T) {
	objects, err := filepath.Abs("../../corpus/programs")
	if err != nil {
		t.Fatal(err)
	}
	unsafe, err := filepath.Abs("../../verifier/render/testdata/unsafe.o")
	if err != nil {
		t.Fatal(err)
	}
	cases, err := filepath.Abs("testdata/cases")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("OBJECTS", objects)
			e.Setenv("UNSAFE", unsafe)
			e.Cd = e.WorkDir
			if err := os.CopyFS(e.WorkDir, os.DirFS(cases)); err != nil { // txtar cannot hold txtar
				return err
			}
			e.Setenv("HOME", e.WorkDir)
			return writeCaptures(e.WorkDir)
		},
		Condition: func(cond string) (bool, error) {
			if cond != "bpf" {
				return false, fmt.Errorf("unknown condition %q", cond)
			}
			k, err := openKernel(filepath.Join(t.TempDir(), "journal"))
			if err != nil {
				return false, nil // the script then expects the message
			}
			return true, k.Close()
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"status": status,
			"field":  field,
		},
	})
}

// status runs a command and compares its exit status: status 2 lockstep foo.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command [args...]")
	}
	got := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("exit status %s, want %s", got, args[0])
	}
}

// field compares a part of a JSON object: field stdout fault.kind read. A PATH
// names object keys and list indexes; WANT is as fmt prints the value, `*` is
// anything.
func field(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: [!] field FILE PATH WANT")
	}
	var v any
	if err := json.Unmarshal([]byte(ts.ReadFile(args[0])), &v); err != nil {
		ts.Fatalf("not one JSON object: %v", err)
	}
	found := true
	for _, key := range strings.Split(args[1], ".") {
		switch x := v.(type) {
		case map[string]any:
			v, found = x[key]
		case []any:
			i := -1
			fmt.Sscan(key, &i)
			if found = i >= 0 && i < len(x); found {
				v = x[i]
			}
		default:
			found = false
		}
		if !found {
			break
		}
	}
	got := fmt.Sprint(v)
	if n, ok := v.(float64); ok {
		got = fmt.Sprint(int64(n))
	}
	if same := found && (args[2] == "*" || got == args[2]); same == neg {
		ts.Fatalf("%s is %q (there: %v), want %q", args[1], got, found, args[2])
	}
}

// liar is a server whose 32-bit modulo by a register is off by one, and that dies
// on a 32-bit signed division.
func liar() {
	t, err := openEngine("fastvm")
	if err != nil {
		panic(err)
	}
	if err := plugin.Serve(lying{t}, os.Stdin, os.Stdout); err != nil {
		panic(err)
	}
}

type lying struct{ vm.Target }

func (l lying) Run(c *vm.Case) []vm.Outcome {
	out := l.Target.Run(c)
	for _, p := range c.Programs {
		for _, i := range p.Insns {
			row := spec.Lookup(i)
			if row == nil {
				continue
			}
			switch row.Name {
			case "mod32.x":
				for i := range out {
					out[i].R0++
				}
			case "sdiv32.x":
				os.Exit(3)
			}
		}
	}
	return out
}
