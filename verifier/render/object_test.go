package render_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-ebpf/lockstep/host/object"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/render"
	"github.com/lockstep-ebpf/lockstep/vm"
)

var update = flag.Bool("update", false, "have the host's kernel write testdata/logs again")

// TestLogOfObjects compares the logs of compiled programs, with lines of source and names
// of maps.
func TestLogOfObjects(t *testing.T) {
	openKernel(t) // asks for rights and release
	files, err := filepath.Glob("../../corpus/programs/*.o")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no objects in corpus/programs", err)
	}
	var x compared
	sources, equal := 0, 0
	for _, path := range files {
		if strings.HasSuffix(path, ".be.o") {
			continue
		}
		o, err := object.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		logs := kernelLogs(t, path)
		for _, p := range o.Programs {
			c, err := o.Case(p.Name, vm.Input{})
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range c.Maps { // BPF_OBJ_NAME_LEN
				m.Name = m.Name[:min(15, len(m.Name))]
			}
			c.Programs = c.Programs[:1]
			ours, res := ourLog(c, render.Full)
			if res.Verdict != verifier.Accepted || logs[p.Name] == "" {
				t.Logf("%s: %s: not compared: %v", path, p.Name, res.Failure)
				continue
			}
			x.add(t, c, logs[p.Name], ours)
			s, e := sourceLines(logs[p.Name], ours)
			sources, equal = sources+s, equal+e
		}
	}
	t.Logf("%d logs of objects, %d lines: equal %.1f%%, but for what is known %.1f%%; %d lines of source, %d of them ours",
		x.cases, x.lines, 100*float64(x.equal)/float64(max(1, x.lines)), 100*float64(x.same)/float64(max(1, x.lines)), sources, equal)
	if 10*x.equal < 8*x.lines {
		t.Errorf("%d of %d lines are the kernel's", x.equal, x.lines)
	}
	if sources == 0 || 10*equal < 9*sources {
		t.Errorf("of %d lines of source that the kernel shows %d are ours", sources, equal)
	}
}

// sourceLines is how many lines of source the kernel's log shows up to its second path, and
// how many of these ours has.
func sourceLines(theirs, ours string) (n, equal int) {
	pick := func(log string) (lines []string) {
		log, _, _ = strings.Cut(log, "\nfrom ")
		for _, line := range logLines(log) {
			if strings.HasPrefix(line, "; ") {
				lines = append(lines, line)
			}
		}
		return lines
	}
	a := pick(theirs)
	return len(a), common(a, pick(ours))
}

// TestLogOfUnsafe compares with logs that a Linux 6.18 has written; -update has it write them
// again.
func TestLogOfUnsafe(t *testing.T) {
	for _, prog := range []string{"header", "stale", "missing", "masked", "sums"} {
		for level := render.Path; level <= render.Full; level++ {
			name := fmt.Sprintf("testdata/logs/%s.%d.txt", prog, level)
			if *update {
				openKernel(t)
				if err := os.WriteFile(name, []byte(strings.Join(logLines(kernelLog(t, prog, level)), "\n")), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			c := unsafeCase(t, prog)
			ours, _ := ourLog(c, level)
			if diff := cmp.Diff(logLines(string(want)), logLines(ours)); diff != "" {
				t.Errorf("%s, level %d: the kernel's log (-), ours (+):\n%s", prog, level, diff)
			}
		}
	}
}

// kernelLog is the log of a program of testdata/unsafe.o.
func kernelLog(t *testing.T, prog string, level render.Level) string {
	t.Helper()
	spec, err := ebpf.LoadCollectionSpec("testdata/unsafe.o")
	if err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(spec.Programs, func(name string, _ *ebpf.ProgramSpec) bool { return name != prog })
	coll, err := ebpf.NewCollectionWithOptions(spec, ebpf.CollectionOptions{
		Programs: ebpf.ProgramOptions{LogLevel: ebpf.LogLevel(level), LogSizeStart: 4 << 20},
	})
	var refused *ebpf.VerifierError
	switch {
	case errors.As(err, &refused):
		return strings.Join(refused.Log, "\n")
	case err != nil:
		t.Fatal(err)
	}
	defer coll.Close()
	return coll.Programs[prog].VerifierLog
}

// kernelLogs are the logs of an object's programs, as cilium/ebpf loads it.
func kernelLogs(t *testing.T, path string) map[string]string {
	t.Helper()
	spec, err := ebpf.LoadCollectionSpec(path)
	if err != nil {
		t.Fatal(err)
	}
	logs := map[string]string{}
	coll, err := ebpf.NewCollectionWithOptions(spec, ebpf.CollectionOptions{
		Programs: ebpf.ProgramOptions{LogLevel: ebpf.LogLevelBranch | ebpf.LogLevelInstruction, LogSizeStart: 64 << 20},
	})
	var refused *ebpf.VerifierError
	if errors.As(err, &refused) {
		t.Logf("%s: the kernel refuses it: %v", path, refused)
		return logs
	}
	if err != nil {
		t.Logf("%s: %v", path, err)
		return logs
	}
	defer coll.Close()
	for name, p := range coll.Programs {
		logs[name] = p.VerifierLog
	}
	return logs
}
