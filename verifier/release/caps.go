package release

import (
	"fmt"
	"slices"
	"strings"
)

// Caps are capabilities: bit n stands for number n of include/uapi/linux/capability.h.
type Caps uint64

// The capabilities that bpf(2) asks for.
const (
	NetAdmin Caps = 1 << 12
	SysAdmin Caps = 1 << 21 // stands for the three others
	Perfmon  Caps = 1 << 38
	BPF      Caps = 1 << 39

	Root = NetAdmin | SysAdmin | Perfmon | BPF
)

var capNames = []struct {
	cap  Caps
	name string
}{{BPF, "bpf"}, {Perfmon, "perfmon"}, {NetAdmin, "net_admin"}, {SysAdmin, "sys_admin"}}

// String is the capabilities as people write them: "CAP_BPF and CAP_PERFMON".
func (c Caps) String() string {
	var s []string
	for _, x := range capNames {
		if c&x.cap != 0 && (x.cap != SysAdmin || c == SysAdmin) {
			s = append(s, "CAP_"+strings.ToUpper(x.name))
		}
	}
	return strings.Join(s, " and ")
}

// ParseCaps reads a list such as "bpf,net_admin". The prefix cap_ and capitals do no harm, and
// sys_admin brings the others along, as it does in Linux.
func ParseCaps(list []string) (c Caps, err error) {
	for _, word := range list {
		name := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(word)), "cap_")
		i := slices.IndexFunc(capNames, func(x struct {
			cap  Caps
			name string
		}) bool {
			return x.name == name
		})
		if i < 0 {
			return 0, fmt.Errorf("unknown capability %q: want some of bpf, perfmon, net_admin, sys_admin", word)
		}
		c |= capNames[i].cap
	}
	if c&SysAdmin != 0 {
		c = Root
	}
	return c, nil
}

// typeCaps are what the loader of a program needs by its type (bpf_prog_load in kernel/bpf/syscall.c).
// Types that are not named need CAP_BPF alone.
var typeCaps = map[ProgType]Caps{
	SocketFilter: 0, CgroupSKB: 0,

	SchedCLS: BPF | NetAdmin, SchedACT: BPF | NetAdmin, XDP: BPF | NetAdmin, LWTIn: BPF | NetAdmin, LWTOut: BPF | NetAdmin,
	LWTXmit: BPF | NetAdmin, LWTSeg6Local: BPF | NetAdmin, SKSKB: BPF | NetAdmin, SKMsg: BPF | NetAdmin,
	FlowDissector: BPF | NetAdmin, CgroupDevice: BPF | NetAdmin, CgroupSock: BPF | NetAdmin, CgroupSockAddr: BPF | NetAdmin,
	CgroupSockopt: BPF | NetAdmin, CgroupSysctl: BPF | NetAdmin, SockOps: BPF | NetAdmin, LircMode2: BPF | NetAdmin, Netfilter: BPF | NetAdmin,

	Kprobe: BPF | Perfmon, Tracepoint: BPF | Perfmon, PerfEvent: BPF | Perfmon, RawTracepoint: BPF | Perfmon,
	RawTracepointWritable: BPF | Perfmon, Tracing: BPF | Perfmon, LSM: BPF | Perfmon, StructOps: BPF | Perfmon,
	Ext: BPF | Perfmon | NetAdmin,
}

// TypeCaps are the capabilities that it takes to load programs of a type.
func (r *Release) TypeCaps(t ProgType) Caps {
	if c, ok := typeCaps[t]; ok {
		return c
	}
	return BPF
}

// The types of maps, by what it takes to make one (map_create): none, CAP_BPF, or CAP_NET_ADMIN, which since
// Linux 6.5 is enough without CAP_BPF.
var (
	freeMaps     = mustSet("1-6 8 12-13 19 21 27 31")
	netAdminMaps = mustSet("14-15 17-18 25")
)

// MapCaps are the capabilities that it takes to make a map of a type.
func (r *Release) MapCaps(mapType uint32) Caps {
	switch {
	case freeMaps.Has(int(mapType)):
		return 0
	case netAdminMaps.Has(int(mapType)):
		return NetAdmin
	}
	return BPF
}
