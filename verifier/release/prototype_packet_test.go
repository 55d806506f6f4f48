package release_test

import (
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
)

// packets are where contexts have the first byte of the packet, and its end.
var packets = map[string][2]spec.Insn{
	"sched_cls": {loadU32(8, 6, 76), loadU32(9, 6, 80)},
	"lwt_xmit":  {loadU32(8, 6, 76), loadU32(9, 6, 80)},
	"lwt_in":    {loadU32(8, 6, 76), loadU32(9, 6, 80)},
	"sk_skb":    {loadU32(8, 6, 76), loadU32(9, 6, 80)},
	"xdp":       {loadU32(8, 6, 0), loadU32(9, 6, 4)},
	"sk_msg":    {loadU64(8, 6, 0), loadU64(9, 6, 8)},
}

// packet puts a packet of 64 bytes or more into r8.
func (b *builder) packet() {
	p := packets[b.hook.Name]
	b.emit(p[0], p[1], movx(0, 8),
		spec.Insn{Op: spec.ClassALU64 | spec.OpADD, Dst: 0, Imm: 64},
		spec.Insn{Op: spec.ClassJMP | spec.SrcX | spec.OpJLE, Dst: 0, Src: 9, Off: 2})
	b.leave()
}

// packetQuestions ask whether a helper takes packet pointers for memory that it reads, and whether
// they are good after the call.
func (k kernel) packetQuestions(hook *release.Hook, result int32, h *release.Helper) (all []question) {
	if _, ok := packets[hook.Name]; !ok || h.ID == 12 {
		return nil
	}
	ask := func(what string, want bool, before, after func(b *builder)) {
		b := newBuilder(hook, result)
		b.release = k.release
		b.packet()
		if !b.prepare(h) {
			return
		}
		for i, a := range h.Args {
			if a.Kind != release.None {
				b.good(h, i)
			}
		}
		before(b)
		b.emit(call(h.ID))
		after(b)
		b.finish(h)
		all = append(all, question{what, h, b.load(), want})
	}
	none := func(*builder) {}
	ask("packet after the call", !h.Has(release.ChangesPacket), none, func(b *builder) {
		b.emit(spec.Insn{Op: spec.ClassLDX | spec.ModeMEM | spec.SizeB, Dst: 1, Src: 8})
	})
	for i, a := range h.Args {
		if isMemory(a.Kind) && a.Access == release.In && !a.InMap {
			r := uint8(i + 1)
			ask("r"+string('0'+rune(r))+" packet", h.Has(release.PacketArgs), func(b *builder) { b.emit(movx(r, 8)) }, none)
		}
	}
	return all
}
