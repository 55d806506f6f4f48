package verifier

import (
	"fmt"
	"slices"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/cfg"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/verifier/transfer"
)

// granule is what Linux rounds a frame up to, where a JIT runs the program.
const granule = 16

// tailCallStack is how deep the stack below a function with a tail call may be.
const tailCallStack = 256

// stackDepth adds up the frames along every chain of calls (Linux's check_max_stack_depth).
func (e *explorer) stackDepth() *Failure {
	for fn := range e.g.Funcs {
		if fn > 0 && !e.m.Later(fn) {
			continue
		}
		if f := e.deeper(fn, 0, 1, map[visit]bool{}); f != nil {
			return f
		}
	}
	return nil
}

// privateStackMin is from how many bytes on a function's frame is worth a stack of its own.
const privateStackMin = 64

// privateStack reports whether functions have stacks of their own, so that only each by itself
// has to be small (Linux's bpf_enable_priv_stack; a JIT has to support it).
func (e *explorer) privateStack() bool {
	switch release.ProgType(e.m.Type.Prog()) {
	case release.Kprobe, release.Tracepoint, release.PerfEvent, release.RawTracepoint:
	default:
		return false
	}
	tails := slices.ContainsFunc(e.g.Funcs, func(f cfg.Func) bool { return f.TailCalls })
	return !tails && e.options.Release.Has(release.PrivateStack)
}

// visit is a function at a depth and a number of frames: looked at once.
type visit struct{ fn, below, frames int }

func (e *explorer) deeper(fn, below, frames int, done map[visit]bool) *Failure {
	v := visit{fn, below, frames}
	if done[v] {
		return nil
	}
	done[v] = true
	f := &e.g.Funcs[fn]
	fails := func(format string, args ...any) *Failure {
		return structural(transfer.Unsafe, f.Start, "stack-depth", fmt.Sprintf(format, args...))
	}
	if fn > 0 && f.TailCalls && below >= tailCallStack {
		return fails("tail_calls are not allowed when call stack of previous frames is %d bytes. Too large", below)
	}
	own := (e.m.StackUsed[fn] + granule - 1) / granule * granule
	depth := below + own
	if own >= privateStackMin && e.privateStack() {
		depth = below // which is checked where it was added
	}
	if depth > state.FrameSize && !mutant.On(mutant.VerifierDepthNotSummed) {
		return fails("combined stack size of %d calls is %d. Too large", frames, depth)
	}
	for _, c := range f.Calls {
		if e.m.Later(c.To) && e.g.Insns[c.At].Op != spec.CALL { // it has a stack of its own
			continue
		}
		if frames == int(e.options.Release.Limits().Frames) {
			return fails("the call stack of %d frames is too deep !", frames+1)
		}
		if x := e.deeper(c.To, depth, frames+1, done); x != nil {
			return x
		}
	}
	return nil
}
