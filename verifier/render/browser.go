package render

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/verifier/transfer"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Limits of a page. What is beyond them is left out, and the page says how much.
const (
	statesPerInsn = 64      // the first ones, and the last
	statesPerPage = 20_000  // of all programs
	stringBytes   = 4 << 20 // of different values of registers
)

// Browser collects what a page shows: for each instruction the states that were held in
// front of it. It is a listener.
type Browser struct {
	c        *vm.Case
	m        *transfer.Machine
	programs []pageProgram
	current  *pageProgram
	strings  []string
	number   map[string]int
	bytes    int
	states   int
	step     int
}

// NewBrowser makes a page of a case.
func NewBrowser(c *vm.Case) *Browser {
	b := &Browser{c: c, number: map[string]int{}}
	for n, p := range c.Programs {
		b.programs = append(b.programs, b.program(n, p))
	}
	return b
}

// The page's data, as its script reads it.
type (
	pageData struct {
		Schema   int           `json:"schema"`
		Title    string        `json:"title"`
		Report   *Report       `json:"report"`
		Path     []int         `json:"path"` // slots on the way to the failure, in its program
		Strings  []string      `json:"strings"`
		Programs []pageProgram `json:"programs"`
		Note     string        `json:"note"`
	}
	pageProgram struct {
		Name  string     `json:"name"`
		Insns []pageInsn `json:"insns"`
		slots map[int]int
	}
	pageInsn struct {
		Slot      int         `json:"slot"`
		Text      string      `json:"text"`
		Source    *Source     `json:"source,omitempty"` // where a new line begins
		Processed int         `json:"processed"`
		Covered   int         `json:"covered"`
		States    []pageState `json:"states"`

		last     *state.State
		lastStep int
	}
	pageState struct {
		Step  int   `json:"step"`  // counted over all paths
		Depth int   `json:"depth"` // of the frame
		Held  []int `json:"held"`  // numbers of strings: "r1 = ctx"
	}
)

func (b *Browser) program(n int, p *vm.Program) pageProgram {
	insns, out := instructionsOf(b.c, n), pageProgram{Name: p.Name, slots: map[int]int{}}
	if out.Name == "" {
		out.Name = fmt.Sprintf("program %d", n)
	}
	var last *Source
	for slot := 0; slot < len(p.Insns); slot++ {
		i := pageInsn{Slot: slot, Text: insns.text(slot), States: []pageState{}}
		if s := sourceOf(p, slot); s != nil && (last == nil || s.File != last.File || s.Line != last.Line) {
			i.Source, last = s, s
		}
		out.slots[slot] = len(out.Insns)
		out.Insns = append(out.Insns, i)
		if p.Insns[slot].Wide() {
			slot++
		}
	}
	return out
}

// Trace is what Verify is to be given.
func (b *Browser) Trace() *verifier.Trace {
	var p *pageProgram
	insn := func(s *state.State) *pageInsn { return &p.Insns[p.slots[s.PC]] }
	return &verifier.Trace{
		Begin: func(prog int, m *transfer.Machine) {
			b.settle(p)
			b.m, p = m, &b.programs[prog]
			b.current = p
		},
		Insn:    func(s *state.State) { b.add(insn(s), s) },
		Covered: func(s *state.State, _ *state.Checkpoint) { insn(s).Covered++ },
	}
}

// settle writes down the last states of a program.
func (b *Browser) settle(p *pageProgram) {
	if p == nil {
		return
	}
	for n := range p.Insns {
		i := &p.Insns[n]
		if i.last != nil {
			i.States = append(i.States, pageState{i.lastStep, i.last.Depth(), b.held(i.last)})
			i.last = nil
		}
	}
}

// add keeps a state, if there is room. The last one of an instruction is kept as it is until
// the page is written: most of them are not the last.
func (b *Browser) add(i *pageInsn, s *state.State) {
	b.step++
	i.Processed++
	if len(i.States) == statesPerInsn-1 || b.states >= statesPerPage || b.bytes >= stringBytes {
		i.last, i.lastStep = s.Clone(), b.step
		return
	}
	b.states++
	i.States = append(i.States, pageState{b.step, s.Depth(), b.held(s)})
}

// held are the numbers of what a state's frames hold, the one on top first.
func (b *Browser) held(s *state.State) (list []int) {
	for n := s.Depth(); n >= 0; n-- {
		f, prefix := s.Frames[n], ""
		if n < s.Depth() {
			prefix = fmt.Sprintf("frame%d ", n)
		}
		for r := range f.Regs {
			if f.Regs[r].Kind != state.NotInit {
				list = append(list, b.intern(fmt.Sprintf("%sr%d = %s", prefix, r, regText(b.m, &f.Regs[r], n))))
			}
		}
		for at := range f.Stack {
			if f.Stack[at].Bytes != [8]state.Byte{} {
				list = append(list, b.intern(fmt.Sprintf("%sfp%d = %s", prefix, -8*(at+1), slotText(b.m, &f.Stack[at], n))))
			}
		}
	}
	for _, r := range s.Refs {
		list = append(list, b.intern(fmt.Sprintf("ref %d = taken at insn %d", r.ID, r.Insn)))
	}
	return list
}

func (b *Browser) intern(text string) int {
	n, ok := b.number[text]
	if !ok {
		n = len(b.strings)
		b.number[text] = n
		b.strings = append(b.strings, text)
		b.bytes += len(text)
	}
	return n
}

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// Write makes the page: one file that needs nothing else. r is the report of what was found.
func (b *Browser) Write(w io.Writer, title string, r *Report, res *verifier.Result) error {
	b.settle(b.current)
	d := pageData{Schema: Schema, Title: title, Report: r, Strings: b.strings, Programs: b.programs, Path: []int{}}
	kept := 0
	for i := range b.programs {
		for j := range b.programs[i].Insns {
			kept += len(b.programs[i].Insns[j].States)
		}
	}
	if kept < b.step {
		d.Note = fmt.Sprintf("%d of %d states are shown: of each instruction the first ones and the last.", kept, b.step)
	}
	if f := res.Failure; f != nil && f.State != nil {
		d.Path = f.Steps(b.c.Programs[f.Prog].Insns)
		d.Path = d.Path[max(0, len(d.Path)-statesPerPage):]
	}
	return page.Execute(w, &d)
}
