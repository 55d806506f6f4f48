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
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// stopped halts the executor, so that it is surely at the first case of what comes
// next, and gives what ends or resumes it.
func stopped(t *testing.T, k *Target) *os.Process {
	t.Helper()
	p := k.child.cmd.Process
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
	if batches, err := ReadJournal(dir); err != nil || len(batches) != 0 {
		t.Errorf("after Close the journal holds %d batches (%v)", len(batches), err)
	}
}

func TestExecutorHangs(t *testing.T) {
	k := kernel(t, Options{Deadline: 300 * time.Millisecond})
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
	_, err := open(Options{}, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}})
	if !errors.Is(err, ErrNotPermitted) {
		t.Fatalf("error %v, want ErrNotPermitted", err)
	}
	for _, want := range []string{"run as root or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON", "lacks CAP_BPF", "unprivileged_bpf_disabled is"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
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

// A full case survives the journal, and what another Target writes, or a crash
// left, is not written over.
func TestJournal(t *testing.T) {
	dir := t.TempDir()
	j, err := openJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	other, err := openJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	if other.dir == j.dir {
		t.Error("two journals in one folder")
	}
	c := one(prog(hook.SchedCLS, mapFD(1, 0), mov(0, -1), exit), vm.Input{Packet: []byte{1, 2}, Context: []byte{3}, Memory: []byte{4}, Seed: 1<<63 + 1})
	c.Name, c.Fuel, c.Mode = "full", 77, vm.Trusted
	c.Programs[0].Name = "p"
	c.Maps = []*maps.Spec{{Name: "h", Type: maps.Hash, KeySize: 1, ValueSize: 2, MaxEntries: 3, Flags: 1, Entries: []maps.Entry{{Key: []byte{5}, Value: []byte{6, 7}}}}}
	for i := range journalFiles + 2 {
		c := *c
		c.Fuel = uint64(i)
		if err := j.write([]*vm.Case{&c, &c}); err != nil {
			t.Fatal(err)
		}
	}
	batches, err := ReadJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(batches) != journalFiles {
		t.Fatalf("%d batches, want %d", len(batches), journalFiles)
	}
	c.Fuel = journalFiles + 1
	if diff := cmp.Diff([]*vm.Case{c, c}, batches[journalFiles-1].Cases); diff != "" {
		t.Error(diff)
	}
	// A batch that was not written to its end is left out.
	path := j.files[(journalFiles+1)%journalFiles].Name()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 5, len(b) / 2, len(b) - 2} {
		if err := os.WriteFile(path, b[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		batches, err := ReadJournal(dir)
		if err != nil || len(batches) != journalFiles-1 {
			t.Errorf("cut at %d of %d bytes: %d batches, %v", n, len(b), len(batches), err)
		}
	}
	if err := errors.Join(j.remove(), other.remove()); err != nil {
		t.Error(err)
	}
}

func FuzzParseBatch(f *testing.F) {
	f.Add([]byte(`{"batch":1,"cases":1}` + "\n" + `{"programs":[{"type":"xdp","insns":"b7000000000000009500000000000000"}]}` + "\n"))
	f.Add([]byte(`{"batch":1,"cases":-1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, cases, err := parseBatch(b)
		if err != nil && cases != nil {
			t.Errorf("cases and an error: %v", err)
		}
	})
}
