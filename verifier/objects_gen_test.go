package verifier_test

import (
	"math/rand/v2"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// objectGen writes programs that do things to objects of the kernel's, mostly in an order that
// Linux allows: sockets, locks, timers, dynptrs, records, callbacks. r6 is the context, r7 to r9
// and three slots at fp-24 hold objects; fp-96 and up are zeros; dynptrs lie below.
type objectGen struct {
	rnd   *rand.Rand
	insns []spec.Insn
	holds [10]string // what r7 to r9 hold, as far as the generator can tell
	slots [3]string
	owed  map[string]bool // "7": r7 has a reference; "lock"; "dynptr -128"
	bodies
}

// bodies are the functions behind the main one; calls to them are filled in at the end.
type bodies struct {
	code  [][]spec.Insn
	calls map[int]int // slot → body
}

var objectMaps = []*maps.Spec{
	{Name: "array", Type: maps.Array, KeySize: 4, ValueSize: 64, MaxEntries: 1},
	{Name: "hash", Type: maps.Hash, KeySize: 4, ValueSize: 16, MaxEntries: 8},
	{Name: "locks", Type: maps.Hash, KeySize: 4, ValueSize: 16, MaxEntries: 8, Fields: []maps.Field{{Kind: maps.SpinLock, Off: 4}}},
	{Name: "lock", Type: maps.Array, KeySize: 4, ValueSize: 16, MaxEntries: 1, Fields: []maps.Field{{Kind: maps.SpinLock, Off: 8}}},
	{Name: "timers", Type: maps.Array, KeySize: 4, ValueSize: 32, MaxEntries: 1, Fields: []maps.Field{{Kind: maps.Timer, Off: 8}}},
	{Name: "socks", Type: maps.SockMap, KeySize: 4, ValueSize: 8, MaxEntries: 4},
	{Name: "xsks", Type: maps.XSKMap, KeySize: 4, ValueSize: 4, MaxEntries: 4},
	{Name: "ring", Type: maps.RingBuf, MaxEntries: 4096},
	{Name: "storage", Type: 24, KeySize: 4, ValueSize: 16, Flags: maps.NoPrealloc},
	{Name: "user", Type: 31, MaxEntries: 4096},
}

const (
	arrayM = iota
	hashM
	locksM
	lockM
	timersM
	socksM
	xsksM
	ringM
	storageM
	userM
)

// objectTypes are program types with the offset of a socket in their contexts, if there is one.
var objectTypes = []struct {
	typ    hook.Type
	sock   int16
	result int32
}{
	{hook.SchedCLS, 168, 0}, {hook.SchedCLS, 168, 0}, {hook.SchedCLS, 168, 0}, {hook.XDP, -1, 1}, {hook.SocketFilter, 168, 0},
	{hook.CgroupSKBIngress, 168, 1}, {hook.CgroupSKBIngress, 168, 1}, {hook.StreamVerdict, 168, 1}, {2, -1, 0}, {13 | 3<<16, 184, 1}, {18 | 10<<16, 64, 1}, {30 | 36<<16, 0, 1},
}

func (g *objectGen) emit(i ...spec.Insn) { g.insns = append(g.insns, i...) }
func (g *objectGen) chance(n int) bool   { return g.rnd.IntN(100) < n }
func (g *objectGen) movi(r uint8, v int32) {
	g.emit(spec.Insn{Op: spec.MOV, Dst: r, Imm: v})
}

func (g *objectGen) mov(d, s uint8) {
	g.emit(spec.Insn{Op: spec.ClassALU64 | spec.OpMOV | spec.SrcX, Dst: d, Src: s})
}

func (g *objectGen) add(d uint8, v int32) {
	g.emit(spec.Insn{Op: spec.ClassALU64 | spec.OpADD, Dst: d, Imm: v})
}
func (g *objectGen) fp(r uint8, off int32) { g.mov(r, 10); g.add(r, off) }
func (g *objectGen) call(id int32)         { g.emit(spec.Insn{Op: spec.CALL, Imm: id}) }
func (g *objectGen) lddw(r, src uint8, n, off int32) {
	g.emit(spec.Insn{Op: spec.LDDW, Dst: r, Src: src, Imm: n}, spec.Insn{Imm: off})
}
func (g *objectGen) theMap(r uint8, n int32) { g.lddw(r, spec.LDDWMapFD, n, 0) }

func (g *objectGen) load(size uint8, d, s uint8, off int16) {
	g.emit(spec.Insn{Op: spec.ClassLDX | spec.ModeMEM | size, Dst: d, Src: s, Off: off})
}

func (g *objectGen) store(size uint8, d, s uint8, off int16) {
	g.emit(spec.Insn{Op: spec.ClassSTX | spec.ModeMEM | size, Dst: d, Src: s, Off: off})
}

func (g *objectGen) jump(op uint8, r uint8, v int32, off int) {
	g.emit(spec.Insn{Op: spec.ClassJMP | op, Dst: r, Imm: v, Off: int16(off)})
}

// body adds a function and makes an instruction refer to it.
func (g *objectGen) body(at int, code ...spec.Insn) {
	g.calls[at] = len(g.code)
	g.code = append(g.code, code)
}

// some is a register that holds something of a kind, or any of them.
func (g *objectGen) some(kinds ...string) uint8 {
	var fit []uint8
	for r := uint8(7); r < 10; r++ {
		for _, k := range kinds {
			if g.holds[r] == k {
				fit = append(fit, r)
			}
		}
	}
	if len(fit) > 0 && g.chance(95) {
		return fit[g.rnd.IntN(len(fit))]
	}
	return uint8(7 + g.rnd.IntN(3))
}

func (g *objectGen) has(kinds ...string) bool {
	for r := 7; r < 10; r++ {
		for _, k := range kinds {
			if g.holds[r] == k {
				return true
			}
		}
	}
	return false
}

// keep puts r0 into a register that nothing is owed for, after a null check most of the time.
func (g *objectGen) keep(kind string, owed bool) {
	r := uint8(7 + g.rnd.IntN(3))
	for range 4 {
		if g.owed[string('0'+r)] {
			r = uint8(7 + g.rnd.IntN(3))
		}
	}
	g.mov(r, 0)
	g.holds[r] = kind
	delete(g.owed, string('0'+r))
	if owed {
		g.owed[string('0'+r)] = true
	}
	if g.chance(90) {
		at := len(g.insns)
		g.jump(spec.OpJNE, []uint8{0, r}[g.rnd.IntN(2)], 0, 0)
		own := g.owed[string('0'+r)]
		delete(g.owed, string('0'+r))
		g.settle()
		g.insns[at].Off = int16(len(g.insns) - at - 1)
		if own {
			g.owed[string('0'+r)] = true
		}
	}
}

// settle gives back what is owed and ends the program.
func (g *objectGen) settle() {
	if g.owed["lock"] && g.chance(97) {
		g.unlock()
		g.owed["lock"] = true
	}
	for r := uint8(7); r < 10; r++ {
		if g.owed[string('0'+r)] && g.chance(97) {
			g.mov(1, r)
			if g.holds[r] == "record" {
				g.movi(2, 0)
				g.call(132)
			} else {
				g.call(86)
			}
		}
	}
	for _, at := range dynptrPlaces {
		if g.owed[dynptrName(at)] && g.chance(97) {
			g.fp(1, at)
			g.movi(2, 0)
			g.call(200)
		}
	}
	g.movi(0, g.result())
	g.emit(spec.Insn{Op: spec.EXIT})
}

func (g *objectGen) result() int32 { return objectTypes[g.typ()].result }

var dynptrPlaces = []int32{-128, -144, -136}

func dynptrName(at int32) string { return "dynptr " + string(rune('a'+(-at-128)/8)) }

func (g *objectGen) typ() int { return int(g.insns[0].Imm) }

// make1 is a program of some steps.
func (g *objectGen) make1(steps int) *vm.Case {
	typ := g.rnd.IntN(len(objectTypes))
	g.insns = []spec.Insn{{Op: spec.MOV, Dst: 0, Imm: int32(typ)}}
	g.owed, g.calls = map[string]bool{}, map[int]int{}
	g.mov(6, 1)
	for off := int16(-96); off < 0; off += 8 {
		g.emit(spec.Insn{Op: spec.ClassST | spec.ModeMEM | spec.SizeDW, Dst: 10, Off: off})
	}
	for r := uint8(7); r < 10; r++ {
		g.movi(r, 0)
	}
	for range 1 + g.rnd.IntN(steps) {
		g.step()
	}
	g.settle()
	for at, n := range g.calls {
		to := len(g.insns)
		for _, c := range g.code[:n] {
			to += len(c)
		}
		g.insns[at].Imm = int32(to - at - 1)
	}
	for _, c := range g.code {
		g.insns = append(g.insns, c...)
	}
	return &vm.Case{Programs: []*vm.Program{{Type: objectTypes[typ].typ, Insns: g.insns}}, Maps: objectMaps}
}
