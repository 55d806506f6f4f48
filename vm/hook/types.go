package hook

// Program types.
const (
	Unspec           Type = 0 // r1 = address of the input memory, r2 = its length (bpf_conformance)
	SocketFilter     Type = 1
	Kprobe           Type = 2 // and uprobes, and the ends of both
	SchedCLS         Type = 3
	SchedACT         Type = 4
	Tracepoint       Type = 5
	XDP              Type = 6
	PerfEvent        Type = 7
	CgroupSKBIngress Type = 8                  // BPF_CGROUP_INET_INGRESS is 0
	CgroupSKBEgress  Type = 8 | 1<<attachShift // BPF_CGROUP_INET_EGRESS
	LWTIn            Type = 10
	LWTOut           Type = 11
	LWTXmit          Type = 12
	SockOps          Type = 13 | 3<<attachShift // BPF_CGROUP_SOCK_OPS
	StreamParser     Type = 14 | 4<<attachShift // BPF_SK_SKB_STREAM_PARSER
	StreamVerdict    Type = 14 | 5<<attachShift // BPF_SK_SKB_STREAM_VERDICT
	SKBVerdict       Type = 14 | 38<<attachShift
	CgroupDevice     Type = 15 | 6<<attachShift // BPF_CGROUP_DEVICE
	SKMsg            Type = 16 | 7<<attachShift // BPF_SK_MSG_VERDICT
	RawTracepoint    Type = 17
	LWTSeg6Local     Type = 19
	SKReuseport      Type = 21 | 39<<attachShift
	FlowDissector    Type = 22 | 17<<attachShift // BPF_FLOW_DISSECTOR
	CgroupSysctl     Type = 23 | 18<<attachShift // BPF_CGROUP_SYSCTL
	GetSockopt       Type = 25 | 21<<attachShift
	SetSockopt       Type = 25 | 22<<attachShift
	TPBTF            Type = 26 | 23<<attachShift // BPF_TRACE_RAW_TP
	Fentry           Type = 26 | 24<<attachShift
	Fexit            Type = 26 | 25<<attachShift
	FmodRet          Type = 26 | 26<<attachShift
	Iter             Type = 26 | 28<<attachShift
	LSM              Type = 29 | 27<<attachShift
	LSMCgroup        Type = 29 | 43<<attachShift
	SKLookup         Type = 30 | 36<<attachShift
	Syscall          Type = 31
	Netfilter        Type = 32 | 45<<attachShift
)

// Sizes of contexts whose fields are not in a list here, in bytes.
const (
	argsSize   = 12 * 8       // MAX_BPF_FUNC_ARGS
	traceSize  = argsSize + 8 // and the traced function's result
	recordSize = 8192         // PERF_MAX_TRACE_SIZE
	xdpSize    = 24
)

