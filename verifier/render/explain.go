package render

import (
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
	Value  string  `json:"value"` // what is known behind it
	What   string  `json:"what"`  // in words
	Lost   bool    `json:"lost,omitempty"`
	Source *Source `json:"source,omitempty"`
}

// Explanation says how a failure came to be.
type Explanation struct {
	Path  []Branch // oldest first
	Story []Event  // of the register that is to blame, oldest first; empty if none is
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
	return x
}

// narrator tells the story of one value.
type narrator struct {
	insns *instructions
	f     *verifier.Failure
}

// longestStory is how many events are told: the last ones.
const longestStory = 12

// story goes back from the last step: to where the place was written, from there to where
// that value came from, and so on.
func (n *narrator) story(last *step, at place) (list []Event) {
	var values []*state.Reg
	for st := last.prev; len(list) < longestStory; { // the failing instruction changed nothing
		found, value := find(st, at)
		if found == nil {
			break
		}
		e := Event{Insn: found.pc, Value: value.String()}
		if found.pc >= 0 {
			e.Text, e.Source = n.insns.text(found.pc), sourceOf(n.insns.p, found.pc)
		}
		_, before := find(found.prev, at)
		from, copied, ok := origin(n.insns.p.Insns, found, at)
		e.What = n.what(found, at, value, before, copied && ok)
		list, values = append(list, e), append(values, value)
		if !ok && (before == nil || before.Kind == state.NotInit || value.Kind == state.NotInit || !n.indirect(found, at)) {
			break
		}
		st = found.prev
		if ok {
			at = from
		}
	}
	if i := n.lost(values); i >= 0 {
		list[i].Lost = true
	}
	slices.Reverse(list)
	return list
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
func (n *narrator) what(st *step, at place, now, before *state.Reg, copied bool) string {
	if st.pc < 0 {
		return "so the program is entered"
	}
	i := n.insns.p.Insns[st.pc]
	jumps := i.Class() == spec.ClassJMP || i.Class() == spec.ClassJMP32
	switch {
	case i.Op == spec.CALL && i.Src == spec.CallLocal && copied:
		return "passed to a function"
	case i.Op == spec.EXIT:
		return "returned"
	case copied:
		return "copied from there"
	case now.Kind == state.NotInit:
		return "a call leaves r0 to r5 undefined"
	case i.Op == spec.CALL && before != nil && (before.IsPacket() || before.Kind == state.PacketEnd) && now.Kind == state.Scalar:
		return "the call may move the packet: pointers into it are numbers from here on"
	case i.Op == spec.CALL && before != nil && before.Ref != 0 && now.Kind == state.Scalar && n.indirect(st, at):
		return "the call gives the reference back: the pointer is a number from here on"
	case i.Op == spec.CALL && now.Null:
		return "the call's result, which may be 0"
	case i.Op == spec.CALL:
		return "the call's result"
	case jumps && before != nil && before.Null && !now.Null:
		return "compared with 0"
	case jumps && now.IsPacket():
		return "compared with the packet's end"
	case jumps:
		return "narrowed by the branch"
	case before != nil && before.IsPacket() && now.IsPacket() && now.Range < before.Range:
		return "moved by a number that is not constant: what was compared before says nothing of it"
	case before != nil && before.IsPointer() && now.Kind == state.Scalar && i.Class() != spec.ClassLDX:
		return "the pointer becomes a number"
	case before != nil && before.Kind == state.Scalar && now.Kind == state.Scalar && !before.Num.Subsumes(now.Num) && !n.sets(i):
		return "the bounds move"
	}
	return "set here"
}

// sets reports whether an instruction does not look at what its destination held.
func (n *narrator) sets(i spec.Insn) bool {
	switch i.Class() {
	case spec.ClassALU, spec.ClassALU64:
		return i.Op&0xf0 == spec.OpMOV
	}
	return true
}

// lost picks, from values newest first, the event that took away what the rule needs.
func (n *narrator) lost(values []*state.Reg) int {
	if len(values) == 0 {
		return -1
	}
	r := n.f.State.Reg(uint8(n.f.Register))
	for i := range values[:len(values)-1] {
		now, before := values[i], values[i+1]
		switch {
		case r.Kind == state.NotInit && before.Kind != state.NotInit,
			r.Kind == state.Scalar && before.IsPointer() && now.Kind == state.Scalar,
			r.IsPacket() && before.IsPacket() && now.Range < before.Range,
			r.Kind == state.Scalar && now.Kind == state.Scalar && before.Kind == state.Scalar && !before.Num.Subsumes(now.Num),
			r.IsPointer() && before.IsPointer() && !before.Num.Subsumes(now.Num):
			return i
		}
	}
	return len(values) - 1 // it never had it: what made it is to blame
}
