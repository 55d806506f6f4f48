package kernelcmp

import (
	"fmt"
	"time"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// batchSize is how many cases go to the executor, and to the journal, at once.
const batchSize = 256

// Options say how a Target works.
type Options struct {
	// Name is the target's; empty: "kernel".
	Name string
	// Start brings up an executor; nil: a child process, which is the host's kernel.
	Start Starter
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

// Target is a kernel, the host's or a guest's, as a vm.BatchTarget. It is not for concurrent use;
// open several for that.
type Target struct {
	opts    Options
	hello   hello    // of the latest executor
	session *session // nil after it died, until the next job
	journal *journal
}

var _ vm.BatchTarget = (*Target)(nil)

// Open starts an executor and asks it whether bpf(2) is permitted. If not, the error
// says what is missing, and errors.Is(err, ErrNotPermitted).
func Open(opts Options) (*Target, error) {
	if opts.Deadline == 0 {
		opts.Deadline = DefaultDeadline
	}
	if opts.Name == "" {
		opts.Name = "kernel"
	}
	if opts.Start == nil {
		opts.Start = func() (Link, error) { return startProcess(nil) }
	}
	t := &Target{opts: opts}
	if err := t.start(); err != nil {
		return nil, err
	}
	var err error
	if opts.Journal != "" {
		if t.journal, err = openJournal(opts.Journal); err != nil {
			t.drop()
			return nil, err
		}
	}
	return t, nil
}

// start begins a session with a new executor.
func (t *Target) start() (err error) {
	if t.session, err = openSession(t.opts.Start); err != nil {
		t.session = nil
		return err
	}
	t.hello = t.session.hello
	return nil
}

// restart makes sure of a session. What kills an executor may kill the next one before
// it says hello, so that is tried more than once.
func (t *Target) restart() (err error) {
	for try := 0; t.session == nil && try < 5; try++ {
		time.Sleep(time.Duration(try*try) * 50 * time.Millisecond)
		err = t.start()
	}
	if t.session != nil {
		return nil
	}
	return err
}

// drop ends the executor.
func (t *Target) drop() {
	if t.session != nil {
		t.session.link.Kill()
		t.session = nil
	}
}

// Name is the one of the options.
func (t *Target) Name() string { return t.opts.Name }

// Release is the kernel's version.
func (t *Target) Release() string { return t.hello.Release }

// Order is the kernel's byte order. Programs of the other one are unsupported.
func (t *Target) Order() spec.ByteOrder { return t.hello.Order }

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
	if info.Type == hook.FlowDissector { // it comes back as memory: the keys
		return obs&^vm.ObsPacket | vm.ObsMemory
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
	for i, a := range t.ask(cs, false, 0) {
		out = append(out, a.outcomes(cs[i], t.hello.Order))
	}
	return out
}

// Verify loads cases unchanged, runs none, and gives the verifier's verdicts. A
// program of type mem is judged for the memory of the case's inputs.
func (t *Target) Verify(cs []*vm.Case) []Verdict { return t.VerifyWithout(cs, 0) }

// VerifyWithout is Verify for a caller that lacks capabilities, one bit each by its number: programs
// are loaded without them, maps are made with them.
func (t *Target) VerifyWithout(cs []*vm.Case, lacking uint64) []Verdict {
	out := make([]Verdict, 0, len(cs))
	for _, a := range t.ask(cs, true, lacking) {
		out = append(out, Verdict{a.Kind, a.Reason, a.Log, a.Programs})
	}
	return out
}

// Features says what of the things that kernels differ in this one has.
func (t *Target) Features() ([]Feature, error) {
	a := t.exchange([]*job{{Probe: true}})[0]
	if a.Kind != vm.Exit {
		return nil, fmt.Errorf("%s: %s", t.Name(), a.Reason)
	}
	return a.Features, nil
}

// Close ends the executor, and removes what this Target wrote into the journal, unless
// an executor died or hung: what is there otherwise was left by a crash.
func (t *Target) Close() error {
	t.drop()
	if t.journal == nil {
		return nil
	}
	return t.journal.close()
}

// ask gets an answer to each case, batch by batch.
func (t *Target) ask(cs []*vm.Case, loadOnly bool, without uint64) []*answer {
	answers := make([]*answer, 0, len(cs))
	for len(cs) > 0 {
		n := min(len(cs), batchSize)
		answers = append(answers, t.batch(cs[:n], loadOnly, without)...)
		cs = cs[n:]
	}
	return answers
}

func (t *Target) batch(cs []*vm.Case, loadOnly bool, without uint64) []*answer {
	answers := make([]*answer, len(cs))
	var jobs []*job
	var at []int // which case a job is
	for i, c := range cs {
		if what := t.unfit(c); what != "" {
			answers[i] = &answer{Kind: vm.LoadUnsupported, Reason: what}
			continue
		}
		jobs = append(jobs, newJob(c, t.hello.Order, loadOnly, without))
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
func (t *Target) unfit(c *vm.Case) string {
	for _, p := range c.Programs {
		if p.Order != t.hello.Order {
			return fmt.Sprintf("a %s-endian program: the kernel is %s-endian", p.Order, t.hello.Order)
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
	if err := t.restart(); err != nil {
		return repeated(&answer{Kind: vm.LoadUnsupported, Reason: "not run, because the executor cannot be started again: " + err.Error()}, len(jobs))
	}
	select {
	case _, ok := <-t.session.answers:
		if !ok { // damage may show late, and then it is the work of a case before
			cause := t.session.link.Cause()
			t.drop()
			return []*answer{t.evidence(vm.Crash, "the executor died before it got this case, when it had answered all others: "+cause)}
		}
	default:
	}
	frame, err := t.session.encode(jobs)
	if err != nil {
		return repeated(&answer{Kind: vm.LoadUnsupported, Reason: "the case cannot be sent: " + err.Error()}, len(jobs))
	}
	// It blocks while the executor is busy. An error means that the executor is gone,
	// which shows here too.
	go func(l Link) { _ = l.Send(frame) }(t.session.link)
	var answers []*answer
	timer := time.NewTimer(t.opts.Deadline)
	defer timer.Stop()
	for len(answers) < len(jobs) {
		select {
		case a, ok := <-t.session.answers:
			if !ok {
				cause := t.session.link.Cause()
				t.drop()
				return append(answers, t.evidence(vm.Crash, "the executor died at this case: "+cause))
			}
			answers = append(answers, a)
			timer.Reset(t.opts.Deadline)
		case <-timer.C:
			t.drop()
			return append(answers, t.evidence(vm.Hang, fmt.Sprintf("no answer in %s", t.opts.Deadline)))
		}
	}
	return answers
}

// evidence makes the answer of a case at which an executor came to grief. From then on
// the journal outlives the Target.
func (t *Target) evidence(k vm.Kind, reason string) *answer {
	if t.journal != nil {
		t.journal.keep = true
		reason += "; the latest cases are in " + t.journal.dir
	}
	return &answer{Kind: k, Reason: reason}
}

func repeated(a *answer, n int) []*answer {
	list := make([]*answer, n)
	for i := range list {
		list[i] = a
	}
	return list
}
