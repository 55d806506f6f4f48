package kernelcmp

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// journal keeps the last batches on disk, because what harms the kernel may take
// this machine with it, and not always at once. Each Target has a folder of its own;
// the files in it are written in turn. A file is a line that numbers the batch, then
// one line a case.
type journal struct {
	dir   string
	files []*os.File
	batch int
	keep  bool // something happened that the last batches are evidence of
}

// journalFiles is how many batches stay on disk.
const journalFiles = 4

type journalHead struct {
	Batch int `json:"batch"`
	Cases int `json:"cases"`
}

// The written form of a case. Bytes are hexadecimal.
type (
	journalCase struct {
		Name     string           `json:"name,omitempty"`
		Fuel     uint64           `json:"fuel,omitempty"`
		Mode     vm.Mode          `json:"mode,omitempty"`
		Programs []journalProgram `json:"programs"`
		Maps     []journalMap     `json:"maps,omitempty"`
		Inputs   []journalInput   `json:"inputs,omitempty"`
	}
	journalProgram struct {
		Name  string   `json:"name,omitempty"`
		Type  string   `json:"type"`
		Big   bool     `json:"big_endian,omitempty"`
		Insns hexBytes `json:"insns"`
	}
	journalMap struct {
		Name       string        `json:"name,omitempty"`
		Type       maps.Type     `json:"type"`
		KeySize    uint32        `json:"key_size"`
		ValueSize  uint32        `json:"value_size"`
		MaxEntries uint32        `json:"max_entries"`
		Flags      uint32        `json:"flags,omitempty"`
		Extra      uint64        `json:"extra,omitempty"`
		Frozen     bool          `json:"frozen,omitempty"`
		Inner      *maps.Spec    `json:"inner,omitempty"`
		Entries    [][2]hexBytes `json:"entries,omitempty"`
	}
	journalInput struct {
		Memory  hexBytes `json:"memory,omitempty"`
		Packet  hexBytes `json:"packet,omitempty"`
		Context hexBytes `json:"ctx,omitempty"`
		Seed    uint64   `json:"seed,omitempty"`
	}
	hexBytes []byte
)

func (h hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h), nil }

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.AppendDecode(nil, text)
	return err
}

// openJournal makes a new folder in dir, with its files. Folders that are there are
// another Target's, or evidence of a crash.
func openJournal(dir string) (*journal, error) {
	wrap := func(err error) (*journal, error) { return nil, fmt.Errorf("journal: %w", err) }
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return wrap(err)
	}
	j := &journal{}
	for n := 1; ; n++ {
		j.dir = filepath.Join(dir, fmt.Sprintf("run-%04d", n))
		if err := os.Mkdir(j.dir, 0o755); err == nil {
			break
		} else if !errors.Is(err, os.ErrExist) {
			return wrap(err)
		}
	}
	for i := range journalFiles {
		f, err := os.Create(filepath.Join(j.dir, fmt.Sprintf("batch-%d.jsonl", i)))
		if err != nil {
			return wrap(err)
		}
		j.files = append(j.files, f)
	}
	for _, d := range []string{j.dir, dir} { // the names must be on disk too
		if err := syncDir(d); err != nil {
			return wrap(err)
		}
	}
	return j, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// write puts a batch on disk, and returns when it is there.
func (j *journal) write(cs []*vm.Case) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	if err := enc.Encode(journalHead{j.batch, len(cs)}); err != nil {
		return err
	}
	for _, c := range cs {
		if err := enc.Encode(toJournal(c)); err != nil {
			return fmt.Errorf("case %s: %w", c.Name, err)
		}
	}
	f := j.files[j.batch%len(j.files)]
	j.batch++
	if err := f.Truncate(0); err != nil {
		return err
	}
	if _, err := f.WriteAt(b.Bytes(), 0); err != nil {
		return err
	}
	return datasync(f)
}

// close removes the journal, unless it is to be kept.
func (j *journal) close() error {
	var errs []error
	for _, f := range j.files {
		errs = append(errs, f.Close())
	}
	if !j.keep {
		errs = append(errs, os.RemoveAll(j.dir))
	}
	return errors.Join(errs...)
}

// Batch is one batch of a journal.
type Batch struct {
	Run   string // the folder of the Target that wrote it
	N     int    // its number in the run
	Cases []*vm.Case
}

