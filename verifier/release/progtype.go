package release

import (
	"fmt"
	"slices"
)

// ProgType is a program type, by its number in enum bpf_prog_type.
type ProgType uint32

// Program types.
const (
	SocketFilter          ProgType = 1
	Kprobe                ProgType = 2
	SchedCLS              ProgType = 3
	SchedACT              ProgType = 4
	Tracepoint            ProgType = 5
	XDP                   ProgType = 6
	PerfEvent             ProgType = 7
	CgroupSKB             ProgType = 8
	CgroupSock            ProgType = 9
	LWTIn                 ProgType = 10
	LWTOut                ProgType = 11
	LWTXmit               ProgType = 12
	SockOps               ProgType = 13
	SKSKB                 ProgType = 14
	CgroupDevice          ProgType = 15
	SKMsg                 ProgType = 16
	RawTracepoint         ProgType = 17
	CgroupSockAddr        ProgType = 18
	LWTSeg6Local          ProgType = 19
	LircMode2             ProgType = 20
	SKReuseport           ProgType = 21
	FlowDissector         ProgType = 22
	CgroupSysctl          ProgType = 23
	RawTracepointWritable ProgType = 24
	CgroupSockopt         ProgType = 25
	Tracing               ProgType = 26
	StructOps             ProgType = 27
	Ext                   ProgType = 28
	LSM                   ProgType = 29
	SKLookup              ProgType = 30
	Syscall               ProgType = 31
	Netfilter             ProgType = 32
)

var progTypeNames = [...]string{
	"unspec", "socket_filter", "kprobe", "sched_cls", "sched_act", "tracepoint", "xdp", "perf_event", "cgroup_skb",
	"cgroup_sock", "lwt_in", "lwt_out", "lwt_xmit", "sock_ops", "sk_skb", "cgroup_device", "sk_msg", "raw_tracepoint",
	"cgroup_sock_addr", "lwt_seg6local", "lirc_mode2", "sk_reuseport", "flow_dissector", "cgroup_sysctl",
	"raw_tracepoint_writable", "cgroup_sockopt", "tracing", "struct_ops", "ext", "lsm", "sk_lookup", "syscall", "netfilter",
}

func (t ProgType) String() string {
	if int(t) < len(progTypeNames) {
		return progTypeNames[t]
	}
	return fmt.Sprintf("program type %d", uint32(t))
}

// Hook is what a program is loaded for: its type and, where that changes what the verifier allows,
// the expected attach type.
type Hook struct {
	Name   string // "cgroup_sock_addr/bind4"; "xdp" where attach types make no difference
	Type   ProgType
	Attach uint32 // enum bpf_attach_type
	BTF    string // of programs that are attached to something in the kernel's BTF: what the tables were asked with
}

