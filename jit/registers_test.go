package jit_test

import (
	"io"
	"runtime"
	"runtime/trace"
	"testing"

	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// yielding is a map whose lookups let other goroutines run.
type yielding struct{ maps.Map }

func (y yielding) Lookup(key []byte) (uint32, bool) {
	runtime.Gosched()
	return y.Map.Lookup(key)
}

// TestGoGetsItsRegistersBack calls a helper from programs that use all registers. The
// helper yields, for which Go needs its g, and the tracer records whose stack that was,
// by frame pointers: through the frames that entered native code.
func TestGoGetsItsRegistersBack(t *testing.T) {
	if err := trace.Start(io.Discard); err != nil {
		t.Skip("somebody else traces: ", err)
	}
	defer trace.Stop()
	const all = `
		r3 = 3
		r4 = 4
		r5 = 5
		r6 = 6
		r7 = 7
		r8 = 8
		r9 = 9
		*(u32 *)(r10 - 4) = 1
		r2 = r10
		r2 += -4
		r1 = map_by_fd(1)
		call bpf_map_lookup_elem
		r0 = r6
		r0 += r7
		r0 += r8
		r0 += r9
		exit`
	for _, mode := range bothModes {
		for _, text := range []string{all, "call f\nexit\nf:" + all} {
			x, c := target(t, jit.Engine{}), caseOf(t, text)
			c.Mode = mode
			l, err := x.Load(c)
			if err != nil {
				t.Fatal(err)
			}
			m := x.Machine()
			m.World.Maps[1] = yielding{m.World.Maps[1]}
			for range 100 {
				if err := m.Setup(hook.SocketFilter, &c.Inputs[0]); err != nil {
					t.Fatal(err)
				}
				if r := l.Instance.Run(m); r.Kind != vm.Exit || r.R0 != 30 {
					t.Fatalf("mode %v: %+v", mode, r)
				}
			}
		}
	}
}
