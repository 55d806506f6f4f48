package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/lockstep-ebpf/lockstep/fuzz"
	"github.com/lockstep-ebpf/lockstep/reports"
	"github.com/lockstep-ebpf/lockstep/spec"
)

// fuzzReport is the summary of a campaign for people.
type fuzzReport struct {
	cmd      *fuzzCmd
	campaign *fuzz.Campaign
	fuzz.Summary
}

// compared is how many programs all targets ran.
func (r *fuzzReport) compared() uint64 { return r.Accepted + r.Mismatches }

func (r *fuzzReport) print(w io.Writer) {
	spent := time.Duration(r.Seconds * float64(time.Second)).Round(100 * time.Millisecond)
	fmt.Fprintf(w, "%s in %s (%s a second), seed %d, mix %s\n",
		count(r.Programs, "program"), spent, thousands(uint64(r.ProgramsPerSecond)), r.Seed, r.cmd.Mix)
	fmt.Fprintf(w, "  %-10s %.2f%% of the programs that all targets support\n", "accepted", 100*r.Acceptance)
	fmt.Fprintf(w, "  %-10s %d of %d instruction forms, %s\n", "executed", r.Coverage.Forms, possibleForms(), count(uint64(r.Coverage.Cells), "operand cell"))
	width := 10
	for _, name := range r.cmd.Targets {
		width = max(width, len(name))
	}
	for _, name := range r.cmd.Targets {
		n := r.Targets[name]
		line := count(n.Programs, "program")
		for _, x := range []struct {
			n    uint64
			what string
		}{{n.Unsupported, "unsupported"}, {n.Rejected, "rejected"}, {n.Crashes, "crashed"}} {
			if x.n > 0 {
				line += fmt.Sprintf(", %s %s", thousands(x.n), x.what)
			}
		}
		fmt.Fprintf(w, "  %-*s %s\n", width, name, line)
	}
	if len(r.Findings) == 0 {
		r.printAgreement(w)
		return
	}
	r.printFindings(w)
}

// possibleForms is the number of forms that a program may contain.
func possibleForms() (n int) {
	for i := range spec.Table {
		if !spec.Table[i].Internal {
			n++
		}
	}
	return n
}

func (r *fuzzReport) printAgreement(w io.Writer) {
	targets := strings.Join(r.cmd.Targets, " and ")
	if len(r.cmd.Targets) > 2 {
		last := len(r.cmd.Targets) - 1
		targets = strings.Join(r.cmd.Targets[:last], ", ") + " and " + r.cmd.Targets[last]
	}
	if r.compared() > 0 {
		fmt.Fprintf(w, "no finding: %s agree\n", targets)
	}
	next := "lockstep fuzz --for 10m --out findings"
	if r.cmd.Out != "" {
		next = fmt.Sprintf("lockstep fuzz --for 1h --out %s --resume", quoted(r.cmd.Out))
	}
	if list := strings.Join(r.cmd.Targets, ","); list != "refvm,fastvm" {
		next += " --targets " + quoted(list)
	}
	if r.cmd.Mix != r.cmd.defaultMix() {
		next += " --mix " + r.cmd.Mix
	}
	fmt.Fprintf(w, "next: %s\n", next)
}

func (r *fuzzReport) printFindings(w io.Writer) {
	fmt.Fprintf(w, "%s:\n", count(uint64(len(r.Findings)), "finding"))
	for _, f := range r.Findings {
		fmt.Fprintf(w, "  %s  %s, %s, seen %s\n", f.Signature, f.Kind, count(uint64(f.Insns), "instruction"), times(f.Count))
		if f.Case != "" {
			fmt.Fprintf(w, "    %s\n", f.Case)
		}
	}
	if first := r.Findings[0]; first.Case != "" {
		fmt.Fprintf(w, "next: lockstep run %s --trace\n", quoted(first.Case))
		fmt.Fprintf(w, "      less %s\n", quoted(filepath.Join(filepath.Dir(first.Case), "report.txt")))
		return
	}
	fmt.Fprintf(w, "\n%s\n", strings.TrimSpace(reports.Render(r.campaign.Findings()[0])))
	fmt.Fprintf(w, "\nnext: lockstep fuzz --seed %d --programs %d --targets %s --mix %s --out findings\n",
		r.Seed, r.Programs, quoted(strings.Join(r.cmd.Targets, ",")), r.cmd.Mix)
}

func times(n uint64) string {
	if n == 1 {
		return "once"
	}
	return thousands(n) + " times"
}

// quoted makes a word of s for a shell.
func quoted(s string) string {
	plain := strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:,=@%+") == ""
	if plain && s != "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
