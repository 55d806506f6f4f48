package verifier_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/reduce"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
)

// tally is a table of verdicts: ours against the kernel's.
type tally struct {
	options verifier.Options
	light   int       // cases that take more instructions to judge are left out; 0: none are
	counts  [2][2]int // [ours accepted][kernel accepted]
	none    int       // neither: one of them cannot judge the case
	dead    int       // only we accept: we know that what the kernel minds never runs
	unsafe  int       // of these, runs that fault or are not as claimed
	ref     *watched  // runs them; may be nil
	text    int       // both reject, and the first line is the same
	kinds   map[string][]uint64
	detail  map[string]string
}

var numbers = regexp.MustCompile(`-?\d+|0x[0-9a-f]+`)

func b(x bool) int {
	if x {
		return 1
	}
	return 0
}

// add takes in a case.
func (y *tally) add(seed uint64, c *vm.Case, k *kernelcmp.Verdict) {
	ours := verifier.Verify(c, y.options)
	theirs := k.Accepted()
	if k.Kind != vm.Exit && k.Kind != vm.LoadRejected {
		y.none++
		return
	}
	accepted := ours.Verdict == verifier.Accepted
	if accepted && !theirs && y.options.Lacks&release.Perfmon != 0 && speculates(k.Log) {
		y.none++
		return
	}
	if ours.Verdict == verifier.Unsupported {
		y.note("unsupported: "+ours.Failure.Text, seed, c, k, &ours)
	}
	y.counts[b(accepted)][b(theirs)]++
	if accepted == theirs {
		if !accepted && sameText(ours.Failure.Text, k.Log) {
			y.text++
		} else if !accepted {
			y.note("TEXT "+ours.Failure.Text+" | "+lastLine(k), seed, c, k, &ours)
		}
		return
	}
	what := "accepted by us, refused by the kernel: " + lastLine(k)
	if accepted && y.isDead(c, k) {
		what = "at a place that no path of ours reaches: " + what
		y.dead++
	}
	if !accepted {
		what = "refused by us, accepted by the kernel: " + ours.Failure.Text
	}
	if accepted && y.ref != nil {
		if _, wrong := y.ref.judge(c); wrong != "" {
			y.unsafe++
			what = "UNSAFE " + wrong + ": " + what
		}
	}
	y.note(what, seed, c, k, &ours)
}

var logged = regexp.MustCompile(`(?m)^(\d+): \([0-9a-f]{2}\)`)

// isDead reports whether no path of ours comes to where the kernel stopped.
func (y *tally) isDead(c *vm.Case, k *kernelcmp.Verdict) bool {
	all := logged.FindAllStringSubmatch(k.Log, -1)
	prog := 0
	fmt.Sscanf(k.Reason, "program %d:", &prog)
	if len(all) == 0 {
		return false
	}
	at, _ := strconv.Atoi(all[len(all)-1][1])
	reached := false
	o := y.options
	o.Observe = func(p int, s *state.State) {
		reached = reached || p == prog && s.PC == at
	}
	verifier.Verify(c, o)
	return !reached
}

func lastLine(k *kernelcmp.Verdict) string {
	line, _, _ := strings.Cut(k.Reason, "\n")
	return line
}

// sameText looks for the first line of our text among the kernel's.
func sameText(text, log string) bool {
	first, _, _ := strings.Cut(text, "\n")
	return slices.ContainsFunc(strings.Split(log, "\n"), func(line string) bool { return strings.TrimSpace(line) == first })
}

func (y *tally) note(what string, seed uint64, c *vm.Case, k *kernelcmp.Verdict, ours *verifier.Result) {
	if y.kinds == nil {
		y.kinds, y.detail = map[string][]uint64{}, map[string]string{}
	}
	kind := numbers.ReplaceAllString(strings.ReplaceAll(what, "\n", " / "), "N")
	if y.kinds[kind] == nil && *logs {
		y.detail[kind] = explainCase(c, k, ours)
	}
	y.kinds[kind] = append(y.kinds[kind], seed)
}

