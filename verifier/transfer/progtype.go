package transfer

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// typeRules are what goes with a program type and is in no table of a release, for it has
// not changed.
type typeRules struct {
	ldAbs  bool // LD_ABS and LD_IND (may_access_skb)
	writes bool // into packets (may_access_direct_pkt_data)
	passes bool // packets as memory to helpers that take them
}

var typeTable = map[release.ProgType]typeRules{
	release.SocketFilter:   {ldAbs: true},
	release.SchedCLS:       {ldAbs: true, writes: true, passes: true},
	release.SchedACT:       {ldAbs: true, writes: true, passes: true},
	release.XDP:            {writes: true, passes: true},
	release.LWTXmit:        {writes: true, passes: true},
	release.SKSKB:          {writes: true, passes: true},
	release.SKMsg:          {writes: true, passes: true},
	release.Kprobe:         {},
	release.Tracepoint:     {},
	release.PerfEvent:      {},
	release.LWTIn:          {passes: true},
	release.LWTOut:         {passes: true},
	release.LWTSeg6Local:   {passes: true},
	release.RawTracepoint:  {},
	release.SKReuseport:    {passes: true},
	release.Syscall:        {},
	release.CgroupSKB:      {passes: true},
	release.CgroupSock:     {},
	release.SockOps:        {},
	release.CgroupDevice:   {},
	release.CgroupSysctl:   {},
	release.CgroupSockopt:  {writes: true},
	release.CgroupSockAddr: {},
	release.SKLookup:       {},
	release.Netfilter:      {},
	release.FlowDissector:  {passes: true},
	release.Tracing:        {},
	release.LSM:            {},
	release.StructOps:      {},
	release.LircMode2:      {},

	release.RawTracepointWritable: {},
}

// passesPackets reports whether a call's memory may be a part of the packet. What
// cgroup_sockopt programs have for a packet is an option's value, which any helper may take.
func (m *Machine) passesPackets(c *called) bool {
	t := m.progType()
	return t == release.CgroupSockopt || mutant.On(mutant.VerifierPacketPassed) || typeTable[t].passes && c.Has(release.PacketArgs)
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
