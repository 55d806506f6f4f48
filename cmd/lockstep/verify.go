package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/reports"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/render"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
)

type verifyCmd struct {
	verifyAs
	typesFlag
	Case    string `arg:"" help:"A case file, or FILE.o:PROG."`
	Kernel  bool   `help:"Ask the host's kernel too (as root), and say whether it agrees."`
	Explain bool   `help:"Show the instruction, what became of the register that is to blame, the path, and all registers."`
	Log     int    `help:"Print the log that Linux 6.18 would write: 1 the path to what is wrong, 2 every path." enum:"0,1,2" default:"0" placeholder:"LEVEL"`
	Profile bool   `help:"Print which lines and branches the work goes to."`
	HTML    string `name:"html" help:"Write a page with the states of every instruction." placeholder:"FILE" type:"path"`
	witnessFlags
	JSON  bool `name:"json" help:"End with a JSON object: schema, verdict, rule, message, prog, insn, source, register, have, need, processed, states, registers, stack, path, story, witness:{answer, harm, tries, reason, fault, case}, kernel:{verdict, message}, release, kernel_unsound." xor:"machine"`
	SARIF bool `name:"sarif" help:"End with a SARIF 2.1.0 log, for code scanning." xor:"machine"`
}

func (c *verifyCmd) Help() string {
	return `Decides, as Linux does, whether the programs are safe and end. It needs no kernel and no
rights. Verdicts: accepted; unsafe; denied, the caller lacks a capability; too_complex, a limit was
reached; bad_object, it is no program; unsupported, something in it is beyond this verifier, which then
says nothing of the program. With --witness, what is unsafe ends as a confirmed harm, with the
input that does it; as no witness found, likely a false rejection; or as unknown, where a run
cannot show what the rule is about. A release that is named is mirrored: what it accepts by mistake
is accepted, and kernel_unsound names the mistake; with --release all the JSON object is
{releases:[{release, verdict, rule, message, insn, kernel_unsound}], difference:{old, new, switch,
helper, text}}. Exit status: 0 accepted, 1 refused, accepted by mistake, or the kernel disagrees,
2 unsupported.

Instructions are shown with their lines of source if the object was compiled with -g. Colours
are for terminals; NO_COLOR turns them off. Package verifier/render documents the JSON.

Examples:

  lockstep verify case.txtar --explain
  lockstep verify case.txtar --witness --out harm.txtar
  lockstep verify firewall.o:firewall --log 2 --release linux-6.18
  lockstep verify firewall.o:firewall --html states.html --profile
  lockstep verify firewall.o:firewall --sarif >firewall.sarif
  lockstep verify firewall.o:firewall --kernel --json
  lockstep verify firewall.o:firewall --release all
  lockstep verify execsnoop.o:tracepoint__syscalls__sys_enter_execve --btf /sys/kernel/btf/vmlinux
  lockstep verify case.txtar --release linux-6.1 --capabilities bpf,net_admin`
}

// verifyResult is the JSON object.
type verifyResult struct {
	*render.Report
	Witness *witnessReport `json:"witness,omitempty"`
	Kernel  *kernelVerdict `json:"kernel,omitempty"`
}

type kernelVerdict struct {
	Verdict string `json:"verdict"`
	Message string `json:"message,omitempty"`
}

func (c *verifyCmd) Run(t *terminal) error {
	t.json = c.JSON || c.SARIF
	if err := c.check(); err != nil {
		return err
	}
	o, all, err := c.options()
	if err != nil {
		return err
	}
	f, err := c.load(t, c.Case, &o)
	if err != nil {
		return err
	}
	if all && (c.Log > 0 || c.Profile || c.HTML != "" || c.SARIF) {
		return errors.New("--release all makes a table: name one release for --log, --profile, --html and --sarif")
	}
	if all {
		if c.Witness {
			return errors.New("--witness wants one release, not --release all")
		}
		return c.releases(t, &f.Case, o, c.Kernel)
	}
	v := c.judge(f, o)
	out := verifyResult{Report: v.report}
	if c.Kernel {
		if out.Kernel, err = askKernel(&f.Case, o.Lacks); err != nil {
			return err
		}
	}
	c.print(t.human(), f, v, out.Kernel)
	if out.Witness, err = c.search(t.human(), f, &v.res); err != nil {
		return err
	}
	if c.HTML != "" {
		if err := writePage(c.HTML, c.Case, v); err != nil {
			return err
		}
	}
	if err := c.object(t, &out); err != nil {
		return err
	}
	return out.status(v.res.Verdict)
}

