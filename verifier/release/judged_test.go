package release_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/vm"
	vmhook "github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// caseOf is a question as the verifier takes it.
func caseOf(l *kernelcmp.Load) *vm.Case {
	t := vmhook.Type(l.Type)
	c := &vm.Case{Programs: []*vm.Program{{Type: t, Insns: slices.Clone(l.Insns)}}}
	for _, m := range l.Maps {
		s := &maps.Spec{Type: maps.Type(m.Type), KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries, Flags: m.Flags, Frozen: m.Frozen}
		switch m.Value {
		case "lock":
			s.Fields = []maps.Field{{Kind: maps.SpinLock}}
		case "timer":
			s.Fields = []maps.Field{{Kind: maps.Timer}}
		}
		if m.Inner != 0 {
			s.Inner = &maps.Spec{Type: maps.Type(m.Inner), KeySize: 4, ValueSize: 8, MaxEntries: 4}
		}
		c.Maps = append(c.Maps, s)
	}
	return c
}

// judged is what became of the questions about a helper.
type judged struct {
	equal, unequal, unsupported int
	why                         string
}

// TestJudged has this project's verifier answer the questions that the kernel is asked about
// prototypes: about every helper, at up to three hooks.
func TestJudged(t *testing.T) {
	each(t, func(t *testing.T, k kernel) {
		table, names := map[int32]*judged{}, map[int32]string{}
		f := findings{}
		times := map[*release.Helper]int{}
		for i := range release.Hooks {
			h := &release.Hooks[i]
			result, ok := k.goodResult(h)
			if !ok || h.BTF != "" {
				continue
			}
			var all []question
			for id := int32(1); id < lastHelper; id++ {
				if h2, ok := k.release.HelperFor(id, h.Type, h.Attach); ok && (*deep || times[h2] < 3) {
					qs := k.questions(h, result, h2)
					times[h2] += min(1, len(qs))
					all = append(all, qs...)
					names[id] = h2.Name
				}
			}
			loads := make([]*kernelcmp.Load, len(all))
			for n := range all {
				loads[n] = all[n].load
			}
			for n, r := range k.TryLoads(loads) {
				q := &all[n]
				if r.Problem != "" || k.configured(q.helper.ID, i, r.Log) || q.load.Flags != 0 || q.load.License != "" && q.load.License != "GPL" {
					continue
				}
				j := table[q.helper.ID]
				if j == nil {
					j = &judged{}
					table[q.helper.ID] = j
				}
				res := verifier.Verify(caseOf(q.load), verifier.Options{Release: k.release, Attach: q.load.Attach})
				switch {
				case res.Verdict == verifier.Unsupported:
					j.unsupported++
					j.why = res.Failure.Text
				case (res.Verdict == verifier.Accepted) == (r.Errno == 0):
					j.equal++
				default:
					j.unequal++
					f.add(h, "%s: %s: ours %s (%v), the kernel: %s", q.helper, q.what, res.Verdict, res.Failure, reason(r.Log))
				}
			}
		}
		f.report(t)
		equal, all, whole := 0, 0, 0
		var rows []string
		for id := int32(1); id < lastHelper; id++ {
			j := table[id]
			if j == nil {
				continue
			}
			equal += j.equal
			all += j.equal + j.unequal + j.unsupported
			if j.unsupported == 0 {
				whole++
			}
			rows = append(rows, fmt.Sprintf("%3d %-32s equal %3d, unequal %2d, unsupported %3d  %s", id, names[id], j.equal, j.unequal, j.unsupported, j.why))
		}
		for _, r := range rows {
			t.Log(r)
		}
		t.Logf("%d of %d questions answered as by the kernel; %d of %d helpers supported throughout", equal, all, whole, len(rows))
	})
}
