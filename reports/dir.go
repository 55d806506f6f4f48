package reports

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
)

// Files of a finding's folder.
const (
	CaseFile     = "case.txtar"
	OriginalFile = "original.txtar"
	ReportFile   = "report.txt"
	JSONFile     = "finding.json"
)

// unfinished begins the names of folders and files that are being written.
const unfinished = ".writing-"

// Dir is a folder of findings, no two of the same signature. It is for one
// goroutine, and one process, at a time.
type Dir struct {
	path  string
	known map[string]*Finding
	order []string
}

// Open opens or makes a folder of findings and reads what is in it. What an
// interrupted run left unfinished is removed.
func Open(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("folder of findings: %w", err)
	}
	d := &Dir{path: path, known: map[string]*Finding{}}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("folder of findings: %w", err)
	}
	for _, e := range entries {
		full := filepath.Join(path, e.Name())
		if strings.HasPrefix(e.Name(), unfinished) {
			if err := os.RemoveAll(full); err != nil {
				return nil, err
			}
			continue
		}
		if !e.IsDir() {
			continue
		}
		if _, err := os.Stat(filepath.Join(full, JSONFile)); errors.Is(err, fs.ErrNotExist) {
			continue // some other folder
		}
		f, err := Read(full)
		if err != nil {
			return nil, err
		}
		d.keep(f)
	}
	slices.SortStableFunc(d.order, func(a, b string) int {
		return cmp.Compare(d.known[a].Program, d.known[b].Program)
	})
	return d, nil
}

// Read reads the finding in a folder.
func Read(folder string) (*Finding, error) {
	name := filepath.Join(folder, JSONFile)
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	c, err := casefile.Read(filepath.Join(folder, CaseFile))
	if err != nil {
		return nil, err
	}
	f, err := decode(b, &c.Case)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// decode reads a finding of a case.
func decode(b []byte, c *vm.Case) (*Finding, error) {
	f := &Finding{}
	if err := json.Unmarshal(b, f); err != nil {
		return nil, err
	}
	if f.Input < 0 || f.Input >= max(1, len(c.Inputs)) {
		return nil, fmt.Errorf("input %d: the case has %d", f.Input, len(c.Inputs))
	}
	f.Case = c
	return f, nil
}

func (d *Dir) keep(f *Finding) {
	name := f.Signature.String()
	d.known[name] = f
	d.order = append(d.order, name)
}

// Has reports whether there is a finding of that signature.
func (d *Dir) Has(s Signature) bool { return d.known[s.String()] != nil }

// Path is the folder of a finding, whether it is there or not.
func (d *Dir) Path(s Signature) string { return filepath.Join(d.path, s.String()) }

// All lists the findings, those that were there before first, in order of program.
func (d *Dir) All() []*Finding {
	out := make([]*Finding, len(d.order))
	for i, name := range d.order {
		out[i] = d.known[name]
	}
	return out
}

// Add writes a finding, unless there is one of its signature: then that one's
// count goes up, on disk with the next Flush. fresh says which.
func (d *Dir) Add(f *Finding) (fresh bool, err error) {
	if was := d.known[f.Signature.String()]; was != nil {
		was.Count += max(1, f.Count)
		return false, nil
	}
	if err := d.write(f); err != nil {
		return false, fmt.Errorf("writing finding %s: %w", f.Signature, err)
	}
	d.keep(f)
	return true, nil
}

// Flush writes the counts.
func (d *Dir) Flush() error {
	for _, f := range d.known {
		b, err := encode(f)
		if err != nil {
			return err
		}
		if err := WriteFile(filepath.Join(d.Path(f.Signature), JSONFile), b); err != nil {
			return err
		}
	}
	return nil
}

func encode(f *Finding) ([]byte, error) {
	b, err := json.MarshalIndent(f, "", "  ")
	return append(b, '\n'), err
}

// write makes the folder under another name and renames it.
func (d *Dir) write(f *Finding) error {
	tmp, err := os.MkdirTemp(d.path, unfinished)
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp) // gone already if all went well
	record, err := encode(f)
	if err != nil {
		return err
	}
	reduced, err := text(f, f.Case, "reduced")
	if err != nil {
		return err
	}
	files := map[string][]byte{JSONFile: record, CaseFile: reduced, ReportFile: []byte(Render(f))}
	if f.Found != nil {
		if files[OriginalFile], err = text(f, f.Found, "as generated"); err != nil {
			return err
		}
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(tmp, name), b, 0o644); err != nil {
			return err
		}
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	return os.Rename(tmp, d.Path(f.Signature))
}

// text is the written form of a case of a finding.
func text(f *Finding, c *vm.Case, what string) ([]byte, error) {
	file := &casefile.File{Case: *c, Comment: []string{
		fmt.Sprintf("finding %s, %s", f.Signature, what),
		fmt.Sprintf("seed %d, program %d", f.Seed, f.Program),
	}}
	return casefile.Format(file)
}

// WriteFile replaces a file at once: a reader sees the old content or the new.
func WriteFile(name string, b []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), unfinished)
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(b); err != nil {
		return errors.Join(err, tmp.Close())
	}
	if err := errors.Join(tmp.Chmod(0o644), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}
