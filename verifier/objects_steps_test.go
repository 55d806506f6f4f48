package verifier_test

import (
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
)

// step does one thing, which makes sense most of the time.
func (g *objectGen) step() {
	if g.chance(8) { // either way
		at := len(g.insns)
		g.load(spec.SizeW, 0, 10, -40)
		g.jump(spec.OpJSGT, 0, 7, 0)
		g.plain()
		g.insns[at+1].Off = int16(len(g.insns) - at - 2)
		return
	}
	g.plain()
}

func (g *objectGen) plain() {
	steps := []func(){
		g.contextSock, g.lookupSock, g.lookupSock, g.cast, g.cast, g.field, g.field, g.write, g.releaseSock, g.copy, g.spill, g.fill,
		g.nullCheck, g.lookup, g.lookup, g.lock, g.unlock, g.timer, g.newDynptr, g.newDynptr, g.useDynptr, g.useDynptr, g.endDynptr, g.record,
		g.callback, g.callback, g.call1, g.storage, g.sockMap, g.stack, g.arith, g.compare, g.assign,
	}
	steps[g.rnd.IntN(len(steps))]()
}

// may reports whether programs of the type have a helper. Where they have not, the kernel's
// refusal says nothing about the rest.
func (g *objectGen) may(id int32) bool {
	t := objectTypes[g.typ()].typ
	r, _ := release.ByName(verifier.DefaultRelease)
	return r.Allowed(id, release.ProgType(t.Prog()), t.Attach())
}

func (g *objectGen) contextSock() {
	off := objectTypes[g.typ()].sock
	if off < 0 {
		return
	}
	g.load(spec.SizeDW, 0, 6, off)
	kind := "common"
	if off != 168 {
		kind = "sock"
	}
	g.keep(kind, false)
}

func (g *objectGen) lookupSock() {
	id := []int32{84, 85, 99}[g.rnd.IntN(3)]
	if !g.may(id) {
		return
	}
	g.mov(1, 6)
	g.fp(2, -64)
	g.movi(3, []int32{12, 36, 1}[g.rnd.IntN(3)])
	g.movi(4, 0)
	g.movi(5, 0)
	g.call(id)
	kind := "sock"
	if id == 99 {
		kind = "common"
	}
	g.keep(kind, true)
}

func (g *objectGen) cast() {
	if !g.has("sock", "common", "tcp") && g.chance(90) {
		return
	}
	id := []int32{95, 96, 98}[g.rnd.IntN(3)]
	if !g.may(id) {
		return
	}
	g.mov(1, g.some("sock", "common", "tcp"))
	g.call(id)
	g.keep(map[int32]string{95: "sock", 96: "tcp", 98: "sock"}[id], false)
}

var sizes = []uint8{spec.SizeB, spec.SizeH, spec.SizeW, spec.SizeDW}

func (g *objectGen) field() {
	r := g.some("sock", "common", "tcp", "value", "record", "slice", "xsk", "lock")
	n := g.rnd.IntN(4)
	off := int16(g.rnd.IntN(124)) &^ (1<<n - 1)
	if g.holds[r] != "tcp" && g.holds[r] != "sock" && g.holds[r] != "common" {
		off %= 24
	}
	if g.chance(50) {
		n, off = 2, off&^3
	}
	g.load(sizes[n], 0, r, off)
}

func (g *objectGen) write() {
	if !g.has("value", "record", "slice", "lock") && g.chance(95) {
		return
	}
	r := g.some("value", "record", "slice", "lock")
	g.movi(0, 5)
	n := g.rnd.IntN(4)
	g.store(sizes[n], r, 0, int16(g.rnd.IntN(20))&^(1<<n-1))
}

func (g *objectGen) releaseSock() {
	for r := uint8(7); r < 10; r++ {
		if g.owed[string('0'+r)] || g.chance(3) && g.may(86) {
			g.mov(1, r)
			if g.holds[r] == "record" {
				g.movi(2, 0)
				g.call(132 + int32(g.rnd.IntN(2)))
			} else {
				g.call(86)
			}
			delete(g.owed, string('0'+r))
			if g.chance(80) {
				g.holds[r] = ""
			}
			return
		}
	}
}