// object writes what is for programs.
func (c *verifyCmd) object(t *terminal, out *verifyResult) error {
	if !c.SARIF {
		return t.object(out)
	}
	path, _ := splitObject(c.Case)
	return t.object(render.ToSARIF(out.Report, path))
}

// verified is what came of a case, and who listened.
type verified struct {
	res     verifier.Result
	report  *render.Report
	explain *render.Explanation
	log     *render.Log
	profile *render.Profile
	browser *render.Browser
}

// judge verifies the case for those who were asked for.
func (c *verifyCmd) judge(f *casefile.File, o verifier.Options) *verified {
	v := &verified{}
	var listeners []*verifier.Trace
	if c.Log > 0 {
		v.log = render.NewLog(&f.Case, render.Level(c.Log))
		listeners = append(listeners, v.log.Trace())
	}
	if c.Profile {
		v.profile = render.NewProfile(&f.Case)
		listeners = append(listeners, v.profile.Trace())
	}
	if c.HTML != "" {
		v.browser = render.NewBrowser(&f.Case)
		listeners = append(listeners, v.browser.Trace())
	}
	if len(listeners) > 0 {
		o.Trace = verifier.Traces(listeners...)
	}
	v.res = verifier.Verify(&f.Case, o)
	if c.Explain || c.JSON || c.SARIF || c.HTML != "" {
		v.explain = render.Explain(&f.Case, o, &v.res)
	}
	v.report = render.NewReport(&f.Case, o, &v.res, v.explain)
	return v
}

// print is for people.
func (c *verifyCmd) print(out io.Writer, f *casefile.File, v *verified, k *kernelVerdict) {
	style := render.Style{Colour: isTerminal(out) && os.Getenv("NO_COLOR") == ""}
	if v.log != nil {
		v.log.Finish(&v.res)
		for n := range v.log.Programs() {
			if len(f.Programs) > 1 {
				fmt.Fprintf(out, "program %d %s\n", n, f.Programs[n].Name)
			}
			fmt.Fprintln(out, v.log.Program(n))
		}
	}
	v.report.Write(out, style)
	if x := v.res.KernelUnsound; x != nil {
		fmt.Fprintf(out, "the release accepts it by mistake: by rule %s, %s\n", x.Rule, x)
	}
	if k != nil {
		fmt.Fprintf(out, "the kernel: %s %s\n", k.Verdict, k.Message)
	}
	if c.Explain && v.explain != nil {
		v.explain.Write(out, &f.Case, v.res.Failure, style)
	}
	if v.profile != nil {
		fmt.Fprintln(out)
		v.profile.Write(out, profileRows)
	}
}

// profileRows is how many lines of a profile are printed.
const profileRows = 20

func writePage(name, title string, v *verified) error {
	var b bytes.Buffer
	if err := v.browser.Write(&b, title, v.report, &v.res); err != nil {
		return fmt.Errorf("--html: %w", err)
	}
	if err := reports.WriteFile(name, b.Bytes()); err != nil {
		return fmt.Errorf("--html: %w", err)
	}
	return nil
}

// status is what the verb ends with.
func (r *verifyResult) status(v verifier.Verdict) error {
	switch {
	case v == verifier.Unsupported:
		return errors.New("this verifier cannot judge the case: " + r.Message)
	case v != verifier.Accepted, r.KernelUnsound != "", r.Kernel != nil && r.Kernel.Verdict == vm.LoadRejected.String():
		return errFound
	}
	return nil
}

// askKernel is the host's kernel's verdict, in our words, for a caller who lacks capabilities.
func askKernel(c *vm.Case, lacks release.Caps) (*kernelVerdict, error) {
	target, err := openKernel("")
	if err != nil {
		return nil, err
	}
	defer target.Close()
	v := target.(*kernelcmp.Target).VerifyWithout([]*vm.Case{c}, uint64(lacks))[0]
	if v.Accepted() {
		return &kernelVerdict{Verdict: "accepted"}, nil
	}
	message, _, _ := strings.Cut(v.Reason, "\n")
	return &kernelVerdict{v.Kind.String(), message}, nil
}
