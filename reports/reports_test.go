package reports

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	fuzz "github.com/google/gofuzz"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

var seed = flag.Int64("seed", 1, "of random tests")

// example is a finding of a known historical bug.
func example() *Finding {
	return &Finding{
		Signature:  Signature{[2]string{"refvm", "fastvm"}, Register, "mod32.x"},
		Kind:       Divergence,
		Difference: Difference{Observable: "r0", A: "0x1", B: "0x8000000000000001"},
		Place:      &Place{0, 3},
		Seed:       7, Program: 4321, Insns: 5, Original: 61, Count: 1,
		Outcomes: [2]Seen{{Kind: "exit", R0: "0x1", Steps: 5}, {Kind: "exit", R0: "0x8000000000000001", Steps: 5}},
		Case: &vm.Case{
			Programs: []*vm.Program{{Insns: []spec.Insn{
				{Op: spec.LDDW, Dst: 1, Imm: 1},
				{Imm: -1 << 31},
				{Op: spec.MOV, Dst: 2},
				{Op: spec.ClassALU | spec.OpMOD | spec.SrcX, Dst: 1, Src: 2},
				{Op: spec.MOVX, Src: 1},
				{Op: spec.EXIT},
			}}},
			Inputs: []vm.Input{{}},
		},
	}
}

func TestRoundTripOfJSON(t *testing.T) {
	t.Logf("-seed %d", *seed)
	fill := fuzz.NewWithSeed(*seed).NilChance(0.3).Funcs(func(c *vm.Case, _ fuzz.Continue) {})
	for range 500 {
		var f, back Finding
		fill.Fuzz(&f)
		f.Case, f.Found = nil, nil
		b, err := encode(&f)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
		if d := cmp.Diff(f, back); d != "" {
			t.Fatalf("finding changed:\n%s", d)
		}
	}
}

func TestFindingsSurviveReopening(t *testing.T) {
	folder := t.TempDir()
	d, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	f := example()
	f.Found = f.Case
	if fresh, err := d.Add(f); err != nil || !fresh {
		t.Fatalf("first: fresh %v, %v", fresh, err)
	}
	for range 3 {
		if fresh, err := d.Add(example()); err != nil || fresh {
			t.Fatalf("again: fresh %v, %v", fresh, err)
		}
	}
	if err := d.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, unfinished+"1"), 0o755); err != nil {
		t.Fatal(err)
	}
	d, err = Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	want := example()
	want.Count = 4
	if diff := cmp.Diff([]*Finding{want}, d.All(), cmpopts.EquateEmpty(), cmpopts.IgnoreFields(vm.Case{}, "Fuel"), cmpopts.IgnoreFields(vm.Program{}, "Name")); diff != "" {
		t.Errorf("read back:\n%s", diff)
	}
	names, _ := filepath.Glob(filepath.Join(folder, "*", "*"))
	if len(names) != 4 {
		t.Errorf("files %v, want four in one folder", names)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, unfinished+"*")); len(left) > 0 {
		t.Errorf("left unfinished: %v", left)
	}
}

func TestReportTellsWhatAMaintainerNeeds(t *testing.T) {
	text := Render(example())
	for _, want := range []string{
		"After instruction 3 (mod32.x), r0 is 0x1 on refvm and 0x8000000000000001 on fastvm.",
		"RFC 9669 section 4.1",
		"=>   3: w1 %= w2",
		"lockstep run --target fastvm case.txtar",
		"lockstep fuzz --targets refvm,fastvm --seed 7 --programs 4322",
		"reduced from 61",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestBrokenFindingIsAnError(t *testing.T) {
	for name, content := range map[string]string{
		"no json":       "{",
		"wrong type":    `{"seed": "x"}`,
		"case missing":  "{}",
		"no such input": `{"input": -1}`,
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			files := map[string]string{JSONFile: content}
			if name != "case missing" {
				files[CaseFile] = "-- prog --\n\tr0 = 0\n\texit\n"
			}
			for file, text := range files {
				if err := os.WriteFile(filepath.Join(folder, file), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if f, err := Read(folder); err == nil {
				t.Errorf("read %+v", f)
			}
		})
	}
}

// FuzzFinding reads any bytes as a finding, and writes what it could read as a
// report.
func FuzzFinding(f *testing.F) {
	b, err := encode(example())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"input":-1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if x, err := decode(b, example().Case); err == nil {
			Render(x)
		}
	})
}
