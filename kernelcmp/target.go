package kernelcmp

import (
	"fmt"
	"syscall"
	"time"

	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// batchSize is how many cases go to the executor, and to the journal, at once.
const batchSize = 256

// Options say how a Target works.
type Options struct {
	// Journal is the directory where cases are written down before the kernel sees
	// them; it is made if need be, and several Targets may share it. Empty: no
	// journal, which is for programs that are known to be harmless.
	Journal string
	// Deadline is how long one case may take; 0 means DefaultDeadline.
	Deadline time.Duration
}

// DefaultDeadline is ample for programs that are meant to end soon: on a busy machine
// the verifier alone may take ten seconds before it calls a program too complex.
// Nested bpf_loop can run for days, and nothing stops it: the executor is killed, but
// it goes only when the program has ended.
const DefaultDeadline = time.Minute

// Target is the host's kernel as a vm.BatchTarget. It is not for concurrent use;
// open several for that.
type Target struct {
	opts    Options
	attr    *syscall.SysProcAttr // of the executor
	release string
	child   *child // nil after it died, until the next job
	journal *journal
}

var _ vm.BatchTarget = (*Target)(nil)

// Open starts an executor and asks it whether bpf(2) is permitted. If not, the error
// says what is missing, and errors.Is(err, ErrNotPermitted).
func Open(opts Options) (*Target, error) { return open(opts, nil) }

func open(opts Options, attr *syscall.SysProcAttr) (*Target, error) {
	if opts.Deadline == 0 {
		opts.Deadline = DefaultDeadline
	}
	t := &Target{opts: opts, attr: attr}
	var err error
	if t.child, err = start(attr); err != nil {
		return nil, err
	}
	t.release = t.child.release
	if opts.Journal != "" {
		if t.journal, err = openJournal(opts.Journal); err != nil {
			t.child.kill()
			return nil, err
		}
	}
	return t, nil
}

// Name is "kernel".
func (t *Target) Name() string { return "kernel" }

// Release is the kernel's version.
func (t *Target) Release() string { return t.release }

// Observables are r0 in 64 bits (32 where the program cannot be made to store it),
// maps, records of ring buffers and perf events, messages that arrived at sockets,
// and what the program's type has of packet, context and memory.
func (t *Target) Observables(c *vm.Case) vm.Observable {
	obs := vm.ObsR0Low32 | vm.ObsR0 | vm.ObsMaps
	for _, p := range c.Programs {
		if _, ok := canStoreR0(p); !ok {
			obs &^= vm.ObsR0
		}
	}
	for _, s := range c.Maps {
		if s.Type == maps.RingBuf || s.Type == maps.PerfEventArray {
			obs |= vm.ObsRecords
		}
	}
	if len(c.Programs) == 0 {
		return obs
	}
	info := hook.Lookup(c.Programs[0].Type)
	if info == nil {
		return obs
	}
	if info.Verdict { // a message is seen where it arrives
		return obs | vm.ObsRecords
	}
	if info.Packet {
		obs |= vm.ObsPacket
	}
	switch info.Context {
	case hook.Memory:
		obs |= vm.ObsMemory
	case hook.SkBuff, hook.Buffer:
		obs |= vm.ObsContext
	}
	return obs
}

// Run loads a case and runs its inputs.
func (t *Target) Run(c *vm.Case) []vm.Outcome { return t.RunBatch([]*vm.Case{c})[0] }

// RunBatch is Run for many cases.
func (t *Target) RunBatch(cs []*vm.Case) [][]vm.Outcome {
	out := make([][]vm.Outcome, 0, len(cs))
	for i, a := range t.ask(cs, false) {
		out = append(out, a.outcomes(cs[i]))
	}
	return out
}

// Verify loads cases unchanged, runs none, and gives the verifier's verdicts. A
// program of type mem is judged for the memory of the case's inputs.
func (t *Target) Verify(cs []*vm.Case) []Verdict {
	out := make([]Verdict, 0, len(cs))
	for _, a := range t.ask(cs, true) {
		out = append(out, Verdict{a.Kind, a.Reason, a.Log})
	}
	return out
}

// Close ends the executor, and removes what this Target wrote into the journal: what
// is there otherwise was left by a crash.
func (t *Target) Close() error {
	if t.child != nil {
		t.child.kill()
		t.child = nil
	}
	if t.journal == nil {
		return nil
	}
	return t.journal.remove()
}

// ask gets an answer to each case, batch by batch.
func (t *Target) ask(cs []*vm.Case, loadOnly bool) []*answer {
	answers := make([]*answer, 0, len(cs))
	for len(cs) > 0 {
		n := min(len(cs), batchSize)
		answers = append(answers, t.batch(cs[:n], loadOnly)...)
		cs = cs[n:]
	}
	return answers
}

func (t *Target) batch(cs []*vm.Case, loadOnly bool) []*answer {
	answers := make([]*answer, len(cs))
	var jobs []*job
	var at []int // which case a job is
	for i, c := range cs {
		if what := unfit(c); what != "" {
			answers[i] = &answer{Kind: vm.LoadUnsupported, Reason: what}
			continue
		}
		jobs = append(jobs, newJob(c, loadOnly))
		at = append(at, i)
	}
	if t.journal != nil {
		if err := t.journal.write(cs); err != nil {
			for _, i := range at { // what is not on disk is not run
				answers[i] = &answer{Kind: vm.LoadUnsupported, Reason: "not run, because the journal cannot be written: " + err.Error()}
			}
			return answers
		}
	}
	for len(jobs) > 0 {
		done := t.exchange(jobs)
		for i, a := range done {
			answers[at[i]] = a
		}
		jobs, at = jobs[len(done):], at[len(done):]
	}
	return answers
}

// unfit says what of a case cannot even be sent.
func unfit(c *vm.Case) string {
	for _, p := range c.Programs {
		if p.Order != hostOrder {
			return fmt.Sprintf("a %s-endian program: the host is %s-endian", p.Order, hostOrder)
		}
		if len(p.Insns) > vm.MaxInsns {
			return fmt.Sprintf("a program of %d slots", len(p.Insns))
		}
	}
	return ""
}

// exchange sends jobs and collects answers until all are there or the executor has
// died or been killed; the job it was at is then the last one answered. There is
// at least one answer.
func (t *Target) exchange(jobs []*job) []*answer {
	if t.child == nil {
		c, err := start(t.attr)
		if err != nil {
			return repeated(&answer{Kind: vm.Crash, Reason: "the executor cannot be started again: " + err.Error()}, len(jobs))
		}
		t.child = c
	}
	go t.child.send(jobs)
	var answers []*answer
	timer := time.NewTimer(t.opts.Deadline)
	defer timer.Stop()
	for len(answers) < len(jobs) {
		select {
		case a, ok := <-t.child.answers:
			if !ok {
				cause := t.child.cause()
				t.child.kill()
				t.child = nil
				return append(answers, &answer{Kind: vm.Crash, Reason: "the executor died at this case: " + cause})
			}
			answers = append(answers, a)
			timer.Reset(t.opts.Deadline)
		case <-timer.C:
			t.child.kill()
			t.child = nil
			return append(answers, &answer{Kind: vm.Hang, Reason: fmt.Sprintf("no answer in %s", t.opts.Deadline)})
		}
	}
	return answers
}

func repeated(a *answer, n int) []*answer {
	list := make([]*answer, n)
	for i := range list {
		list[i] = a
	}
	return list
}
