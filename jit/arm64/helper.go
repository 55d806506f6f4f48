package arm64

import (
	"github.com/lockstep-ebpf/lockstep/jit/abi"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// helper compiles the call of a helper that returns: it is the driver's, but for
// the lookup of an array's element.
func (c *Compiler) helper(pc int, id int32) {
	if id != vm.HelperMapLookup {
		c.leaveIf(opB, abi.Helper, c.p.Site(pc))
		return
	}
	c.lookup(pc)
	c.wrote(0, true)
}

// lookup is map_lookup_elem(r1, r2). Where r1 is no flat map, or the key does not
// pass the quick check, the driver does it all.
func (c *Compiler) lookup(pc int) {
	site := c.p.Site(pc)
	unless := func(j uint32) { c.leaveIf(j, abi.Helper, site) }
	// tmp3 = the map's record: a map object takes MapStride bytes of guest memory,
	// its record MapSize.
	c.addImm(8, tmp3, host(1), -mem.MapBase, tmp2)
	c.load8(tmp2, state, abi.OffMapEnd)
	c.op(8, opSUBS, ZR, tmp3, tmp2)
	unless(bcond(condHS))
	c.logicalImm(8, opANDS, ZR, tmp3, mem.MapStride-1)
	unless(bcond(condNE))
	c.load8(tmp2, state, abi.OffMaps)
	c.opShifted(8, opADD, tmp3, tmp2, tmp3, shiftLSR, mapShift)
	c.access(4, loading, tmp1, at(tmp3, abi.OffCount), ZR)
	unless(cbz(4, tmp1))
	// tmp4 = the key
	l := look{index: host(2), wide: c.upperZero(2), n: 4}
	if c.checked {
		c.access(4, loading, tmp2, l.in(shadow), ZR)
		c.lessShadow(4, mem.RW)
		c.joinUpper(l)
		unless(cbnz(8, tmp2))
	}
	c.access(4, loading, tmp4, l.in(window), ZR)
	// r0 = the element's address, or 0
	c.op(4, opSUBS, ZR, tmp4, tmp1)
	c.access(4, loading, tmp1, at(tmp3, abi.OffStride), ZR)
	c.access(4, loading, tmp2, at(tmp3, abi.OffBase), ZR)
	c.madd(4, tmp1, tmp4, tmp1, tmp2)
	c.csel(8, host(0), tmp1, ZR, condLO)
}

// mapShift turns a distance in MapStrides into one in records. It stops compiling
// when the two are not what it says.
const mapShift = 4

var _ = [1]struct{}{}[int32(mem.MapStride>>mapShift)-abi.MapSize]
