package render

import (
	"fmt"
	"sync"

	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Branch is where a path went from an instruction that has two ways, a call or an exit.
type Branch struct {
	Insn   int     `json:"insn"`
	To     int     `json:"to"`
	Text   string  `json:"text"`
	Source *Source `json:"source,omitempty"`
}

// Source is a place in source.
type Source struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column,omitempty"`
	Text   string `json:"text,omitempty"`
}

func (s *Source) String() string { return fmt.Sprintf("%s:%d", s.File, s.Line) }

// sourceOf is where the instruction at a slot comes from, or nil.
func sourceOf(p *vm.Program, slot int) *Source {
	l := p.Line(slot)
	if l == nil {
		return nil
	}
	return &Source{l.File, l.Line, l.Column, l.Text}
}

// instructions are a program's as people read them.
type instructions struct {
	p     *vm.Program
	names asm.Names
}

// helperNames are those of all helpers that the default release has, simulated or not.
var helperNames = sync.OnceValue(func() map[string]int32 {
	names := map[string]int32{}
	r, err := release.ByName(verifier.DefaultRelease)
	for id := int32(1); err == nil && id < 1024; id++ {
		if h, ok := r.Helper(id); ok {
			names["bpf_"+h.Name] = id
		}
	}
	return names
})

func instructionsOf(c *vm.Case, prog int) *instructions {
	names := asm.Names{Helpers: helperNames()}
	for _, m := range c.Maps {
		names.Maps = append(names.Maps, m.Name)
	}
	return &instructions{c.Programs[prog], names}
}

// text is the instruction at a slot.
func (x *instructions) text(slot int) string {
	if slot < 0 || slot >= len(x.p.Insns) {
		return ""
	}
	text, _ := asm.Format(x.p.Insns, slot, asm.PseudoC, x.names)
	return text
}

// branches are the edges of a path, oldest first.
func (x *instructions) branches(path []state.Edge) []Branch {
	list := make([]Branch, len(path))
	for i, e := range path {
		list[i] = Branch{e.From, e.To, x.text(e.From), sourceOf(x.p, e.From)}
	}
	return list
}

// Round is a part of a path that is walked several times in a row.
type Round struct {
	Branches []Branch
	Times    int
}

// longestRound is how many branches a round may have to be recognised.
const longestRound = 16

// Rounds folds what repeats: a loop of a hundred rounds is one entry.
func Rounds(path []Branch) (list []Round) {
	for len(path) > 0 {
		size, times := 1, 1
		for n := 1; n <= min(longestRound, len(path)/2); n++ {
			if t := repeats(path, n); t > 1 && t*n > size*times {
				size, times = n, t
			}
		}
		list = append(list, Round{path[:size], times})
		path = path[size*times:]
	}
	return list
}

// repeats is how often the first n branches of a path come in a row.
func repeats(path []Branch, n int) int {
	times := 1
	for at := n; at+n <= len(path); at += n {
		for i := range n {
			if path[at+i].Insn != path[i].Insn || path[at+i].To != path[i].To {
				return times
			}
		}
		times++
	}
	return times
}
