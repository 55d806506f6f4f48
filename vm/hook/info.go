package hook

import "github.com/lockstep-ebpf/lockstep/vm/mem"

// Context is the kind of thing that r1 points to.
type Context uint8

// Kinds of context.
const (
	Memory    Context = iota // plain memory, with its length in r2
	SkBuff                   // struct __sk_buff
	XdpMD                    // struct xdp_md
	Buffer                   // bytes of the caller's choosing, as syscall programs get
	Args                     // arguments or a record of an event: as many bytes as the caller gives
	Struct                   // another structure of the UAPI, with the type's Fields
	Registers                // struct pt_regs of some processor, and what may come behind it
)

// Info is what is known of a program type.
type Info struct {
	Type       Type
	Name       string
	Context    Context
	Size       uint32  // of the context in bytes, of Args and Registers the largest; 0: as long as the input's
	Least      uint32  // of Registers: the smallest; what the input leaves out is zero
	Skip       uint32  // of Args: bytes at the front that programs may not touch
	Fields     []Field // what of the context may be touched; nil: everything
	Points     []Point // what the machine fills in
	Packet     bool    // has a packet
	PacketRead bool    // and may only read it
	LDAbs      bool    // LD_ABS and LD_IND are allowed
	MAC        bool    // the packet begins with its MAC header

	// Pointers: arguments may be pointers into the kernel or a process. What they lead to is
	// the input's memory, which the program may read.
	Pointers bool

	// Verdict: the packet is a message to a socket. The program returns SKDrop, or
	// SKPass for it to go where the program redirected it, or else to the socket.
	Verdict bool
}

// What a program with a verdict returns (enum sk_action).
const SKDrop, SKPass = 0, 1

// Field is a part of a context.
type Field struct {
	Name string
	Off  uint32
	Size uint32
	Perm mem.Perm
}

// Point is a part of a context that the machine fills in, before the program runs and
// whenever a helper changes the packet.
type Point struct {
	Off, Size uint32
	To        Place
}

// Place is what a Point holds.
type Place uint8

// Places.
const (
	Data     Place = iota // the address of the packet's first byte
	DataEnd               // the address behind its last byte
	DataMeta              // the address of the metadata in front of it
	Length                // its length
	FlowKeys              // the address of the struct bpf_flow_keys that a flow dissector fills
	Socket                // the address of the struct bpf_sock of the event's socket, or 0
)

// Field finds a field of the context by its name.
func (i *Info) Field(name string) (Field, bool) {
	for _, f := range i.Fields {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}