var types = append([]Info{
	{Type: Unspec, Name: "mem", Context: Memory},
	{Type: SocketFilter, Name: "socket_filter", Context: SkBuff, Size: skbSize, Fields: filterFields, Points: skbPoints, Packet: true, LDAbs: true},
	{Type: SchedCLS, Name: "sched_cls", Context: SkBuff, Size: skbSize, Fields: classFields, Points: skbPoints, Packet: true, LDAbs: true, MAC: true},
	{Type: SchedACT, Name: "sched_act", Context: SkBuff, Size: skbSize, Fields: classFields, Points: skbPoints, Packet: true, LDAbs: true, MAC: true},
	{Type: XDP, Name: "xdp", Context: XdpMD, Size: xdpSize, Points: xdpPoints, Packet: true, MAC: true, Fields: xdpFields},
	{Type: XDP | 33<<attachShift, Name: "xdp/devmap", Context: XdpMD, Size: xdpSize, Points: xdpPoints, Packet: true, MAC: true, Fields: devmapFields},
	{Type: CgroupSKBIngress, Name: "cgroup_skb/ingress", Context: SkBuff, Size: skbSize, Fields: cgroupFields, Points: skbPoints, Packet: true, PacketRead: true},
	{Type: CgroupSKBEgress, Name: "cgroup_skb/egress", Context: SkBuff, Size: skbSize, Fields: cgroupFields, Points: skbPoints, Packet: true, PacketRead: true},
	{Type: LWTIn, Name: "lwt_in", Context: SkBuff, Size: skbSize, Fields: lwtFields, Points: skbPoints, Packet: true, PacketRead: true},
	{Type: LWTOut, Name: "lwt_out", Context: SkBuff, Size: skbSize, Fields: lwtFields, Points: skbPoints, Packet: true, PacketRead: true},
	{Type: LWTXmit, Name: "lwt_xmit", Context: SkBuff, Size: skbSize, Fields: lwtFields, Points: skbPoints, Packet: true},
	{Type: LWTSeg6Local, Name: "lwt_seg6local", Context: SkBuff, Size: skbSize, Fields: lwtFields, Points: skbPoints, Packet: true, PacketRead: true},
	{Type: FlowDissector, Name: "flow_dissector", Context: SkBuff, Size: skbSize, Fields: dissectorFields, Points: dissectorPoints, Packet: true, PacketRead: true, MAC: true},
	{Type: StreamParser, Name: "sk_skb/stream_parser", Context: SkBuff, Size: skbSize, Fields: verdictFields, Points: skbPoints, Packet: true},
	{Type: StreamVerdict, Name: "sk_skb/stream_verdict", Context: SkBuff, Size: skbSize, Fields: verdictFields, Points: skbPoints, Packet: true, Verdict: true},
	{Type: SKBVerdict, Name: "sk_skb/verdict", Context: SkBuff, Size: skbSize, Fields: verdictFields, Points: skbPoints, Packet: true, Verdict: true},
	{Type: Syscall, Name: "syscall", Context: Buffer},

	{Type: Kprobe, Name: "kprobe", Context: Registers, Least: AMD64.Size, Size: ARM64.Size, Pointers: true},
	{Type: PerfEvent, Name: "perf_event", Context: Registers, Least: AMD64.Size + sampleSize, Size: userARM64 + sampleSize, Pointers: true},
	{Type: Tracepoint, Name: "tracepoint", Context: Args, Size: recordSize, Skip: 8, Pointers: true},
	{Type: RawTracepoint, Name: "raw_tracepoint", Context: Args, Size: argsSize, Pointers: true},
	{Type: TPBTF, Name: "tracing/tp_btf", Context: Args, Size: argsSize, Pointers: true},
	{Type: Fentry, Name: "tracing/fentry", Context: Args, Size: traceSize, Pointers: true},
	{Type: Fexit, Name: "tracing/fexit", Context: Args, Size: traceSize, Pointers: true},
	{Type: FmodRet, Name: "tracing/fmod_ret", Context: Args, Size: traceSize, Pointers: true},
	{Type: Iter, Name: "tracing/iter", Context: Args, Size: argsSize, Pointers: true},
	{Type: LSM, Name: "lsm", Context: Args, Size: traceSize, Pointers: true},
	{Type: LSMCgroup, Name: "lsm/cgroup", Context: Args, Size: traceSize, Pointers: true},
	{Type: Netfilter, Name: "netfilter", Context: Args, Size: 16, Pointers: true},

	{Type: SockOps, Name: "sock_ops", Context: Struct, Size: 216, Fields: sockOpsFields, Points: sockOpsPoints, Packet: true, PacketRead: true},
	{Type: SKMsg, Name: "sk_msg", Context: Struct, Size: 80, Fields: skMsgFields, Points: skMsgPoints, Packet: true},
	{Type: SKReuseport, Name: "sk_reuseport", Context: Struct, Size: 56, Fields: reuseportFields, Points: reuseportPoints, Packet: true, PacketRead: true},
	{Type: SKLookup, Name: "sk_lookup", Context: Struct, Size: 72, Fields: lookupFields},
	{Type: CgroupDevice, Name: "cgroup_device", Context: Struct, Size: 12, Fields: fields(0, "access_type:4 major:4 minor:4")},
	{Type: CgroupSysctl, Name: "cgroup_sysctl", Context: Struct, Size: 8, Fields: fields(0, "write:4 file_pos:4w")},
	{Type: GetSockopt, Name: "cgroup_sockopt/get", Context: Struct, Size: 40, Fields: getSockoptFields, Points: sockoptPoints, Packet: true},
	{Type: SetSockopt, Name: "cgroup_sockopt/set", Context: Struct, Size: 40, Fields: setSockoptFields, Points: sockoptPoints, Packet: true},
}, append(socketTypes(), addressTypes()...)...)