func (g *objectGen) copy() {
	a, b := uint8(7+g.rnd.IntN(3)), uint8(7+g.rnd.IntN(3))
	if g.owed[string('0'+b)] {
		return
	}
	g.mov(b, a)
	g.holds[b] = g.holds[a]
}

func (g *objectGen) spill() {
	r, n := uint8(6+g.rnd.IntN(4)), g.rnd.IntN(3)
	g.store(spec.SizeDW, 10, r, int16(-8*(n+1)))
	g.slots[n] = g.holds[r]
}

func (g *objectGen) fill() {
	r, n := uint8(7+g.rnd.IntN(3)), g.rnd.IntN(3)
	if g.owed[string('0'+r)] {
		return
	}
	g.load(spec.SizeDW, r, 10, int16(-8*(n+1)))
	g.holds[r] = g.slots[n]
}

func (g *objectGen) nullCheck() {
	r := uint8(7 + g.rnd.IntN(3))
	at := len(g.insns)
	g.jump(spec.OpJNE, r, 0, 0)
	g.settle()
	g.insns[at].Off = int16(len(g.insns) - at - 1)
}

func (g *objectGen) lookup() {
	n := []int32{hashM, locksM, locksM, lockM, timersM, socksM, xsksM}[g.rnd.IntN(7)]
	kinds := map[int32]string{hashM: "value", locksM: "lock", lockM: "lock", timersM: "timer", socksM: "sock", xsksM: "xsk"}
	if (n == lockM || n == timersM) && g.chance(40) {
		off := int32(0)
		if g.chance(20) {
			off = 8
		}
		r := uint8(7 + g.rnd.IntN(3))
		if g.owed[string('0'+r)] {
			return
		}
		g.lddw(r, spec.LDDWMapValue, n, off)
		g.holds[r] = kinds[n]
		return
	}
	g.theMap(1, n)
	g.fp(2, -64)
	g.call(1)
	g.keep(kinds[n], n == socksM)
}

func (g *objectGen) lock() {
	if !g.has("lock") && g.chance(95) || g.owed["lock"] && g.chance(90) {
		return
	}
	r := g.some("lock")
	g.mov(1, r)
	g.add(1, []int32{4, 4, 4, 8, 8, 0}[g.rnd.IntN(6)])
	g.call(93)
	g.owed["lock"] = true
	if g.chance(60) {
		g.field()
		g.unlock()
	}
}

func (g *objectGen) unlock() {
	if !g.owed["lock"] && g.chance(97) {
		return
	}
	for i := len(g.insns) - 1; i > 2; i-- { // as the last lock was
		if g.insns[i].Op == spec.CALL && g.insns[i].Imm == 93 && g.chance(95) {
			g.emit(g.insns[i-2], g.insns[i-1])
			g.call(94)
			delete(g.owed, "lock")
			return
		}
	}
	g.mov(1, g.some("lock"))
	g.add(1, 4)
	g.call(94)
	delete(g.owed, "lock")
}

// timerBodies are callbacks of timers, good ones mostly.
func (g *objectGen) timerBody() []spec.Insn {
	ret := []spec.Insn{{Op: spec.MOV, Dst: 0, Imm: int32(g.rnd.IntN(10) / 9)}, {Op: spec.EXIT}}
	switch g.rnd.IntN(6) {
	case 0:
		return append([]spec.Insn{{Op: spec.ClassLDX | spec.ModeMEM | spec.SizeW, Dst: 0, Src: 2}}, ret...)
	case 1:
		return append([]spec.Insn{{Op: spec.ClassLDX | spec.ModeMEM | spec.SizeDW, Dst: 0, Src: 3, Off: int16(8 * g.rnd.IntN(5))}}, ret...)
	case 2:
		return append([]spec.Insn{
			{Op: spec.ClassALU64 | spec.OpMOV | spec.SrcX, Dst: 1, Src: 3},
			{Op: spec.ClassALU64 | spec.OpADD, Dst: 1, Imm: 8}, {Op: spec.MOV, Dst: 2}, {Op: spec.MOV, Dst: 3}, {Op: spec.CALL, Imm: 171},
		}, ret...)
	case 3:
		return append([]spec.Insn{{Op: spec.ClassALU64 | spec.OpMOV | spec.SrcX, Dst: 0, Src: uint8(g.rnd.IntN(6))}}, ret...)
	}
	return ret
}

