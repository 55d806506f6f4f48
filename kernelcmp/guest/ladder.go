package guest

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Step is what one target of a ladder made of a case.
type Step struct {
	Target   string
	Release  string             // of a kernel
	Verdict  *kernelcmp.Verdict // a kernel's, of the program as it is written
	Outcomes []vm.Outcome       // one an input
	Shown    vm.Observable      // what of them the target can show
}

// Climb runs a case on a target.
func Climb(t vm.Target, c *vm.Case) Step {
	s := Step{Target: t.Name(), Shown: t.Observables(c)}
	if k, ok := t.(*kernelcmp.Target); ok {
		s.Release = k.Release()
		s.Verdict = &k.Verify([]*vm.Case{c})[0]
	}
	for _, o := range t.Run(c) { // valid until the next run: what is looked at later is copied
		o.Maps = append(o.Maps[:0:0], o.Maps...)
		s.Outcomes = append(s.Outcomes, o)
	}
	return s
}

// Supported reports whether the target could be asked at all.
func (s *Step) Supported() bool {
	return len(s.Outcomes) == 0 || s.Outcomes[0].Kind != vm.LoadUnsupported
}

// Against says in what a step differs from the reference, which is a target that shows
// everything; "" if in nothing. That a kernel refuses to load the case is no difference:
// engines have no verifier.
func (s *Step) Against(ref *Step) string {
	if !s.Supported() || s.Verdict != nil && s.Outcomes[0].Kind == vm.LoadRejected {
		return ""
	}
	for i := range s.Outcomes {
		if i >= len(ref.Outcomes) {
			break
		}
		if d, ok := vm.Compare(&ref.Outcomes[i], &s.Outcomes[i], ref.Shown&s.Shown); !ok {
			return fmt.Sprintf("input %d: %s", i+1, d)
		}
	}
	return ""
}
