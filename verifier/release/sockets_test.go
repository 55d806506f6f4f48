package release_test

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	kinds "github.com/lockstep-ebpf/lockstep/vm/maps"
)

// sockSources get a pointer to a socket into r7.
var sockSources = []struct {
	kind release.SockKind
	name string
	hook string
	get  func(b *builder)
}{
	{release.SockCommonFields, "sock_common", "sched_cls", func(b *builder) { b.emit(loadU64(0, 6, 168)); b.keep() }},
	{release.SockFields, "sock", "sched_cls", func(b *builder) { b.cast(95) }},
	{release.TCPSockFields, "tcp_sock", "sched_cls", func(b *builder) { b.cast(96) }},
	{release.XDPSockFields, "xdp_sock", "xdp", func(b *builder) {
		b.lddw(1, spec.LDDWMapFD, b.mapIndex(simple(kinds.XSKMap)))
		b.stack(2, -64)
		b.emit(call(1))
		b.keep()
	}},
}

// cast is what a helper makes of the context's socket.
func (b *builder) cast(id int32) {
	b.emit(loadU64(0, 6, 168))
	b.keep()
	b.emit(movx(1, 7), call(id))
	b.keep()
}

// sockReach is beyond the end of the longest struct.
const sockReach = 136

// TestSockFields asks for loads of every size at every offset of each kind of socket.
func TestSockFields(t *testing.T) {
	each(t, func(t *testing.T, k kernel) {
		f, asked := findings{}, 0
		for _, s := range sockSources {
			var loads []*kernelcmp.Load
			var what []cell
			for log := range uint32(4) {
				for off := uint32(0); off < sockReach; off++ {
					b := newBuilder(hook(s.hook), 0)
					b.release = k.release
					s.get(b)
					b.emit(spec.Insn{Op: spec.ClassLDX | spec.ModeMEM | sizeBits[log], Dst: 0, Src: 7, Off: int16(off)})
					b.leave()
					loads, what = append(loads, b.load()), append(what, cell{off, log, false})
				}
			}
			for i, r := range k.TryLoads(loads) {
				c := what[i]
				if r.Problem != "" {
					f.add(hook(s.hook), "%s: %s", s.name, r.Problem)
					continue
				}
				asked++
				if want, got := k.release.SockField(s.kind, int(c.off), 1<<c.log), r.Errno == 0; want != got {
					f.add(hook(s.hook), "%s: %d bytes at %d: accepted %v", s.name, 1<<c.log, c.off, got)
				}
			}
		}
		f.report(t)
		t.Logf("%d loads", asked)
	})
}
