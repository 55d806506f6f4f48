package transfer

import (
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// typeRules are what goes with a program type and is in no table of a release, for it has
// not changed.
type typeRules struct {
	ldAbs  bool // LD_ABS and LD_IND (may_access_skb)
	writes bool // into packets (may_access_direct_pkt_data)
}

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
	release.CgroupSKB:      {},
	release.CgroupSock:     {},
	release.SockOps:        {},
	release.CgroupDevice:   {},
	release.CgroupSysctl:   {},
	release.CgroupSockopt:  {writes: true},
	release.CgroupSockAddr: {},
	release.SKLookup:       {},
	release.Netfilter:      {},
	release.FlowDissector:  {},
	release.Tracing:        {},
	release.LSM:            {},
	release.StructOps:      {},
	release.LircMode2:      {},

	release.RawTracepointWritable: {},
}

// Supported reports whether programs of a type can be judged at all.
func Supported(t hook.Type) bool {
	_, ok := typeTable[release.ProgType(t.Prog())]
	return ok || t == hook.Unspec
}

// progType is the type's number in Linux. Programs of type mem are no type of the
// kernel's; what they may call is what a socket filter may.
func (m *Machine) progType() release.ProgType {
	if m.Type == hook.Unspec {
		return release.SocketFilter
	}
	return release.ProgType(m.Type.Prog())
}
