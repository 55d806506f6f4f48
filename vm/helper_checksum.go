package vm

import (
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Helpers about the Internet checksum (RFC 1071, RFC 1624; Linux's net/core/filter.c,
// include/net/checksum.h).
var checksumHelpers = map[int32]*Helper{
	10:  {Name: "l3_csum_replace", Args: 5, Call: l3Replace},
	11:  {Name: "l4_csum_replace", Args: 5, Call: l4Replace},
	28:  {Name: "csum_diff", Args: 5, Call: checksumDiff},
	40:  {Name: "csum_update", Args: 2, Call: checksumUpdate},
	135: {Name: "csum_level", Args: 2, Call: checksumLevel},
}

// noChecksum: nobody has checked the packet's checksums (CHECKSUM_NONE).
const noChecksum = -1

// add32 adds with the carry coming round.
func add32(a, b uint32) uint32 {
	s := uint64(a) + uint64(b)
	return uint32(s) + uint32(s>>32)
}

func add16(a, b uint16) uint16 {
	s := uint32(a) + uint32(b)
	return uint16(s) + uint16(s>>16)
}

// fold makes a checksum of a sum.
func fold(sum uint32) uint16 { return ^from32to16(sum) }

func from32to16(sum uint32) uint16 {
	sum = sum&0xffff + sum>>16
	sum = sum&0xffff + sum>>16
	return uint16(sum)
}

// replace16 and replace32 are the checksum after a part of what it covers has changed;
// replaceDiff is it after the sum has changed by a difference.
func replace16(sum, from, to uint16) uint16 { return ^add16(add16(^sum, ^from), to) }

func replace32(sum uint16, from, to uint32) uint16 {
	return fold(add32(add32(uint32(^sum), ^from), to))
}

func replaceDiff(sum uint16, diff uint32) uint16 { return fold(add32(diff, uint32(^sum))) }

// sumOf adds the 16-bit words of bytes, as the guest reads them.
func (m *Machine) sumOf(b []byte, sum uint32) uint32 {
	for ; len(b) >= 4; b = b[4:] {
		sum = add32(sum, m.Mem.Order.Binary().Uint32(b))
	}
	if len(b) >= 2 {
		sum = add32(sum, uint32(m.Mem.Order.Binary().Uint16(b)))
		b = b[2:]
	}
	if len(b) == 1 {
		sum = add32(sum, uint32(m.Mem.Order.Binary().Uint16([]byte{b[0], 0})))
	}
	return sum
}

// checksumAt finds the checksum at an offset, which is even and has 16 bits.
func (m *Machine) checksumAt(off uint64) ([]byte, bool) {
	if uint32(off) > 0xffff || off&1 != 0 {
		return nil, false
	}
	return m.Packet(int64(uint32(off)), 2)
}

const fieldSize = 0xf // of the flags: how many bytes have changed; 0: to is a difference

// l3Replace is bpf_l3_csum_replace(skb, offset, from, to, size).
func l3Replace(m *Machine, a *[5]uint64) (uint64, Fault) {
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	if a[4]&^fieldSize != 0 {
		return Errno(maps.EINVAL), Fault{}
	}
	at, ok := m.checksumAt(a[1])
	if !ok {
		return Errno(maps.EFAULT), Fault{}
	}
	o := m.Mem.Order.Binary()
	sum := o.Uint16(at)
	switch a[4] {
	case 0:
		if a[2] != 0 {
			return Errno(maps.EINVAL), Fault{}
		}
		sum = replaceDiff(sum, uint32(a[3]))
	case 2:
		sum = replace16(sum, uint16(a[2]), uint16(a[3]))
	case 4:
		sum = replace32(sum, uint32(a[2]), uint32(a[3]))
	default:
		return Errno(maps.EINVAL), Fault{}
	}
	o.PutUint16(at, sum)
	return 0, Fault{}
}

// l4Replace is bpf_l4_csum_replace(skb, offset, from, to, flags). That a pseudo-header is
// covered makes a difference only where a device is to finish the checksum.
func l4Replace(m *Machine, a *[5]uint64) (uint64, Fault) {
	const pseudo, mangled, enforce, ipv6 = 0x10, 0x20, 0x40, 0x80
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	if a[4]&^(pseudo|mangled|enforce|ipv6|fieldSize) != 0 {
		return Errno(maps.EINVAL), Fault{}
	}
	at, ok := m.checksumAt(a[1])
	if !ok {
		return Errno(maps.EFAULT), Fault{}
	}
	o := m.Mem.Order.Binary()
	sum := o.Uint16(at)
	if a[4]&mangled != 0 && a[4]&enforce == 0 && sum == 0 {
		return 0, Fault{}
	}
	switch a[4] & fieldSize {
	case 0:
		if a[2] != 0 {
			return Errno(maps.EINVAL), Fault{}
		}
		sum = replaceDiff(sum, uint32(a[3]))
	case 2:
		sum = replace32(sum, uint32(uint16(a[2])), uint32(uint16(a[3])))
	case 4:
		sum = replace32(sum, uint32(a[2]), uint32(a[3]))
	default:
		return Errno(maps.EINVAL), Fault{}
	}
	if a[4]&mangled != 0 && sum == 0 {
		sum = 0xffff
	}
	o.PutUint16(at, sum)
	return 0, Fault{}
}

// checksumDiff is bpf_csum_diff(from, from_size, to, to_size, seed): what a checksum's sum
// changes by, in 16 bits and of any sizes, as Linux has it since 6.13.
func checksumDiff(m *Machine, a *[5]uint64) (uint64, Fault) {
	from, to := []byte(nil), []byte(nil)
	var f Fault
	if n := uint32(a[1]); n > 0 {
		if from, f = m.Bytes(a[0], n, mem.Read); f.Kind != NoFault {
			return 0, f
		}
	}
	if n := uint32(a[3]); n > 0 {
		if to, f = m.Bytes(a[2], n, mem.Read); f.Kind != NoFault {
			return 0, f
		}
	}
	seed := uint32(a[4])
	var sum uint32
	switch {
	case len(from) > 0 && len(to) > 0:
		sum = add32(m.sumOf(to, seed), ^m.sumOf(from, 0))
	case len(to) > 0:
		sum = m.sumOf(to, seed)
	case len(from) > 0:
		sum = ^m.sumOf(from, ^seed)
	default:
		sum = seed
	}
	return uint64(from32to16(sum)), Fault{}
}

// checksumUpdate is bpf_csum_update(skb, csum), for packets whose sum a device has made:
// there are none.
func checksumUpdate(m *Machine, a *[5]uint64) (uint64, Fault) {
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	return Errno(maps.ENOTSUPP), Fault{}
}

// checksumLevel is bpf_csum_level(skb, level): how many checksums are known to be right.
func checksumLevel(m *Machine, a *[5]uint64) (uint64, Fault) {
	const query, inc, dec, reset, most = 0, 1, 2, 3, 3
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	level := &m.skb.checksum
	switch a[1] {
	case inc:
		*level = min(*level+1, most)
	case dec:
		*level = max(*level-1, noChecksum)
	case reset:
		*level = noChecksum
	case query:
		if *level == noChecksum {
			return Errno(maps.EACCES), Fault{}
		}
		return uint64(*level), Fault{}
	default:
		return Errno(maps.EINVAL), Fault{}
	}
	return 0, Fault{}
}
