package release_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
)

// lastHelper is one more than Linux has had since 6.2; from then on there are kfuncs.
const lastHelper = 212

// TestAllowed asks the kernel which helpers there are for each hook: by a call without
// arguments, for the verifier looks for the helper before it looks at them.
func TestAllowed(t *testing.T) {
	each(t, func(t *testing.T, k kernel) {
		sets := make([]*release.Set, len(release.Hooks))
		for i := range release.Hooks {
			h := &release.Hooks[i]
			sets[i] = k.release.AllowedSet(i) // stays, if this kernel cannot be asked
			if why := k.cannotLoad(h); why != "" {
				if sets[i] != nil {
					t.Logf("%s: not asked: %s", h.Name, why)
				}
				continue
			}
			got := k.helpersOf(t, h)
			if want := sets[i]; !*generate && (want == nil || got.String() != want.String()) {
				t.Errorf("%s: the kernel has helpers %v, the table %v", h.Name, got, want)
			}
			sets[i] = &got
		}
		if *generate {
			writeAllowed(t, k.release, sets)
		}
	})
}

// cannotLoad says why no program of a hook loads on a kernel, "" if one does.
func (k kernel) cannotLoad(h *release.Hook) string {
	var why string
	for _, r := range k.TryLoads([]*kernelcmp.Load{at(h, mov(0, 0), exit), at(h, mov(0, 1), exit)}) {
		if r.Problem == "" && r.Errno == 0 {
			return ""
		}
		why = strings.TrimSpace(fmt.Sprintf("%v %s %s", r.Errno, r.Problem, firstLine(r.Log)))
	}
	return why
}

func (k kernel) helpersOf(t *testing.T, h *release.Hook) (set release.Set) {
	var loads []*kernelcmp.Load
	for id := int32(1); id <= lastHelper; id++ {
		loads = append(loads, at(h, call(id), exit))
	}
	for i, r := range k.TryLoads(loads) {
		if r.Problem != "" {
			t.Fatalf("%s: helper %d: %s", h.Name, i+1, r.Problem)
		}
		if r.Errno == 0 || !noSuchHelper(r.Log) {
			set.Add(i + 1)
		}
	}
	return set
}

// noSuchHelper reads it from a verifier's log, in the words of any release.
func noSuchHelper(log string) bool {
	for _, words := range []string{"unknown func", "invalid func", "program of this type cannot use helper"} {
		if strings.Contains(log, words) {
			return true
		}
	}
	return false
}

// writeAllowed writes a table, with hooks that allow the same in one row.
func writeAllowed(t *testing.T, r *release.Release, sets []*release.Set) {
	var order []string
	rows := map[string][]string{}
	for i, set := range sets {
		if set == nil {
			continue
		}
		text := set.String()
		if rows[text] == nil {
			order = append(order, text)
		}
		rows[text] = append(rows[text], release.Hooks[i].Name)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "// allowed%s is which helpers programs may call on Linux %d.%d.\nvar allowed%s = []allowedRow{\n", suffix(r), r.Linux[0], r.Linux[1], suffix(r))
	for _, text := range order {
		fmt.Fprintf(&b, "\t{\n\t\t%q,\n%s,\n\t},\n", strings.Join(rows[text], " "), wrapped(text))
	}
	b.WriteString("}\n")
	writeGo(t, "zallowed_"+suffix(r)+".go", b.String())
}

// TestSets: what a set is written as is what it is read from.
func TestSets(t *testing.T) {
	for _, text := range []string{"", "0", "1-3 5 63-65", "7 200"} {
		s, err := release.ParseSet(text)
		if err != nil || s.String() != text {
			t.Errorf("%q is read as %v, %v", text, s, err)
		}
	}
	for _, text := range []string{"x", "3-1", "1-", "-1", "1,2", "70000"} {
		if s, err := release.ParseSet(text); err == nil {
			t.Errorf("%q is read as %v", text, s)
		}
	}
	s, _ := release.ParseSet("1-3 64")
	if !slices.Equal(s.All(), []int{1, 2, 3, 64}) || s.Has(4) || s.Has(-1) || s.Has(1<<20) {
		t.Errorf("1-3 64 has %v", s.All())
	}
}
