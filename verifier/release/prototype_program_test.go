package release_test

import (
	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// A builder writes a program around one call of a helper. Its frame, from the top:
//
//	-128 … 0     zeros
//	-144 … -128  a dynptr, if one was made
//	-160 … -144  unwritten, for a dynptr
//	-512 … -256  unwritten
//
// r6 is the context, r7 what an argument needed calls for, r8 and r9 a packet and its end.
type builder struct {
	hook   *release.Hook
	result int32 // a good r0
	insns  []spec.Insn
	maps   []kernelcmp.RawMap
	vars   []string
	callee bool        // there is a callback
	body   []spec.Insn // of the callback; nil: it returns 0

	release   *release.Release
	sleepable bool
	instead   *kernelcmp.RawMap // the map for every helper
}

func newBuilder(h *release.Hook, result int32) *builder {
	b := &builder{hook: h, result: result}
	b.emit(movx(6, 1))
	for off := int16(-128); off < 0; off += 8 {
		b.emit(spec.Insn{Op: spec.ClassST | spec.ModeMEM | spec.SizeDW, Dst: 10, Off: off})
	}
	return b
}

func (b *builder) emit(insns ...spec.Insn) { b.insns = append(b.insns, insns...) }

// lddw loads what a source of LDDW makes of a number.
func (b *builder) lddw(dst, src uint8, imm int32) {
	b.emit(spec.Insn{Op: spec.LDDW, Dst: dst, Src: src, Imm: imm}, spec.Insn{})
}

func (b *builder) mapIndex(m kernelcmp.RawMap) int32 {
	for i := range b.maps {
		if b.maps[i] == m {
			return int32(i)
		}
	}
	b.maps = append(b.maps, m)
	return int32(len(b.maps) - 1)
}

func (b *builder) stack(dst uint8, off int32) {
	b.emit(movx(dst, 10), spec.Insn{Op: spec.ClassALU64 | spec.OpADD, Dst: dst, Imm: off})
}

// leave ends the program here.
func (b *builder) leave() { b.emit(mov(0, b.result), exit) }

// keep goes on with r0 in r7 if it is not null.
func (b *builder) keep() {
	b.emit(spec.Insn{Op: spec.ClassJMP | spec.OpJNE, Dst: 0, Imm: 0, Off: 2})
	b.leave()
	b.emit(movx(7, 0))
}

// load makes the question: the program so far, and a callback behind it.
func (b *builder) load() *kernelcmp.Load {
	l := at(b.hook)
	l.LogLevel, l.Maps, l.Vars = 2, b.maps, b.vars
	if b.sleepable {
		l.Flags |= sleepable
	}
	l.Insns = append(l.Insns, b.insns...)
	if !b.callee {
		return l
	}
	entry := len(l.Insns)
	for i := range l.Insns {
		if in := &l.Insns[i]; in.Op == spec.LDDW && in.Src == spec.LDDWFunc {
			in.Imm = int32(entry - i - 1)
		}
	}
	if b.body == nil {
		b.body = []spec.Insn{mov(0, 0), exit}
	}
	l.Insns = append(l.Insns, b.body...)
	l.Funcs = []uint32{0, uint32(entry)}
	return l
}

// The maps that helpers are called with.
var (
	arrayMap  = kernelcmp.RawMap{Type: uint32(maps.Array), KeySize: 4, ValueSize: 64, MaxEntries: 1}
	hashMap   = kernelcmp.RawMap{Type: uint32(maps.Hash), KeySize: 4, ValueSize: 64, MaxEntries: 4}
	readOnly  = kernelcmp.RawMap{Type: uint32(maps.Array), KeySize: 4, ValueSize: 64, MaxEntries: 1, Flags: 0x80, Frozen: true}
	writeOnly = kernelcmp.RawMap{Type: uint32(maps.Array), KeySize: 4, ValueSize: 64, MaxEntries: 1, Flags: 0x100}
	ringMap   = kernelcmp.RawMap{Type: uint32(maps.RingBuf), MaxEntries: 1 << 16}
	lockMap   = kernelcmp.RawMap{Type: uint32(maps.Array), KeySize: 4, ValueSize: 64, MaxEntries: 1, Value: "lock"}
	timerMap  = kernelcmp.RawMap{Type: uint32(maps.Array), KeySize: 4, ValueSize: 64, MaxEntries: 1, Value: "timer"}
)

// simple is a map of a type whose keys and values are 4 bytes.
func simple(t maps.Type) kernelcmp.RawMap {
	return kernelcmp.RawMap{Type: uint32(t), KeySize: 4, ValueSize: 4, MaxEntries: 1}
}

// storage is a map of values that belong to objects of the kernel's.
func storage(t uint32) kernelcmp.RawMap {
	return kernelcmp.RawMap{Type: t, KeySize: 4, ValueSize: 64, Flags: 1, Value: "plain"}
}

// mapFor is a map that a helper takes.
func (b *builder) mapFor(id int32) kernelcmp.RawMap {
	if b.instead != nil {
		return *b.instead
	}
	switch id {
	case 12: // it belongs to the first type of program that uses it
		m := simple(maps.ProgArray)
		m.MaxEntries = 1 + uint32(b.hook.Type)<<8 + b.hook.Attach
		return m
	case 22, 25, 55, 111, 121:
		return simple(maps.PerfEventArray)
	case 27:
		return kernelcmp.RawMap{Type: uint32(maps.StackTrace), KeySize: 4, ValueSize: 64, MaxEntries: 1}
	case 33, 37:
		return simple(8) // cgroup_array
	case 51:
		return simple(maps.DevMap)
	case 52, 53, 60:
		return simple(maps.SockMap)
	case 70, 71, 72:
		return simple(maps.SockHash)
	case 81:
		return kernelcmp.RawMap{Type: 19, KeySize: 16, ValueSize: 64} // cgroup_storage
	case 82:
		return kernelcmp.RawMap{Type: 20, KeySize: 4, ValueSize: 8, MaxEntries: 1} // reuseport_sockarray
	case 87, 88, 89:
		return kernelcmp.RawMap{Type: uint32(maps.Queue), ValueSize: 64, MaxEntries: 1}
	case 107, 108:
		return storage(24)
	case 145, 146:
		return storage(28)
	case 156, 157:
		return storage(29)
	case 210, 211:
		return storage(32)
	case 130, 131, 134, 198:
		return ringMap
	case 209:
		return kernelcmp.RawMap{Type: 31, MaxEntries: 1 << 16} // user_ringbuf
	case 195:
		return kernelcmp.RawMap{Type: uint32(maps.PerCPUArray), KeySize: 4, ValueSize: 64, MaxEntries: 1}
	case 169, 170, 171, 172:
		return timerMap
	}
	return hashMap
}
