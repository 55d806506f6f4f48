package render_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/reduce"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/host/object"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/render"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// unsafeCase is a program of testdata/unsafe.c.
func unsafeCase(t testing.TB, prog string) *vm.Case {
	t.Helper()
	o, err := object.Open("testdata/unsafe.o")
	if err != nil {
		t.Fatal(err)
	}
	c, err := o.Case(prog, vm.Input{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func explained(c *vm.Case) (verifier.Result, *render.Explanation, *render.Report) {
	var o verifier.Options
	res := verifier.Verify(c, o)
	x := render.Explain(c, o, &res)
	return res, x, render.NewReport(c, o, &res, x)
}

// TestExplanations: the line that fails and the line that is to blame are those that a
// reader of unsafe.c would name.
func TestExplanations(t *testing.T) {
	for _, x := range []struct{ prog, rule, fails, blamed, what string }{
		{"header", "packet-bounds", "return ip->protocol ==", "if (data + sizeof *eth > end)", "compared with the packet's end"},
		{"stale", "not-memory", "return data[0] ?", "if (adjust_head(ctx, 4))", "may move the packet"},
		{"missing", "not-memory", "*n += 1;", "u64 *n = map_lookup(", "may be 0"},
		{"masked", "out-of-bounds", "return t->of[i] ?", "u32 i = ctx->rx_queue_index & 15;", "computed"},
	} {
		res, e, r := explained(unsafeCase(t, x.prog))
		if res.Verdict != verifier.Unsafe || r.Rule != x.rule || r.Source == nil || !strings.HasPrefix(r.Source.Text, x.fails) {
			t.Errorf("%s: %s, rule %s at %v, want unsafe, %s at %q", x.prog, r.Verdict, r.Rule, r.Source, x.rule, x.fails)
			continue
		}
		lost := e.Lost()
		if lost == nil || lost.Source == nil || !strings.HasPrefix(lost.Source.Text, x.blamed) || !strings.Contains(lost.What, x.what) {
			t.Errorf("%s: to blame is %+v, want %q: %q", x.prog, lost, x.blamed, x.what)
		}
	}
}

// TestText: with colours or without, the words are the same.
func TestText(t *testing.T) {
	c := unsafeCase(t, "stale")
	res, x, r := explained(c)
	var plain, colour bytes.Buffer
	for _, w := range []*bytes.Buffer{&plain, &colour} {
		style := render.Style{Colour: w == &colour}
		r.Write(w, style)
		x.Write(w, c, res.Failure, style)
	}
	for _, want := range []string{
		"program 0, insn 11, ./unsafe.c:32: R6 invalid mem access 'scalar'", "  =>    11  r1 = *(u8 *)(r6 + 0)",
		"; if (adjust_head(ctx, 4))  ./unsafe.c:30", "rule: not-memory", "5 → 6     if r3 > r2 goto +9", "r6  = scalar()",
	} {
		if !strings.Contains(plain.String(), want) {
			t.Errorf("there is no %q in\n%s", want, &plain)
		}
	}
	if strings.Contains(plain.String(), "\x1b") || !strings.Contains(colour.String(), "\x1b[1;31m") {
		t.Error("colours where none are wanted, or the other way round")
	}
	if got := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(colour.String(), ""); got != plain.String() {
		t.Errorf("without its colours the text is\n%s", got)
	}
}

func TestRounds(t *testing.T) {
	var path []render.Branch
	add := func(from, to int) { path = append(path, render.Branch{Insn: from, To: to}) }
	add(1, 2)
	for range 100 {
		add(5, 6)
		add(9, 3)
	}
	add(5, 10)
	rounds := render.Rounds(path)
	if len(rounds) != 3 || rounds[1].Times != 100 || len(rounds[1].Branches) != 2 {
		t.Errorf("%+v", rounds)
	}
	n := 0
	for _, r := range rounds {
		n += r.Times * len(r.Branches)
	}
	if n != len(path) {
		t.Errorf("the rounds have %d branches, the path %d", n, len(path))
	}
}

// TestSARIF holds a log against what SARIF 2.1.0 requires (sections 3.13 to 3.33).
func TestSARIF(t *testing.T) {
	for _, prog := range []string{"header", "stale", "missing", "masked", "sums"} {
		_, _, r := explained(unsafeCase(t, prog))
		checkSARIF(t, r, "some dir/unsafe.o", prog != "sums")
	}
	// Without lines of source, and without an instruction.
	checkSARIF(t, &render.Report{Verdict: "unsafe", Rule: "stack-depth", Message: "x", Prog: new(int)}, "a.txtar", true)
	checkSARIF(t, &render.Report{Verdict: "unsupported", Rule: "unsupported", Message: "kernel functions", Prog: new(int)}, "a.txtar", false)
}

func checkSARIF(t *testing.T, r *render.Report, file string, found bool) {
	t.Helper()
	b, err := json.Marshal(render.ToSARIF(r, file))
	if err != nil {
		t.Fatal(err)
	}
	var log map[string]any
	if err := json.Unmarshal(b, &log); err != nil {
		t.Fatal(err)
	}
	run := at(t, log, "runs", 0)
	if log["version"] != "2.1.0" || at(t, run, "tool", "driver", "name") != "lockstep" {
		t.Errorf("version %v, tool %v", log["version"], run)
	}
	if ok := at(t, run, "invocations", 0, "executionSuccessful"); ok != (r.Verdict != "unsupported") {
		t.Errorf("%s: executionSuccessful is %v", r.Verdict, ok)
	}
	results := at(t, run, "results").([]any)
	if found != (len(results) == 1) {
		t.Fatalf("%s: %d results", r.Verdict, len(results))
	}
	if !found {
		return
	}
	id, index := at(t, results[0], "ruleId"), at(t, results[0], "ruleIndex").(float64)
	if id != render.RuleID(r.Rule) || at(t, run, "tool", "driver", "rules", int(index), "id") != id {
		t.Errorf("rule %v, index %v, of %v", id, index, at(t, run, "tool", "driver", "rules"))
	}
	if !slices.Contains([]string{"none", "note", "warning", "error"}, at(t, results[0], "level").(string)) || at(t, results[0], "message", "text") == "" {
		t.Errorf("%v", results[0])
	}
	checkLocation(t, at(t, results[0], "locations", 0), r.Source)
	if len(r.Path) > 0 {
		for _, step := range at(t, results[0], "codeFlows", 0, "threadFlows", 0, "locations").([]any) {
			checkLocation(t, at(t, step, "location"), nil)
		}
	}
}

func checkLocation(t *testing.T, loc any, source *render.Source) {
	t.Helper()
	ref := at(t, loc, "physicalLocation", "artifactLocation", "uri").(string)
	u, err := url.Parse(ref)
	if err != nil || strings.ContainsAny(ref, " \\") || u.Path == "" {
		t.Errorf("%q is no reference: %v", ref, err)
	}
	if at(t, loc, "logicalLocations", 0, "fullyQualifiedName") == "" {
		t.Errorf("%v has no name", loc)
	}
	if source != nil {
		if line := at(t, loc, "physicalLocation", "region", "startLine").(float64); int(line) != source.Line || line < 1 {
			t.Errorf("line %v, want %d", line, source.Line)
		}
	}
}

// at goes down objects by name and arrays by index.
func at(t *testing.T, v any, path ...any) any {
	t.Helper()
	for _, p := range path {
		switch k := p.(type) {
		case string:
			m, ok := v.(map[string]any)
			if !ok || m[k] == nil {
				t.Fatalf("there is no %v of %v in %v", k, path, v)
			}
			v = m[k]
		case int:
			list, ok := v.([]any)
			if !ok || k >= len(list) {
				t.Fatalf("there is no element %v of %v in %v", k, path, v)
			}
			v = list[k]
		}
	}
	return v
}

// TestPage: everything is in the one file, names are no markup, and what a script reads is
// the report.
func TestPage(t *testing.T) {
	const hostile = `</script><script>alert(1)</script><img src=x onerror="alert(2)">`
	c := unsafeCase(t, "masked")
	c.Programs[0].Name = hostile
	c.Maps[0].Name = hostile
	for i := range c.Programs[0].Lines {
		c.Programs[0].Lines[i].Text = hostile
	}
	b := render.NewBrowser(c)
	o := verifier.Options{Trace: b.Trace()}
	res := verifier.Verify(c, o)
	r := render.NewReport(c, o, &res, render.Explain(c, o, &res))
	var w bytes.Buffer
	if err := b.Write(&w, hostile, r, &res); err != nil {
		t.Fatal(err)
	}
	text := w.String()
	if strings.Contains(text, "<script>alert") || strings.Contains(text, "<img") {
		t.Error("a name became markup")
	}
	if m := regexp.MustCompile(`(src|href)\s*=\s*["']?(https?:|//)|@import|url\(`).FindString(text); m != "" {
		t.Errorf("the page loads something: %s", m)
	}
	m := regexp.MustCompile(`(?s)<script type="application/json" id="data">(.*?)</script>`).FindStringSubmatch(text)
	if m == nil {
		t.Fatal("there are no data")
	}
	var data struct {
		Title    string
		Report   render.Report
		Path     []int
		Strings  []string
		Programs []struct {
			Insns []struct {
				Slot, Processed int
				States          []struct{ Held []int }
			}
		}
	}
	if err := json.Unmarshal([]byte(m[1]), &data); err != nil {
		t.Fatal(err)
	}
	if data.Title != hostile || data.Report.Message != r.Message || data.Path[len(data.Path)-1] != *r.Insn {
		t.Errorf("the data are not the report's: %+v", data)
	}
	processed := 0
	for _, i := range data.Programs[0].Insns {
		processed += i.Processed
		for _, s := range i.States {
			for _, n := range s.Held {
				if !strings.Contains(data.Strings[n], " = ") {
					t.Errorf("slot %d: %q", i.Slot, data.Strings[n])
				}
			}
		}
	}
	if processed != res.Processed {
		t.Errorf("the page has %d instructions looked at, the result %d", processed, res.Processed)
	}
}

// TestPageOfManyStates: a loop of 100,000 instructions makes no page of as many states.
func TestPageOfManyStates(t *testing.T) {
	c := countTo(25_000)
	b := render.NewBrowser(c)
	res := verifier.Verify(c, verifier.Options{Trace: b.Trace(), Exact: true})
	if res.Processed < 50_000 {
		t.Fatalf("%s, %d instructions looked at: the loop is too short", res.Verdict, res.Processed)
	}
	var w bytes.Buffer
	if err := b.Write(&w, "loop", render.NewReport(c, verifier.Options{}, &res, nil), &res); err != nil {
		t.Fatal(err)
	}
	if w.Len() > 8<<20 {
		t.Errorf("a page of %d bytes", w.Len())
	}
	if !strings.Contains(w.String(), fmt.Sprintf("of %d states are shown", res.Processed)) {
		t.Error("the page does not say that states are left out")
	}
}

// TestProfile: what was looked at is all there, whatever it is sorted by.
func TestProfile(t *testing.T) {
	var src tape.Source
	for _, mix := range gen.Mixes {
		g := gen.New(gen.Options{Mix: mix})
		for i := range uint64(20) {
			src.Seed(*firstSeed + i)
			c := reduce.Clone(g.Generate(&src))
			p := render.NewProfile(c)
			res := verifier.Verify(c, verifier.Options{Trace: p.Trace(), MaxInsns: 20_000})
			processed, states := 0, 0
			for _, r := range p.Rows() {
				processed += r.Processed
				states += r.States
			}
			if res.Verdict == verifier.Accepted && (processed != res.Processed || states != res.States) {
				t.Fatalf("mix %s, seed %d: %d instructions and %d states in the profile, %d and %d in all", mix.Name, *firstSeed+i, processed, states, res.Processed, res.States)
			}
		}
	}
	p := render.NewProfile(unsafeCase(t, "sums"))
	verifier.Verify(unsafeCase(t, "sums"), verifier.Options{Trace: p.Trace()})
	rows := p.Rows()
	loop := slices.IndexFunc(rows, func(r render.Row) bool { return strings.HasPrefix(r.Text, "if (at + 1 > end)") })
	if loop != 0 || rows[0].Forks != 16 {
		t.Errorf("the dearest line is %+v, want the condition in the loop, with 16 paths", rows[0])
	}
}
