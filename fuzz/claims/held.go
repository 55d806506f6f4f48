package claims

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/verifier/cfg"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Held looks for a state for each step of the runs. Show it every state that the verifier
// holds in exact mode.
type Held struct {
	checker
	t     *trace
	progs []*vm.Program
	live  [][]uint16 // by program and slot: what may still be read; made when it is asked for
	open  [][]int32  // by program and slot: the first visit that lies in no state so far, or -1
	next  []int32    // by visit: the next one at its slot
}

// start begins with the visits of a trace.
func (h *Held) start(c *vm.Case, t *trace) {
	h.t, h.progs, h.order = t, c.Programs, c.Programs[0].Order
	clear(h.live)
	h.live, h.open = h.live[:0], h.open[:0]
	for _, p := range c.Programs {
		at := make([]int32, len(p.Insns))
		for pc := range at {
			at[pc] = -1
		}
		h.open, h.live = append(h.open, at), append(h.live, nil)
	}
	h.next = append(h.next[:0], make([]int32, len(t.visits))...)
	for n := len(t.visits) - 1; n >= 0; n-- {
		v := &t.visits[n]
		at := &h.open[v.prog][v.pc]
		h.next[n], *at = *at, int32(n)
	}
}

// Observe takes a state in.
func (h *Held) Observe(prog int, s *state.State) {
	at := &h.open[prog][s.PC]
	for *at >= 0 {
		n := *at
		if reg, slot := h.wrong(prog, s, n); reg >= 0 || slot >= 0 {
			at = &h.next[n]
			continue
		}
		*at = h.next[n]
	}
}

// wrong is what of a visit does not lie in s: a register, a slot, or neither.
func (h *Held) wrong(prog int, s *state.State, n int32) (reg, slot int) {
	v := &h.t.visits[n]
	if reg, slot = h.among(prog, s, v, 1<<11-1); reg < 0 && slot < 0 {
		return reg, slot
	}
	return h.among(prog, s, v, h.liveAt(prog, s.PC))
}

// among looks at the registers in live, and at the slot that is read.
func (h *Held) among(prog int, s *state.State, v *visit, live uint16) (reg, slot int) {
	if reg = h.regs(s, v, live); reg >= 0 {
		return reg, -1
	}
	slot = read(h.progs[prog].Insns[s.PC], v)
	if slot >= 0 && !h.slot(s, slot, v, &h.t.stacks[v.stack]) {
		return -1, slot
	}
	return -1, -1
}

// liveAt is the registers that may still be read at a slot.
func (h *Held) liveAt(prog, pc int) uint16 {
	if h.live[prog] == nil {
		g, err := cfg.Build(h.progs[prog].Insns, cfg.Options{Args: helperArgs})
		if err != nil { // it was accepted
			panic(err)
		}
		h.live[prog] = g.Live
	}
	return h.live[prog][pc]
}

// first is the first visit that lies in no state, or -1.
func (h *Held) first() int {
	least := -1
	for _, slots := range h.open {
		for _, n := range slots {
			if n >= 0 && (least < 0 || int(n) < least) {
				least = int(n)
			}
		}
	}
	return least
}

// explain says how a visit misses the states; verify runs the verifier once more.
func (h *Held) explain(n int, verify func(observe func(prog int, s *state.State))) string {
	v := &h.t.visits[n]
	states, text := 0, ""
	verify(func(prog int, s *state.State) {
		if prog != int(v.prog) || s.PC != int(v.pc) {
			return
		}
		if states++; states > 5 {
			return
		}
		reg, slot := h.wrong(prog, s, int32(n))
		text += "\n  " + describe(s, v, &h.t.stacks[v.stack], reg, slot)
	})
	if states == 0 {
		return "it ran, and the verifier never came there"
	}
	return fmt.Sprintf("of %d states none has all registers as they were:%s", states, text)
}

// helperArgs is how many registers a helper looks at: all that there are, of one that is
// unknown, which no path calls.
func helperArgs(id int32) int {
	if h := vm.HelperByID(id); h != nil {
		return h.Args
	}
	return 5
}
