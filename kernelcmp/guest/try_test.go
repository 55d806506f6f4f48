package guest

import (
	"context"
	"os"
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

func TestMain(m *testing.M) {
	kernelcmp.ExecutorMain()
	os.Exit(m.Run())
}

func TestTry(t *testing.T) {
	mm, _ := mem.New()
	ref := vm.NewTarget(&refvm.Engine{}, mm)
	for _, name := range []string{"host", "amd64-5.10", "amd64-6.1", "amd64-6.12", "uml-6.1", "s390x-6.1"} {
		var k *kernelcmp.Target
		var err error
		o := gen.Options{}
		if name == "host" {
			k, err = kernelcmp.Open(kernelcmp.Options{})
		} else {
			r, _ := ByName(name)
			o.Order = r.Order
			o.Release, _ = gen.ParseRelease(name[strings.Index(name, "-")+1:])
			o.Aligned = r.Kind == UML
			k, err = Open(context.Background(), r, Options{})
		}
		if err != nil {
			t.Error(err)
			continue
		}
		for _, mix := range gen.Mixes {
			o.Mix = mix
			g := gen.New(o)
			var cases []*vm.Case
			for i := range 200 {
				cases = append(cases, reduce.Clone(g.Generate(tape.FromSeed(uint64(i)))))
			}
			t0 := time.Now()
			outs := k.RunBatch(cases)
			dt := time.Since(t0)
			kinds := map[vm.Kind]int{}
			reasons := map[string]int{}
			bad := 0
			for i, o := range outs {
				kinds[o[0].Kind]++
				if o[0].Kind != vm.Exit {
					r, _, _ := strings.Cut(o[0].Reason, "\n")
					if len(r) > 100 {
						r = r[:100]
					}
					reasons[r]++
					continue
				}
				ro := ref.Run(cases[i])
				for j := range o {
					if d, ok := vm.Compare(&ro[j], &o[j], k.Observables(cases[i])); !ok {
						bad++
						if bad < 3 {
							t.Log(d, asm.Disassemble(cases[i].Programs[0].Insns, 0, asm.Names{}))
						}
						break
					}
				}
			}
			t.Log(mix.Name, name, int(200/dt.Seconds()), "/s", kinds, "bad", bad, reasons)
		}
		k.Close()
	}
}