func explainCase(c *vm.Case, k *kernelcmp.Verdict, ours *verifier.Result) string {
	var s strings.Builder
	if f := ours.Failure; f != nil {
		fmt.Fprintf(&s, "ours: program %d, %v; have %s, need %s\n", f.Prog, f, f.Have, f.Need)
		if f.State != nil {
			for n, r := range f.State.Frame().Regs {
				fmt.Fprintf(&s, "  r%d = %s\n", n, &r)
			}
		}
	}
	for n, p := range c.Programs {
		fmt.Fprintf(&s, "program %d %s\n", n, p.Type)
		for pc := 0; pc < len(p.Insns); {
			text, slots := asm.Format(p.Insns, pc, asm.PseudoC, casefile.Names(c.Maps))
			fmt.Fprintf(&s, "%4d %s\n", pc, text)
			pc += slots
		}
	}
	log := k.Log
	if len(log) > 6000 {
		log = log[len(log)-6000:]
	}
	return s.String() + log
}

func (y *tally) report(t *testing.T, name string) {
	n := y.counts[0][0] + y.counts[0][1] + y.counts[1][0] + y.counts[1][1]
	t.Logf("%-10s %6d cases: both accept %d, both refuse %d (same first line %d), only we accept %d (%d for code that never runs), only the kernel accepts %d; not judged %d; equal %.2f%%",
		name, n, y.counts[1][1], y.counts[0][0], y.text, y.counts[1][0], y.dead, y.counts[0][1], y.none, 100*float64(y.counts[0][0]+y.counts[1][1])/float64(max(n, 1)))
	var order []string
	for kind := range y.kinds {
		order = append(order, kind)
	}
	slices.SortFunc(order, func(a, b string) int { return len(y.kinds[b]) - len(y.kinds[a]) })
	for i, kind := range order {
		if strings.HasPrefix(kind, "TEXT ") && !*logs {
			continue
		}
		seeds := y.kinds[kind]
		t.Logf("%d times, seeds %v: %s", len(seeds), seeds[:min(5, len(seeds))], kind)
		if i < *show && *logs {
			t.Log(y.detail[kind])
		}
	}
}

// TestValidProgramsAreAccepted: what the generator makes is valid, and the kernel says so
// too where it can be asked.
func TestValidProgramsAreAccepted(t *testing.T) {
	t.Logf("seed %d", *firstSeed)
	for _, mix := range mixes() {
		refused, insns := 0, 0
		for i, c := range cases(gen.New(gen.Options{Mix: mix}).Generate, *firstSeed, *validN) {
			res := verifier.Verify(c, verifier.Options{})
			insns += res.Processed
			if res.Verdict != verifier.Accepted {
				if refused++; refused <= *show {
					t.Errorf("mix %s, seed %d, program %d: %s: %v (have %s, need %s)", mix.Name, *firstSeed+uint64(i), res.Failure.Prog,
						res.Verdict, res.Failure, res.Failure.Have, res.Failure.Need)
				}
			}
		}
		t.Logf("%-10s %d of %d refused, %d instructions looked at", mix.Name, refused, *validN, insns)
	}
}

// TestParityWithKernel compares verdicts on programs that were broken.
func TestParityWithKernel(t *testing.T) {
	k := openKernel(t)
	t.Logf("seed %d", *firstSeed)
	var all tally
	ref := watch(t)
	var options verifier.Options
	if !*strictly {
		options.Release, _ = release.ByName(verifier.DefaultRelease)
	}
	for _, mix := range mixes() {
		y := tally{ref: ref, options: options}
		g := gen.New(gen.Options{Mix: mix})
		y.compare(k, g.Perturb, *brokenN)
		y.report(t, mix.Name)
		for i := range all.counts {
			for j := range all.counts[i] {
				all.counts[i][j] += y.counts[i][j]
			}
		}
		all.text += y.text
		all.none += y.none
		all.dead += y.dead
		all.unsafe += y.unsafe
	}
	all.report(t, "all")
	all.judge(t)
}

