package release

import (
	"fmt"
	"slices"
	"strings"
	"sync"
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
		},
		) bool {
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

// Privileged reports whether programs without CAP_BPF may not touch the four bytes at an
// offset of their context that others may: ends of the packet, and writing to the time stamp.
func Privileged(t ProgType, off uint32, write bool) bool {
	const data, behind, tstamp = 76, 84, 152 // of struct __sk_buff
	return t == CgroupSKB && (off >= data && off < behind || write && off >= tstamp && off < tstamp+8)
}

// capRow says which helpers of some hooks are for those with capabilities only. The tables are in
// zcaps_*.go.
type capRow struct {
	hooks        string // names, by spaces
	bpf, perfmon string // Sets
}

// capTable is such a table, made ready when it is first asked.
type capTable struct {
	rows []capRow
	once sync.Once
	sets map[string][2]Set // by hook
}

func (t *capTable) hook(name string) [2]Set {
	t.once.Do(func() {
		t.sets = map[string][2]Set{}
		for _, row := range t.rows {
			for _, name := range strings.Fields(row.hooks) {
				t.sets[name] = [2]Set{mustSet(row.bpf), mustSet(row.perfmon)}
			}
		}
	})
	return t.sets[name]
}

// HelperCaps are the capabilities that it takes to call a helper, beyond those that it takes to load
// programs of the type.
func (r *Release) HelperCaps(id int32, t ProgType, attach uint32) (c Caps) {
	i := hookIndex(t, attach)
	if i < 0 {
		return 0
	}
	sets := r.caps.hook(Hooks[i].Name)
	if r.lender != nil { // its kernel did not let anybody in who lacks CAP_BPF
		sets[0] = r.lender.caps.hook(Hooks[i].Name)[0]
	}
	if sets[0].Has(int(id)) {
		c |= BPF
	}
	if sets[1].Has(int(id)) {
		c |= Perfmon
	}
	return c
}
