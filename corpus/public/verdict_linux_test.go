package public

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"

	"github.com/lockstep-ebpf/lockstep/host/kernelbtf"
	"github.com/lockstep-ebpf/lockstep/host/object"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier"
	types "github.com/lockstep-ebpf/lockstep/verifier/btf"
)

var (
	onlyProgram = flag.String("program", "", "with -run Verdicts: only programs whose name has this in it, with the kernel's log")
	verdictsFor = flag.Bool("each", false, "with -run Verdicts: a line for every program whose verdicts differ")
)

// verdicts counts programs by what the kernel and the verifier say.
type verdicts struct {
	seen     map[[sha256.Size]byte]bool
	equal    int
	accepted int // of these, by both
	differ   int
	none     int // the kernel cannot judge them
	twice    int
	causes   map[string][]string // why they differ, or are not judged: names of programs
}

// maxInsns is what the verifier may take for a program here: a tenth of what Linux does.
const maxInsns = 1_000_000

// TestVerdicts: of the programs that the host's kernel can judge, the verifier judges next
// to all as it does. The kernel gets them by cilium/ebpf's loader, the verifier by our own
// reader; both relocate by the kernel's own types.
func TestVerdicts(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("CI runs this as root")
		}
		t.Skip("SKIPPED: root is needed to ask the kernel")
	}
	kernel, err := kernelbtf.Host()
	if err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	if err := rlimit.RemoveMemlock(); err != nil {
		t.Fatal(err)
	}
	s := fetch(t)
	v := verdicts{seen: map[[sha256.Size]byte]bool{}, causes: map[string][]string{}}
	cache := btf.NewCache()
	for _, objects := range s.objects {
		for _, o := range objects {
			v.object(t, o, kernel, cache)
		}
	}
	v.report(t)
	if n := v.equal + v.differ; *onlyProgram == "" && (v.equal*100 < 97*n || n < 300 && len(s.missing) == 0) {
		t.Errorf("%d of %d verdicts are the kernel's: want 97%% of 300 at least", v.equal, n)
	}
}

func (v *verdicts) object(t *testing.T, o Object, kernel *kernelbtf.Kernel, cache *btf.Cache) {
	ours, err := object.ReadFor(bytes.NewReader(o.ELF), kernel)
	if err != nil {
		return // TestCount names them
	}
	for _, p := range ours.Programs {
		if !strings.Contains(p.Name, *onlyProgram) || p.Order == spec.Big {
			continue
		}
		key := fmt.Appendf(nil, "%d %s %v ", p.Type, p.Section, p.Unready)
		if !first(v.seen, append(key, spec.Encode(p.Insns, p.Order)...)) {
			v.twice++
			continue
		}
		theirs, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(o.ELF))
		if err != nil {
			t.Fatal(o.Name, err)
		}
		v.program(t, o.Name, ours, p, kernel, ask(theirs, p.Name, cache))
	}
}

// ask loads one program of an object.
func ask(c *ebpf.CollectionSpec, program string, cache *btf.Cache) error {
	p := c.Programs[program]
	if p.Type == ebpf.UnspecifiedProgram {
		return errors.New("the section's name says no type")
	}
	c.Programs = map[string]*ebpf.ProgramSpec{program: p}
	used := map[string]bool{}
	for i := range p.Instructions {
		used[p.Instructions[i].Reference()] = true
	}
	maps.DeleteFunc(c.Maps, func(name string, _ *ebpf.MapSpec) bool { return !used[name] })
	for _, m := range c.Maps {
		if m.Type == ebpf.ProgramArray {
			m.Contents = nil
		}
		if m.MaxEntries == 0 {
			m.MaxEntries = standInEntries
		}
		if m.Type == ebpf.StackTrace && m.ValueSize == 0 {
			m.ValueSize = standInStack
		}
		m.Pinning = ebpf.PinNone
	}
	c.Variables = nil
	coll, err := ebpf.NewCollectionWithOptions(c, ebpf.CollectionOptions{
		Programs: ebpf.ProgramOptions{LogSizeStart: 1 << 20}, Cache: cache,
	})
	if err == nil {
		coll.Close()
	}
	return err
}

