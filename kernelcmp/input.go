package kernelcmp

import (
	"encoding/binary"
	"fmt"
	"syscall"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// Sizes of test run's data, in bytes (Linux's net/bpf/test_run.c). Larger packets
// are possible in newer kernels, but programs then see the first part only.
const (
	etherHeader = 14
	maxSkb      = 3712 // a page less NET_SKB_PAD and struct skb_shared_info
	maxXDP      = 3520 // a page less XDP_PACKET_HEADROOM and struct skb_shared_info
	maxContext  = 65535
	maxFlow     = 4096
	maxMessage  = 8192 // one socket buffer has it whole: SKB_MAX_ALLOC is larger on every host
)

// Offsets in struct __sk_buff and struct xdp_md that package hook has no name for.
const (
	skbIfindex       = 40
	xdpIngressIfdx   = 12
	xdpRxQueueIndex  = 16
	loopbackIfindex  = 1 // the device that test runs use
	etherTypeOffset  = 12
	smallestEthertyp = 0x600 // less is a length (IEEE 802.3)
)

// frame is an input as test run takes it.
type frame struct {
	data  []byte
	ctx   []byte
	strip int // bytes at the front of data that the program does not see
}

// layout makes test run's data and context of an input. An input that the kernel
// would not show to the program as our machines do is unsupported.
func layout(t hook.Type, in *vm.Input) (frame, error) {
	switch t {
	case hook.Unspec:
		return frame{data: make([]byte, etherHeader+1)}, nil // one byte: an empty skb is refused
	case hook.SocketFilter, hook.CgroupSKBIngress, hook.CgroupSKBEgress, hook.LWTIn, hook.LWTOut, hook.LWTXmit:
		return layoutSocket(in)
	case hook.SchedCLS, hook.SchedACT:
		return layoutSched(in)
	case hook.FlowDissector:
		return layoutFlow(in)
	case hook.SKLookup:
		return layoutLookup(in)
	case hook.XDP:
		return layoutXDP(in)
	case hook.StreamVerdict, hook.SKBVerdict:
		return layoutMessage(in)
	case hook.RawTracepoint, hook.Syscall:
		most := maxContext
		if t == hook.RawTracepoint {
			most = int(hook.Lookup(t).Size)
		}
		if len(in.Context) > most {
			return frame{}, &vm.Unsupported{What: fmt.Sprintf("a context of %d bytes: the kernel takes at most %d", len(in.Context), most)}
		}
		return frame{ctx: in.Context}, nil
	}
	return frame{}, &vm.Unsupported{What: t.String()}
}

func sized(n, low, high int) error {
	if n < low || n > high {
		return &vm.Unsupported{What: fmt.Sprintf("a packet of %d bytes: the kernel takes %d to %d here", n, low, high)}
	}
	return nil
}

// layoutSocket puts a MAC header before the packet, which test run takes off again for
// all types but sched_cls. Its type field is what the program finds in skb->protocol.
func layoutSocket(in *vm.Input) (frame, error) {
	if err := sized(len(in.Packet), 1, maxSkb-etherHeader); err != nil {
		return frame{}, err
	}
	data := make([]byte, etherHeader, etherHeader+len(in.Packet))
	if p := field32(in.Context, hook.SkbProtocol); p != 0 {
		binary.NativeEndian.PutUint16(data[etherTypeOffset:], uint16(p))
	}
	data = append(data, in.Packet...)
	ctx, err := skbContext(in.Context, data)
	return frame{data, ctx, etherHeader}, err
}

func layoutSched(in *vm.Input) (frame, error) {
	if err := sized(len(in.Packet), etherHeader, maxSkb); err != nil {
		return frame{}, err
	}
	ctx, err := skbContext(in.Context, in.Packet)
	return frame{data: in.Packet, ctx: ctx}, err
}

// layoutFlow is for flow dissectors. Their context has nothing to set.
func layoutFlow(in *vm.Input) (frame, error) {
	if err := sized(len(in.Packet), etherHeader+1, maxFlow); err != nil {
		return frame{}, err
	}
	return frame{data: in.Packet}, zeroContext(in)
}

// layoutLookup makes struct bpf_sk_lookup, of which the kernel wants the family to be known,
// and the parts beside the ports and the socket to be zero.
func layoutLookup(in *vm.Input) (frame, error) {
	ctx := make([]byte, hook.Lookup(hook.SKLookup).Size)
	copy(ctx, in.Context)
	switch family := field32(ctx, 8); {
	case family != syscall.AF_INET && family != syscall.AF_INET6:
		return frame{}, &vm.Unsupported{What: fmt.Sprintf("a socket lookup for address family %d", family)}
	case binary.NativeEndian.Uint64(ctx) != 0, field32(ctx, 36)>>16 != 0 && hostOrder == spec.Little, field32(ctx, 60)>>16 != 0,
		binary.NativeEndian.Uint64(ctx[64:]) != 0:
		return frame{}, &vm.Unsupported{What: "a socket lookup with a socket, a port of more than 16 bits, or a device"}
	}
	return frame{ctx: ctx}, nil
}

// layoutMessage is for programs with a verdict. The kernel fills in their context.
func layoutMessage(in *vm.Input) (frame, error) {
	if err := sized(len(in.Packet), 1, maxMessage); err != nil {
		return frame{}, err
	}
	return frame{data: in.Packet}, zeroContext(in)
}

// zeroContext refuses a context that says something, where the kernel fills it in.
func zeroContext(in *vm.Input) error {
	for off, b := range in.Context {
		if b != 0 {
			return &vm.Unsupported{What: fmt.Sprintf("byte %d of the context: nothing of it can be set", off)}
		}
	}
	return nil
}

func layoutXDP(in *vm.Input) (frame, error) {
	if err := sized(len(in.Packet), etherHeader, maxXDP); err != nil {
		return frame{}, err
	}
	if v := field32(in.Context, xdpIngressIfdx); v != 0 && v != loopbackIfindex {
		return frame{}, &vm.Unsupported{What: fmt.Sprintf("ingress_ifindex %d: the kernel's test run has 1", v)}
	}
	if v := field32(in.Context, xdpRxQueueIndex); v != 0 {
		return frame{}, &vm.Unsupported{What: fmt.Sprintf("rx_queue_index %d: the kernel's test run has 0", v)}
	}
	return frame{data: in.Packet}, nil
}

// skbGiven are the fields that test run lets the caller set.
var skbGiven = []hook.Field{
	{Name: "mark", Off: 8, Size: 4},
	{Name: "priority", Off: 32, Size: 4},
	{Name: "ingress_ifindex", Off: 36, Size: 4},
	{Name: "ifindex", Off: skbIfindex, Size: 4},
	{Name: "cb", Off: 48, Size: 20},
	{Name: "tstamp", Off: 152, Size: 8},
	{Name: "gso_segs", Off: 164, Size: 4},
	{Name: "gso_size", Off: 176, Size: 4},
	{Name: "hwtstamp", Off: 184, Size: 8},
}

// skbShown are the fields whose value after the run test run gives back, and that
// a program may change.
var skbShown = []hook.Field{
	{Name: "mark", Off: 8, Size: 4}, {Name: "priority", Off: 32, Size: 4}, {Name: "cb", Off: 48, Size: 20}, {Name: "tstamp", Off: 152, Size: 8},
}

// skbHidden marks the bytes of struct __sk_buff that a run does not show.
var skbHidden = func() []bool {
	hidden := make([]bool, hook.Lookup(hook.SchedCLS).Size)
	for i := range hidden {
		hidden[i] = true
	}
	for _, f := range skbShown {
		clear(hidden[f.Off:][:f.Size])
	}
	return hidden
}()

// networkHeader is the least that test run wants behind the MAC header, by
// protocol.
var networkHeader = map[uint16]int{0x0800: 20, 0x86dd: 40}

// headed refuses a packet that says IPv4 or IPv6 and has no room for such a header.
func headed(data []byte) error {
	proto := binary.BigEndian.Uint16(data[etherTypeOffset:])
	if need := networkHeader[proto]; len(data)-etherHeader < need {
		return &vm.Unsupported{What: fmt.Sprintf("a packet of protocol %#04x with %d bytes after the MAC header: the kernel's test run wants %d",
			proto, len(data)-etherHeader, need)}
	}
	return nil
}

// skbContext copies the fields that can be set. Those that the machine fills in
// are passed over; the others must be zero, or what the kernel has there.
func skbContext(given, data []byte) ([]byte, error) {
	if err := headed(data); err != nil {
		return nil, err
	}
	size := int(hook.Lookup(hook.SchedCLS).Size)
	if len(given) > size {
		return nil, &vm.Unsupported{What: fmt.Sprintf("a context of %d bytes: struct __sk_buff has %d", len(given), size)}
	}
	all := make([]byte, size)
	copy(all, given)
	if p := field32(all, hook.SkbProtocol); p != 0 && p != protocolOf(data) {
		return nil, &vm.Unsupported{What: fmt.Sprintf("protocol %#x: the kernel finds %#x in the packet", p, protocolOf(data))}
	}
	for _, off := range []int{hook.SkbLen, hook.SkbProtocol, hook.SkbData, hook.SkbDataEnd, hook.SkbDataMeta} {
		clear(all[off:][:4])
	}
	ctx := make([]byte, size)
	for _, f := range skbGiven {
		copy(ctx[f.Off:][:f.Size], all[f.Off:])
		clear(all[f.Off:][:f.Size])
	}
	for off, b := range all {
		if b != 0 {
			return nil, &vm.Unsupported{What: fmt.Sprintf("byte %d of the context: the kernel's test run cannot set it", off)}
		}
	}
	return ctx, nil
}

// protocolOf is skb->protocol as eth_type_trans finds it, or 0 where the field
// holds a length.
func protocolOf(data []byte) uint32 {
	if binary.BigEndian.Uint16(data[etherTypeOffset:]) < smallestEthertyp {
		return 0
	}
	return uint32(binary.NativeEndian.Uint16(data[etherTypeOffset:]))
}

// field32 reads a context field; what the caller left out is zero.
func field32(ctx []byte, off int) uint32 {
	if len(ctx) < off+4 {
		return 0
	}
	return binary.NativeEndian.Uint32(ctx[off:])
}
