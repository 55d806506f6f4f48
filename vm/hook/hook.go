package hook

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Type is a program type, by its number in Linux's enum bpf_prog_type. Where Linux
// tells programs of a type apart by the place that they are for, that place is in
// the upper half: its number in enum bpf_attach_type.
type Type uint32

const attachShift = 16

// Program types.
const (
	Unspec           Type = 0 // r1 = address of the input memory, r2 = its length (bpf_conformance)
	SocketFilter     Type = 1
	SchedCLS         Type = 3
	XDP              Type = 6
	CgroupSKBIngress Type = 8                   // BPF_CGROUP_INET_INGRESS is 0
	CgroupSKBEgress  Type = 8 | 1<<attachShift  // BPF_CGROUP_INET_EGRESS
	StreamVerdict    Type = 14 | 5<<attachShift // BPF_SK_SKB_STREAM_VERDICT
	SKBVerdict       Type = 14 | 38<<attachShift
	RawTracepoint    Type = 17
	Syscall          Type = 31
)

// Of is the type of a program for Linux's numbers. A place that makes no difference
// here is left out.
func Of(prog, attach uint32) Type {
	t := Type(prog)
	if at := t | Type(attach)<<attachShift; Lookup(at) != nil || Lookup(t) == nil {
		return at
	}
	return t
}

// Prog is the number in enum bpf_prog_type.
func (t Type) Prog() uint32 { return uint32(t & (1<<attachShift - 1)) }

// Attach is the number in enum bpf_attach_type; 0 where it makes no difference.
func (t Type) Attach() uint32 { return uint32(t >> attachShift) }

// Context is the kind of thing that r1 points to.
type Context uint8

// Kinds of context.
const (
	Memory Context = iota // plain memory, with its length in r2
	SkBuff                // struct __sk_buff
	XdpMD                 // struct xdp_md
	Buffer                // bytes of the caller's choosing, as syscall programs get
	Args                  // arguments of a tracepoint, 8 bytes each: as many as the caller gives
)

// Info is what is known of a program type.
type Info struct {
	Type       Type
	Name       string
	Context    Context
	Size       uint32  // of the context in bytes, of Args the largest; 0: as long as the input's
	Fields     []Field // what of the context may be touched; nil: everything
	Packet     bool    // has a packet
	PacketRead bool    // and may only read it
	LDAbs      bool    // LD_ABS and LD_IND are allowed

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

// Offsets of the fields that the machine fills in itself.
const (
	SkbLen, SkbProtocol, SkbData, SkbDataEnd, SkbDataMeta = 0, 16, 76, 80, 140
	XdpData, XdpDataEnd, XdpDataMeta                      = 0, 4, 8

	skbSize  = 192
	xdpSize  = 24
	argsSize = 12 * 8 // MAX_BPF_FUNC_ARGS
)

// skb is what some type may touch of struct __sk_buff, as little as it is that all
// types may do with it. Fields about the socket are not simulated.
var skb = []Field{
	{"len", SkbLen, 4, mem.Read},
	{"pkt_type", 4, 4, mem.Read},
	{"mark", 8, 4, mem.Read},
	{"queue_mapping", 12, 4, mem.Read},
	{"protocol", SkbProtocol, 4, mem.Read},
	{"vlan_present", 20, 4, mem.Read},
	{"vlan_tci", 24, 4, mem.Read},
	{"vlan_proto", 28, 4, mem.Read},
	{"priority", 32, 4, mem.Read},
	{"ingress_ifindex", 36, 4, mem.Read},
	{"ifindex", 40, 4, mem.Read},
	{"tc_index", 44, 4, mem.Read},
	{"cb", 48, 20, mem.Read},
	{"hash", 68, 4, mem.Read},
	{"tc_classid", 72, 4, mem.Read},
	{"data", SkbData, 4, mem.Read},
	{"data_end", SkbDataEnd, 4, mem.Read},
	{"napi_id", 84, 4, mem.Read},
	{"data_meta", SkbDataMeta, 4, mem.Read},
	{"tstamp", 152, 8, mem.Read},
	{"wire_len", 160, 4, mem.Read},
	{"gso_segs", 164, 4, mem.Read},
	{"gso_size", 176, 4, mem.Read},
	{"hwtstamp", 184, 8, mem.Read},
}

// skbFields gives a type's fields: all but those that are hidden from it, by name, and
// writable the ones that it may write.
func skbFields(writable, hidden string) []Field {
	var out []Field
	for _, f := range skb {
		switch {
		case slices.Contains(strings.Fields(hidden), f.Name):
			continue
		case slices.Contains(strings.Fields(writable), f.Name):
			f.Perm = mem.RW
		}
		out = append(out, f)
	}
	return out
}

var (
	filterFields  = skbFields("cb", "tc_classid data data_end data_meta tstamp wire_len hwtstamp")
	classFields   = skbFields("mark queue_mapping priority tc_index cb tc_classid tstamp", "")
	cgroupFields  = skbFields("mark priority cb tstamp", "tc_classid data_meta wire_len")
	verdictFields = skbFields("priority tc_index", "mark tc_classid data_meta tstamp wire_len hwtstamp")
)

var types = []Info{
	{Type: Unspec, Name: "mem", Context: Memory},
	{Type: SocketFilter, Name: "socket_filter", Context: SkBuff, Size: skbSize, Fields: filterFields, Packet: true, LDAbs: true},
	{Type: SchedCLS, Name: "sched_cls", Context: SkBuff, Size: skbSize, Fields: classFields, Packet: true, LDAbs: true},
	{Type: XDP, Name: "xdp", Context: XdpMD, Size: xdpSize, Packet: true, Fields: []Field{
		{"data", XdpData, 4, mem.Read},
		{"data_end", XdpDataEnd, 4, mem.Read},
		{"data_meta", XdpDataMeta, 4, mem.Read},
		{"ingress_ifindex", 12, 4, mem.Read},
		{"rx_queue_index", 16, 4, mem.Read},
	}},
	{Type: CgroupSKBIngress, Name: "cgroup_skb/ingress", Context: SkBuff, Size: skbSize, Fields: cgroupFields, Packet: true, PacketRead: true},
	{Type: CgroupSKBEgress, Name: "cgroup_skb/egress", Context: SkBuff, Size: skbSize, Fields: cgroupFields, Packet: true, PacketRead: true},
	{Type: StreamVerdict, Name: "sk_skb/stream_verdict", Context: SkBuff, Size: skbSize, Fields: verdictFields, Packet: true, Verdict: true},
	{Type: SKBVerdict, Name: "sk_skb/verdict", Context: SkBuff, Size: skbSize, Fields: verdictFields, Packet: true, Verdict: true},
	{Type: RawTracepoint, Name: "raw_tracepoint", Context: Args, Size: argsSize},
	{Type: Syscall, Name: "syscall", Context: Buffer},
}

// Names are the names of all types.
func Names() []string {
	var names []string
	for i := range types {
		names = append(names, types[i].Name)
	}
	return names
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
	if t.Attach() != 0 {
		return fmt.Sprintf("program type %d for attach type %d", t.Prog(), t.Attach())
	}
	return fmt.Sprintf("program type %d", uint32(t))
}
