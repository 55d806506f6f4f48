package vm

import (
	"encoding/binary"
	"net/netip"
)

// Env is what a program finds out about the system around it: who runs, which sockets
// and routes there are. What is not here, a program finds not to be.
type Env struct {
	Task    Task
	Now     func() uint64 // the monotonic clock in nanoseconds; nil: it begins where the seed says and moves on with every look
	Random  func() uint64 // nil: by the seed
	Boot    uint64        // what the clock since boot is ahead of Now, in nanoseconds
	Tick    uint64        // nanoseconds of a jiffy, and the grain of the coarse clock; 0: 4,000,000 (HZ = 250)
	NUMA    uint32        // the node of this CPU
	Netns   uint64        // the cookie of the network namespace
	Cookie  uint64        // bpf_get_attach_cookie
	FuncIP  uint64        // the address of the probed function
	Classid uint32        // of the control group, for net_cls
	Realm   uint32        // of the route
	Kernel  []uint64      // the call stack, innermost first
	User    []uint64      // the process's, the same way
	Devices []uint32      // indices of the network devices that there are; nil: 1
	Routes  []Route       // what bpf_fib_lookup finds; of those that match the longest prefix, then the first
	Sockets []Socket      // what bpf_sk_lookup_tcp and its kin find
	Socket  *Socket       // the event's
	Sysctl  *Sysctl       // of cgroup_sysctl programs
}

// Task is the thread that runs.
type Task struct {
	PID, TGID uint32 // as Linux has it: of the thread, of the process
	Comm      string // cut to 15 bytes
	UID, GID  uint32
	Cgroups   []uint64 // ids from the root's down to the task's own
	// PidNS are device, inode and the ids in a PID namespace; zero: the initial one.
	PidNS struct {
		Dev, Ino  uint64
		PID, TGID uint32
	}
}

// Route is a row of the table that bpf_fib_lookup looks into.
type Route struct {
	Prefix     netip.Prefix
	Ifindex    uint32     // of the device to send to
	Gateway    netip.Addr // zero: the destination is a neighbour
	SMAC, DMAC [6]byte
	MTU        uint16 // 0: none
	// Code is what the lookup returns; 0 is BPF_FIB_LKUP_RET_SUCCESS.
	Code uint32
}

// Socket is a socket that programs can find.
type Socket struct {
	Protocol   uint32         // 6 TCP, 17 UDP
	Local      netip.AddrPort // unspecified addresses and port 0 match all
	Remote     netip.AddrPort // not valid: the socket listens
	State      uint32         // TCP's; 0: 10 (listening) or 1 (established)
	Mark       uint32
	Priority   uint32
	BoundDevIf uint32
	Cookie     uint64
	UID        uint32
	Options    map[[2]uint32][]byte // by level and name: what bpf_setsockopt set
}

// Sysctl is the access to a kernel parameter that a cgroup_sysctl program judges.
type Sysctl struct {
	Name, Current, New string
	Override           string // what bpf_sysctl_set_new_value made it
}

// DefaultEnv is a process with a thread of the same number, and one network device.
func DefaultEnv() Env {
	return Env{Task: Task{PID: 1000, TGID: 1000, Comm: "lockstep", UID: 1000, GID: 1000, Cgroups: []uint64{1}}, Netns: 1}
}

func (e *Env) tick() uint64 {
	if e.Tick == 0 {
		return 4_000_000
	}
	return e.Tick
}

// device reports whether there is a network device.
func (e *Env) device(index uint32) bool {
	if e.Devices == nil {
		return index == 1
	}
	for _, d := range e.Devices {
		if d == index {
			return true
		}
	}
	return false
}

// Address families of Linux.
const (
	afInet  = 2
	afInet6 = 10
)

// fields are the values of struct bpf_sock, by name.
func (s *Socket) fields(o binary.ByteOrder) map[string][]byte {
	u32 := func(v uint32) []byte {
		b := make([]byte, 4)
		o.PutUint32(b, v)
		return b
	}
	family, typ, state := uint32(afInet), uint32(1), s.State
	if s.Local.Addr().Is6() {
		family = afInet6
	}
	if s.Protocol == 17 {
		typ = 2
	}
	if state == 0 {
		state = 10
		if s.Remote.IsValid() {
			state = 1
		}
	}
	f := map[string][]byte{
		"bound_dev_if": u32(s.BoundDevIf), "family": u32(family), "type": u32(typ), "protocol": u32(s.Protocol),
		"mark": u32(s.Mark), "priority": u32(s.Priority), "state": u32(state), "rx_queue_mapping": u32(^uint32(0)),
		"src_port": u32(uint32(s.Local.Port())), "dst_port": binary.BigEndian.AppendUint16(nil, s.Remote.Port()),
	}
	for prefix, a := range map[string]netip.Addr{"src_ip": s.Local.Addr(), "dst_ip": s.Remote.Addr()} {
		switch {
		case a.Is4():
			f[prefix+"4"] = a.AsSlice()
		case a.Is6():
			f[prefix+"6"] = a.AsSlice()
		}
	}
	return f
}