func (g *objectGen) timer() {
	if !g.has("timer") && g.chance(95) {
		return
	}
	r := g.some("timer")
	g.mov(1, r)
	if g.chance(95) {
		g.add(1, 8)
	}
	switch g.rnd.IntN(5) {
	case 0:
		g.theMap(2, []int32{timersM, timersM, timersM, arrayM}[g.rnd.IntN(4)])
		g.movi(3, 0)
		g.call(169)
	case 1, 2:
		at := len(g.insns)
		g.lddw(2, spec.LDDWFunc, 0, 0)
		g.body(at, g.timerBody()...)
		g.call(170)
	case 3:
		g.movi(2, 1000)
		g.movi(3, 0)
		g.call(171)
	case 4:
		g.call(172)
	}
}

func (g *objectGen) place() int32 {
	if g.chance(3) {
		return []int32{-8, -130, -512, -520, -112}[g.rnd.IntN(5)]
	}
	return dynptrPlaces[g.rnd.IntN(len(dynptrPlaces))]
}

func (g *objectGen) newDynptr() {
	at := g.place()
	if g.chance(50) {
		g.lddw(1, spec.LDDWMapValue, arrayM, 0)
		if g.chance(5) {
			g.fp(1, -64)
		}
		g.movi(2, 16)
		g.movi(3, 0)
		g.fp(4, at)
		g.call(197)
		return
	}
	if g.owed[dynptrName(at)] && g.chance(90) {
		return
	}
	g.theMap(1, ringM)
	g.movi(2, 16)
	g.movi(3, 0)
	g.fp(4, at)
	g.call(198)
	g.owed[dynptrName(at)] = true
}

func (g *objectGen) useDynptr() {
	at := g.place()
	switch g.rnd.IntN(3) {
	case 0:
		g.fp(1, []int32{-64, -64, -120, -140}[g.rnd.IntN(4)])
		g.movi(2, 8)
		g.fp(3, at)
		g.movi(4, 0)
		g.movi(5, 0)
		g.call(201)
	case 1:
		g.fp(1, at)
		g.movi(2, 0)
		g.fp(3, []int32{-64, -64, -120, -140}[g.rnd.IntN(4)])
		g.movi(4, 8)
		g.movi(5, 0)
		g.call(202)
	case 2:
		g.fp(1, at)
		g.movi(2, 0)
		g.movi(3, 16)
		g.call(203)
		g.keep("slice", false)
	}
}

func (g *objectGen) endDynptr() {
	for _, at := range dynptrPlaces {
		if g.owed[dynptrName(at)] || g.chance(3) {
			g.fp(1, at)
			g.movi(2, 0)
			g.call(199 + int32(g.rnd.IntN(2)))
			delete(g.owed, dynptrName(at))
			return
		}
	}
}

func (g *objectGen) record() {
	g.theMap(1, ringM)
	g.movi(2, 24)
	g.movi(3, 0)
	g.call(131)
	g.keep("record", true)
}

