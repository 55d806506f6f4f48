package fuzz

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-ebpf/lockstep/reports"
)

// StateFile is the file, in the folder of findings, that a campaign goes on from.
const StateFile = "state.json"

// saveEvery is how much work an interruption may cost.
const saveEvery = time.Second

// maxSeconds is a century.
const maxSeconds = 100 * 366 * 24 * 3600

// stored is the state of a campaign: so many whole units were taken in.
type stored struct {
	Seed    uint64   `json:"seed"`
	Mix     string   `json:"mix"`
	Units   uint64   `json:"units"`
	Seconds float64  `json:"seconds"`
	Counts  counts   `json:"counts"`
	Cells   []uint64 `json:"cells"`
}

func (c *Campaign) stateName() string { return filepath.Join(c.options.Out, StateFile) }

// save writes the state every saveEvery.
func (c *Campaign) save(units uint64) error {
	if c.frozen || time.Since(c.saved) < saveEvery {
		return nil
	}
	return c.write(units)
}

// freeze writes the state a last time: what comes after is not whole, and will be
// done again.
func (c *Campaign) freeze(units uint64) error {
	if c.frozen {
		return nil
	}
	c.frozen = true
	return c.write(units)
}

func (c *Campaign) write(units uint64) error {
	if c.dir == nil {
		return nil
	}
	c.saved = time.Now()
	b, err := json.Marshal(stored{
		Seed: c.options.Seed, Mix: c.options.Mix, Units: units, Seconds: c.spent().Seconds(),
		Counts: c.counts, Cells: c.coverage.cells,
	})
	if err != nil {
		return err
	}
	if err := reports.WriteFile(c.stateName(), append(b, '\n')); err != nil {
		return fmt.Errorf("saving the campaign's state: %w", err)
	}
	return nil
}

// load reads the state of the campaign to go on with.
func (c *Campaign) load() error {
	b, err := os.ReadFile(c.stateName())
	if err != nil {
		return fmt.Errorf("no campaign to resume: %w", err)
	}
	if err := c.restore(b); err != nil {
		return fmt.Errorf("%s: %w", c.stateName(), err)
	}
	return nil
}

// restore takes over a state.
func (c *Campaign) restore(b []byte) error {
	var s stored
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	switch {
	case c.options.Mix != "" && c.options.Mix != s.Mix:
		return fmt.Errorf("the campaign's mix is %q and not %q", s.Mix, c.options.Mix)
	case len(s.Cells) != len(c.coverage.cells):
		return fmt.Errorf("written by another version: %d words of coverage, want %d", len(s.Cells), len(c.coverage.cells))
	case s.Units > math.MaxUint64/UnitSize || s.Counts.Programs != s.Units*UnitSize:
		return fmt.Errorf("%d units and %d programs do not go together", s.Units, s.Counts.Programs)
	case s.Seconds < 0 || s.Seconds > maxSeconds:
		return fmt.Errorf("%g seconds", s.Seconds)
	}
	c.options.Seed, c.options.Mix = s.Seed, s.Mix
	c.next.Store(s.Units)
	c.before = time.Duration(s.Seconds * float64(time.Second))
	c.counts, c.coverage.cells = s.Counts, s.Cells
	return nil
}

// sameTargets makes sure that a campaign goes on with the targets that it has
// counted so far.
func (c *Campaign) sameTargets(b *bench) error {
	if len(c.counts.Targets) == 0 {
		return nil
	}
	now := map[string]bool{}
	for _, t := range b.oracle.Targets {
		now[t.Name()] = true
	}
	was := slices.Sorted(maps.Keys(c.counts.Targets))
	for _, name := range was {
		if !now[name] || len(now) != len(was) {
			return fmt.Errorf("%s: the campaign's targets are %s", c.stateName(), strings.Join(was, ", "))
		}
	}
	return nil
}
