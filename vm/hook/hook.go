package hook

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Type is a program type, by its number in Linux's enum bpf_prog_type.
type Type uint32

// Program types.
const (
	Unspec       Type = 0 // r1 = address of the input memory, r2 = its length (bpf_conformance)
	SocketFilter Type = 1
	SchedCLS     Type = 3
	XDP          Type = 6
	Syscall      Type = 31
)

// Context is the kind of thing that r1 points to.
type Context uint8

// Kinds of context.
const (
	Memory Context = iota // plain memory, with its length in r2
	SkBuff                // struct __sk_buff
	XdpMD                 // struct xdp_md
	Buffer                // bytes of the caller's choosing, as syscall programs get
)

// Info is what is known of a program type.
type Info struct {
	Type    Type
	Name    string
	Context Context
	Size    uint32  // of the context in bytes; 0: as long as the input's
	Fields  []Field // what of the context may be touched; nil: everything
	Packet  bool    // has a packet
	LDAbs   bool    // LD_ABS and LD_IND are allowed
}

// Field is a part of a context.
type Field struct {
	Name string
	Off  uint32
	Size uint32
	Perm mem.Perm
}

// Offsets of the fields that the machine fills in itself.
const (
	SkbLen, SkbProtocol, SkbData, SkbDataEnd, SkbDataMeta = 0, 16, 76, 80, 140
	XdpData, XdpDataEnd, XdpDataMeta                      = 0, 4, 8

	skbSize = 192
	xdpSize = 24
)

func skbFields(direct bool) []Field {
	f := []Field{
		{"len", 0, 4, mem.Read},
		{"pkt_type", 4, 4, mem.Read},
		{"mark", 8, 4, mem.Read},
		{"queue_mapping", 12, 4, mem.Read},
		{"protocol", 16, 4, mem.Read},
		{"vlan_present", 20, 4, mem.Read},
		{"vlan_tci", 24, 4, mem.Read},
		{"vlan_proto", 28, 4, mem.Read},
		{"priority", 32, 4, mem.Read},
		{"ingress_ifindex", 36, 4, mem.Read},
		{"ifindex", 40, 4, mem.Read},
		{"tc_index", 44, 4, mem.Read},
		{"cb", 48, 20, mem.RW},
		{"hash", 68, 4, mem.Read},
		{"napi_id", 84, 4, mem.Read},
		{"gso_segs", 164, 4, mem.Read},
		{"gso_size", 176, 4, mem.Read},
	}
	if !direct {
		return f
	}
	for i := range f {
		switch f[i].Name {
		case "mark", "queue_mapping", "priority", "tc_index":
			f[i].Perm = mem.RW
		}
	}
	return append(f,
		Field{"tc_classid", 72, 4, mem.RW}, Field{"data", SkbData, 4, mem.Read}, Field{"data_end", SkbDataEnd, 4, mem.Read},
		Field{"data_meta", SkbDataMeta, 4, mem.Read}, Field{"tstamp", 152, 8, mem.RW}, Field{"wire_len", 160, 4, mem.Read},
		Field{"hwtstamp", 184, 8, mem.Read})
}

var types = []Info{
	{Type: Unspec, Name: "mem", Context: Memory},
	{Type: SocketFilter, Name: "socket_filter", Context: SkBuff, Size: skbSize, Fields: skbFields(false), Packet: true, LDAbs: true},
	{Type: SchedCLS, Name: "sched_cls", Context: SkBuff, Size: skbSize, Fields: skbFields(true), Packet: true, LDAbs: true},
	{Type: XDP, Name: "xdp", Context: XdpMD, Size: xdpSize, Packet: true, Fields: []Field{
		{"data", XdpData, 4, mem.Read},
		{"data_end", XdpDataEnd, 4, mem.Read},
		{"data_meta", XdpDataMeta, 4, mem.Read},
		{"ingress_ifindex", 12, 4, mem.Read},
		{"rx_queue_index", 16, 4, mem.Read},
	}},
	{Type: Syscall, Name: "syscall", Context: Buffer},
}

// Lookup describes a type, or nil if it is not simulated.
func Lookup(t Type) *Info {
	for i := range types {
		if types[i].Type == t {
			return &types[i]
		}
	}
	return nil
}

// ByName finds a type by its name.
func ByName(name string) (Type, bool) {
	for i := range types {
		if types[i].Name == name {
			return types[i].Type, true
		}
	}
	return 0, false
}

func (t Type) String() string {
	if i := Lookup(t); i != nil {
		return i.Name
	}
	return fmt.Sprintf("program type %d", uint32(t))
}
