package verifier_test

import "github.com/lockstep-ebpf/lockstep/spec"

// timerBody is a callback of a timer, a good one mostly.
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
			{Op: spec.ClassALU64 | spec.OpADD, Dst: 1, Imm: 8},
			{Op: spec.MOV, Dst: 2},
			{Op: spec.MOV, Dst: 3},
			{Op: spec.CALL, Imm: 171},
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
