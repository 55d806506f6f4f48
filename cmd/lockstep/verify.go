package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
)

type verifyCmd struct {
	verifyAs
	typesFlag
	Case    string `arg:"" help:"A case file, or FILE.o:PROG."`
	Kernel  bool   `help:"Ask the host's kernel too (as root), and say whether it agrees."`
	Explain bool   `help:"Show the path to what is wrong, and the registers there."`
	witnessFlags
	JSON bool `name:"json" help:"End with a JSON object: verdict, rule, message, prog, insn, register, have, need, processed, states, witness:{answer, harm, tries, reason, fault, case}, kernel:{verdict, message}."`
}

func (c *verifyCmd) Help() string {
	return `Decides, as Linux does, whether the programs are safe and end. It needs no kernel and no
rights. Verdicts: accepted; unsafe; denied, the caller lacks a capability; too_complex, a limit was
reached; bad_object, it is no program; unsupported, something in it is beyond this verifier, which then
says nothing of the program. With --witness, what is unsafe ends as a confirmed harm, with the
input that does it; as no witness found, likely a false rejection; or as unknown, where a run
cannot show what the rule is about. Exit status: 0 accepted, 1 refused or the kernel disagrees, 2 unsupported.

Examples:

  lockstep verify case.txtar --explain
  lockstep verify case.txtar --witness --out harm.txtar
  lockstep verify firewall.o:firewall --kernel --json
  lockstep verify firewall.o:firewall --release all
  lockstep verify execsnoop.o:tracepoint__syscalls__sys_enter_execve --btf /sys/kernel/btf/vmlinux
  lockstep verify case.txtar --release linux-6.1 --capabilities bpf,net_admin`
}

// verifyResult is the JSON object.
type verifyResult struct {
	Verdict   string         `json:"verdict"`
	Rule      string         `json:"rule,omitempty"`
	Message   string         `json:"message,omitempty"`
	Prog      *int           `json:"prog,omitempty"`
	Insn      *int           `json:"insn,omitempty"`
	Register  string         `json:"register,omitempty"`
	Have      string         `json:"have,omitempty"`
	Need      string         `json:"need,omitempty"`
	Processed int            `json:"processed"`
	States    int            `json:"states"`
	Witness   *witnessReport `json:"witness,omitempty"`
	Kernel    *kernelVerdict `json:"kernel,omitempty"`

	Release       string `json:"release,omitempty"`
	KernelUnsound string `json:"kernel_unsound,omitempty"` // the rule by which it is unsafe although the release accepts it
}

type kernelVerdict struct {
	Verdict string `json:"verdict"`
	Message string `json:"message,omitempty"`
}

func (c *verifyCmd) Run(t *terminal) error {
	t.json = c.JSON
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
	if all {
		return c.releases(t, &f.Case, o, c.Kernel)
	}
	res := verifier.Verify(&f.Case, o)
	out := verifyResult{Release: c.Release, Verdict: res.Verdict.String(), Processed: res.Processed, States: res.States}
	if x := res.Failure; x != nil {
		out.Rule, out.Message, out.Have, out.Need, out.Prog = x.Rule, x.Text, x.Have, x.Need, &x.Prog
		if x.Insn >= 0 {
			out.Insn = &x.Insn
		}
		if x.Register >= 0 {
			out.Register = fmt.Sprintf("r%d", x.Register)
		}
	}
	if x := res.KernelUnsound; x != nil {
		out.KernelUnsound = x.Rule
	}
	if c.Kernel {
		if out.Kernel, err = askKernel(&f.Case, o.Lacks); err != nil {
			return err
		}
	}
	printVerdict(t.human(), &res, out.Kernel)
	if c.Explain && res.Failure != nil {
		explain(t.human(), f, res.Failure)
	}
	if out.Witness, err = c.search(t.human(), f, &res); err != nil {
		return err
	}
	if err := t.object(out); err != nil {
		return err
	}
	return out.status(res.Verdict)
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

func printVerdict(out io.Writer, res *verifier.Result, k *kernelVerdict) {
	fmt.Fprintf(out, "%s: %s instructions looked at, %s states kept\n", res.Verdict, thousands(uint64(res.Processed)), thousands(uint64(res.States)))
	if f := res.Failure; f != nil {
		where := fmt.Sprintf("program %d", f.Prog)
		if f.Insn >= 0 {
			where += fmt.Sprintf(", insn %d", f.Insn)
		}
		fmt.Fprintf(out, "%s: %s\n", where, strings.ReplaceAll(f.Text, "\n", "\n  "))
		if f.Have != "" && f.Register >= 0 {
			fmt.Fprintf(out, "  r%d is %s\n", f.Register, f.Have)
		}
		if f.Need != "" {
			fmt.Fprintf(out, "  needed: %s\n", f.Need)
		}
		fmt.Fprintf(out, "  rule: %s\n", f.Rule)
	}
	if x := res.KernelUnsound; x != nil {
		fmt.Fprintf(out, "the release accepts it by mistake: by rule %s, %s\n", x.Rule, x)
	}
	if k != nil {
		fmt.Fprintf(out, "the kernel: %s %s\n", k.Verdict, k.Message)
	}
}

// longest is how many instructions of a path are printed.
const longest = 40

// explain prints the path to a failure, and what the registers hold there.
func explain(out io.Writer, f *casefile.File, x *verifier.Failure) {
	if x.State == nil {
		return
	}
	p, names := f.Programs[x.Prog], casefile.Names(f.Maps)
	path := x.Steps(p.Insns)
	fmt.Fprintln(out, "\nThe path:")
	if n := len(path) - longest; n > 0 {
		fmt.Fprintf(out, "        %s instructions before\n", thousands(uint64(n)))
		path = path[n:]
	}
	for i, pc := range path {
		text, _ := asm.Format(p.Insns, pc, asm.PseudoC, names)
		mark := "    "
		if i == len(path)-1 {
			mark = "=>  "
		}
		fmt.Fprintf(out, "  %s%4d  %s\n", mark, pc, text)
	}
	fmt.Fprintln(out, "\nThe registers there:")
	frame := x.State.Frame()
	for n := range frame.Regs {
		if r := &frame.Regs[n]; r.Kind != 0 {
			fmt.Fprintf(out, "        r%-2d = %s\n", n, r)
		}
	}
}
