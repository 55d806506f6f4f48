package vm

import (
	"strings"

	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Helper is a function that programs call by number.
type Helper struct {
	ID   int32
	Name string // as Linux has it, without bpf_
	Args int    // how many of r1 to r5 it looks at
	Flow Flow
	Void bool // r0 is undefined afterwards

	// Call takes r1 to r5 and gives r0. A Fault other than the zero one ends the
	// program; the engine adds the place. Call is nil unless Flow is Returns.
	Call func(m *Machine, a *[5]uint64) (r0 uint64, f Fault)
}

// Flow is what a helper does to control flow. All but Returns are the engine's to
// carry out, because they change its frames.
type Flow uint8

// Kinds of flow.
const (
	Returns   Flow = iota
	TailCalls      // bpf_tail_call(ctx, prog_array, index)
	Loops          // bpf_loop(nr_loops, callback, callback_ctx, flags)
)

// Numbers of helpers that code asks for by name (enum bpf_func_id).
const (
	HelperMapLookup    = 1
	HelperMapUpdate    = 2
	HelperMapDelete    = 3
	HelperKtime        = 5
	HelperTracePrintk  = 6
	HelperPrandom      = 7
	HelperProcessorID  = 8
	HelperTailCall     = 12
	HelperLoop         = 181
	maxTracePrintkArgs = 3
)

// helpers is indexed by number. Each family of helpers has a file and a table.
var helpers = func() (all [256]*Helper) {
	for _, family := range []map[int32]*Helper{
		basicHelpers, mapHelpers, ringHelpers, outputHelpers, textHelpers, taskHelpers, probeHelpers, stackHelpers,
		skbHelpers, skbChangeHelpers, skbStateHelpers, tunnelHelpers, checksumHelpers, xdpHelpers, redirectHelpers, fibHelpers,
		socketHelpers, sockHelpers, sockOptionHelpers, sysctlHelpers,
	} {
		for id, h := range family {
			h.ID = id
			all[id] = h
		}
	}
	return all
}()

var basicHelpers = map[int32]*Helper{
	HelperKtime: {Name: "ktime_get_ns", Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) { return m.Now(), Fault{} }},
	HelperPrandom: {Name: "get_prandom_u32", Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) {
		return m.Random() & 0xffff_ffff, Fault{}
	}},
	HelperProcessorID: {Name: "get_smp_processor_id", Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) {
		return uint64(m.CPU), Fault{}
	}},
	42:  {Name: "get_numa_node_id", Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) { return uint64(m.Env.NUMA), Fault{} }},
	93:  {Name: "spin_lock", Args: 1, Void: true, Call: spinLock},
	94:  {Name: "spin_unlock", Args: 1, Void: true, Call: spinUnlock},
	118: {Name: "jiffies64", Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) { return jiffies(m), Fault{} }},
	125: {Name: "ktime_get_boot_ns", Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) { return m.Now() + m.Env.Boot, Fault{} }},
	160: {Name: "ktime_get_coarse_ns", Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) {
		now := m.Now()
		return now - now%m.Env.tick(), Fault{}
	}},
	208:            {Name: "ktime_get_tai_ns", Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) { return m.Now() + m.Env.Boot + taiOffset, Fault{} }},
	HelperTailCall: {Name: "tail_call", Args: 3, Flow: TailCalls, Void: true},
	HelperLoop:     {Name: "loop", Args: 4, Flow: Loops},
}

// What the clocks differ in: TAI is 37 seconds ahead of UTC since 2017, and jiffies begin five
// minutes before 0 (INITIAL_JIFFIES), which shows mistakes with their 32 bits early.
const (
	taiOffset      = 37_000_000_000
	initialJiffies = 1<<32 - 300*250
)

func jiffies(m *Machine) uint64 { return initialJiffies + m.Now()/m.Env.tick() }

// spinLock takes a lock of 4 bytes in a map's value. A program holds one at a time.
func spinLock(m *Machine, a *[5]uint64) (uint64, Fault) {
	if _, f := m.Bytes(a[0], 4, mem.RW); f.Kind != NoFault {
		return 0, f
	}
	if m.lock != 0 {
		return 0, Fault{Kind: FaultHelper, Addr: a[0]}
	}
	m.lockSpin(a[0])
	return 0, Fault{}
}

func spinUnlock(m *Machine, a *[5]uint64) (uint64, Fault) {
	if m.lock == 0 || m.lock != a[0] {
		return 0, Fault{Kind: FaultHelper, Addr: a[0]}
	}
	m.unlock()
	return 0, Fault{}
}

// HelperByID finds a helper, or nil.
func HelperByID(id int32) *Helper {
	if id < 0 || int(id) >= len(helpers) {
		return nil
	}
	return helpers[id]
}

// HelperByName finds a helper by its name, with or without bpf_, or nil.
func HelperByName(name string) *Helper {
	name = strings.TrimPrefix(name, "bpf_")
	for _, h := range helpers {
		if h != nil && h.Name == name {
			return h
		}
	}
	return nil
}

// Errno is -e as r0 holds it.
func Errno(e maps.Errno) uint64 { return uint64(-int64(e)) }

// status turns a map's error into r0.
func status(err error) uint64 {
	if e, ok := err.(maps.Errno); ok {
		return Errno(e)
	}
	return 0
}
