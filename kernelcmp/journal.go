package kernelcmp

import (
	"bufio"
	"bytes"
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
// this machine with it, and not always at once. The files are written in turn; each
// is a line that numbers the batch, then one line a case.
type journal struct {
	dir   string
	files []*os.File
	batch int
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

// openJournal makes the files. Files of an earlier run are evidence of a crash, so
// they are not overwritten.
func openJournal(dir string) (*journal, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	j := &journal{dir: dir}
	for i := range journalFiles {
		f, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("batch-%d.jsonl", i)), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if errors.Is(err, os.ErrExist) {
			return nil, fmt.Errorf("journal: %s holds the batches of a run that did not end well, or that goes on: keep them elsewhere, or remove them", dir)
		}
		if err != nil {
			return nil, fmt.Errorf("journal: %w", err)
		}
		j.files = append(j.files, f)
	}
	d, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return nil, fmt.Errorf("journal: %s: %w", dir, err)
	}
	return j, nil
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

func (j *journal) remove() error {
	var errs []error
	for _, f := range j.files {
		errs = append(errs, f.Close(), os.Remove(f.Name()))
	}
	return errors.Join(errs...)
}

// ReadJournal reads the batches that a Target left in dir, the latest last. A batch
// that was not written to its end has not been run, and is left out.
func ReadJournal(dir string) ([][]*vm.Case, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "batch-*.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	type batch struct {
		n     int
		cases []*vm.Case
	}
	var all []batch
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
			all = append(all, batch{n, cases})
		}
	}
	slices.SortFunc(all, func(a, b batch) int { return a.n - b.n })
	out := make([][]*vm.Case, len(all))
	for i := range all {
		out[i] = all[i].cases
	}
	return out, nil
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
		m := journalMap{s.Name, s.Type, s.KeySize, s.ValueSize, s.MaxEntries, s.Flags, nil}
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

func (j *journalCase) toCase() (*vm.Case, error) {
	c := &vm.Case{Name: j.Name, Fuel: j.Fuel, Mode: j.Mode}
	for i, p := range j.Programs {
		t, ok := hook.ByName(p.Type)
		if !ok {
			return nil, fmt.Errorf("program %d: unknown type %q", i, p.Type)
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
		s := &maps.Spec{Name: m.Name, Type: m.Type, KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries, Flags: m.Flags}
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