// Sizes of maps that their own loaders give a size: elements, and bytes of a stack trace.
const (
	standInEntries = 1024
	standInStack   = 127 * 8
)

// judgedBy reports whether the error of a load is the verifier's verdict.
func judgedBy(err error) bool {
	var v *ebpf.VerifierError
	return errors.As(err, &v) && !(errors.Is(err, unix.EPERM) && len(v.Log) == 0)
}

func (v *verdicts) program(t *testing.T, file string, o *object.Object, p *object.Program, kernel *kernelbtf.Kernel, theirs error) {
	name := file + ":" + p.Name
	if theirs != nil && !judgedBy(theirs) {
		v.none++
		v.note("no verdict of the kernel: "+reason(theirs), name)
		return
	}
	got := verdict(o, p, kernel)
	switch {
	case (got == "") == (theirs == nil):
		v.equal++
		if theirs == nil {
			v.accepted++
		}
		if *onlyProgram != "" {
			t.Logf("%s: equal: ours %q, the kernel's %v", name, got, theirs)
		}
		return
	case got == "":
		got = "accepted, the kernel refuses: " + reason(theirs)
	}
	v.differ++
	v.note(got, name)
	if *onlyProgram != "" {
		t.Logf("%s: %s\n%+v", name, got, theirs)
	}
}

// verdict is empty if the verifier accepts the program.
func verdict(o *object.Object, p *object.Program, kernel *kernelbtf.Kernel) string {
	c, about, err := o.CaseToVerify(p.Name)
	if err != nil {
		return "reader: " + brief(p.Unready)
	}
	for _, m := range c.Maps {
		if m.MaxEntries == 0 {
			m.MaxEntries = standInEntries
		}
	}
	res := verifier.Verify(c, verifier.Options{MaxInsns: maxInsns, Kernel: kernel, Programs: []*types.Program{about}})
	if res.Verdict == verifier.Accepted {
		return ""
	}
	text := res.Verdict.String() + ": " + res.Failure.Text
	if *onlyProgram != "" {
		text += fmt.Sprintf(" at insn %d; have %s, need %s", res.Failure.Insn, res.Failure.Have, res.Failure.Need)
		if s := res.Failure.State; s != nil {
			for n := range s.Frame().Regs {
				text += fmt.Sprintf("\n   r%d = %s", n, s.Reg(uint8(n)))
			}
		}
	}
	return text
}

var digits = regexp.MustCompile(`\d+`)

func (v *verdicts) note(cause, name string) {
	cause = digits.ReplaceAllString(cause, "N")
	v.causes[cause] = append(v.causes[cause], name)
}

// reason is the last line of the kernel's log that says something, or the error.
func reason(err error) string {
	var v *ebpf.VerifierError
	if !errors.As(err, &v) {
		return notLoaded(err)
	}
	for _, line := range slices.Backward(v.Log) {
		if !strings.HasPrefix(line, "processed ") && !strings.HasPrefix(line, "verification time") && !strings.HasPrefix(line, "stack depth") {
			return line
		}
	}
	return v.Cause.Error()
}

// notLoaded is why a program did not come to the verifier.
func notLoaded(err error) string {
	text := err.Error()
	for _, kind := range []string{"load program: operation not permitted", "attach Tracing/", "resolve .kconfig", "unsatisfied program reference", "load program: "} {
		if strings.Contains(text, kind) {
			return kind
		}
	}
	return text[max(0, len(text)-120):]
}

func (v *verdicts) report(t *testing.T) {
	n := v.equal + v.differ
	t.Logf("%d different programs that the kernel judges: %d verdicts are equal (%.1f%%), %d of them accepted; %d that it cannot judge; %d copies",
		n, v.equal, 100*float64(v.equal)/float64(max(n, 1)), v.accepted, v.none, v.twice)
	order := slices.SortedFunc(maps.Keys(v.causes), func(a, b string) int {
		return cmp.Or(len(v.causes[b])-len(v.causes[a]), cmp.Compare(a, b))
	})
	for _, cause := range order {
		t.Logf("%4d  %s", len(v.causes[cause]), cause)
		if *verdictsFor || *onlyProgram != "" {
			for _, name := range v.causes[cause] {
				t.Logf("          %s", name)
			}
		}
	}
}

