package render

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Schema is the version of Report's JSON. A field that is added does not change it.
const Schema = 1

// Report is a verdict for programs to read.
type Report struct {
	Schema    int               `json:"schema"`
	Release   string            `json:"release,omitempty"` // that is mirrored; absent: the best judgement there is
	Verdict   string            `json:"verdict"`           // accepted, unsafe, unsupported, too_complex, bad_object, denied
	Rule      string            `json:"rule,omitempty"`
	Message   string            `json:"message,omitempty"` // as Linux says it
	Prog      *int              `json:"prog,omitempty"`    // index in the case
	Program   string            `json:"program,omitempty"` // its name
	Insn      *int              `json:"insn,omitempty"`    // slot; absent: the program as a whole
	Text      string            `json:"text,omitempty"`    // of the instruction
	Source    *Source           `json:"source,omitempty"`  // where it comes from
	Register  string            `json:"register,omitempty"`
	Have      string            `json:"have,omitempty"`
	Need      string            `json:"need,omitempty"`
	Processed int               `json:"processed"`
	States    int               `json:"states"`
	Registers map[string]string `json:"registers,omitempty"` // in front of the instruction
	Stack     map[string]string `json:"stack,omitempty"`     // of the same frame, by offset from r10
	Path      []Branch          `json:"path,omitempty"`      // to it, oldest first
	PathCut   int               `json:"path_cut,omitempty"`  // branches left out in front of Path
	Story     []Event           `json:"story,omitempty"`     // of the register, oldest first
	Note      string            `json:"note,omitempty"`      // of guards that did not help

	KernelUnsound string `json:"kernel_unsound,omitempty"` // the rule by which it is unsafe although the release accepts it
}

// longestPath is how many branches a report has: the last ones.
const longestPath = 1000

// NewReport makes a report of what Verify said of a case with these options. x may be nil.
func NewReport(c *vm.Case, o verifier.Options, res *verifier.Result, x *Explanation) *Report {
	r := &Report{Schema: Schema, Verdict: res.Verdict.String(), Processed: res.Processed, States: res.States}
	if o.Release != nil {
		r.Release = o.Release.Name
	}
	if x := res.KernelUnsound; x != nil {
		r.KernelUnsound = x.Rule
	}
	f := res.Failure
	if f == nil {
		return r
	}
	p := c.Programs[f.Prog]
	r.Rule, r.Message, r.Have, r.Need, r.Prog, r.Program = f.Rule, f.Text, f.Have, f.Need, &f.Prog, p.Name
	if f.Insn >= 0 {
		r.Insn, r.Text, r.Source = &f.Insn, instructionsOf(c, f.Prog).text(f.Insn), sourceOf(p, f.Insn)
	}
	if f.Register >= 0 {
		r.Register = fmt.Sprintf("r%d", f.Register)
	}
	if f.State != nil {
		r.Registers, r.Stack = frameTexts(f.State.Frame())
	}
	if x != nil {
		r.PathCut = max(0, len(x.Path)-longestPath)
		r.Path, r.Story, r.Note = x.Path[r.PathCut:], x.Story, x.Note
	}
	return r
}

// frameTexts is what a frame's registers and stack hold.
func frameTexts(f *state.Frame) (regs, stack map[string]string) {
	regs = map[string]string{}
	for n := range f.Regs {
		if r := &f.Regs[n]; r.Kind != state.NotInit {
			regs[fmt.Sprintf("r%d", n)] = r.String()
		}
	}
	for n := range f.Stack {
		slot := &f.Stack[n]
		if slot.Bytes == [8]state.Byte{} {
			continue
		}
		if stack == nil {
			stack = map[string]string{}
		}
		text := slotSigns(slot)
		if slot.Spill != nil {
			text += slot.Spill.String()
		}
		stack[fmt.Sprint(-8*(n+1))] = text
	}
	return regs, stack
}
