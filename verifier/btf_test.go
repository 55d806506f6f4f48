package verifier_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/lockstep-ebpf/lockstep/host/kernelbtf"
	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/btf"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// typedCase is a file of testdata/btf.
type typedCase struct {
	name, want string
	c          *vm.Case
	about      *btf.Program
	load       *kernelcmp.Load
}

// places are the words for places to attach to: type, attach type, what the kernel calls them.
var places = map[string]struct {
	typ, attach uint32
	prefix      string
}{
	"tp_btf": {26, 23, "btf_trace_"}, "iter": {26, 28, "bpf_iter_"}, "kprobe": {2, 0, ""}, "xdp": {6, 0, ""}, "socket_filter": {1, 0, ""},
	"iter.s": {26, 28, "bpf_iter_"}, "fentry": {26, 24, ""}, "fexit": {26, 25, ""}, "fmod_ret": {26, 26, ""}, "lsm": {29, 27, "bpf_lsm_"},
}

// sleepable is BPF_F_SLEEPABLE.
const sleepable = 1 << 4

// symbols are what stands between percent signs.
var symbols = regexp.MustCompile(`%[a-z_0-9.]+%`)

func readTyped(t *testing.T, k *kernelbtf.Kernel, pattern string) (all []typedCase) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatal("there are no cases:", pattern, err)
	}
	for _, path := range files {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			all = append(all, readTypedCase(t, k, f))
		}
	}
	return all
}

func readTypedCase(t *testing.T, k *kernelbtf.Kernel, f txtar.File) typedCase {
	t.Helper()
	title, at, _ := strings.Cut(f.Name, " @")
	kind, target, _ := strings.Cut(at, " ")
	place, ok := places[kind]
	comment, text, _ := strings.Cut(string(f.Data), "\n")
	want, commented := strings.CutPrefix(comment, "# ")
	if !ok || !commented {
		t.Fatalf("%s: no place to attach to, or no comment", f.Name)
	}
	text = symbols.ReplaceAllStringFunc(text, func(s string) string {
		n, ok := lookup(k, strings.Trim(s, "%"))
		if !ok {
			t.Fatalf("%s: the kernel's types have no %s", f.Name, s)
		}
		return fmt.Sprint(n)
	})
	made, err := asm.Assemble(text, asm.Names{Helpers: helperNumbers})
	if err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	x := typedCase{name: title, want: want, about: &btf.Program{Attach: target}}
	x.c = &vm.Case{Programs: []*vm.Program{{Type: hook.Of(place.typ, place.attach), Insns: made.Insns}}}
	x.load = &kernelcmp.Load{Type: place.typ, Attach: place.attach, License: "GPL", Insns: made.Insns, LogLevel: 2}
	if strings.HasSuffix(kind, ".s") {
		x.about.Sleepable, x.load.Flags = true, sleepable
	}
	x.load.Insns, x.load.Vars = variables(k, made.Insns)
	if target != "" {
		x.load.BTF = place.prefix + target
	}
	return x
}

// variables gives instructions in which variables have numbers of a list of names, as
// questions to a kernel have them.
func variables(k *kernelbtf.Kernel, insns []spec.Insn) (out []spec.Insn, names []string) {
	out = slices.Clone(insns)
	for pc := range out {
		if i := &out[pc]; i.Op == spec.LDDW && i.Src == spec.LDDWBTFVar {
			names = append(names, k.Type(btf.ID(i.Imm)).Name)
			i.Imm = int32(len(names) - 1)
		}
	}
	return out, names
}

// helperNumbers are those that the cases call and no engine simulates.
var helperNumbers = map[string]int32{
	"task_pt_regs": 175, "get_current_task_btf": 158, "trace_printk": 6, "get_current_comm": 16, "seq_write": 127,
	"per_cpu_ptr": 153, "get_socket_cookie": 46,
}

// lookup finds a member's offset, or a number of a function, variable or structure.
func lookup(k *kernelbtf.Kernel, name string) (int, bool) {
	outer, member, isMember := strings.Cut(name, ".")
	if isMember {
		t := k.Type(k.Find(btf.Struct, outer))
		if t == nil {
			return 0, false
		}
		return offset(k, t, member)
	}
	for _, kind := range []btf.Kind{btf.Func, btf.Var, btf.Struct} {
		if id := k.Find(kind, name); id != 0 {
			return int(id), true
		}
	}
	return 0, false
}

func offset(k *kernelbtf.Kernel, t *btf.Type, member string) (int, bool) {
	for _, m := range t.Members {
		if m.Name == member {
			return int(m.Bit / 8), true
		}
		if inner := k.Type(m.Type); m.Name == "" && inner != nil && inner.Composite() {
			if off, ok := offset(k, inner, member); ok {
				return int(m.Bit/8) + off, true
			}
		}
	}
	return 0, false
}

// TestTyped: programs with typed contexts, pointers into the kernel's objects and kernel
// functions are judged as the cases say, and the host's kernel judges them so too.
func TestTyped(t *testing.T) {
	types, err := kernelbtf.Host()
	if err != nil {
		t.Skipf("SKIPPED: needs the types of the host's kernel: %v", err)
	}
	all := readTyped(t, types, "testdata/btf/*.txtar")
	for _, x := range all {
		if got := judgeTyped(types, &x); got != x.want {
			t.Errorf("%s: %s, want %s", x.name, got, x.want)
		}
	}
	k := openKernel(t)
	if !strings.HasPrefix(k.Release(), "6.18.") {
		t.Skipf("the words are those of Linux 6.18, this is %s", k.Release())
	}
	var loads []*kernelcmp.Load
	for _, x := range all {
		loads = append(loads, x.load)
	}
	for i, r := range k.TryLoads(loads) {
		x := &all[i]
		if r.Problem != "" {
			t.Errorf("%s: %s", x.name, r.Problem)
		} else if (r.Errno == 0) != (x.want == "accepted") || r.Errno != 0 && !sameText(x.want, r.Log) {
			t.Errorf("%s: want %s, the kernel says %v\n%s", x.name, x.want, r.Errno, r.Log)
		}
	}
}

// TestTypedUnasked has what the host's kernel cannot be asked: it does not load such programs.
func TestTypedUnasked(t *testing.T) {
	types, err := kernelbtf.Host()
	if err != nil {
		t.Skipf("SKIPPED: needs the types of the host's kernel: %v", err)
	}
	for _, x := range readTyped(t, types, "testdata/btf/unasked/*.txtar") {
		if got := judgeTyped(types, &x); got != x.want {
			t.Errorf("%s: %s, want %s", x.name, got, x.want)
		}
	}
}

// judgeTyped is "accepted", or the first line of why not.
func judgeTyped(k *kernelbtf.Kernel, x *typedCase) string {
	res := verifier.Verify(x.c, verifier.Options{Kernel: k, Programs: []*btf.Program{x.about}})
	if res.Verdict == verifier.Accepted {
		return "accepted"
	}
	text, _, _ := strings.Cut(res.Failure.Text, "\n")
	return text
}
