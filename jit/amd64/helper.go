package amd64

import (
	"github.com/lockstep-ebpf/lockstep/jit/abi"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// helper compiles the call of a helper that returns: it is the driver's, but for
// the lookup of an array's element.
func (c *Compiler) helper(pc int, id int32) {
	if id != vm.HelperMapLookup {
		c.leaveFor(abi.Helper, c.p.Site(pc))
		return
	}
	c.lookup(pc)
	c.wrote(0, true)
}

// lookup is map_lookup_elem(r1, r2). Where r1 is no flat map, or the key does not
// pass the quick check, the driver does it all.
func (c *Compiler) lookup(pc int) {
	site := c.p.Site(pc)
	unless := func(cc cond) {
		c.exits = append(c.exits, exit{at: c.jcc(cc), code: abi.Leave(abi.Helper, site)})
	}
	// tmp1 = the map's record: a map object takes MapStride bytes of guest memory,
	// its record MapSize.
	c.lea(8, tmp1, at(host[1], -mem.MapBase))
	c.load(8, tmp2, at(RSP, slotState))
	c.rm(8, 0x3b, tmp1, at(tmp2, abi.OffMapEnd)) // cmp
	unless(condAE)
	c.test(1, tmp1, tmp1)
	unless(condNE)
	c.shiftImm(8, digitSHR, tmp1, mapShift)
	c.rm(8, 0x03, tmp1, at(tmp2, abi.OffMaps)) // add
	c.arithMemImm(4, digitCMP, at(tmp1, abi.OffCount), 0)
	unless(condE)
	// rax = the key
	key := host[2]
	if !c.upperZero(2) {
		c.mov(4, tmp2, key)
		if c.checked {
			c.arith(8, digitCMP, tmp2, key)
			unless(condNE)
		}
		key = tmp2
	}
	if c.checked {
		c.arithMemImm(4, digitCMP, indexed(shadow, key, 0), 0x0303_0303)
		unless(condNE)
	}
	c.load(4, RAX, indexed(window, key, 0))
	// rax = the element's address, or 0
	c.rm(4, 0x3b, RAX, at(tmp1, abi.OffCount)) // cmp
	outside := c.jccShort(condAE)
	c.rm(4, 0x0faf, RAX, at(tmp1, abi.OffStride))
	c.rm(4, 0x03, RAX, at(tmp1, abi.OffBase))
	done := c.jmpShort()
	c.landShort(outside)
	c.movImm(RAX, 0)
	c.landShort(done)
}

// mapShift turns a distance in MapStrides into one in records. It stops compiling
// when the two are not what it says.
const mapShift = 4

var _ = [1]struct{}{}[int32(mem.MapStride>>mapShift)-abi.MapSize]
