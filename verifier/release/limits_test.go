package release_test

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
)

// chain is a program of functions that call each other, each with some bytes of stack.
func chain(frames int, stack int16) []spec.Insn {
	var out []spec.Insn
	for n := range frames {
		out = append(out, spec.Insn{Op: spec.ClassST | spec.ModeMEM | spec.SizeB, Dst: 10, Off: -stack})
		if n < frames-1 {
			out = append(out, spec.Insn{Op: spec.CALL, Src: spec.CallLocal, Imm: 2}) // over r0 = 0; exit
		}
		out = append(out, mov(0, 0), exit)
	}
	return out
}

// functions is a program that calls n-1 functions, one after the other.
func functions(n int) (out []spec.Insn) {
	for i := range n - 1 {
		behind := n - 1 - i - 1 // calls that follow
		out = append(out, spec.Insn{Op: spec.CALL, Src: spec.CallLocal, Imm: int32(behind + 2 + 2*i)})
	}
	for range n {
		out = append(out, mov(0, 0), exit)
	}
	return out
}

// withMaps is a program that names n maps.
func withMaps(n int) *kernelcmp.Load {
	l := at(&release.Hooks[0])
	for i := range n {
		m := hashMap
		m.MaxEntries = uint32(i + 1)
		l.Maps = append(l.Maps, m)
		l.Insns = append(l.Insns, spec.Insn{Op: spec.LDDW, Dst: 1, Src: spec.LDDWMapFD, Imm: int32(i)}, spec.Insn{})
	}
	l.Insns = append(l.Insns, mov(0, 0), exit)
	return l
}

// TestLimits: what is at a limit is accepted, and what is one beyond is not.
func TestLimits(t *testing.T) {
	each(t, func(t *testing.T, k kernel) {
		l := k.release.Limits()
		filter := &release.Hooks[0]
		tracepoint := hook("tracepoint")
		load := func(off uint32) *kernelcmp.Load { return cell{off, 0, false}.program(tracepoint, 0) }
		for _, c := range []struct {
			what         string
			within, over *kernelcmp.Load
		}{
			{"stack of a frame", at(filter, chain(1, int16(l.Stack))...), at(filter, chain(1, int16(l.Stack)+1)...)},
			{"stack of a call chain", at(filter, chain(2, int16(l.Stack/2))...), at(filter, chain(2, int16(l.Stack/2)+8)...)},
			{"frames", at(filter, chain(int(l.Frames), 8)...), at(filter, chain(int(l.Frames)+1, 8)...)},
			{"functions", at(filter, functions(int(l.Subprograms))...), at(filter, functions(int(l.Subprograms)+1)...)},
			{"maps", withMaps(int(l.Maps)), withMaps(int(l.Maps) + 1)},
			{"context of a tracepoint", load(l.TracepointContext - 1), load(l.TracepointContext)},
		} {
			r := k.TryLoads([]*kernelcmp.Load{c.within, c.over})
			if r[0].Errno != 0 || r[0].Problem != "" {
				t.Errorf("%s: at the limit: %v %s %s", c.what, r[0].Errno, r[0].Problem, reason(r[0].Log))
			}
			if r[1].Errno == 0 {
				t.Errorf("%s: beyond the limit is accepted", c.what)
			}
		}
	})
}

// TestAlignment: contexts are loaded and stored at multiples of the size, which the tables take for granted.
func TestAlignment(t *testing.T) {
	each(t, func(t *testing.T, k kernel) {
		for i := range release.Hooks {
			h := &release.Hooks[i]
			result, ok := k.goodResult(h)
			if !ok || h.BTF != "" || !k.quick && i > 3 {
				continue
			}
			var loads []*kernelcmp.Load
			var all []cell
			for log := uint32(1); log < 4; log++ {
				for off := uint32(1); off < reach(h.Type); off++ {
					if off%(1<<log) != 0 {
						c := cell{off, log, false}
						all, loads = append(all, c), append(loads, c.program(h, result))
					}
				}
			}
			for n, r := range k.TryLoads(loads) {
				if r.Errno == 0 {
					t.Errorf("%s: a load of %d bytes at %d is accepted", h.Name, 1<<all[n].log, all[n].off)
					break
				}
			}
		}
	})
}

func hook(name string) *release.Hook {
	for i := range release.Hooks {
		if release.Hooks[i].Name == name {
			return &release.Hooks[i]
		}
	}
	panic(name)
}
