package verifier_test

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// TestParityOnSnippets compares verdicts on programs that are about one rule each.
func TestParityOnSnippets(t *testing.T) {
	k := openKernel(t)
	t.Logf("seed %d", *firstSeed)
	y := tally{ref: watch(t)}
	y.options.Release, _ = release.ByName(verifier.DefaultRelease)
	for done := 0; done < 10*(*brokenN); done += 256 {
		var cs []*vm.Case
		for i := range min(256, 10*(*brokenN)-done) {
			cs = append(cs, snippetCase(*firstSeed+uint64(done+i)))
		}
		for i, v := range k.Verify(cs) {
			y.add(*firstSeed+uint64(done+i), cs[i], &v)
		}
	}
	y.report(t, "snippets")
	y.judge(t)
}
