package kernelcmp

import (
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec/errata"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
)

// TestErrataAreAsLinuxDoes runs the case of every erratum on the kernel: what it
// says that Linux refuses is refused with those words, the rest gives the
// outcome that our engines give. The words are 6.18's.
func TestErrataAreAsLinuxDoes(t *testing.T) {
	k := kernel(t, Options{})
	ran, refused := 0, 0
	for _, e := range errata.All {
		text, err := e.Text()
		if err != nil {
			t.Fatal(err)
		}
		f, err := casefile.Parse(e.Case, text)
		if err != nil {
			t.Fatal(err)
		}
		for i := range f.Inputs { // a case that has no packet looks at none; test run wants one
			if len(f.Inputs[i].Packet) == 0 {
				f.Inputs[i].Packet = make([]byte, 64)
			}
		}
		out := k.Run(&f.Case)
		switch {
		case e.Refusal != "":
			refused++
			if out[0].Kind != vm.LoadRejected || strings.HasPrefix(k.Release(), "6.18") && !strings.Contains(out[0].Reason, e.Refusal) {
				t.Errorf("%s: %s %q, want a refusal with %q", e.ID, out[0].Kind, out[0].Reason, e.Refusal)
			}
		case e.Stage == errata.Run:
			ran++
			for i := range f.Expect {
				if err := f.Expect[i].Check(&out[i], k.Observables(&f.Case)); err != nil {
					t.Errorf("%s, input %d: %v", e.ID, i, err)
				}
			}
		}
	}
	t.Logf("%d cases ran, %d were to be refused", ran, refused)
}
