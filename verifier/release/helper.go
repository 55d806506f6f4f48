package release

import (
	"fmt"
	"strings"
)

// RetKind is what r0 holds after a call.
type RetKind uint8

// Kinds of results (enum bpf_return_type).
const (
	Void         RetKind = iota // unreadable
	Integer                     // a scalar
	RetMapValue                 // a value of the map that is an argument
	RetMem                      // memory of the size that an AllocSize argument says
	RetDynptrMem                // the same, within a dynptr; valid as long as that is
	RetSock                     // a full socket
	RetSockCommon
	RetTCPSock
	RetBTF      // a BTF pointer to Ret.BTF
	RetMemOrBTF // a BTF pointer to what the PerCPUVar was, or memory if that is no struct
	RetKptr     // a BTF pointer to what the kptr field is declared to hold
)

var retKindNames = [...]string{
	"void", "int", "map value", "mem", "dynptr mem", "sock", "sock_common", "tcp_sock", "btf ptr", "mem or btf ptr", "kptr",
}

func (k RetKind) String() string {
	if int(k) < len(retKindNames) {
		return retKindNames[k]
	}
	return fmt.Sprintf("RetKind(%d)", uint8(k))
}

// Ret is a result.
type Ret struct {
	Kind   RetKind
	OrNull bool
	BTF    string // of RetBTF: the kernel's struct
	Range  Range
}

func (r Ret) String() string {
	s := r.Kind.String()
	if r.BTF != "" {
		s += " " + r.BTF
	}
	if r.OrNull {
		s += " or null"
	}
	return s
}

// Range is what the verifier knows of an Integer.
type Range uint8

// Ranges of results.
const (
	AnyInt    Range = iota
	ErrorSize       // -4095 to the greatest value of the call's ConstSize
	CPUNumber       // 0 to the number of possible CPUs less 1, since 6.8
)

// Flags of a helper.
type Flags uint16

// Flags. PacketArgs is about arguments of kind Mem, MapKey and MapValue: only such helpers take
// packet pointers there.
const (
	GPL           Flags = 1 << iota // the program's licence must be GPL compatible
	ChangesPacket                   // packet pointers are invalid after the call
	PacketArgs                      // packet pointers may be passed as memory (pkt_access)
	Acquires                        // the result is a reference that has to be released
	Sleepable                       // may be called by sleepable programs only (might_sleep)
)

var flagNames = []string{"GPL", "changes packet", "packet args", "acquires", "sleepable"}

func (f Flags) String() string {
	var s []string
	for i, n := range flagNames {
		if f&(1<<i) != 0 {
			s = append(s, n)
		}
	}
	return strings.Join(s, ", ")
}

// Helper is a function that programs call by number, as the verifier sees it.
type Helper struct {
	ID    int32
	Name  string // without bpf_
	Args  [5]Arg // r1 to r5
	Ret   Ret
	Flags Flags
}

// Has reports whether all of the flags are set.
func (h *Helper) Has(f Flags) bool { return h.Flags&f == f }

func (h *Helper) String() string {
	var args []string
	for _, a := range h.Args {
		if a.Kind != None {
			args = append(args, a.String())
		}
	}
	s := fmt.Sprintf("%s bpf_%s#%d(%s)", h.Ret, h.Name, h.ID, strings.Join(args, ", "))
	if h.Flags != 0 {
		s += " [" + h.Flags.String() + "]"
	}
	return s
}

// The words for results.
var (
	void             = Ret{Kind: Void}
	integer          = Ret{Kind: Integer}
	errorSize        = Ret{Kind: Integer, Range: ErrorSize}
	cpuNumber        = Ret{Kind: Integer, Range: CPUNumber}
	mapValueOrNull   = Ret{Kind: RetMapValue, OrNull: true}
	sockOrNull       = Ret{Kind: RetSock, OrNull: true}
	sockCommonOrNull = Ret{Kind: RetSockCommon, OrNull: true}
	tcpSockOrNull    = Ret{Kind: RetTCPSock, OrNull: true}
	memOrNull        = Ret{Kind: RetMem, OrNull: true}
	dynptrMemOrNull  = Ret{Kind: RetDynptrMem, OrNull: true}
	kptrOrNull       = Ret{Kind: RetKptr, OrNull: true}
	memOrBTF         = Ret{Kind: RetMemOrBTF}
	memOrBTFOrNull   = Ret{Kind: RetMemOrBTF, OrNull: true}
	theMapValue      = Ret{Kind: RetMapValue}
)

func returns(s string) Ret       { return Ret{Kind: RetBTF, BTF: s} }
func returnsOrNull(s string) Ret { return Ret{Kind: RetBTF, BTF: s, OrNull: true} }

type args = [5]Arg
