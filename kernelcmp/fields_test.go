package kernelcmp

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// notSimulated are the parts of struct __sk_buff that no type has in package hook:
// about the socket (family to local_port, sk), and flow_keys.
func notSimulated(off uint32) bool {
	return off >= 88 && off < hook.SkbDataMeta || off == 144 || off == 168
}

// The verifier lets a program read and write those fields of struct __sk_buff that
// package hook says, each in its own size, and no others.
func TestFieldsAllowed(t *testing.T) {
	k := kernel(t, Options{})
	for _, name := range hook.Names() {
		typ, _ := hook.ByName(name)
		info := hook.Lookup(typ)
		if info.Context != hook.SkBuff {
			continue
		}
		var cs []*vm.Case
		var want []bool
		for off := uint32(0); off < info.Size; off += 4 {
			for _, n := range []uint32{4, 8} {
				if n == 8 && off%8 != 0 || notSimulated(off) {
					continue
				}
				size := uint8(spec.SizeW)
				if n == 8 {
					size = spec.SizeDW
				}
				p := fieldAt(info, off, n)
				for need, insn := range map[mem.Perm]spec.Insn{mem.Read: ldx(size, 2, 1, int16(off)), mem.Write: st(size, 1, int16(off), 5)} {
					c := one(prog(typ, insn, mov(0, 0), exit))
					c.Name = fmt.Sprintf("%s: %s of %d bytes at %d", typ, map[mem.Perm]string{mem.Read: "read", mem.Write: "write"}[need], n, off)
					cs, want = append(cs, c), append(want, p&need != 0)
				}
			}
		}
		for i, v := range k.Verify(cs) {
			if v.Accepted() != want[i] {
				t.Errorf("%s: accepted is %v (%s)", cs[i].Name, v.Accepted(), v.Reason)
			}
		}
	}
}

// fieldAt is what a program may do with n bytes at an offset: a field, or a part of cb.
func fieldAt(info *hook.Info, off, n uint32) mem.Perm {
	at := slices.IndexFunc(info.Fields, func(f hook.Field) bool {
		return f.Off == off && f.Size == n || f.Name == "cb" && f.Off <= off && off+n <= f.Off+f.Size
	})
	if at < 0 {
		return 0
	}
	return info.Fields[at].Perm
}

// The verifier's ranges of the return value, in 64 bits. Programs with the epilogue
// are judged alike.
func TestReturnRange(t *testing.T) {
	k := kernel(t, Options{})
	for typ, most := range map[hook.Type]uint64{hook.CgroupSKBIngress: 1, hook.CgroupSKBEgress: 3} {
		for _, r0 := range []uint64{0, 1, 2, 3, 4, 1 << 32, ^uint64(0)} {
			c := one(prog(typ, lddw(0, 0, r0), exit))
			o, v := k.Run(c)[0], k.Verify([]*vm.Case{c})[0]
			switch {
			case r0 <= most && (o.Kind != vm.Exit || o.R0 != r0 || !v.Accepted()):
				t.Errorf("%s, r0 = %#x: %s (%s), r0 = %#x; verdict %s", typ, r0, o.Kind, o.Reason, o.R0, v.Reason)
			case r0 > most && (o.Kind != vm.LoadRejected || !strings.Contains(o.Reason, "R0") || v.Accepted()):
				t.Errorf("%s, r0 = %#x: %s (%s); verdict %s", typ, r0, o.Kind, o.Reason, v.Reason)
			}
		}
	}
}

// A program of a control group reads its packet, which begins behind the MAC header,
// and does not write it. The others with a packet do both.
func TestPacketWritable(t *testing.T) {
	k := kernel(t, Options{})
	const at = hook.SkbData
	for typ, want := range map[hook.Type]bool{
		hook.SchedCLS: true, hook.CgroupSKBIngress: false, hook.CgroupSKBEgress: false, hook.StreamVerdict: true, hook.SKBVerdict: true,
	} {
		access := func(insn spec.Insn) *vm.Case {
			return one(prog(typ, ldx(spec.SizeW, 2, 1, at), ldx(spec.SizeW, 3, 1, at+4), movx(4, 2), add(4, 1), mov(0, 0),
				jmpx(spec.OpJGT, 4, 3, 2), insn, mov(0, 1), exit))
		}
		if info := hook.Lookup(typ); !info.Packet || info.PacketRead == want {
			t.Errorf("%s: package hook says packet %v, read only %v", typ, info.Packet, info.PacketRead)
		}
		vs := k.Verify([]*vm.Case{access(ldx(spec.SizeB, 0, 2, 0)), access(st(spec.SizeB, 2, 0, 7))})
		if typ != hook.CgroupSKBIngress && typ != hook.CgroupSKBEgress && !vs[0].Accepted() || vs[1].Accepted() != want {
			t.Errorf("%s: read %v (%s), write %v (%s)", typ, vs[0].Accepted(), vs[0].Reason, vs[1].Accepted(), vs[1].Reason)
		}
	}
}
