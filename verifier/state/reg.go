package state

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/verifier/btf"
	"github.com/lockstep-ebpf/lockstep/verifier/num"
)

// Kind is what a register holds.
type Kind uint8

// Kinds of register. The zero one cannot be read.
const (
	NotInit Kind = iota
	Scalar
	Ctx
	Stack
	Map      // a map itself
	MapValue // inside a value of a map
	Mem      // inside Size bytes that are neither: a record of a ring buffer, a program's memory
	Packet
	PacketMeta
	PacketEnd
	Func       // a callback
	MapKey     // a key that a callback is shown
	SockCommon // a socket of any kind, of which little may be read
	Sock       // a full socket
	TCPSock    // what of one TCP knows
	XDPSock
	FlowKeys // a flow dissector's result
	TPBuffer // what a writable tracepoint gives
	Dynptr   // a dynptr, in a callback's register or in two slots of the stack
	BTF      // a structure of the kernel's, Type
	Iter     // an iterator, in slots of the stack
	Buf      // a buffer that a map's iterator shows; Size is not known
)

// kindNames are Linux's (reg_type_str).
var kindNames = [...]string{
	"?", "scalar", "ctx", "fp", "map_ptr", "map_value", "mem", "pkt", "pkt_meta", "pkt_end", "func",
	"map_key", "sock_common", "sock", "tcp_sock", "xdp_sock", "flow_keys", "tp_buffer", "dynptr_ptr", "ptr_", "iter", "buf",
}

func (k Kind) String() string { return kindNames[k] }

// Reg is what is known of a register, or of a slot that one was spilled to.
type Reg struct {
	Kind  Kind
	Null  bool   // of a pointer: or 0
	Ring  bool   // of Mem: a record of a ring buffer; of Dynptr: its memory is one
	First bool   // of Dynptr, Iter: the upper of its slots
	RO    bool   // of Mem: may not be written
	Inner bool   // of Map, MapValue: the map is one that Map holds, not Map itself
	Frame uint8  // of Stack: whose
	ID    uint32 // see the package's doc; 0: none
	Ref   uint32 // of a pointer: the reference that it is valid with; 0: none
	UID   uint32 // of Map, MapValue: tells inner maps apart
	Dyn   uint32 // of Mem: the ID of the dynptr that it is a part of; 0: none
	Delta int32  // of Scalar: added to what the ID stands for
	Off   int32  // of a pointer: constant offset in bytes
	Map   int32  // of Map, MapValue: its number
	Done  bool   // of Iter: it has given 0
	Type  btf.ID // of BTF, Iter
	Trust Trust  // of BTF, Mem
	Range int32  // of Packet, PacketMeta: bytes from where the ID stands that are known to be there
	Size  uint32 // of Mem
	Num   num.Scalar
	Node  *Node // of Scalar
}

// Number is a register that holds a number.
func Number(x num.Scalar) Reg { return Reg{Kind: Scalar, Num: x} }

// Const is a register that holds v.
func Const(v uint64) Reg { return Number(num.W64.Const(v)) }

// Unknown is a register that holds some number.
func Unknown() Reg { return Number(num.W64.Unknown()) }

// IsPointer reports whether the register holds an address.
func (r *Reg) IsPointer() bool { return r.Kind > Scalar }

// IsSock reports whether the register points to a socket.
func (r *Reg) IsSock() bool {
	return r.Kind == SockCommon || r.Kind == Sock || r.Kind == TCPSock || r.Kind == XDPSock
}

// IsPacket reports whether the register points into the packet or its metadata.
func (r *Reg) IsPacket() bool { return r.Kind == Packet || r.Kind == PacketMeta }

// Const gives the number, if only one is possible.
func (r *Reg) Const() (uint64, bool) {
	if r.Kind != Scalar {
		return 0, false
	}
	return r.Num.Const()
}

// IsZero reports whether the register holds the number 0.
func (r *Reg) IsZero() bool {
	v, ok := r.Const()
	return ok && v == 0
}

// TypeName is the kind in Linux's words.
func (r *Reg) TypeName() string {
	if r.Kind == BTF {
		return r.btfName()
	}
	name := r.Trust.String() + r.Kind.String()
	if r.Kind == Mem && r.Ring {
		name = "ringbuf_mem"
	}
	if r.RO {
		name = "rdonly_" + name
	}
	if r.Null {
		name += "_or_null"
	}
	return name
}

// String is what --explain prints.
func (r *Reg) String() string {
	if r.Kind == NotInit {
		return "unwritten"
	}
	if r.Kind == Scalar {
		s := r.Num.String()
		if r.ID != 0 {
			s += fmt.Sprintf(" #%d", r.ID)
			if r.Delta != 0 {
				s += fmt.Sprintf("%+d", r.Delta)
			}
		}
		return s
	}
	s := r.TypeName()
	switch r.Kind {
	case Stack:
		s = fmt.Sprintf("fp[%d]", r.Frame)
	case Map, MapValue:
		s += fmt.Sprintf("(map %d)", r.Map)
		if r.Inner {
			s += ".inner"
		}
	case Mem:
		s += fmt.Sprintf("(%d bytes)", r.Size)
	case BTF:
		s += fmt.Sprintf("(type %d)", r.Type)
	}
	if r.Off != 0 {
		s += fmt.Sprintf("%+d", r.Off)
	}
	if v, ok := r.Num.Const(); !ok {
		s += " + " + r.Num.String()
	} else if v != 0 {
		s += fmt.Sprintf("%+d", int64(v))
	}
	if r.IsPacket() {
		s += fmt.Sprintf(", %d bytes there", r.Range)
	}
	return s
}
