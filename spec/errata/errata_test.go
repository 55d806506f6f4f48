package errata

import (
	"encoding/hex"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
)

// caseFile is what these tests read of a case.
type caseFile struct {
	header map[string]string
	files  map[string]string
	expect map[string]string
}

func pairs(t *testing.T, what, text string) map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		k, v, ok := strings.Cut(line, ": ")
		if !ok {
			t.Errorf("%s: %q is no `key: value`", what, line)
		}
		m[k] = v
	}
	return m
}

func readCase(t *testing.T, e *Erratum) caseFile {
	t.Helper()
	text, err := e.Text()
	if err != nil {
		t.Fatal(err)
	}
	a := txtar.Parse(text)
	c := caseFile{header: pairs(t, e.Case, string(a.Comment)), files: map[string]string{}}
	for _, f := range a.Files {
		c.files[f.Name] = string(f.Data)
	}
	c.expect = pairs(t, e.Case, c.files["expect"])
	return c
}

func TestEntriesAreComplete(t *testing.T) {
	ids, used := map[string]bool{}, map[string]bool{}
	evidence := regexp.MustCompile(`\[(ran|read)\]`)
	for _, e := range All {
		if e.ID == "" || e.Title == "" || e.Texts == "" || e.Choice == "" || ids[e.ID] || !slices.Contains(Groups, e.Group) {
			t.Errorf("%q lacks a part or is there twice", e.ID)
		}
		if !evidence.MatchString(e.Linux) {
			t.Errorf("%s: what Linux does has no evidence: %q", e.ID, e.Linux)
		}
		if ByID(e.ID).Title != e.Title {
			t.Errorf("ByID(%s) finds another", e.ID)
		}
		ids[e.ID], used[e.Case] = true, true
	}
	for n := 1; n <= 9; n++ {
		if !ids[fmt.Sprint("S", n)] {
			t.Errorf("S%d is missing", n)
		}
	}
	files, err := fs.Glob(Cases, "cases/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if name := strings.TrimSuffix(strings.TrimPrefix(f, "cases/"), ".txtar"); !used[name] {
			t.Errorf("%s belongs to no entry", f)
		}
	}
}

func TestCasesAreWellFormed(t *testing.T) {
	kinds := map[Stage][]string{Encoding: {"rejected"}, Load: {"rejected"}, Verifier: {"exit", "fault"}, Run: {"exit"}}
	for _, e := range All {
		t.Run(e.ID, func(t *testing.T) {
			c := readCase(t, &e)
			if c.header["type"] == "" || !slices.Contains(kinds[e.Stage], c.expect["kind"]) {
				t.Errorf("stage %d, header %v, expects %v", e.Stage, c.header, c.expect)
			}
			if _, ok := c.files["input"]; !ok {
				t.Error("no input")
			}
			if (e.Stage == Run) != (c.expect["r0"] != "") || (e.Stage <= Load) != (c.expect["message"] != "") {
				t.Errorf("stage %d expects %v", e.Stage, c.expect)
			}
			if (e.Stage == Run) != (e.Refusal == "") && e.ID != "exit-offset" {
				t.Errorf("stage %d, and Linux says %q", e.Stage, e.Refusal)
			}
			programs := 0
			for name, text := range c.files {
				if name != "prog" && !strings.HasPrefix(name, "prog/") {
					continue
				}
				programs++
				p, err := asm.Assemble(text, asm.Names{})
				if err != nil {
					t.Fatal(err)
				}
				if err := spec.CheckAll(p.Insns); err != nil || len(p.Insns) == 0 {
					t.Errorf("%s: %d slots: %v", name, len(p.Insns), err)
				}
			}
			if (programs == 0) != (e.Stage == Encoding) {
				t.Errorf("stage %d with files %v", e.Stage, c.files)
			}
		})
	}
}

// The cases of stage encoding are refused by the decoder, with the message they
// name, and not for another reason: without the bad instruction the rest decodes.
func TestDecoderRefusesTheCases(t *testing.T) {
	n := 0
	for _, e := range All {
		c := readCase(t, &e)
		if e.Stage != Encoding {
			continue
		}
		n++
		var b []byte
		for line := range strings.Lines(c.files["prog.hex"]) {
			slot, err := hex.DecodeString(strings.Join(strings.Fields(line), ""))
			if err != nil || len(slot) != spec.SlotSize {
				t.Fatalf("%s: line %q is no slot: %v", e.Case, line, err)
			}
			b = append(b, slot...)
		}
		_, err := spec.Decode(b, spec.Little)
		if err == nil || !strings.Contains(err.Error(), c.expect["message"]) || c.expect["message"] == "" {
			t.Errorf("%s: decoder says %v, want %q", e.Case, err, c.expect["message"])
		}
	}
	if n < 25 {
		t.Errorf("only %d cases", n)
	}
}
