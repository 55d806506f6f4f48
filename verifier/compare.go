package verifier

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Compared is what one release says of a case.
type Compared struct {
	Release *release.Release // nil: the default rules
	Result
}

// Compare judges a case as each release does, oldest first, and at last by the default rules.
func Compare(c *vm.Case, o Options) (all []Compared) {
	for _, r := range release.All {
		o.Release = r
		all = append(all, Compared{r, Verify(c, o)})
	}
	o.Release = nil
	return append(all, Compared{nil, Verify(c, o)})
}

// Difference is where releases part: the first two neighbours that judge differently, and why.
type Difference struct {
	Old, New *release.Release
	Switch   release.Switch // that makes the difference, if one does by itself
	Helper   int32          // that only one of them has, or allows; 0: none
	Text     string
}

// FirstDifference finds it among what Compare gave; nil if all releases agree.
func FirstDifference(c *vm.Case, o Options, all []Compared) *Difference {
	for i := 1; i < len(all) && all[i].Release != nil; i++ {
		was, is := &all[i-1], &all[i]
		if (was.Verdict == Accepted) == (is.Verdict == Accepted) {
			continue
		}
		d := &Difference{Old: was.Release, New: is.Release}
		d.explain(c, o, was, is)
		return d
	}
	return nil
}

// explain looks for what of the release that refuses would have to be as in the other one.
func (d *Difference) explain(c *vm.Case, o Options, was, is *Compared) {
	refuses, other := was, is
	if is.Verdict != Accepted {
		refuses, other = is, was
	}
	for _, s := range release.Switches {
		on := other.Release.Has(s)
		if refuses.Release.Has(s) == on {
			continue
		}
		o.Release = refuses.Release.With(s, on)
		if Verify(c, o).Verdict == Accepted {
			d.Switch, d.Text = s, fmt.Sprintf("%s, in %s alone: %s", s, haver(s, d).Name, s.About())
			return
		}
	}
	f := refuses.Failure
	if id, ok := helperAt(c, f); ok && (f.Rule == "helper-unknown" || f.Rule == "helper-denied") {
		d.Helper = id
		name := fmt.Sprintf("helper %d", id)
		if h, ok := other.Release.Helper(id); ok {
			name = fmt.Sprintf("bpf_%s#%d", h.Name, id)
		}
		d.Text = fmt.Sprintf("%s is not offered by %s to programs of this type", name, refuses.Release.Name)
		return
	}
	d.Text = fmt.Sprintf("rule %s: %s", f.Rule, f.Text)
}

// haver is which of the two has a switch on.
func haver(s release.Switch, d *Difference) *release.Release {
	if d.Old.Has(s) {
		return d.Old
	}
	return d.New
}

// helperAt is the helper that the failing instruction calls.
func helperAt(c *vm.Case, f *Failure) (int32, bool) {
	p := c.Programs[f.Prog]
	if f.Insn < 0 || f.Insn >= len(p.Insns) || p.Insns[f.Insn].Op != spec.CALL || p.Insns[f.Insn].Src != spec.CallHelper {
		return 0, false
	}
	return p.Insns[f.Insn].Imm, true
}
