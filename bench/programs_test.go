package bench

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// TestPrograms runs every benchmark on every engine, checked, and compares with the
// result worked out in Go.
func TestPrograms(t *testing.T) {
	programs, err := Programs()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []vm.Engine{&refvm.Engine{}, fastvm.Engine{}} {
		m, err := mem.New()
		if err != nil {
			t.Fatal(err)
		}
		target := vm.NewTarget(e, m)
		defer target.Close()
		for _, p := range programs {
			o := target.Run(p.Case)[0]
			switch {
			case o.Kind != vm.Exit || o.R0 != p.Want:
				t.Errorf("%s on %s: %v %s %v r0 %#x, want %#x", p.Name, e.Name(), o.Kind, o.Reason, o.Fault, o.R0, p.Want)
			case o.Steps < 50:
				t.Errorf("%s does %d instructions, too few to measure", p.Name, o.Steps)
			default:
				t.Logf("%-10s %s: %d instructions", p.Name, e.Name(), o.Steps)
			}
		}
	}
}

// TestVerifiable: the forms for verifiers compute the same.
func TestVerifiable(t *testing.T) {
	programs, err := Programs()
	if err != nil {
		t.Fatal(err)
	}
	m, err := mem.New()
	if err != nil {
		t.Fatal(err)
	}
	target := vm.NewTarget(&refvm.Engine{}, m)
	defer target.Close()
	files, err := verifiable.ReadDir("programs/verifiable")
	if err != nil || len(files) == 0 {
		t.Fatal(len(files), err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".asm")
		n := slices.IndexFunc(programs, func(p Program) bool { return p.Name == name })
		if n < 0 {
			t.Errorf("%s: no program of this name", f.Name())
			continue
		}
		text, err := verifiable.ReadFile("programs/verifiable/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		c := *programs[n].Case
		insns, err := assemble(string(text), c.Maps)
		if err != nil {
			t.Errorf("%s: %v", f.Name(), err)
			continue
		}
		c.Programs = []*vm.Program{{Name: name, Insns: insns}}
		if o := target.Run(&c)[0]; o.Kind != vm.Exit || o.R0 != programs[n].Want {
			t.Errorf("%s: %v %v r0 %#x, want %#x", f.Name(), o.Kind, o.Fault, o.R0, programs[n].Want)
		}
	}
}

// TestRun measures for a moment, with all peers there are, and looks whether every
// figure is there. A wrong result of anybody is an error of Run.
func TestRun(t *testing.T) {
	r, err := Run(Options{Rounds: 3, Slice: 200 * time.Microsecond, Peers: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range r.Notes {
		t.Log(n)
	}
	noted := func(what string) bool {
		return slices.ContainsFunc(r.Notes, func(s string) bool { return strings.HasPrefix(s, what) })
	}
	missing := func(name string) bool { return noted("no " + name + " column") }
	for _, name := range order {
		if strings.HasPrefix(name, "jit") && (jit.Engine{}).Supports(&vm.Program{}) != nil || missing(name) {
			continue
		}
		for _, row := range r.Programs {
			if ns, ok := row.NSPerInsn[name]; ns <= 0 && (ok || row.Core && !noted("no figure of "+name+" for "+row.Name)) {
				t.Errorf("%s on %s: %v ns", row.Name, name, ns)
			}
		}
		if r.Geomean[name] <= 0 && !noted("no figure of "+name) {
			t.Errorf("%s has no mean", name)
		}
	}
	if os.Getenv("CI") != "" && os.Getuid() == 0 && (missing(Kernel) || missing(Goto) || missing("gcc")) {
		t.Error("in CI, as root, the kernel and a C compiler have to be there")
	}
	for _, m := range []map[string]float64{r.CallNS, r.HelperNS, r.CompileNSPerInsn} {
		if m["fastvm-go"] <= 0 {
			t.Errorf("overheads: %v", m)
		}
	}
	if r.IndirectNS <= 0 {
		t.Errorf("an indirect call takes %v ns", r.IndirectNS)
	}
	var table strings.Builder
	if err := r.WriteTable(&table); err != nil {
		t.Error(err)
	}
	t.Log("\n" + table.String())
}
