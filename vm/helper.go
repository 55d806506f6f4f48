package vm

import (
	"fmt"
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
	for _, family := range []map[int32]*Helper{basicHelpers, mapHelpers, ringHelpers, outputHelpers, skbHelpers, socketHelpers} {
		for id, h := range family {
			h.ID = id
			all[id] = h
		}
	}
	return all
}()

var basicHelpers = map[int32]*Helper{
	HelperKtime:       {Name: "ktime_get_ns", Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) { return m.Now(), Fault{} }},
	HelperTracePrintk: {Name: "trace_printk", Args: 2, Call: tracePrintk},
	HelperPrandom: {Name: "get_prandom_u32", Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) {
		return m.Random() & 0xffff_ffff, Fault{}
	}},
	HelperProcessorID: {Name: "get_smp_processor_id", Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) {
		return uint64(m.CPU), Fault{}
	}},
	HelperTailCall: {Name: "tail_call", Args: 3, Flow: TailCalls, Void: true},
	HelperLoop:     {Name: "loop", Args: 4, Flow: Loops},
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

// tracePrintk formats as Linux's bpf_trace_printk does: %d %i %u %x %p %c with l
// and ll, and %s of guest memory; at most three arguments. It returns the length.
func tracePrintk(m *Machine, a *[5]uint64) (uint64, Fault) {
	format, f := m.Bytes(a[0], uint32(a[1]), mem.Read)
	if f.Kind != NoFault {
		return 0, f
	}
	if len(format) == 0 || format[len(format)-1] != 0 {
		return Errno(maps.EINVAL), Fault{}
	}
	text, ok := formatTrace(m, string(format[:len(format)-1]), a[2:])
	if !ok {
		return Errno(maps.EINVAL), Fault{}
	}
	m.Trace = append(m.Trace, text)
	return uint64(len(text)), Fault{}
}

func formatTrace(m *Machine, format string, args []uint64) (string, bool) {
	var b strings.Builder
	used := 0
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		i++
		long := 0
		for i < len(format) && format[i] == 'l' {
			long++
			i++
		}
		if i == len(format) || long > 2 {
			return "", false
		}
		if format[i] == '%' && long == 0 {
			b.WriteByte('%')
			continue
		}
		if used == maxTracePrintkArgs {
			return "", false
		}
		v := args[used]
		used++
		if !formatArg(m, &b, format[i], v, long > 0) {
			return "", false
		}
	}
	return b.String(), true
}

func formatArg(m *Machine, b *strings.Builder, verb byte, v uint64, long bool) bool {
	if !long {
		v = uint64(uint32(v))
	}
	switch verb {
	case 'd', 'i':
		if !long {
			v = uint64(int64(int32(v)))
		}
		fmt.Fprintf(b, "%d", int64(v))
	case 'u':
		fmt.Fprintf(b, "%d", v)
	case 'x':
		fmt.Fprintf(b, "%x", v)
	case 'c':
		b.WriteByte(byte(v))
	case 'p':
		fmt.Fprintf(b, "%016x", v)
	case 's':
		for m.Mem.Can(v, 1, mem.Read) {
			c := m.Mem.Bytes(uint32(v), 1)[0]
			if c == 0 {
				break
			}
			b.WriteByte(c)
			v++
		}
	default:
		return false
	}
	return true
}
