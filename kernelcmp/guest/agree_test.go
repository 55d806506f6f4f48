package guest

import (
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/reduce"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

var programs = flag.Int("programs", 200, "how many generated programs each kernel gets")

// Every guest runs generated programs of all kinds as the reference VM does, in its own
// byte order and with the instructions of its release.
func TestGuestsAgreeWithRefvm(t *testing.T) {
	t.Logf("-seed %d", *seed)
	for _, r := range rungs(t) {
		t.Run(r.Name, func(t *testing.T) {
			k := boot(t, r, Options{})
			options, err := r.Generated()
			if err != nil {
				t.Fatal(err)
			}
			if k.Order() != r.Order {
				t.Fatalf("the guest is %s-endian", k.Order())
			}
			m, err := mem.New()
			if err != nil {
				t.Fatal(err)
			}
			c := comparison{why: map[string]int{}, kernel: k, ref: vm.NewTarget(&refvm.Engine{}, m)}
			defer c.ref.Close()
			g := gen.New(options)
			const batch = 200
			for n := 0; n < *programs; n += batch {
				var cases []*vm.Case
				for i := range min(batch, *programs-n) {
					cases = append(cases, reduce.Clone(g.Generate(tape.FromSeed(*seed<<20+uint64(n+i)))))
				}
				c.run(t, cases)
			}
			t.Logf("Linux %s: %d programs in %.1f s (%.0f a second), %d accepted, %d refused, %d unsupported", k.Release(),
				*programs, c.spent.Seconds(), float64(*programs)/c.spent.Seconds(), c.accepted, c.refused, c.unsupported)
			for reason, n := range c.why {
				t.Logf("%5d  %s", n, reason)
			}
			if c.accepted < *programs*8/10 {
				t.Errorf("only %d of %d programs were accepted", c.accepted, *programs)
			}
		})
	}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

type comparison struct {
	kernel *kernelcmp.Target
	ref    *vm.EngineTarget
	spent  time.Duration

	accepted, refused, unsupported int
	why                            map[string]int // of what was not accepted
}

func (c *comparison) run(t *testing.T, cases []*vm.Case) {
	begun := time.Now()
	outs := c.kernel.RunBatch(cases)
	c.spent += time.Since(begun)
	for n, out := range outs {
		switch out[0].Kind {
		case vm.LoadUnsupported:
			c.unsupported++
			c.why[firstLine(out[0].Reason)]++
			continue
		case vm.LoadRejected:
			c.refused++
			c.why[firstLine(out[0].Reason)]++
			continue
		}
		c.accepted++
		obs := c.kernel.Observables(cases[n]) & c.ref.Observables(cases[n])
		for i, want := range c.ref.Run(cases[n]) {
			if d, ok := vm.Compare(&want, &out[i], obs); !ok {
				t.Errorf("input %d: refvm and guest: %s\n%s", i, d, asm.Disassemble(cases[n].Programs[0].Insns, 0, asm.Names{}))
				break
			}
		}
	}
}
