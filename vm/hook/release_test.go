package hook_test

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// notSimulated are fields of struct __sk_buff about the socket: family to local_port.
func notSimulated(i *hook.Info, off uint32) bool {
	return i.Context == hook.SkBuff && off >= 88 && off < hook.SkbDataMeta
}

// TestFieldsAgainstLinux: what a kernel told of each type's context (the tables of
// verifier/release are its answers) is what the fields here say, byte by byte. A byte is
// readable if some load of it is allowed.
func TestFieldsAgainstLinux(t *testing.T) {
	r, err := release.ByName("linux-6.18")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range hook.Names() {
		typ, _ := hook.ByName(name)
		info := hook.Lookup(typ)
		if len(info.Fields) == 0 {
			continue
		}
		for off := uint32(0); off < info.Size; off++ {
			if notSimulated(info, off) {
				continue
			}
			var want, have mem.Perm
			for _, size := range []uint32{1, 2, 4, 8} {
				at := off / size * size
				if r.Field(release.ProgType(typ.Prog()), typ.Attach(), at, size, false).OK {
					want |= mem.Read
				}
				if r.Field(release.ProgType(typ.Prog()), typ.Attach(), at, size, true).OK {
					want |= mem.Write
				}
			}
			for _, f := range info.Fields {
				if off >= f.Off && off < f.Off+f.Size {
					have |= f.Perm
				}
			}
			if want != have {
				t.Errorf("%s: byte %d allows %b here, %b on Linux", name, off, have, want)
			}
		}
	}
}
