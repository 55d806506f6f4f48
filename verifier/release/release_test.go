package release_test

import (
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/vm"
	lockstep "github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

func newest() *release.Release { return release.All[len(release.All)-1] }

// Names and numbers are those that another library has from the UAPI header.
func TestNamesAreTheFields(t *testing.T) {
	plain := func(s string) string {
		return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(s, "Fn"), "_", ""))
	}
	for id := int32(1); id < lastHelper; id++ {
		h, ok := newest().Helper(id)
		if !ok {
			if id != 116 { // of struct_ops programs alone, which are no hook here
				t.Errorf("no helper %d", id)
			}
			continue
		}
		if want := plain(asm.BuiltinFunc(id).String()); plain(h.Name) != want {
			t.Errorf("helper %d is %q, elsewhere %q", id, h.Name, want)
		}
	}
	for typ := release.SocketFilter; typ <= release.Netfilter; typ++ {
		if got, want := plain(typ.String()), strings.ToLower(ebpf.ProgramType(typ).String()); got != want && typ != release.Ext {
			t.Errorf("program type %d is %q, elsewhere %q", typ, got, want)
		}
	}
	seen := map[string]bool{}
	for _, h := range release.Hooks {
		if seen[h.Name] {
			t.Errorf("two hooks %s", h.Name)
		}
		seen[h.Name] = true
	}
}

// Whatever our engines simulate, the newest release allows.
func TestAgainstTheEngines(t *testing.T) {
	for id := int32(1); id < lastHelper; id++ {
		v := vm.HelperByID(id)
		if v == nil {
			continue
		}
		h, ok := newest().Helper(id)
		if !ok {
			t.Errorf("no helper %d", id)
			continue
		}
		args := 0
		for i, a := range h.Args {
			if a.Kind != release.None {
				args = i + 1
			}
		}
		if h.Name != v.Name || args != v.Args || (h.Ret.Kind == release.Void) != v.Void {
			t.Errorf("%s: package vm has %s with %d arguments, void %v", h, v.Name, v.Args, v.Void)
		}
	}
	for _, typ := range []lockstep.Type{lockstep.SocketFilter, lockstep.SchedCLS, lockstep.XDP} {
		for _, f := range lockstep.Lookup(typ).Fields {
			size := min(f.Size, 4)
			if f.Size%8 == 0 && f.Name != "cb" {
				size = 8
			}
			for off := f.Off; off < f.Off+f.Size; off += size {
				if !newest().Field(release.ProgType(typ), 0, off, size, false).OK {
					t.Errorf("%s: %s cannot be loaded: %d bytes at %d", typ, f.Name, size, off)
				}
				if got := newest().Field(release.ProgType(typ), 0, off, size, true).OK; got != (f.Perm&mem.Write != 0) {
					t.Errorf("%s: store to %s: %v", typ, f.Name, got)
				}
			}
		}
	}
}

func TestEverySwitchIsExplained(t *testing.T) {
	for _, s := range release.Switches {
		r := newest().With(s, !newest().Has(s))
		if s.About() == "" || r.Has(s) == newest().Has(s) {
			t.Errorf("%s: %q", s, s.About())
		}
	}
}

func TestByName(t *testing.T) {
	for _, name := range []string{"linux-6.12", "6.12"} {
		if r, err := release.ByName(name); err != nil || r.Name != "linux-6.12" {
			t.Errorf("%s is %v, %v", name, r, err)
		}
	}
	if _, err := release.ByName("linux-2.6"); err == nil || !strings.Contains(err.Error(), "linux-5.10, linux-6.1") {
		t.Errorf("linux-2.6: %v", err)
	}
}

// What the manuals say of releases: each line is from the list of features in the kernel's documentation, or a man page.
func TestHistory(t *testing.T) {
	for _, c := range []struct {
		id    int32
		first string // the first table that has it
	}{
		{1, "linux-5.10"},   // since 3.19
		{130, "linux-5.10"}, // ring buffers: 5.8
		{164, "linux-6.1"},  // for_each_map_elem: 5.13
		{181, "linux-6.1"},  // loop: 5.17
		{208, "linux-6.1"},  // ktime_get_tai_ns: 6.1
		{210, "linux-6.12"}, // cgrp_storage_get: 6.2
	} {
		for _, r := range release.All {
			if r.Exists(c.id) {
				if r.Name != c.first {
					t.Errorf("helper %d is first in %s, want %s", c.id, r, c.first)
				}
				break
			}
		}
	}
}

// Nothing that can be asked of a table panics.
func TestOddQuestions(t *testing.T) {
	for _, r := range release.All {
		for typ := range release.ProgType(40) {
			for _, attach := range []uint32{0, 1, 99} {
				r.HasHook(typ, attach)
				r.Asked(typ, attach)
				r.Return(typ, attach)
				r.SockMap(2, typ, attach)
				for id := int32(-1); id < 300; id++ {
					if h, ok := r.HelperFor(id, typ, attach); ok && h.ID != id {
						t.Fatalf("%s: helper %d is %s", r, id, h)
					}
					r.Refused(id, typ, attach)
				}
				for _, size := range []uint32{0, 1, 2, 3, 4, 8, 16, 1 << 31} {
					for _, off := range []uint32{0, 7, 76, 1 << 20, 1<<32 - 1} {
						if f := r.Field(typ, attach, off, size, false); f.OK && f.Kind == "" {
							t.Fatalf("%s: %s: a load at %d gives nothing", r, typ, off)
						}
					}
				}
			}
		}
	}
}
