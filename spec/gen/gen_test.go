package gen

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/spec/errata"
)

var generate = flag.Bool("generate", false, "rewrite spec/ISA.md and spec/isa.json")

func TestGenerated(t *testing.T) {
	for _, f := range []struct {
		path  string
		write func() ([]byte, error)
	}{
		{"../ISA.md", Markdown},
		{"../isa.json", spec.MarshalTable},
	} {
		want, err := f.write()
		if err != nil {
			t.Fatal(err)
		}
		if *generate {
			if err := os.WriteFile(f.path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(f.path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is out of date (%v): run go test ./spec/gen -generate", f.path, err)
		}
	}
}

// Each form that a program may contain is in one table of the specification.
func TestEveryFormIsInOneSection(t *testing.T) {
	for i := range spec.Table {
		r := &spec.Table[i]
		if r.Internal {
			continue
		}
		var in []string
		for name, has := range sections {
			if has(r) {
				in = append(in, name)
			}
		}
		if len(in) != 1 {
			t.Errorf("%s is in sections %v", r.Name, in)
		}
	}
	for name := range sections {
		if !strings.Contains(isaText, `{{rows "`+name+`"}}`) {
			t.Errorf("section %s is not in isa.md.tmpl", name)
		}
	}
}

// What has been proved can be read.
func TestEveryClaimIsShown(t *testing.T) {
	b, err := Markdown()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range errata.Claims {
		if !bytes.Contains(b, []byte("- "+claim(c)+"\n")) {
			t.Errorf("%s, about %s, is not in the specification", c.ID, c.Of)
		}
	}
}

// The examples are instructions: none of them fell back to raw fields.
func TestFormsAreWritten(t *testing.T) {
	b, err := Markdown()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if strings.Contains(line, ".insn") {
			t.Errorf("no syntax for %s", line)
		}
	}
}