func (y *tally) compare(k *kernelcmp.Target, make1 func(*tape.Source) *vm.Case, n int) {
	for done := 0; done < n; done += 256 {
		seed := *firstSeed + uint64(done)
		cs, seeds := y.lightOf(cases(make1, seed, min(256, n-done)), seed)
		for i, v := range k.VerifyWithout(cs, uint64(y.options.Lacks)) {
			y.add(seeds[i], cs[i], &v)
		}
	}
}

// lightOf leaves out cases that would keep an emulated kernel for a minute. Seeds are numbered
// from that of the first case.
func (y *tally) lightOf(cs []*vm.Case, seed uint64) (light []*vm.Case, seeds []uint64) {
	o := y.options
	o.MaxInsns = y.light
	for i, c := range cs {
		if y.light > 0 && verifier.Verify(c, o).Verdict == verifier.TooComplex {
			y.none++
			continue
		}
		light, seeds = append(light, c), append(seeds, seed+uint64(i))
	}
	return light, seeds
}

// judge is what has to hold: nothing unsafe is accepted, next to nothing that the kernel
// takes is refused, and what we refuse we refuse in its words.
func (y *tally) judge(t *testing.T) {
	n := y.counts[0][0] + y.counts[0][1] + y.counts[1][0] + y.counts[1][1]
	same, refused := y.counts[0][0]+y.counts[1][1], y.counts[0][0]
	switch {
	case y.unsafe > 0:
		t.Errorf("%d programs are accepted and do harm", y.unsafe)
	case y.counts[0][1]*1000 > n:
		t.Errorf("%d of %d programs are refused that the kernel accepts", y.counts[0][1], n)
	case same*100 < 99*n:
		t.Errorf("only %d of %d verdicts are the kernel's", same, n)
	case y.text*100 < 85*refused:
		t.Errorf("only %d of %d refusals are in the kernel's words", y.text, refused)
	case 3*refused < n:
		t.Errorf("only %d of %d programs are refused", refused, n)
	}
}

// TestParityOnAnyProgram compares verdicts on programs that no generator has thought about:
// random instructions of every form, and valid programs with flipped bits.
func TestParityOnAnyProgram(t *testing.T) {
	k := openKernel(t)
	t.Logf("seed %d", *firstSeed)
	y := tally{ref: watch(t)}
	r := rand.New(rand.NewPCG(*firstSeed, 1))
	g := gen.New(gen.Options{})
	var src tape.Source
	for done := 0; done < 4*(*brokenN); done += 256 {
		var cs []*vm.Case
		for i := range min(256, 4*(*brokenN)-done) {
			if i%2 == 0 {
				cs = append(cs, reduce.Clone(randomProgram(r)))
				continue
			}
			src.Seed(*firstSeed + uint64(done+i))
			cs = append(cs, flip(r, reduce.Clone(g.Generate(&src))))
		}
		for i, v := range k.Verify(cs) {
			y.add(uint64(done+i), cs[i], &v)
		}
	}
	y.report(t, "any")
	if n := y.counts[0][1]; n*1000 > 4*(*brokenN) {
		t.Errorf("%d are refused that the kernel accepts", n)
	}
	if y.unsafe > 0 {
		t.Errorf("%d are accepted and do harm", y.unsafe)
	}
}

func randomProgram(r *rand.Rand) *vm.Case {
	b := make([]byte, 2+8*(1+r.IntN(12)))
	for j := range b {
		b[j] = byte(r.Uint32())
	}
	b[0] |= 1
	return anyProgram(b)
}

// flip changes bits of a case's first program.
func flip(r *rand.Rand, c *vm.Case) *vm.Case {
	b := spec.Encode(c.Programs[0].Insns, spec.Little)
	for range 1 + r.IntN(2) {
		b[r.IntN(len(b))] ^= 1 << r.IntN(8)
	}
	c.Programs[0].Insns, _ = spec.Split(b, spec.Little)
	return c
}
