package transfer

import (
	"github.com/lockstep-ebpf/lockstep/verifier/num"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// typeRules are what goes with a program type and is in no table of a release, for it has
// not changed.
type typeRules struct {
	ldAbs   bool        // LD_ABS and LD_IND (may_access_skb)
	writes  bool        // into packets (may_access_direct_pkt_data)
	results *num.Signed // of the program; nil: anything (check_return_code)
}

var yesOrNo = &num.Signed{Min: 0, Max: 1}

var typeTable = map[release.ProgType]typeRules{
	release.SocketFilter:   {ldAbs: true},
	release.SchedCLS:       {ldAbs: true, writes: true},
	release.SchedACT:       {ldAbs: true, writes: true},
	release.XDP:            {writes: true},
	release.LWTXmit:        {writes: true},
	release.SKSKB:          {writes: true},
	release.SKMsg:          {writes: true},
	release.Kprobe:         {},
	release.Tracepoint:     {},
	release.PerfEvent:      {},
	release.LWTIn:          {},
	release.LWTOut:         {},
	release.LWTSeg6Local:   {},
	release.RawTracepoint:  {},
	release.SKReuseport:    {},
	release.Syscall:        {},
	release.CgroupSKB:      {results: yesOrNo},
	release.CgroupSock:     {results: yesOrNo},
	release.SockOps:        {results: yesOrNo},
	release.CgroupDevice:   {results: yesOrNo},
	release.CgroupSysctl:   {results: yesOrNo},
	release.CgroupSockopt:  {results: yesOrNo, writes: true},
	release.CgroupSockAddr: {results: yesOrNo},
	release.SKLookup:       {results: yesOrNo},
	release.Netfilter:      {results: yesOrNo},
	release.FlowDissector:  {},
}

// Attach types (enum bpf_attach_type) that have results of their own.
const (
	cgroupEgress = 1
	inet4Bind    = 8
	inet6Bind    = 9
	udp4Recvmsg  = 19
	udp6Recvmsg  = 20
	peername4    = 29
	sockname6    = 32
	unixRecvmsg  = 51
	unixSockname = 53
)

// resultsOf is what a program of a type may return.
func resultsOf(t release.ProgType, attach uint32) *num.Signed {
	switch {
	case t == release.CgroupSKB && attach == cgroupEgress:
		return &num.Signed{Min: 0, Max: 3}
	case t != release.CgroupSockAddr:
	case attach == inet4Bind || attach == inet6Bind:
		return &num.Signed{Min: 0, Max: 3}
	case attach == udp4Recvmsg, attach == udp6Recvmsg, attach >= peername4 && attach <= sockname6,
		attach >= unixRecvmsg && attach <= unixSockname:
		return &num.Signed{Min: 1, Max: 1}
	}
	return typeTable[t].results
}

// Supported reports whether programs of a type can be judged at all.
func Supported(t hook.Type) bool {
	_, ok := typeTable[release.ProgType(t)]
	return ok || t == hook.Unspec
}

// progType is the type's number in Linux. Programs of type mem are no type of the
// kernel's; what they may call is what a socket filter may.
func (m *Machine) progType() release.ProgType {
	if m.Type == hook.Unspec {
		return release.SocketFilter
	}
	return release.ProgType(m.Type)
}
