package render_test

import (
	"errors"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/reduce"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/render"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

var (
	firstSeed = flag.Uint64("seed", 1, "seed of the first program")
	programs  = flag.Int("programs", 60, "programs of each mix whose logs are compared with the kernel's; half of them are broken")
	show      = flag.Int("show", 0, "logs with differences to print")
)

func TestMain(m *testing.M) {
	kernelcmp.ExecutorMain()
	os.Exit(m.Run())
}

// openKernel gives the host's kernel if it is a 6.18, or skips the test.
func openKernel(t *testing.T) *kernelcmp.Target {
	t.Helper()
	k, err := kernelcmp.Open(kernelcmp.Options{})
	if errors.Is(err, kernelcmp.ErrNotPermitted) && (os.Getenv("CI") != "true" || os.Getuid() != 0) {
		t.Skipf("needs bpf(2): %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	if !strings.HasPrefix(string(release), "6.18.") {
		t.Skipf("the log is that of Linux 6.18, this is %s", release)
	}
	return k
}

// question asks the kernel for the log of a case's program. Prototypes of maps are enough;
// they have no names there.
func question(c *vm.Case, n int, level uint32) *kernelcmp.Load {
	p := c.Programs[n]
	q := &kernelcmp.Load{Type: p.Type.Prog(), Attach: p.Type.Attach(), LogLevel: level, Insns: p.Insns}
	if p.Type == hook.Syscall {
		q.Flags = 1 << 4 // BPF_F_SLEEPABLE
	}
	for _, m := range c.Maps {
		raw := kernelcmp.RawMap{Type: uint32(m.Type), KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries, Flags: m.Flags}
		q.Maps = append(q.Maps, raw)
		m.Name = ""
	}
	return q
}

// askable leaves out what a Load cannot say.
func askable(c *vm.Case) bool {
	for _, m := range c.Maps {
		if m.Inner != nil || m.Type.Objects() {
			return false
		}
	}
	for _, p := range c.Programs {
		for pc, i := range p.Insns {
			if i.Wide() && (i.Src == 4 || i.Src >= 5) || i.Wide() && pc+1 < len(p.Insns) && (i.Src == 1 || i.Src == 2) && (i.Imm < 0 || int(i.Imm) >= len(c.Maps)) {
				return false
			}
		}
		if p.Type == hook.Unspec {
			return false
		}
	}
	return len(c.Programs) == 1
}

// short leaves out programs with long loops: comparing logs takes time.
func short(c *vm.Case) bool {
	return verifier.Verify(c, verifier.Options{MaxInsns: 5000}).Verdict != verifier.TooComplex
}

// The kernel's own affairs: see Log.
var (
	inner   = regexp.MustCompile(`^(mark_precise: |frame \d+: propagating |\([\d,]+\) (frame|live stack)|SCC |update_branch|processed )`)
	address = regexp.MustCompile(`\(18\) (r\d+) = 0xffff[0-9a-f]{12}\b`)
	loops   = regexp.MustCompile(`^ +(\d+ +)?(\d+: [0-9.]{10} )`) // the number of the loop that an instruction is in
	gap     = regexp.MustCompile(` +;`)                           // an address is longer than the 0x0 in its place
	ids     = regexp.MustCompile(`\bid=\d+`)
)

func logLines(log string) (lines []string) {
	for _, line := range strings.Split(strings.TrimSpace(log), "\n") {
		line = strings.TrimRight(line, " ")
		if line == "" || inner.MatchString(line) {
			continue
		}
		line = loops.ReplaceAllString(line, " $2")
		lines = append(lines, gap.ReplaceAllString(address.ReplaceAllString(line, "(18) $1 = 0x0"), " ;"))
	}
	return lines
}

// common is how many lines two logs have in common, in order.
func common(a, b []string) int {
	number := map[string]int{}
	intern := func(lines []string) []int {
		out := make([]int, len(lines))
		for i, line := range lines {
			if number[line] == 0 {
				number[line] = len(number) + 1
			}
			out[i] = number[line]
		}
		return out
	}
	x, y, n := intern(a), intern(b), 0
	for len(x) > 0 && len(y) > 0 && x[0] == y[0] {
		x, y, n = x[1:], y[1:], n+1
	}
	row := make([]int, len(y)+1)
	for i := range x {
		diagonal := 0
		for j := range y {
			above := row[j+1]
			if x[i] == y[j] {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return n + row[len(y)]
}

// compared is what came of comparing logs.
type compared struct {
	cases, lines, equal, forms, same, refused, first int
}

// numbersAside makes lines alike that differ in the numbers of identities.
func numbersAside(lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = ids.ReplaceAllString(line, "id=N")
	}
	return out
}

// state is what is known, behind an instruction.
var state = regexp.MustCompile(`^(\d+: )(\([0-9a-f]{2}\) .*?) *; .*`)

// statesAside leaves instructions, and which registers are shown.
func statesAside(lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = state.ReplaceAllString(line, "$1$2")
	}
	return out
}

func (x *compared) add(t *testing.T, c *vm.Case, theirs, ours string) {
	a, b := logLines(theirs), logLines(ours)
	if len(a) > 3000 || len(b) > 3000 { // the comparison is quadratic
		return
	}
	x.cases++
	x.lines += len(a)
	n := common(a, b)
	x.equal += n
	x.forms += common(numbersAside(a), numbersAside(b))
	x.same += common(statesAside(a), statesAside(b))
	if n < len(a) && x.cases <= *show {
		t.Logf("the kernel:\n%s\nours:\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"))
	}
}

// instruction is a line of the log that shows one, or a state, or a line of source.
var instruction = regexp.MustCompile(`^(\d+: |from |; |caller:|callee:|returning from|to caller| (frame\d+: )?R\d+=|func#|Live regs| +\d+: )`)

// message is the first line of a log that says what is wrong.
func message(log string) string {
	lines := logLines(log)
	n := len(lines)
	for n > 0 && !instruction.MatchString(lines[n-1]) {
		n--
	}
	if n == len(lines) {
		return ""
	}
	return lines[n]
}

var linux618 = func() *release.Release {
	r, err := release.ByName("linux-6.18")
	if err != nil {
		panic(err)
	}
	return r
}()

func ourLog(c *vm.Case, level render.Level) (string, verifier.Result) {
	l := render.NewLog(c, level)
	res := verifier.Verify(c, verifier.Options{Release: linux618, Trace: l.Trace()})
	l.Finish(&res)
	return l.Program(0), res
}

// TestLogOfKernel compares logs of valid and of broken programs with the kernel's.
func TestLogOfKernel(t *testing.T) {
	k := openKernel(t)
	t.Logf("seed %d", *firstSeed)
	for _, level := range []render.Level{render.Path, render.Full} {
		var x compared
		for _, mix := range gen.Mixes {
			g := gen.New(gen.Options{Mix: mix})
			var cs []*vm.Case
			var qs []*kernelcmp.Load
			var src tape.Source
			for i := range *programs {
				src.Seed(*firstSeed + uint64(i))
				build := g.Generate
				if i%2 == 0 {
					build = g.Perturb
				}
				if c := reduce.Clone(build(&src)); askable(c) && short(c) {
					cs, qs = append(cs, c), append(qs, question(c, 0, uint32(level)))
				}
			}
			for i, a := range k.TryLoads(qs) {
				ours, res := ourLog(cs[i], level)
				if a.Problem != "" || (a.Errno == 0) != (res.Verdict == verifier.Accepted) {
					continue
				}
				x.add(t, cs[i], a.Log, ours)
				if a.Errno != 0 {
					x.refused++
					if message(a.Log) == message(ours) {
						x.first++
					} else {
						t.Logf("%s, seed %d: the kernel says %q, we %q", mix.Name, *firstSeed+uint64(i), message(a.Log), message(ours))
					}
				}
			}
		}
		share := func(n int) float64 { return 100 * float64(n) / float64(max(1, x.lines)) }
		t.Logf("level %d: %d logs, %d lines: equal %.1f%%, but for the numbers of identities %.1f%%, but for what is known %.1f%%; %d refusals, first line equal in %d",
			level, x.cases, x.lines, share(x.equal), share(x.forms), share(x.same), x.refused, x.first)
		if x.refused == 0 || 100*x.first < 85*x.refused {
			t.Errorf("level %d: the first lines of %d of %d refusals are the kernel's, want 85%%", level, x.first, x.refused)
		}
		if 10*x.equal < 8*x.lines {
			t.Errorf("level %d: %d of %d lines are the kernel's", level, x.equal, x.lines)
		}
	}
}
