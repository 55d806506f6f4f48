package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// verifyAs are the flags that say for which kernel and on whose behalf.
type verifyAs struct {
	Release      string   `help:"Judge as a release of Linux does, mistakes included: ${releases}, or all for a table of them. Without it the rules are the strictest that are known, with Linux 6.18's helpers." placeholder:"NAME"`
	Unprivileged bool     `help:"Judge for a caller without capabilities, where kernel.unprivileged_bpf_disabled is 0." xor:"rights"`
	Capabilities []string `help:"Judge for a caller with these capabilities: bpf, perfmon, net_admin, sys_admin. Without it, with all." placeholder:"NAME,…" xor:"rights"`
}

// releaseNames are for the help.
func releaseNames() string {
	var names []string
	for _, r := range release.All {
		names = append(names, r.Name)
	}
	return strings.Join(names, ", ")
}

// options are the verifier's. all: every release is asked for.
func (v *verifyAs) options() (o verifier.Options, all bool, err error) {
	switch {
	case v.Unprivileged:
		o.Lacks = release.Root
	case v.Capabilities != nil:
		has, err := release.ParseCaps(v.Capabilities)
		if err != nil {
			return o, false, fmt.Errorf("--capabilities: %w", err)
		}
		o.Lacks = release.Root &^ has
	}
	if v.Release == "" || v.Release == "all" {
		return o, v.Release == "all", nil
	}
	if o.Release, err = release.ByName(v.Release); err != nil {
		return o, false, fmt.Errorf("--release: %w, or all", err)
	}
	return o, false, nil
}

// releaseVerdict is a row of the table.
type releaseVerdict struct {
	Release       string `json:"release"` // "default" for our own rules, "kernel" for the host's
	Verdict       string `json:"verdict"`
	Rule          string `json:"rule,omitempty"`
	Message       string `json:"message,omitempty"`
	Insn          *int   `json:"insn,omitempty"`
	KernelUnsound string `json:"kernel_unsound,omitempty"` // the rule that the release does not have and should
}

// releasesResult is the JSON object of --release all.
type releasesResult struct {
	Releases   []releaseVerdict `json:"releases"`
	Difference *difference      `json:"difference,omitempty"`
}

type difference struct {
	Old    string `json:"old"`
	New    string `json:"new"`
	Switch string `json:"switch,omitempty"`
	Helper int32  `json:"helper,omitempty"`
	Text   string `json:"text"`
}

// releases is the verb with --release all.
func (v *verifyAs) releases(t *terminal, c *vm.Case, o verifier.Options, kernel bool) error {
	all := verifier.Compare(c, o)
	var out releasesResult
	for _, x := range all {
		row := releaseVerdict{Release: "default", Verdict: x.Verdict.String()}
		if x.Release != nil {
			row.Release = x.Release.Name
		}
		if f := x.Failure; f != nil {
			row.Rule, row.Message = f.Rule, f.Text
			if f.Insn >= 0 {
				row.Insn = &f.Insn
			}
		}
		if x.KernelUnsound != nil {
			row.KernelUnsound = x.KernelUnsound.Rule
		}
		out.Releases = append(out.Releases, row)
	}
	if kernel {
		k, err := askKernel(c, o.Lacks)
		if err != nil {
			return err
		}
		out.Releases = append(out.Releases, releaseVerdict{Release: "kernel", Verdict: k.Verdict, Message: k.Message})
	}
	if d := verifier.FirstDifference(c, o, all); d != nil {
		out.Difference = &difference{d.Old.Name, d.New.Name, string(d.Switch), d.Helper, d.Text}
	}
	out.print(t.human())
	if err := t.object(out); err != nil {
		return err
	}
	return out.status()
}

// status is 0 only if everybody accepts the case, and rightly.
func (r *releasesResult) status() error {
	judged, refused := 0, false
	for _, x := range r.Releases {
		if x.Verdict != verifier.Unsupported.String() {
			judged++
		}
		refused = refused || x.Verdict != verifier.Accepted.String() || x.KernelUnsound != ""
	}
	switch {
	case judged == 0:
		return errors.New("this verifier cannot judge the case: " + r.Releases[0].Message)
	case refused:
		return errFound
	}
	return nil
}

func (r *releasesResult) print(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "release\tverdict\trule\tinsn\tmessage")
	for _, x := range r.Releases {
		rule, insn := x.Rule, ""
		if x.Insn != nil {
			insn = strconv.Itoa(*x.Insn)
		}
		message, _, _ := strings.Cut(x.Message, "\n")
		if x.KernelUnsound != "" {
			rule, message = x.KernelUnsound, "accepted by mistake: the program may do harm"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", x.Release, x.Verdict, rule, insn, message)
	}
	w.Flush()
	if d := r.Difference; d != nil {
		fmt.Fprintf(out, "%s judges otherwise than %s: %s\n", d.New, d.Old, d.Text)
	}
}
