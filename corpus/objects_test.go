package corpus

import (
	"bytes"
	"debug/elf"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var generate = flag.Bool("generate", false, "rewrite the compiled objects and the packets")

// The compiler is part of what is committed: another version emits other code.
const (
	clang = "clang-19"
	strip = "llvm-strip-19"
)

// sources are the C files with what is special about their compilation.
var sources = []struct {
	path string
	cpu  string
	be   bool // for big-endian machines too
}{
	{"programs/checksum.c", "v3", true},
	{"programs/firewall.c", "v3", true},
	{"programs/ratelimit.c", "v4", true}, // signed division
	{"programs/blocklist.c", "v3", true},
	{"programs/balancer.c", "v3", true},
	{"programs/dns.c", "v3", true},
	{"programs/tcpopts.c", "v3", true},
	{"programs/pipeline.c", "v3", true},
	{"programs/conntrack.c", "v3", true},
	{"programs/sampler.c", "v3", true},
	{"programs/tenants.c", "v3", true},
	{"programs/entropy.c", "v3", true},
	{"programs/cgroup.c", "v3", true},
	{"programs/control.c", "v3", true},
	{"programs/dedup.c", "v3", true},
	{"programs/histogram.c", "v3", true},
	{"programs/latency.c", "v3", true},
	{"programs/sockredir.c", "v3", true},
	{"programs/syscalls.c", "v3", true},
	{"../host/object/testdata/dispatch.c", "v3", true},
	{"../host/object/testdata/unready.c", "v3", false},
	{"../host/object/testdata/nested.c", "v3", true},
	{"../verifier/render/testdata/unsafe.c", "v3", false},
	{"../bpftest/testdata/opens.c", "v3", false},
	{"../bpftest/testdata/faults.c", "v3", false},
}

// TestObjects compiles every program and compares what is loaded of it with the
// committed object.
func TestObjects(t *testing.T) {
	for _, tool := range []string{clang, strip} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed: the committed objects cannot be checked against their sources", tool)
		}
	}
	for _, s := range sources {
		base := strings.TrimSuffix(s.path, ".c")
		compare(t, s.path, base+".o", "bpfel", s.cpu)
		if s.be {
			compare(t, s.path, base+".be.o", "bpfeb", s.cpu)
		}
	}
}

func compare(t *testing.T, source, object, target, cpu string) {
	t.Helper()
	built := filepath.Join(t.TempDir(), "out.o")
	compile(t, source, built, target, cpu)
	if *generate {
		b, err := os.ReadFile(built)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(object, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, want := loadable(t, built), loadable(t, object)
	for name := range want {
		if got[name] == nil {
			t.Errorf("%s: section %s is in %s and not in what %s makes; run with -generate", source, name, object, clang)
		}
	}
	for name := range got {
		if !bytes.Equal(got[name], want[name]) {
			t.Errorf("%s: section %s of %s is not what %s makes; run with -generate", source, name, object, clang)
		}
	}
}

// compile leaves no path of this machine in the object: clang runs in the source's
// directory and is told that its name is a dot.
func compile(t *testing.T, source, out, target, cpu string) {
	t.Helper()
	include, err := filepath.Abs("programs")
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{
			clang, "-target", target, "-mcpu=" + cpu, "-O2", "-g", "-Wall", "-Werror", "-fdebug-compilation-dir=.",
			"-ffile-prefix-map=" + include + "=.", "-I", include, "-c", filepath.Base(source), "-o", out,
		},
		{strip, "-g", out}, // DWARF goes, BTF stays
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = filepath.Dir(source)
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, text)
		}
	}
}

// loadable is the contents of the sections that a loader uses, BTF excepted: it
// holds the sources' text, comments included.
func loadable(t *testing.T, path string) map[string][]byte {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := map[string][]byte{}
	for _, s := range f.Sections {
		if s.Flags&elf.SHF_ALLOC == 0 && !strings.HasPrefix(s.Name, ".rel") || strings.HasPrefix(s.Name, ".rel.BTF") {
			continue
		}
		b := []byte{}
		if s.Type != elf.SHT_NOBITS {
			if b, err = s.Data(); err != nil {
				t.Fatalf("%s: section %s: %v", path, s.Name, err)
			}
		}
		all[s.Name] = b
	}
	return all
}