// callbackBody is a function for bpf_loop, bpf_for_each_map_elem or bpf_user_ringbuf_drain.
func (g *objectGen) callbackBody(id int32) (code []spec.Insn) {
	x := func(i ...spec.Insn) { code = append(code, i...) }
	arg := uint8(1 + g.rnd.IntN(4))
	ctx := map[int32]uint8{181: 2, 164: 4, 209: 2}[id]
	switch g.rnd.IntN(12) {
	case 7: // what the caller spilled
		x(spec.Insn{Op: spec.ClassLDX | spec.ModeMEM | spec.SizeDW, Dst: 1, Src: ctx, Off: int16(8 * g.rnd.IntN(2))},
			spec.Insn{Op: spec.ClassLDX | spec.ModeMEM | spec.SizeW, Dst: 0, Src: 1, Off: 4})
		if g.chance(40) && g.may(86) {
			x(spec.Insn{Op: spec.CALL, Imm: 86})
		}
	case 8, 9: // a record
		x(spec.Insn{Op: spec.LDDW, Dst: 1, Src: spec.LDDWMapFD, Imm: ringM}, spec.Insn{}, spec.Insn{Op: spec.MOV, Dst: 2, Imm: 16}, spec.Insn{Op: spec.MOV, Dst: 3},
			spec.Insn{Op: spec.CALL, Imm: 131}, spec.Insn{Op: spec.ClassJMP | spec.OpJEQ, Dst: 0, Off: 3})
		if g.chance(70) {
			x(spec.Insn{Op: spec.ClassALU64 | spec.OpMOV | spec.SrcX, Dst: 1, Src: 0}, spec.Insn{Op: spec.MOV, Dst: 2}, spec.Insn{Op: spec.CALL, Imm: 132})
		} else {
			x(spec.Insn{Op: spec.MOV, Dst: 1}, spec.Insn{Op: spec.MOV, Dst: 2}, spec.Insn{Op: spec.MOV, Dst: 3})
		}
	case 10: // a lock
		x(spec.Insn{Op: spec.LDDW, Dst: 1, Src: spec.LDDWMapValue, Imm: lockM}, spec.Insn{Imm: 8}, spec.Insn{Op: spec.CALL, Imm: 93})
		if g.chance(70) {
			x(spec.Insn{Op: spec.LDDW, Dst: 1, Src: spec.LDDWMapValue, Imm: lockM}, spec.Insn{Imm: 8}, spec.Insn{Op: spec.CALL, Imm: 94})
		}
	case 11: // a dynptr on its own stack
		x(spec.Insn{Op: spec.LDDW, Dst: 1, Src: spec.LDDWMapFD, Imm: ringM}, spec.Insn{}, spec.Insn{Op: spec.MOV, Dst: 2, Imm: 16}, spec.Insn{Op: spec.MOV, Dst: 3},
			spec.Insn{Op: spec.ClassALU64 | spec.OpMOV | spec.SrcX, Dst: 4, Src: 10}, spec.Insn{Op: spec.ClassALU64 | spec.OpADD, Dst: 4, Imm: -16}, spec.Insn{Op: spec.CALL, Imm: 198})
		if g.chance(70) {
			x(spec.Insn{Op: spec.ClassALU64 | spec.OpMOV | spec.SrcX, Dst: 1, Src: 10}, spec.Insn{Op: spec.ClassALU64 | spec.OpADD, Dst: 1, Imm: -16},
				spec.Insn{Op: spec.MOV, Dst: 2}, spec.Insn{Op: spec.CALL, Imm: 199})
		}
	case 0:
		x(spec.Insn{Op: spec.ClassLDX | spec.ModeMEM | sizes[g.rnd.IntN(4)], Dst: 0, Src: arg, Off: int16(4 * g.rnd.IntN(3))})
	case 1:
		x(spec.Insn{Op: spec.ClassST | spec.ModeMEM | spec.SizeW, Dst: arg, Off: int16(4 * g.rnd.IntN(3)), Imm: 1})
	case 2:
		x(spec.Insn{Op: spec.ClassALU64 | spec.OpMOV | spec.SrcX, Dst: 0, Src: arg})
	case 3: // look at the dynptr
		x(spec.Insn{Op: spec.MOV, Dst: 2}, spec.Insn{Op: spec.MOV, Dst: 3, Imm: 8}, spec.Insn{Op: spec.CALL, Imm: 203},
			spec.Insn{Op: spec.ClassJMP | spec.OpJEQ, Dst: 0, Off: 1}, spec.Insn{Op: spec.ClassLDX | spec.ModeMEM | spec.SizeDW, Dst: 0, Src: 0, Off: int16(8 * g.rnd.IntN(10) / 9)})
	case 4: // a socket, given back or not
		if id == 181 {
			x(spec.Insn{Op: spec.ClassLDX | spec.ModeMEM | spec.SizeDW, Dst: 0, Src: 2, Off: 0})
		}
	}
	if g.chance(95) {
		x(spec.Insn{Op: spec.MOV, Dst: 0, Imm: int32(g.rnd.IntN(20) / 9)})
	}
	x(spec.Insn{Op: spec.EXIT})
	return code
}

