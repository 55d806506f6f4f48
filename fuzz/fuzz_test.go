package fuzz_test

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/internal/planted"
	"github.com/lockstep-ebpf/lockstep/fuzz/oracle"
	"github.com/lockstep-ebpf/lockstep/fuzz/reduce"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/reports"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// FuzzDifferential reads its input as a choice tape, so every input is a program,
// and compares the reference VM with the interpreter, and with native code where
// there is any.
func FuzzDifferential(f *testing.F) {
	for seed := range uint64(16) {
		src := tape.FromSeed(seed)
		gen.New(gen.Options{}).Generate(src)
		f.Add(append([]byte(nil), src.Bytes()...))
	}
	ref, err := oracle.NewReference()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { ref.Close() })
	engines := []vm.Engine{fastvm.Engine{}}
	if (jit.Engine{}).Supports(&vm.Program{}) == nil {
		engines = append(engines, jit.Engine{})
	}
	o := oracle.New(planted.Targets(f, engines...))
	r := &reduce.Reducer{Oracle: o, Reference: ref}
	g, src := gen.New(gen.Options{}), new(tape.Source)
	f.Fuzz(func(t *testing.T, b []byte) {
		src.Reset(b)
		c := g.Generate(src)
		for _, m := range o.Judge(c) {
			t.Errorf("%s", reports.Render(r.Shrink(r.Identify(c, m))))
			return
		}
	})
}
