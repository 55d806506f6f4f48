package release_test

import (
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
		for i := range release.Hooks {
			h := &release.Hooks[i]
			for _, lacks := range []release.Caps{release.Root, release.SysAdmin | release.Perfmon} {
				if k.cannotLoad(h) != "" || k.release.TypeCaps(h.Type)&lacks != 0 || !k.asks(lacks) {
					continue
				}
				all := k.release.AllowedSet(i)
				var loads []*kernelcmp.Load
				for _, id := range all.All() {
					l := at(h, call(int32(id)), exit)
					l.Without = uint64(lacks)
					loads = append(loads, l)
				}
				var refused release.Set
				for n, r := range k.TryLoads(loads) {
					if noSuchHelper(r.Log) {
						refused.Add(all.All()[n])
					}
				}
				t.Logf("%s without %s: %v", h.Name, lacks, refused)
			}
		}
	})
}