func (g *objectGen) callback() {
	id := []int32{181, 164, 164, 209}[g.rnd.IntN(4)]
	switch id {
	case 181:
		g.movi(1, 3)
	case 164:
		g.theMap(1, []int32{arrayM, hashM, locksM, timersM, socksM}[g.rnd.IntN(10)/2])
	case 209:
		g.theMap(1, userM)
	}
	at := len(g.insns)
	g.lddw(2, spec.LDDWFunc, 0, 0)
	g.body(at, g.callbackBody(id)...)
	if g.chance(50) {
		g.fp(3, -16)
	} else {
		g.movi(3, 0)
	}
	g.movi(4, 0)
	g.call(id)
}

// call1 hands an object to a function.
func (g *objectGen) call1() {
	r := uint8(7 + g.rnd.IntN(3))
	g.mov(1, r)
	at := len(g.insns)
	g.emit(spec.Insn{Op: spec.CALL, Src: spec.CallLocal})
	end := []spec.Insn{{Op: spec.MOV, Dst: 0}, {Op: spec.EXIT}}
	switch n := g.rnd.IntN(4); {
	case n == 0 || !g.may(86) || !g.may(96):
		g.body(at, append([]spec.Insn{{Op: spec.ClassLDX | spec.ModeMEM | spec.SizeW, Dst: 0, Src: 1, Off: 4}}, end...)...)
	case n == 1:
		g.body(at, append([]spec.Insn{{Op: spec.CALL, Imm: 86}}, end...)...)
		delete(g.owed, string('0'+r))
	case n == 2:
		g.body(at, spec.Insn{Op: spec.ClassALU64 | spec.OpMOV | spec.SrcX, Dst: 0, Src: 1}, spec.Insn{Op: spec.EXIT})
		if !g.owed[string('0'+r)] {
			g.mov(r, 0)
		}
	case n == 3:
		g.body(at, append([]spec.Insn{{Op: spec.CALL, Imm: 96}}, end...)...)
	}
}

func (g *objectGen) storage() {
	if !g.has("sock", "common", "tcp") && g.chance(95) || !g.may(107) || !g.may(108) {
		return
	}
	g.theMap(1, storageM)
	g.mov(2, g.some("sock", "common", "tcp"))
	if g.chance(30) {
		g.call(108)
		return
	}
	g.movi(3, 0)
	if g.chance(50) {
		g.fp(3, -64)
	}
	g.movi(4, 1)
	g.call(107)
	g.keep("value", false)
}

func (g *objectGen) sockMap() {
	g.theMap(1, socksM)
	g.fp(2, -64)
	if g.chance(50) {
		g.call(3)
		return
	}
	g.mov(3, g.some("sock", "common"))
	g.movi(4, 0)
	g.call(2)
}

func (g *objectGen) stack() {
	off := int16(-8 * (1 + g.rnd.IntN(19)))
	if g.chance(50) {
		g.load(spec.SizeDW, 0, 10, off)
	} else {
		g.emit(spec.Insn{Op: spec.ClassST | spec.ModeMEM | spec.SizeDW, Dst: 10, Off: off})
		if n := int(-off/8) - 1; n < 3 {
			g.slots[n] = ""
		}
	}
}

func (g *objectGen) arith() {
	r := uint8(7 + g.rnd.IntN(3))
	if g.chance(80) && g.owed[string('0'+r)] {
		return
	}
	g.add(r, int32(4*g.rnd.IntN(3)))
}

func (g *objectGen) compare() {
	a, b := uint8(7+g.rnd.IntN(3)), uint8(7+g.rnd.IntN(3))
	g.movi(0, 0)
	g.emit(spec.Insn{Op: spec.ClassJMP | spec.OpJEQ | spec.SrcX, Dst: a, Src: b, Off: 1})
	g.movi(0, 1)
}

func (g *objectGen) assign() {
	if !g.may(124) {
		return
	}
	g.mov(1, 6)
	g.mov(2, g.some("sock", "common"))
	g.movi(3, 0)
	g.call(124)
}
