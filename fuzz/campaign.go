package fuzz

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockstep-ebpf/lockstep/reports"
)

// Campaign is a run of the fuzzer. Make one with New, and Run it once.
type Campaign struct {
	options Options
	dir     *reports.Dir // nil: findings in memory only

	next atomic.Uint64 // unit that the next free worker takes

	mu       sync.Mutex // guards what follows; only the collector writes
	begun    time.Time
	ended    time.Time
	before   time.Duration // spent before the campaign was resumed
	counts   counts
	coverage *Coverage
	findings []*reports.Finding
	known    map[string]*reports.Finding

	vague  int  // findings reduced that had no instruction before
	frozen bool // the state on disk is final
	saved  time.Time
}

// reducedVague is how many findings whose instruction is not known are reduced to
// see whether they are the same. After that one stands for all.
const reducedVague = 16

// New prepares a campaign: it reads what is in the folder. The error says what is
// wrong with the options or the folder.
func New(o Options) (*Campaign, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	c := &Campaign{options: o, coverage: NewCoverage(), known: map[string]*reports.Finding{}}
	if o.Out == "" {
		return c, nil
	}
	dir, err := reports.Open(o.Out)
	if err != nil {
		return nil, err
	}
	c.dir = dir
	if o.Resume {
		for _, f := range dir.All() {
			c.keep(f)
		}
		if err := c.load(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *Campaign) keep(f *reports.Finding) {
	c.known[f.Signature.String()] = f
	c.findings = append(c.findings, f)
}

// Run runs until the programs or the time are used up, or ctx is done: both are
// ordinary ends. The error is of the targets or of the folder.
func (c *Campaign) Run(ctx context.Context) (Summary, error) {
	c.mu.Lock()
	c.begun = time.Now()
	c.mu.Unlock()
	if c.options.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.options.For)
		defer cancel()
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()

	benches, err := c.benches()
	if err != nil {
		return c.Snapshot(), err
	}
	if err := c.sameTargets(benches[0]); err != nil {
		for _, b := range benches {
			err = errors.Join(err, b.close())
		}
		return c.Snapshot(), err
	}
	first := c.next.Load()
	results := make(chan *result)
	var workers sync.WaitGroup
	for _, b := range benches[1:] {
		workers.Go(func() { c.work(ctx, b, results) })
	}
	go func() {
		workers.Wait()
		close(results)
	}()
	err = c.collect(benches[0], first, results, stop)
	c.mu.Lock()
	c.ended = time.Now()
	c.mu.Unlock()
	for _, b := range benches {
		err = errors.Join(err, b.close())
	}
	return c.Snapshot(), err
}

// benches makes those of the workers, and a first one for the collector.
func (c *Campaign) benches() (all []*bench, err error) {
	for range c.options.Jobs + 1 {
		b, err := newBench(&c.options)
		if err != nil {
			for _, b := range all {
				err = errors.Join(err, b.close())
			}
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

// work takes units until there are no more.
func (c *Campaign) work(ctx context.Context, b *bench, results chan<- *result) {
	for ctx.Err() == nil {
		unit := c.next.Add(1) - 1
		n := uint64(UnitSize)
		if limit := c.options.Programs; limit > 0 {
			if unit*UnitSize >= limit {
				return
			}
			n = min(n, limit-unit*UnitSize)
		}
		results <- b.run(ctx, unit, int(n))
	}
}

// collect takes results in, in the order of units from turn on. Each unit that a
// worker took is delivered, so there are no gaps.
func (c *Campaign) collect(b *bench, turn uint64, results <-chan *result, stop func()) (err error) {
	fail := func(e error) {
		if e != nil && err == nil {
			err = e
			stop()
		}
	}
	waiting := map[uint64]*result{}
	for r := range results {
		waiting[r.unit] = r
		for r := waiting[turn]; r != nil; r = waiting[turn] {
			delete(waiting, turn)
			if r.partial || r.counts.Programs < UnitSize {
				fail(c.freeze(turn)) // a campaign that goes on begins here
			}
			fail(errors.Join(r.err, c.commit(b, r)))
			turn++
			fail(c.save(turn))
		}
	}
	fail(c.freeze(turn))
	if c.dir != nil {
		fail(c.dir.Flush())
	}
	return err
}

// commit takes in one unit.
func (c *Campaign) commit(b *bench, r *result) error {
	var fresh []*reports.Finding
	var err error
	for _, h := range r.found {
		vague := h.suspect.Signature.Insn == "" && c.vague < reducedVague
		if !vague && c.again(h.suspect.Signature) {
			continue
		}
		f := b.reducer.Shrink(h.suspect)
		if vague {
			if c.vague++; c.again(f.Signature) {
				continue
			}
		}
		f.Seed, f.Mix, f.Program, f.Found = c.options.Seed, c.options.Mix, h.program, h.found
		f.Original = reports.CountInsns(h.found)
		c.known[f.Signature.String()] = f
		fresh = append(fresh, f)
		if c.dir != nil {
			_, e := c.dir.Add(f)
			err = errors.Join(err, e)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.add(&r.counts)
	c.coverage.Add(r.coverage)
	c.findings = append(c.findings, fresh...)
	return err
}

// again counts a finding that is known. No goroutine but the collector's writes to
// known.
func (c *Campaign) again(s reports.Signature) bool {
	f := c.known[s.String()]
	if f != nil {
		c.mu.Lock()
		f.Count++
		c.mu.Unlock()
	}
	return f != nil
}

// Snapshot is the state of the campaign now. It may be called while it runs.
func (c *Campaign) Snapshot() Summary {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.counts.summary(c.options.Seed, c.spent())
	s.Coverage = CoverageCount{len(c.coverage.Forms()), c.coverage.Cells()}
	for _, f := range c.findings {
		line := FindingLine{
			Signature: f.Signature.String(), Kind: f.Kind, Targets: f.Signature.Targets, Insns: f.Insns, Count: f.Count,
		}
		if c.dir != nil {
			line.Case = filepath.Join(c.dir.Path(f.Signature), reports.CaseFile)
		}
		s.Findings = append(s.Findings, line)
	}
	return s
}

// Findings lists what was found, in order. Call it after Run.
func (c *Campaign) Findings() []*reports.Finding { return c.findings }

// Coverage is what was executed. Call it after Run.
func (c *Campaign) Coverage() *Coverage { return c.coverage }

// spent is how long the campaign has run, its earlier parts included.
func (c *Campaign) spent() time.Duration {
	if c.begun.IsZero() {
		return c.before
	}
	if !c.ended.IsZero() {
		return c.before + c.ended.Sub(c.begun)
	}
	return c.before + time.Since(c.begun)
}
