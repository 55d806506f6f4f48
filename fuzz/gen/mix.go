package gen

import (
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// Mix says what programs are made of. A case first draws its features; an
// operation whose feature the case has not is replaced by a scalar one.
type Mix struct {
	Name     string
	types    *tape.Table // of program types, by index into progTypes
	features [featureCount]int
	steps    *tape.Table // of steps, by index into steps
}

// progTypes are the types that the kernel can run with an input of ours.
var progTypes = [...]hook.Type{hook.Syscall, hook.XDP, hook.SchedCLS, hook.SocketFilter}

// feature is something that a case has or has not.
type feature uint8

const (
	withLoops feature = iota
	withMaps
	withCalls
	withCallbacks
	withPacket
	withTail
	withStack
	withAtomics
	withHelpers
	featureCount
)

// Kinds of step that a block is made of.
const (
	stepScalar = iota
	stepIf
	stepLoop
	stepStack
	stepMem
	stepAtomic
	stepCtx
	stepPacket
	stepAbs
	stepLookup
	stepChange
	stepDirect
	stepCall
	stepCallback
	stepHelper
	stepSpill
	stepPointer
	stepCount
)

// The shares: of 256 for features; of their sum for types and steps.
func newMix(name string, types [4]int, features map[feature]int, steps map[int]int) *Mix {
	m := &Mix{Name: name, types: tape.NewTable(types[:]...)}
	for f, share := range features {
		m.features[f] = share
	}
	w := make([]int, stepCount)
	for s, share := range steps {
		w[s] = share
	}
	m.steps = tape.NewTable(w...)
	return m
}

// The mixes.
var (
	Scalar = newMix("scalar", [4]int{5, 1, 1, 1},
		map[feature]int{},
		map[int]int{stepScalar: 80, stepIf: 12, stepCtx: 8})

	Memory = newMix("memory", [4]int{4, 1, 2, 1},
		map[feature]int{withStack: 256, withAtomics: 128, withMaps: 64},
		map[int]int{stepScalar: 30, stepIf: 6, stepStack: 26, stepMem: 14, stepCtx: 10, stepAtomic: 4, stepSpill: 6, stepPointer: 6, stepDirect: 3})

	Maps = newMix("maps", [4]int{2, 2, 2, 1},
		map[feature]int{withMaps: 256, withStack: 200, withAtomics: 64},
		map[int]int{stepScalar: 40, stepIf: 8, stepMem: 16, stepLookup: 12, stepChange: 8, stepDirect: 8, stepPointer: 4, stepStack: 4, stepAtomic: 4})

	Packet = newMix("packet", [4]int{0, 2, 2, 2},
		map[feature]int{withPacket: 256, withStack: 96, withMaps: 48},
		map[int]int{stepScalar: 44, stepIf: 8, stepPacket: 14, stepAbs: 12, stepMem: 14, stepCtx: 6, stepPointer: 4, stepStack: 3})

	Calls = newMix("calls", [4]int{3, 1, 1, 1},
		map[feature]int{withCalls: 256, withCallbacks: 96, withTail: 24, withStack: 96, withMaps: 64},
		map[int]int{stepScalar: 50, stepIf: 8, stepCall: 14, stepCallback: 6, stepStack: 6, stepCtx: 4, stepSpill: 3})

	Loops = newMix("loops", [4]int{3, 1, 1, 1},
		map[feature]int{withLoops: 256, withStack: 64, withMaps: 32, withCallbacks: 32},
		map[int]int{stepScalar: 56, stepIf: 10, stepLoop: 16, stepStack: 6, stepMem: 4, stepCallback: 2})

	Atomics = newMix("atomics", [4]int{3, 1, 1, 1},
		map[feature]int{withAtomics: 256, withStack: 256, withMaps: 160, withLoops: 48},
		map[int]int{stepScalar: 36, stepIf: 6, stepAtomic: 30, stepStack: 6, stepDirect: 6, stepLoop: 3, stepPointer: 4})

	Everything = newMix("everything", [4]int{4, 2, 3, 2},
		map[feature]int{
			withLoops: 100, withMaps: 96, withCalls: 60, withCallbacks: 24, withPacket: 128, withTail: 10,
			withStack: 150, withAtomics: 72, withHelpers: 20,
		},
		map[int]int{
			stepScalar: 96, stepIf: 22, stepLoop: 14, stepStack: 24, stepMem: 18, stepAtomic: 10, stepCtx: 10, stepPacket: 8,
			stepAbs: 6, stepLookup: 8, stepChange: 5, stepDirect: 6, stepCall: 14, stepCallback: 5, stepHelper: 4, stepSpill: 6, stepPointer: 6,
		})
)

// Mixes are all mixes, the default first.
var Mixes = []*Mix{Everything, Scalar, Memory, Maps, Packet, Calls, Loops, Atomics}

// MixByName finds a mix, or nil.
func MixByName(name string) *Mix {
	for _, m := range Mixes {
		if m.Name == name {
			return m
		}
	}
	return nil
}
