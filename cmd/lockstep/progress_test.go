package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/fuzz"
)

func TestProgressLine(t *testing.T) {
	s := fuzz.Summary{Programs: 1, ProgramsPerSecond: 123456.7, Acceptance: 0.9987, Coverage: fuzz.CoverageCount{Forms: 118, Cells: 34567}}
	if got, want := progressLine(s, "59m59s left"), "123,456 programs/s, 99.9% accepted, 34,567 cells, no findings, 59m59s left"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	s.Findings = make([]fuzz.FindingLine, 1)
	if got := progressLine(s, "x"); !strings.HasSuffix(got, "1 finding, x") {
		t.Errorf("got %s", got)
	}
	if got := progressLine(fuzz.Summary{}, "10s left"); got != "starting, 10s left" {
		t.Errorf("got %s", got)
	}
}

func TestLeft(t *testing.T) {
	ago := func(d time.Duration, c fuzzCmd) *progress { return &progress{begun: time.Now().Add(-d), cmd: &c} }
	for _, x := range []struct {
		p    *progress
		s    fuzz.Summary
		want string
	}{
		{ago(2*time.Second, fuzzCmd{For: 10 * time.Second}), fuzz.Summary{}, "8s left"},
		{ago(11*time.Second, fuzzCmd{For: 10 * time.Second}), fuzz.Summary{}, "finishing"},
		{ago(30*time.Second+time.Second/2, fuzzCmd{For: 10 * time.Second}), fuzz.Summary{}, "finishing since 21s"},
		{ago(time.Second, fuzzCmd{Programs: 1000}), fuzz.Summary{}, "1,000 programs to do"},
		{ago(time.Second, fuzzCmd{Programs: 1000}), fuzz.Summary{Programs: 500, ProgramsPerSecond: 10}, "50s left"},
		{ago(time.Second, fuzzCmd{Programs: 1000}), fuzz.Summary{Programs: 1000, ProgramsPerSecond: 10}, "finishing"},
	} {
		if got := x.p.left(x.s); got != x.want {
			t.Errorf("got %s, want %s", got, x.want)
		}
	}
}

func TestShortTime(t *testing.T) {
	for d, want := range map[time.Duration]string{
		100 * time.Millisecond: "1s", 59 * time.Second: "59s", 125 * time.Second: "2m05s", 62 * time.Minute: "1h02m", 25 * time.Hour: "25h00m",
	} {
		if got := shortTime(d); got != want {
			t.Errorf("%s: got %s, want %s", d, got, want)
		}
	}
}

// TestPlainProgress makes sure that nothing but whole lines go where there is no
// terminal.
func TestPlainProgress(t *testing.T) {
	var b bytes.Buffer
	p := startProgress(&b, &fuzzCmd{For: time.Minute}, func() fuzz.Summary { return fuzz.Summary{} })
	p.write()
	p.stop()
	if got := b.String(); got != "starting, 1m00s left\n" {
		t.Errorf("got %q", got)
	}
}

func TestQuoted(t *testing.T) {
	for in, want := range map[string]string{"": "''", "a/b-c_1.txtar": "a/b-c_1.txtar", "a b": "'a b'", "it's": `'it'\''s'`} {
		if got := quoted(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}
