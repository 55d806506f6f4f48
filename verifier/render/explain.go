package render

import (
	"fmt"
	"slices"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/verifier/transfer"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Event is something that happened to the value that a failure is about.
type Event struct {
	Insn   int     `json:"insn"` // -1: before the first
	Text   string  `json:"text,omitempty"`
	Place  string  `json:"place"` // the register or stack slot that holds it: "r1", "fp-8", "frame0 r6"
	Value  string  `json:"value"` // what is known of it behind the instruction
	What   string  `json:"what"`  // in words
	Lost   bool    `json:"lost,omitempty"`
	Source *Source `json:"source,omitempty"`
}

// Explanation says how a failure came to be.
type Explanation struct {
	Path  []Branch // oldest first
	Story []Event  // of the register that is to blame, oldest first; empty if none is
	Note  string   // what is to be said of guards that did not help; may be empty
}

// Lost is the event at which what was needed was lost, or never came; nil if it is not known.
func (x *Explanation) Lost() *Event {
	i := slices.IndexFunc(x.Story, func(e Event) bool { return e.Lost })
	if i < 0 {
		return nil
	}
	return &x.Story[i]
}

// Explain follows the program that was refused once more, and goes back from the failure. It
// gives nil where there is no path to a failure.
func Explain(c *vm.Case, o verifier.Options, res *verifier.Result) *Explanation {
	f := res.Failure
	if f == nil || f.State == nil {
		return nil
	}
	x := &Explanation{Path: instructionsOf(c, f.Prog).branches(f.Path)}
	if f.Register < 0 || f.Class != transfer.Unsafe {
		return x
	}
	h := &history{want: f.Prog}
	o.Trace = h.trace()
	verifier.Verify(c, o)
	if h.last == nil {
		return x
	}
	n := &narrator{insns: instructionsOf(c, f.Prog), f: f}
	x.Story = n.story(h.last, place{f.State.Depth(), false, f.Register})
	x.Note = n.note(h.last)
	return x
}

// narrator tells the story of one value.
type narrator struct {
	insns *instructions
	f     *verifier.Failure
}

// longestStory is how many events are told: the last ones.
const longestStory = 12

// chapter is an event while the story is put together.
type chapter struct {
	Event
	value, before *state.Reg
	copied        bool // the value is another place's
	moved         bool // of an address: by a number, whose story goes on in its place
}

// story goes back from the last step: to where the place was written, from there to where
// that value came from, and so on.
func (n *narrator) story(last *step, at place) (list []Event) {
	var told []chapter
	for st := last.prev; len(told) < longestStory; { // the failing instruction changed nothing
		found, value := find(st, at)
		if found == nil || value.Kind == state.NotInit && found.pc >= 0 && n.insns.p.Insns[found.pc].Op == spec.EXIT {
			break // what an earlier call had there is not this one's
		}
		_, before := find(found.prev, at)
		ch := chapter{Event: Event{Insn: found.pc, Place: n.name(at), Value: value.String()}, value: value, before: before}
		if found.pc >= 0 {
			ch.Text, ch.Source = n.insns.text(found.pc), sourceOf(n.insns.p, found.pc)
		}
		from, copied, ok := origin(n.insns.p.Insns, found, at)
		ch.copied = copied && ok
		if off, moved := n.offset(found, value); moved {
			from, ch.moved = off, true
		}
		ch.What = n.what(found, at, &ch)
		told = append(told, ch)
		if !ok && !(before != nil && before.Kind != state.NotInit && value.Kind != state.NotInit && n.indirect(found, at)) {
			break
		}
		if st = found.prev; ok {
			at = from
		}
	}
	if i := n.lost(told); i >= 0 {
		told[i].Lost = true
	}
	for i := range told {
		list = append(list, told[len(told)-1-i].Event)
	}
	return list
}

// name is what a place is called.
func (n *narrator) name(at place) string {
	text := fmt.Sprintf("r%d", at.n)
	if at.stack {
		text = fmt.Sprintf("fp%d", -8*(at.n+1))
	}
	if at.frame != n.f.State.Depth() {
		text = fmt.Sprintf("frame%d %s", at.frame, text)
	}
	return text
}

// offset is the register with the number that an address was moved by, where the offset is
// what is wrong.
func (n *narrator) offset(st *step, value *state.Reg) (place, bool) {
	if _, fixed := value.Num.Const(); st.pc < 0 || !value.IsPointer() || value.IsPacket() || fixed {
		return place{}, false
	}
	i := n.insns.p.Insns[st.pc]
	if i.Class() != spec.ClassALU64 || i.Op&spec.SrcX == 0 || i.Op&0xf0 != spec.OpADD && i.Op&0xf0 != spec.OpSUB {
		return place{}, false
	}
	for _, reg := range []uint8{i.Src, i.Dst} {
		at := place{st.depth, false, int(reg)}
		if _, r := find(st.prev, at); r != nil && r.Kind == state.Scalar {
			return at, true
		}
	}
	return place{}, false
}

// indirect reports whether a step changed a place that it does not write: a call that may
// move the packet changes pointers into it.
func (n *narrator) indirect(st *step, at place) bool {
	if st.pc < 0 {
		return false
	}
	i := n.insns.p.Insns[st.pc]
	return i.Op == spec.CALL && (at.stack || at.n > 5 || at.frame != st.depth)
}

// what says in words what a step did to the value.
func (n *narrator) what(st *step, at place, ch *chapter) string {
	if st.pc < 0 {
		return "so the program is entered"
	}
	i, now, before := n.insns.p.Insns[st.pc], ch.value, ch.before
	if before == nil {
		before = &state.Reg{}
	}
	jumps := i.Class() == spec.ClassJMP || i.Class() == spec.ClassJMP32
	switch {
	case i.Op == spec.CALL && i.Src == spec.CallLocal && ch.copied:
		return "passed to a function"
	case i.Op == spec.EXIT:
		return "returned"
	case ch.copied:
		return "copied from there"
	case ch.moved:
		return "moved by a number"
	case now.Kind == state.NotInit:
		return "a call leaves r0 to r5 undefined"
	case i.Op == spec.CALL:
		return n.called(st, at, now, before)
	case jumps && before.Null && !now.Null:
		return "compared with 0"
	case jumps && now.IsPacket():
		return "compared with the packet's end"
	case jumps:
		return "narrowed by the branch"
	case before.IsPacket() && now.IsPacket() && now.Range < before.Range:
		return "moved by a number that is not constant: what was compared before says nothing of it"
	case before.IsPointer() && now.Kind == state.Scalar && !n.sets(i):
		return "the pointer becomes a number"
	case !n.sets(i):
		return "computed from what was there"
	}
	return "set here"
}

// called says what a call did to the value.
func (n *narrator) called(st *step, at place, now, before *state.Reg) string {
	switch {
	case (before.IsPacket() || before.Kind == state.PacketEnd) && now.Kind == state.Scalar:
		return "the call may move the packet: pointers into it are numbers from here on"
	case before.Ref != 0 && now.Kind == state.Scalar && n.indirect(st, at):
		return "the call gives the reference back: the pointer is a number from here on"
	case at.stack:
		return "the call writes to the stack"
	case now.Null:
		return "the call's result, which may be 0"
	}
	return "the call's result"
}

// sets reports whether an instruction does not look at what its destination held.
func (n *narrator) sets(i spec.Insn) bool {
	switch i.Class() {
	case spec.ClassALU, spec.ClassALU64:
		return i.Op&0xf0 == spec.OpMOV
	}
	return true
}

// lost picks, from events newest first, the one that took away what the rule needs, or that
// should have seen to it. Where a number stands in place of an address, it is where the
// address went; of a number, where it grew without bounds or else its last guard.
func (n *narrator) lost(told []chapter) int {
	if n.f.State.Reg(uint8(n.f.Register)).Kind == state.Scalar {
		for i := range told {
			if b := told[i].before; told[i].value.Kind == state.Scalar && !told[i].copied && b != nil && b.IsPointer() {
				return i
			}
		}
	}
	first := -1 // that is no copy
	for i := range told {
		ch := &told[i]
		if ch.copied || ch.moved && i+1 < len(told) {
			continue
		}
		if first < 0 {
			first = i
		}
		if ch.value.Kind != state.Scalar {
			return first
		}
		if n.guards(ch) || n.bursts(ch) && told[first].value.Num.U.Max >= huge { // not "<<= 32, >>= 32"
			return i
		}
	}
	return first
}

// guards reports whether an event is one that bounds a number.
func (n *narrator) guards(ch *chapter) bool {
	if ch.Insn < 0 || ch.before == nil || ch.before.Kind != state.Scalar {
		return false
	}
	switch i := n.insns.p.Insns[ch.Insn]; i.Class() {
	case spec.ClassJMP, spec.ClassJMP32:
		return i.Op != spec.CALL && i.Op != spec.EXIT
	case spec.ClassALU, spec.ClassALU64:
		return i.Op&0xf0 == spec.OpAND || i.Op&0xf0 == spec.OpMOD
	}
	return false
}

// huge is more than any object has bytes.
const huge = 1 << 29

// bursts reports whether a number that was bounded is no more.
func (n *narrator) bursts(ch *chapter) bool {
	b := ch.before
	return b != nil && b.Kind == state.Scalar && b.Num.U.Max < huge && ch.value.Num.U.Max >= huge
}