// Hooks are those that the tables have columns for. The first of a type stands for attach types that
// are not listed.
var Hooks = []Hook{
	{"socket_filter", SocketFilter, 0, ""},
	{"kprobe", Kprobe, 0, ""},
	{"kprobe/multi", Kprobe, 42, ""},
	{"sched_cls", SchedCLS, 0, ""},
	{"sched_act", SchedACT, 0, ""},
	{"tracepoint", Tracepoint, 0, ""},
	{"xdp", XDP, 0, ""},
	{"xdp/devmap", XDP, 33, ""},
	{"xdp/cpumap", XDP, 35, ""},
	{"perf_event", PerfEvent, 0, ""},
	{"cgroup_skb/ingress", CgroupSKB, 0, ""},
	{"cgroup_skb/egress", CgroupSKB, 1, ""},
	{"cgroup_sock/create", CgroupSock, 2, ""},
	{"cgroup_sock/post_bind4", CgroupSock, 12, ""},
	{"cgroup_sock/post_bind6", CgroupSock, 13, ""},
	{"cgroup_sock/release", CgroupSock, 34, ""},
	{"lwt_in", LWTIn, 0, ""},
	{"lwt_out", LWTOut, 0, ""},
	{"lwt_xmit", LWTXmit, 0, ""},
	{"sock_ops", SockOps, 3, ""},
	{"sk_skb", SKSKB, 0, ""},
	{"cgroup_device", CgroupDevice, 6, ""},
	{"sk_msg", SKMsg, 7, ""},
	{"raw_tracepoint", RawTracepoint, 0, ""},
	{"cgroup_sock_addr/bind4", CgroupSockAddr, 8, ""},
	{"cgroup_sock_addr/bind6", CgroupSockAddr, 9, ""},
	{"cgroup_sock_addr/connect4", CgroupSockAddr, 10, ""},
	{"cgroup_sock_addr/connect6", CgroupSockAddr, 11, ""},
	{"cgroup_sock_addr/sendmsg4", CgroupSockAddr, 14, ""},
	{"cgroup_sock_addr/sendmsg6", CgroupSockAddr, 15, ""},
	{"cgroup_sock_addr/recvmsg4", CgroupSockAddr, 19, ""},
	{"cgroup_sock_addr/recvmsg6", CgroupSockAddr, 20, ""},
	{"cgroup_sock_addr/getpeername4", CgroupSockAddr, 29, ""},
	{"cgroup_sock_addr/getpeername6", CgroupSockAddr, 30, ""},
	{"cgroup_sock_addr/getsockname4", CgroupSockAddr, 31, ""},
	{"cgroup_sock_addr/getsockname6", CgroupSockAddr, 32, ""},
	{"cgroup_sock_addr/connect_unix", CgroupSockAddr, 49, ""},
	{"cgroup_sock_addr/sendmsg_unix", CgroupSockAddr, 50, ""},
	{"cgroup_sock_addr/recvmsg_unix", CgroupSockAddr, 51, ""},
	{"cgroup_sock_addr/getpeername_unix", CgroupSockAddr, 52, ""},
	{"cgroup_sock_addr/getsockname_unix", CgroupSockAddr, 53, ""},
	{"lwt_seg6local", LWTSeg6Local, 0, ""},
	{"lirc_mode2", LircMode2, 16, ""},
	{"sk_reuseport", SKReuseport, 39, ""},
	{"sk_reuseport/migrate", SKReuseport, 40, ""},
	{"flow_dissector", FlowDissector, 17, ""},
	{"cgroup_sysctl", CgroupSysctl, 18, ""},
	{"raw_tracepoint_writable", RawTracepointWritable, 0, ""},
	{"cgroup_sockopt/get", CgroupSockopt, 21, ""},
	{"cgroup_sockopt/set", CgroupSockopt, 22, ""},
	{"tracing/tp_btf", Tracing, 23, "btf_trace_sched_switch"},
	{"tracing/fentry", Tracing, 24, "bpf_fentry_test1"},
	{"tracing/fexit", Tracing, 25, "bpf_fentry_test1"},
	{"tracing/fmod_ret", Tracing, 26, "bpf_modify_return_test"},
	{"tracing/iter", Tracing, 28, "bpf_iter_task"},
	{"lsm", LSM, 27, "bpf_lsm_file_open"},
	{"lsm/cgroup", LSM, 43, "bpf_lsm_socket_bind"},
	{"sk_lookup", SKLookup, 36, ""},
	{"syscall", Syscall, 0, ""},
	{"netfilter", Netfilter, 45, ""},
}

// hookIndex finds the column of a type and attach type.
func hookIndex(t ProgType, attach uint32) int {
	exact := slices.IndexFunc(Hooks, func(h Hook) bool { return h.Type == t && h.Attach == attach })
	if exact >= 0 {
		return exact
	}
	return slices.IndexFunc(Hooks, func(h Hook) bool { return h.Type == t })
}

// hookNamed finds a hook's column by its name, or -1.
func hookNamed(name string) int {
	return slices.IndexFunc(Hooks, func(h Hook) bool { return h.Name == name })
}
