package release_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
)

// callers are what a kernel is asked as, by what they lack. None has CAP_SYS_ADMIN.
var callers = []release.Caps{
	release.Root,
	release.Root &^ release.BPF,
	release.Root &^ release.NetAdmin,
	release.Root &^ (release.BPF | release.NetAdmin),
	release.Root &^ (release.BPF | release.Perfmon),
	release.SysAdmin,
}

// asks reports whether a kernel answers callers that lack these: the host's may refuse all of them.
func (k kernel) asks(lacks release.Caps) bool {
	if !k.quick || lacks&release.BPF == 0 {
		return true
	}
	b, err := os.ReadFile("/proc/sys/kernel/unprivileged_bpf_disabled")
	return err == nil && strings.TrimSpace(string(b)) == "0"
}

// TestTypeCaps loads a program of each type without some capabilities.
func TestTypeCaps(t *testing.T) {
	each(t, func(t *testing.T, k kernel) {
		for i := range release.Hooks {
			h := &release.Hooks[i]
			result, ok := k.goodResult(h)
			if !ok || i > 0 && h.Type == release.Hooks[i-1].Type {
				continue
			}
			for _, lacks := range callers {
				if !k.asks(lacks) {
					continue
				}
				l := at(h, mov(0, int32(result)), exit)
				l.Without = uint64(lacks)
				r := k.TryLoads([]*kernelcmp.Load{l})[0]
				want := k.release.TypeCaps(h.Type)&lacks == 0
				if got := r.Errno == 0 && r.Problem == ""; got != want {
					t.Errorf("%s without %s: loaded %v, the table says %v (%v %s %s)", h.Name, lacks, got, want, r.Errno, r.Problem, r.Log)
				}
			}
		}
	})
}

// TestMapCaps makes maps without some capabilities.
func TestMapCaps(t *testing.T) {
	each(t, func(t *testing.T, k kernel) {
		for typ := uint32(1); typ < lastMapType; typ++ {
			if !k.release.HasMap(typ) || typ == uint32(24) || typ == 28 || typ == 29 || typ == 32 { // storage wants BTF, and that CAP_BPF
				continue
			}
			for _, lacks := range callers {
				if !k.asks(lacks) {
					continue
				}
				l := at(&release.Hooks[0], spec.Insn{Op: spec.LDDW, Dst: 1, Src: spec.LDDWMapFD}, spec.Insn{}, mov(0, 0), exit)
				l.Maps, l.Without = []kernelcmp.RawMap{mapOfType(typ)}, uint64(lacks)
				r := k.TryLoads([]*kernelcmp.Load{l})[0]
				want := k.release.MapCaps(typ)&lacks == 0
				if got := !strings.HasPrefix(r.Problem, "map type"); got != want {
					t.Errorf("map type %d without %s: made %v, the table says %v (%s)", typ, lacks, got, want, r.Problem)
				}
			}
		}
	})
}

// TestHelperCaps asks which helpers there are for those who lack capabilities.
func TestHelperCaps(t *testing.T) {
	each(t, func(t *testing.T, k kernel) {
		rows := map[string]string{}
		for i := range release.Hooks {
			h := &release.Hooks[i]
			bpf, perfmon := k.release.HelpersWith(i)
			if k.cannotLoad(h) == "" {
				if got, ok := k.refusedHelpers(i, release.SysAdmin|release.Perfmon, release.Set{}); ok {
					check(t, h, release.Perfmon, got, perfmon)
					perfmon = got.String()
				}
				known, _ := release.ParseSet(perfmon)
				if got, ok := k.refusedHelpers(i, release.Root, known); ok {
					check(t, h, release.BPF, got, bpf)
					bpf = got.String()
				}
			}
			if bpf+perfmon != "" {
				rows[h.Name] = bpf + "/" + perfmon
			}
		}
		if *generate {
			writeCaps(t, k.release, rows)
		}
	})
}

func check(t *testing.T, h *release.Hook, c release.Caps, got release.Set, want string) {
	if !*generate && got.String() != want {
		t.Errorf("%s: for %s only, the kernel has helpers %v, the table %s", h.Name, c, got, want)
	}
}

// refusedHelpers are those that a hook has and that are not for a caller who lacks capabilities,
// less what is known.
func (k kernel) refusedHelpers(hook int, lacks release.Caps, known release.Set) (set release.Set, ok bool) {
	h := &release.Hooks[hook]
	if k.release.TypeCaps(h.Type)&lacks != 0 || !k.asks(lacks) {
		return set, false
	}
	all := k.release.AllowedSet(hook).All()
	var loads []*kernelcmp.Load
	for _, id := range all {
		l := at(h, call(int32(id)), exit)
		l.Without = uint64(lacks)
		loads = append(loads, l)
	}
	for n, r := range k.TryLoads(loads) {
		if noSuchHelper(r.Log) && !known.Has(all[n]) {
			set.Add(all[n])
		}
	}
	return set, true
}

func writeCaps(t *testing.T, r *release.Release, rows map[string]string) {
	var b strings.Builder
	fmt.Fprintf(&b, "// caps%s is which helpers it takes capabilities to call on Linux %d.%d.\nvar caps%s = []capRow{\n", suffix(r), r.Linux[0], r.Linux[1], suffix(r))
	for _, g := range grouped(rows) {
		bpf, perfmon, _ := strings.Cut(g.value, "/")
		fmt.Fprintf(&b, "{\n%s,\n%q,\n%q,\n},\n", wrapped(g.keys), bpf, perfmon)
	}
	b.WriteString("}\n")
	writeGo(t, "zcaps_"+suffix(r)+".go", b.String())
}

func TestParseCaps(t *testing.T) {
	for _, c := range []struct {
		list []string
		want release.Caps
	}{
		{nil, 0},
		{[]string{"bpf", "CAP_NET_ADMIN"}, release.BPF | release.NetAdmin},
		{[]string{"sys_admin"}, release.Root},
	} {
		if got, err := release.ParseCaps(c.list); err != nil || got != c.want {
			t.Errorf("%v are %v, %v", c.list, got, err)
		}
	}
	if _, err := release.ParseCaps([]string{"chown"}); err == nil || !strings.Contains(err.Error(), "bpf, perfmon") {
		t.Errorf("chown: %v", err)
	}
}
