package errata_test

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/spec/errata"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// TestEnginesDoWhatTheCasesSay runs every case on the reference VM, by trees and
// generated, and on fastvm. The kernel's side is in kernelcmp's tests.
func TestEnginesDoWhatTheCasesSay(t *testing.T) {
	for _, engine := range []struct {
		name string
		vm.Engine
	}{{"trees", &refvm.Engine{Walk: true}}, {"refvm", &refvm.Engine{}}, {"fastvm", fastvm.Engine{}}} {
		t.Run(engine.name, func(t *testing.T) {
			m, err := mem.New()
			if err != nil {
				t.Fatal(err)
			}
			target := vm.NewTarget(engine, m)
			defer target.Close()
			for _, e := range errata.All {
				text, err := e.Text()
				if err != nil {
					t.Fatal(err)
				}
				f, err := casefile.Parse(e.Case, text)
				if err != nil {
					t.Fatal(err)
				}
				if e.Stage == errata.Verifier {
					continue // an engine may do anything: only a verifier has a say
				}
				out := target.Run(&f.Case)
				if len(f.Expect) == 0 {
					t.Errorf("%s: expects nothing", e.ID)
				}
				for i := range f.Expect {
					if err := f.Expect[i].Check(&out[i], target.Observables(&f.Case)); err != nil {
						t.Errorf("%s, input %d: %v", e.ID, i, err)
					}
				}
			}
		})
	}
}
