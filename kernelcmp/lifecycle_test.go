//go:build unix

package kernelcmp

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// stopped halts the executor, so that it is surely at the first case of what comes
// next, and gives what ends or resumes it.
func stopped(t *testing.T, k *Target) *os.Process {
	t.Helper()
	p := k.session.link.(*process).cmd.Process
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	return p
}

func threeCases() []*vm.Case {
	var cs []*vm.Case
	for i := range int32(3) {
		c := one(prog(hook.SocketFilter, mov(0, i), exit))
		c.Name = string(rune('a' + i))
		cs = append(cs, c)
	}
	return cs
}

// An executor that dies leaves the case that it was at on disk; that case is a
// crash, the others run in a new executor.
func TestExecutorDies(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	k := kernel(t, Options{Journal: dir})
	p := stopped(t, k)
	cs := threeCases()
	done := make(chan [][]vm.Outcome)
	go func() { done <- k.RunBatch(cs) }()
	for { // the journal is written before anything is sent
		batches, err := ReadJournal(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(batches) > 0 {
			if diff := cmp.Diff(cs, batches[0].Cases); diff != "" {
				t.Errorf("journal: %s", diff)
			}
			break
		}
		time.Sleep(time.Millisecond)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	out := <-done
	if o := out[0][0]; o.Kind != vm.Crash || !strings.Contains(o.Reason, "killed") {
		t.Errorf("the case it was at: %s (%s), want crash, killed", o.Kind, o.Reason)
	}
	for i := 1; i < 3; i++ {
		if o := out[i][0]; o.Kind != vm.Exit || o.R0 != uint64(i) {
			t.Errorf("case %d: %s, r0 = %d, want exit, %d", i, o.Kind, o.R0, i)
		}
	}
	if err := k.Close(); err != nil {
		t.Error(err)
	}
	if batches, err := ReadJournal(dir); err != nil || len(batches) != 1 || !strings.Contains(out[0][0].Reason, batches[0].Run) {
		t.Errorf("after Close the journal holds %d batches (%v), want the one that the outcome names: %s", len(batches), err, out[0][0].Reason)
	}
}

func TestExecutorHangs(t *testing.T) {
	k := kernel(t, Options{Deadline: 2 * time.Second})
	stopped(t, k)
	out := k.RunBatch(threeCases())
	if o := out[0][0]; o.Kind != vm.Hang {
		t.Errorf("the case it was at: %s (%s), want hang", o.Kind, o.Reason)
	}
	if o := out[2][0]; o.Kind != vm.Exit || o.R0 != 2 {
		t.Errorf("a later case: %s (%s), r0 = %d", o.Kind, o.Reason, o.R0)
	}
}

// An executor without rights says which ones it lacks.
func TestNotPermitted(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to give up root")
	}
	const nobody = 65534
	_, err := Open(Options{Start: func() (Link, error) {
		return startProcess(&syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}})
	}})
	if !errors.Is(err, ErrNotPermitted) {
		t.Fatalf("error %v, want ErrNotPermitted", err)
	}
	for _, want := range []string{"run as root or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON", "lacks CAP_BPF", "unprivileged_bpf_disabled is"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
}

// An executor that root starts keeps what it needs, and nothing else.
func TestExecutorKeepsOnlyWhatItNeeds(t *testing.T) {
	k := kernel(t, Options{})
	if os.Getuid() != 0 {
		t.Skip("needs root, to have something to give up")
	}
	const want = 1<<12 | 1<<34 | 1<<38 | 1<<39
	if got := k.hello.Caps; got != want {
		t.Errorf("the executor has capabilities %#x, want %#x", got, want)
	}
}

func TestMissingCaps(t *testing.T) {
	for caps, want := range map[uint64]int{0: 3, 1 << 39: 2, 1<<39 | 1<<12: 1, 1 << 21: 1, 1<<21 | 1<<12: 0, 1<<39 | 1<<38 | 1<<12: 0} {
		if got := missingCaps(caps); len(got) != want {
			t.Errorf("capabilities %#x lack %v, want %d of them", caps, got, want)
		}
	}
}

// A program that forgets ExecutorMain must not start itself for ever.
func TestExecutorMainForgotten(t *testing.T) {
	t.Setenv(executorEnv, "1")
	if _, err := Open(Options{}); err == nil || !strings.Contains(err.Error(), "ExecutorMain") {
		t.Errorf("error %v, want one that names ExecutorMain", err)
	}
}

// A program that the verifier takes and that runs long is not a hang.
func TestManyIterations(t *testing.T) {
	k := kernel(t, Options{})
	p := prog(hook.SocketFilter,
		mov(1, vm.MaxLoops), lddw(2, 4, 5), mov(3, 0), mov(4, 0), call(vm.HelperLoop), exit,
		mov(0, 0), exit)
	p.Insns[1].Imm = 5
	if o := exited(t, k.Run(one(p))[0]); o.R0 != vm.MaxLoops {
		t.Errorf("r0 = %d, want %d", o.R0, vm.MaxLoops)
	}
}
