package gen

import (
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// The maps that a case may have.
const (
	mapDirect = iota // an array of one element, which programs address directly
	mapArray
	mapHash
	mapProg
	mapCount
)

const (
	directSize  = 64 // bytes of the direct map's value
	progEntries = 4
)

// addMaps draws the maps of the case.
func (g *Generator) addMaps() {
	g.fds = [mapCount]int{-1, -1, -1, -1}
	if !g.features[withMaps] {
		return
	}
	g.addMap(mapDirect, maps.Spec{Name: "direct", Type: maps.Array, KeySize: 4, ValueSize: directSize, MaxEntries: 1}, 1)
	b := g.src.Byte()
	if b&1 != 0 {
		n := g.src.Between(2, 5)
		g.addMap(mapArray, maps.Spec{Name: "array", Type: maps.Array, KeySize: 4, ValueSize: 8 << (b >> 1 & 1), MaxEntries: uint32(n)}, n)
	}
	if b&8 != 0 {
		n := g.src.Between(2, 5)
		g.addMap(mapHash, maps.Spec{
			Name: "hash", Type: maps.Hash, KeySize: 4 << (b >> 4 & 1), ValueSize: 8 << (b >> 5 & 1), MaxEntries: uint32(n),
		}, g.src.Between(1, n))
	}
}

// addMap adds a map with its first n entries, keys 0 to n-1.
func (g *Generator) addMap(m int, s maps.Spec, n int) {
	first := len(g.entries)
	for i := range n {
		key := g.bytes(int(s.KeySize))
		g.opt.Order.Binary().PutUint32(key, uint32(i))
		if s.KeySize == 8 {
			g.opt.Order.Binary().PutUint64(key, uint64(i))
		}
		value := g.bytes(int(s.ValueSize))
		for at := 0; at+8 <= len(value); at += 8 {
			g.opt.Order.Binary().PutUint64(value[at:], g.src.Int())
		}
		g.entries = append(g.entries, maps.Entry{Key: key, Value: value})
	}
	s.Entries = g.entries[first:len(g.entries):len(g.entries)]
	g.mapSpecs[m] = s
	g.fds[m] = len(g.c.Maps)
	g.c.Maps = append(g.c.Maps, &g.mapSpecs[m])
}

// addProgArray adds the map for tail calls; some entries stay empty.
func (g *Generator) addProgArray(programs int) {
	g.addMap(mapProg, maps.Spec{Name: "progs", Type: maps.ProgArray, KeySize: 4, ValueSize: 4, MaxEntries: progEntries}, 0)
	first := len(g.entries)
	for i := range progEntries - g.src.Below(2) {
		key, value := g.bytes(4), g.bytes(4)
		key[0] = byte(i)
		value[0] = byte(g.src.Below(programs))
		g.entries = append(g.entries, maps.Entry{Key: key, Value: value})
	}
	g.mapSpecs[mapProg].Entries = g.entries[first:len(g.entries):len(g.entries)]
}

// bytes gives n zero bytes that live as long as the case.
func (g *Generator) bytes(n int) []byte {
	at := len(g.arena)
	if at+n > cap(g.arena) {
		g.arena = make([]byte, 0, max(2*cap(g.arena), n, 4096))
		at = 0
	}
	g.arena = g.arena[:at+n]
	b := g.arena[at : at+n : at+n]
	clear(b)
	return b
}

// direct makes a pointer into the direct map's value.
func (g *Generator) direct() uint8 {
	off := 0
	if g.src.Coin() {
		off = g.src.Below(directSize)
	}
	return g.directAt(off, g.free())
}

func (g *Generator) directAt(off int, set uint16) uint8 {
	r := g.targetIn(set)
	g.lddw(r, spec.LDDWMapValue, int32(g.fds[mapDirect]), int32(off))
	g.st.set(r, value{kind: memPtr, trait: atomics, align: 3, phase: uint8(off & 7), lo: int16(-off), hi: int16(directSize - off)})
	return r
}

// pickMap picks a map that lookups work on.
func (g *Generator) pickMap() int {
	m := g.src.Below(mapProg)
	for g.fds[m] < 0 {
		m = (m + 1) % mapProg
	}
	return m
}

// key writes a key of map m to the frame at off.
func (g *Generator) key(m, off int) {
	s := g.c.Maps[g.fds[m]]
	size := int(s.KeySize)
	if b := g.src.Byte(); b < 144 {
		i := spec.Insn{Op: spec.ClassST | spec.ModeMEM | sizeBits(size), Dst: r10, Off: int16(off)}
		i.Imm = int32(g.src.Below(int(s.MaxEntries) + 1))
		if b < 4 {
			i.Imm = g.src.Int32()
		}
		g.emit(i)
	} else {
		t := g.target()
		g.bounded(t, 2, 0)
		g.stx(size, r10, t, off)
	}
	g.st.mark(off, size)
}

// lookup emits a map lookup, the null check, and accesses to the value.
func (g *Generator) lookup() {
	m := g.pickMap()
	off := g.run(1)
	g.key(m, off)
	g.vacate(0)
	g.pointTo(2, off)
	g.lddw(1, spec.LDDWMapFD, int32(g.fds[m]), 0)
	g.helper(vm.HelperMapLookup)
	g.st.clobber()
	size := int(g.c.Maps[g.fds[m]].ValueSize)
	found := value{kind: memPtr, trait: atomics, align: 3, hi: int16(size)}
	if m == mapHash {
		found.trait |= fragile
	}
	if g.nesting > 4 || g.src.Chance(32) { // leave at once where there is nothing
		there := g.emit(spec.Insn{Op: spec.ClassJMP | spec.OpJNE})
		g.finish()
		g.patch(there)
		g.hold(found)
		return
	}
	null := g.emit(spec.Insn{Op: spec.ClassJMP | spec.OpJEQ})
	g.arms(null, g.src.Below(ifElse), func() {
		p := g.hold(found)
		for range g.src.Between(1, 3) {
			if g.st.regs[p] == found {
				g.access(p)
			}
		}
		g.block(g.src.Between(0, 6))
	})
}

// hold notes that r0 is a pointer and may move it to where calls do not reach.
func (g *Generator) hold(v value) uint8 {
	g.st.set(0, v)
	if set := g.free() & 0x3c0; set != 0 && g.src.Chance(64) {
		r := g.targetIn(set)
		g.movX(r, 0)
		g.st.set(r, v)
		return r
	}
	return 0
}

// change emits an update or a delete.
func (g *Generator) change() {
	m := g.pickMap()
	words := int(g.c.Maps[g.fds[m]].ValueSize) / 8
	if words+1 > g.frame.slots {
		g.scalar()
		return
	}
	off := g.run(words + 1)
	update := g.src.Chance(180)
	if update {
		g.ensure(off+8, 8*words)
	}
	g.key(m, off)
	g.vacate(0)
	if update {
		g.pointTo(3, off+8)
		g.movK(4, int32(g.src.Below(4)))
	}
	g.pointTo(2, off)
	g.lddw(1, spec.LDDWMapFD, int32(g.fds[m]), 0)
	if update {
		g.helper(vm.HelperMapUpdate)
	} else {
		g.helper(vm.HelperMapDelete)
	}
	if !g.opt.Release.has(6, 4) { // an int, of which a JIT may leave the upper half 0
		g.emit(spec.Insn{Op: spec.ClassALU | spec.OpMOV | spec.SrcX})
	}
	g.st.clobber()
	g.st.set(0, value{kind: scalar})
	if m == mapHash {
		g.st.dropFragile()
	}
}