// ReadJournal reads the batches that Targets left in dir, the latest of a run last.
// A batch that was not written to its end has not been run, and is left out.
func ReadJournal(dir string) ([]Batch, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "run-*", "batch-*.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	var all []Batch
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("journal: %w", err)
		}
		n, cases, err := parseBatch(b)
		if err != nil {
			return nil, fmt.Errorf("journal: %s: %w", path, err)
		}
		if cases != nil {
			all = append(all, Batch{filepath.Base(filepath.Dir(path)), n, cases})
		}
	}
	slices.SortFunc(all, func(a, b Batch) int { return cmp.Or(cmp.Compare(a.Run, b.Run), cmp.Compare(a.N, b.N)) })
	return all, nil
}

// parseBatch reads one file of a journal; cases is nil if the end is missing.
func parseBatch(b []byte) (n int, cases []*vm.Case, err error) {
	var head journalHead
	dec := bufio.NewScanner(bytes.NewReader(b))
	dec.Buffer(nil, len(b)+1)
	for line := 0; dec.Scan(); line++ {
		if line == 0 {
			if err := json.Unmarshal(dec.Bytes(), &head); err != nil {
				return 0, nil, nil // torn within the first line
			}
			continue
		}
		var c journalCase
		if err := json.Unmarshal(dec.Bytes(), &c); err != nil {
			if line >= head.Cases || !bytes.HasSuffix(b, []byte("\n")) {
				return 0, nil, nil
			}
			return 0, nil, fmt.Errorf("line %d: %w", line+1, err)
		}
		made, err := c.toCase()
		if err != nil {
			return 0, nil, fmt.Errorf("line %d: %w", line+1, err)
		}
		cases = append(cases, made)
	}
	if len(cases) < head.Cases {
		return 0, nil, nil
	}
	return head.Batch, cases, dec.Err()
}

func toJournal(c *vm.Case) journalCase {
	j := journalCase{Name: c.Name, Fuel: c.Fuel, Mode: c.Mode}
	for _, p := range c.Programs {
		j.Programs = append(j.Programs, journalProgram{p.Name, p.Type.String(), p.Order == spec.Big, spec.Encode(p.Insns, p.Order)})
	}
	for _, s := range c.Maps {
		m := journalMap{s.Name, s.Type, s.KeySize, s.ValueSize, s.MaxEntries, s.Flags, s.Extra, s.Frozen, s.Inner, nil}
		for _, e := range s.Entries {
			m.Entries = append(m.Entries, [2]hexBytes{e.Key, e.Value})
		}
		j.Maps = append(j.Maps, m)
	}
	for _, in := range c.Inputs {
		j.Inputs = append(j.Inputs, journalInput{in.Memory, in.Packet, in.Context, in.Seed})
	}
	return j
}

// programType is the inverse of hook.Type's String.
func programType(name string) (t hook.Type, err error) {
	if t, ok := hook.ByName(name); ok {
		return t, nil
	}
	if _, err := fmt.Sscanf(name, "program type %d", &t); err != nil || t.String() != name {
		return 0, fmt.Errorf("unknown type %q", name)
	}
	return t, nil
}

func (j *journalCase) toCase() (*vm.Case, error) {
	c := &vm.Case{Name: j.Name, Fuel: j.Fuel, Mode: j.Mode}
	for i, p := range j.Programs {
		t, err := programType(p.Type)
		if err != nil {
			return nil, fmt.Errorf("program %d: %w", i, err)
		}
		order := spec.Little
		if p.Big {
			order = spec.Big
		}
		insns, err := spec.Split(p.Insns, order)
		if err != nil {
			return nil, fmt.Errorf("program %d: %w", i, err)
		}
		c.Programs = append(c.Programs, &vm.Program{Name: p.Name, Type: t, Order: order, Insns: insns})
	}
	for _, m := range j.Maps {
		s := &maps.Spec{Name: m.Name, Type: m.Type, KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries, Flags: m.Flags, Extra: m.Extra, Frozen: m.Frozen, Inner: m.Inner}
		for _, e := range m.Entries {
			s.Entries = append(s.Entries, maps.Entry{Key: e[0], Value: e[1]})
		}
		c.Maps = append(c.Maps, s)
	}
	for _, in := range j.Inputs {
		c.Inputs = append(c.Inputs, vm.Input{Memory: in.Memory, Packet: in.Packet, Context: in.Context, Seed: in.Seed})
	}
	return c, nil
}
