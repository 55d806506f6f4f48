package vm

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// envMachine is set up for a type, with a frame of zeros and some maps: a cgroup array (0)
// with group 7 at 1, stack traces (1), an array (2).
func envMachine(t *testing.T, typ hook.Type, env Env) (m *Machine, frame uint64) {
	t.Helper()
	w := NewWorldIn(mem.NewList())
	for _, s := range []maps.Spec{
		{Type: maps.CgroupArray, KeySize: 4, ValueSize: 4, MaxEntries: 3, Entries: []maps.Entry{{Key: []byte{1, 0, 0, 0}, Value: []byte{7, 0, 0, 0}}}},
		{Type: maps.StackTrace, KeySize: 4, ValueSize: 16, MaxEntries: 4},
		{Type: maps.Array, KeySize: 4, ValueSize: 16, MaxEntries: 1},
	} {
		if _, err := w.AddMap(&s); err != nil {
			t.Fatal(err)
		}
	}
	m = w.NewMachine()
	m.Env = env
	if err := m.Setup(typ, &Input{Packet: make([]byte, 60)}); err != nil {
		t.Fatal(err)
	}
	return m, m.OpenFrame(0, mem.RW) - 512
}

// want calls a helper and compares r0.
func want(t *testing.T, m *Machine, name string, r0 int64, args ...uint64) {
	t.Helper()
	var a [5]uint64
	copy(a[:], args)
	got, f := HelperByName(name).Call(m, &a)
	if f.Kind != NoFault || int64(got) != r0 {
		t.Errorf("%s(%#x) = %d, %v; want %d", name, args, int64(got), f, r0)
	}
}

func at(m *Machine, addr uint64, n uint32) []byte { return m.Mem.Bytes(uint32(addr), n) }

// TestTaskHelpers: tgid and gid are in the upper halves (bpf_get_current_pid_tgid and
// bpf_get_current_uid_gid in kernel/bpf/helpers.c), a name is cut and ends with a NUL
// (strscpy_pad), groups are ancestors or the task's own (task_under_cgroup_hierarchy).
func TestTaskHelpers(t *testing.T) {
	env := DefaultEnv()
	env.Task = Task{PID: 12, TGID: 34, UID: 56, GID: 78, Comm: "a name of too many bytes", Cgroups: []uint64{1, 7, 9}}
	m, buf := envMachine(t, hook.Kprobe, env)
	want(t, m, "get_current_pid_tgid", 34<<32|12)
	want(t, m, "get_current_uid_gid", 78<<32|56)
	want(t, m, "get_current_comm", 0, buf, 16)
	if got := string(at(m, buf, 16)); got != "a name of too m\x00" {
		t.Errorf("comm %q", got)
	}
	want(t, m, "get_current_comm", 0, buf, 4)
	if got := string(at(m, buf, 5)); got != "a n\x00m" {
		t.Errorf("comm %q", got)
	}
	want(t, m, "get_current_cgroup_id", 9)
	want(t, m, "get_current_ancestor_cgroup_id", 1, 0)
	want(t, m, "get_current_ancestor_cgroup_id", 0, 3)
	want(t, m, "current_task_under_cgroup", 1, MapAddress(0), 1)
	want(t, m, "current_task_under_cgroup", -11, MapAddress(0), 0)
	want(t, m, "current_task_under_cgroup", -7, MapAddress(0), 3)
	m.Env.Task.Cgroups = []uint64{1, 9}
	want(t, m, "current_task_under_cgroup", 0, MapAddress(0), 1)
	want(t, m, "get_ns_current_pid_tgid", 0, 0, 0, buf, 8)
	if b := at(m, buf, 8); b[0] != 12 || b[4] != 34 {
		t.Errorf("pids in the namespace: %x", b)
	}
	want(t, m, "get_ns_current_pid_tgid", -22, 1, 0, buf, 8)
	want(t, m, "send_signal", 0, 9)
	want(t, m, "send_signal", -22, 65)
	if len(m.Events) != 1 || m.Events[0].Kind != Signal || m.Events[0].Index != 9 {
		t.Errorf("events %v", m.Events)
	}
}

// TestStackHelpers: frames are left out from the innermost (bpf_get_stackid and
// bpf_get_stack in kernel/bpf/stackmap.c).
func TestStackHelpers(t *testing.T) {
	env := DefaultEnv()
	env.Kernel, env.User, env.FuncIP, env.Cookie = []uint64{1, 2, 3}, []uint64{4}, 99, 98
	m, buf := envMachine(t, hook.Kprobe, env)
	want(t, m, "get_func_ip", 99, m.R1)
	want(t, m, "get_attach_cookie", 98, m.R1)
	want(t, m, "get_stack", 16, m.R1, buf, 40, 1)
	if b := at(m, buf, 24); b[0] != 2 || b[8] != 3 || b[16] != 0 {
		t.Errorf("stack %x", b)
	}
	want(t, m, "get_stack", 8, m.R1, buf, 40, maps.StackUser)
	want(t, m, "get_stack", -14, m.R1, buf, 40, 3)
	want(t, m, "get_stack", -22, m.R1, buf, 40, 1<<15)
	want(t, m, "get_stack", -22, m.R1, buf, 39, 0)
	id, _ := HelperByName("get_stackid").Call(m, &[5]uint64{m.R1, MapAddress(1), 1})
	if e := m.World.Maps[1].Entries(nil); id > 3 || len(e) != 1 || e[0].Value[0] != 2 || e[0].Value[8] != 3 {
		t.Errorf("stack %d of %v", id, e)
	}
	want(t, m, "get_stackid", int64(id), m.R1, MapAddress(1), 1)
	want(t, m, "get_stackid", -14, m.R1, MapAddress(1), maps.StackUser|1)
	if _, f := HelperByName("get_stackid").Call(m, &[5]uint64{m.R1, MapAddress(2)}); f.Kind != FaultHelper {
		t.Errorf("stacks in an array: %v", f)
	}
}

// TestRoutes: bpf_fib_lookup takes the longest prefix, gives the neighbour's addresses, and
// says when a packet is too long (bpf_ipv4_fib_lookup in net/core/filter.c).
func TestRoutes(t *testing.T) {
	env := DefaultEnv()
	env.Routes = []Route{
		{Prefix: netip.MustParsePrefix("10.0.0.0/8"), Ifindex: 3, Gateway: netip.MustParseAddr("10.9.9.9"), DMAC: [6]byte{1, 2, 3, 4, 5, 6}, MTU: 1500},
		{Prefix: netip.MustParsePrefix("10.1.0.0/16"), Code: 2}, // unreachable
		{Prefix: netip.MustParsePrefix("fd00::/8"), Ifindex: 4},
	}
	m, buf := envMachine(t, hook.XDP, env)
	ask := func(dst string, length uint16, ifindex uint32) []byte {
		p := at(m, buf, 64)
		clear(p)
		a := netip.MustParseAddr(dst)
		p[0] = afInet
		if a.Is6() {
			p[0] = afInet6
		}
		copy(p[32:], a.AsSlice())
		binary.LittleEndian.PutUint16(p[6:], length)
		binary.LittleEndian.PutUint32(p[8:], ifindex)
		return p
	}
	p := ask("10.2.3.4", 100, 1)
	want(t, m, "fib_lookup", 0, m.R1, buf, 64, 0)
	if p[8] != 3 || string(p[58:]) != "\x01\x02\x03\x04\x05\x06" || string(p[32:36]) != "\x0a\x09\x09\x09" || binary.LittleEndian.Uint16(p[6:]) != 1500 {
		t.Errorf("found %x", p)
	}
	p = ask("10.2.3.4", 1501, 1)
	want(t, m, "fib_lookup", 8, m.R1, buf, 64, 0) // BPF_FIB_LKUP_RET_FRAG_NEEDED
	if binary.LittleEndian.Uint16(p[6:]) != 1500 {
		t.Errorf("mtu_result %x", p[6:8])
	}
	ask("10.1.3.4", 0, 1)
	want(t, m, "fib_lookup", 2, m.R1, buf, 64, 0)
	ask("11.1.3.4", 0, 1)
	want(t, m, "fib_lookup", 4, m.R1, buf, 64, 0) // BPF_FIB_LKUP_RET_NOT_FWDED
	ask("10.1.3.4", 0, 2)
	want(t, m, "fib_lookup", -19, m.R1, buf, 64, 0)
	p = ask("fd00::1", 0, 1)
	want(t, m, "fib_lookup", 0, m.R1, buf, 64, 0)
	if p[8] != 4 || p[32] != 0xfd {
		t.Errorf("found %x", p)
	}
}

// TestSockets: a connected socket goes before one that listens (__inet_lookup in
// net/ipv4/inet_hashtables.c), and a program reads struct bpf_sock of what it found.
func TestSockets(t *testing.T) {
	env := DefaultEnv()
	local := netip.MustParseAddrPort("10.0.0.2:80")
	env.Sockets = []Socket{
		{Protocol: 6, Local: netip.MustParseAddrPort("0.0.0.0:80"), Cookie: 1, Mark: 5},
		{Protocol: 6, Local: local, Remote: netip.MustParseAddrPort("10.0.0.1:4000"), Cookie: 2, UID: 9},
		{Protocol: 17, Local: netip.MustParseAddrPort("[::]:53"), Cookie: 3},
	}
	m, buf := envMachine(t, hook.SchedCLS, env)
	copy(at(m, buf, 12), []byte{10, 0, 0, 1, 10, 0, 0, 2, 0x0f, 0xa0, 0, 80})
	find := func(name string, size uint64) uint64 {
		r0, f := HelperByName(name).Call(m, &[5]uint64{m.R1, buf, size, ^uint64(0), 0})
		if f.Kind != NoFault {
			t.Fatal(f)
		}
		return r0
	}
	sk := find("sk_lookup_tcp", 12)
	want(t, m, "get_socket_cookie", 2, sk)
	want(t, m, "get_socket_uid", 65534, m.R1) // no socket: overflowuid
	want(t, m, "get_listener_sock", 0, sk)
	if b := at(m, sk, 80); b[4] != afInet || b[8] != 1 || b[12] != 6 || string(b[24:28]) != "\x0a\x00\x00\x02" || binary.LittleEndian.Uint32(b[44:]) != 80 ||
		binary.BigEndian.Uint16(b[48:]) != 4000 || b[72] != 1 {
		t.Errorf("struct bpf_sock %x", b)
	}
	if !m.Mem.Can(sk, 50, mem.Read) || m.Mem.Can(sk, 1, mem.Write) {
		t.Error("a socket can be read, and not written")
	}
	at(m, buf, 12)[9]++ // another port
	sk = find("skc_lookup_tcp", 12)
	want(t, m, "get_socket_cookie", 1, sk)
	want(t, m, "get_listener_sock", int64(sk), sk)
	want(t, m, "sk_assign", 0, m.R1, sk, 0)
	want(t, m, "sk_assign", -22, m.R1, sk, 1)
	want(t, m, "sk_release", 0, sk)
	if e := m.Events[len(m.Events)-1]; e.Kind != Assign || e.Index != 1 {
		t.Errorf("event %s", &e)
	}
	if find("sk_lookup_udp", 12) != 0 || find("sk_lookup_tcp", 13) != 0 {
		t.Error("found a socket that is not there")
	}
	if _, f := HelperByName("sk_release").Call(m, &[5]uint64{sk + 8}); f.Kind != FaultHelper {
		t.Errorf("release of no socket: %v", f)
	}
	for range maxSocks { // one more than there is room for
		sk = find("sk_lookup_tcp", 12)
	}
	if sk != 0 {
		t.Errorf("too many sockets: %#x", sk)
	}
}

// TestSockOptions: an event's socket keeps options; flags of callbacks that Linux does not
// know come back (bpf_sock_ops_cb_flags_set in net/core/filter.c).
func TestSockOptions(t *testing.T) {
	env := DefaultEnv()
	env.Socket = &Socket{Protocol: 6, Local: netip.MustParseAddrPort("10.0.0.2:80"), Cookie: 5}
	m, buf := envMachine(t, hook.SockOps, env)
	copy(at(m, buf, 4), "abcd")
	want(t, m, "getsockopt", -22, m.R1, 6, 13, buf+8, 4)
	want(t, m, "setsockopt", 0, m.R1, 6, 13, buf, 4)
	want(t, m, "getsockopt", 0, m.R1, 6, 13, buf+8, 4)
	if got := string(at(m, buf+8, 4)); got != "abcd" {
		t.Errorf("option %q", got)
	}
	want(t, m, "get_socket_cookie", 5, m.R1)
	if sk := binary.LittleEndian.Uint64(at(m, m.R1+184, 8)); !m.Mem.Can(sk, 44, mem.Read) {
		t.Errorf("sk is %#x", sk)
	}
	want(t, m, "sock_ops_cb_flags_set", -22, m.R1, 3) // not a full socket
	binary.LittleEndian.PutUint32(at(m, m.R1+72, 4), 1)
	want(t, m, "sock_ops_cb_flags_set", 0x80, m.R1, 0x83)
	if got := at(m, m.R1+84, 4)[0]; got != 3 {
		t.Errorf("flags %#x", got)
	}
	want(t, m, "set_retval", 0, ^uint64(0))
	want(t, m, "get_retval", -1)
}

// TestSysctl: names with and without their directory, values cut with -E2BIG
// (bpf_sysctl_get_name, copy_sysctl_value in kernel/bpf/cgroup.c).
func TestSysctl(t *testing.T) {
	env := DefaultEnv()
	env.Sysctl = &Sysctl{Name: "net/ipv4/tcp_mem", Current: "1 2 3", New: "4"}
	m, buf := envMachine(t, hook.CgroupSysctl, env)
	want(t, m, "sysctl_get_name", 16, m.R1, buf, 32, 0)
	want(t, m, "sysctl_get_name", 7, m.R1, buf, 32, 1)
	if got := string(at(m, buf, 9)); got != "tcp_mem\x00\x00" {
		t.Errorf("name %q", got)
	}
	want(t, m, "sysctl_get_current_value", -7, m.R1, buf, 4)
	if got := string(at(m, buf, 4)); got != "1 2\x00" {
		t.Errorf("value %q", got)
	}
	want(t, m, "sysctl_get_new_value", 1, m.R1, buf, 4)
	want(t, m, "sysctl_set_new_value", 0, m.R1, buf, 1)
	if m.Env.Sysctl.Override != "4" {
		t.Errorf("override %q", m.Env.Sysctl.Override)
	}
	m.Env.Sysctl.New = ""
	want(t, m, "sysctl_set_new_value", -22, m.R1, buf, 1)
}

// TestSpinLock: one lock at a time, and only its holder gives it back; the end of a run does too.
func TestSpinLock(t *testing.T) {
	m, _ := envMachine(t, hook.SchedCLS, DefaultEnv())
	lock, unlock := HelperByName("spin_lock"), HelperByName("spin_unlock")
	addr, _ := m.World.Maps[2].ValueAt(0)
	value := uint64(addr)
	for i, step := range []struct {
		h     *Helper
		at    uint64
		fault FaultKind
	}{
		{unlock, value, FaultHelper},
		{lock, value, NoFault},
		{lock, value + 8, FaultHelper},
		{unlock, value + 8, FaultHelper},
		{unlock, value, NoFault},
		{lock, m.R1, FaultWrite},
		{lock, value, NoFault},
	} {
		if _, f := step.h.Call(m, &[5]uint64{step.at}); f.Kind != step.fault {
			t.Errorf("step %d: %v, want %s", i, f, step.fault)
		}
	}
	var o Outcome
	m.Observe(Result{}, &o)
	if _, f := lock.Call(m, &[5]uint64{value}); f.Kind != NoFault {
		t.Errorf("after the run: %v", f)
	}
}

// TestClocks: TAI is 37 s ahead, jiffies begin five minutes before they wrap
// (INITIAL_JIFFIES), the coarse clock has the grain of a jiffy.
func TestClocks(t *testing.T) {
	env := DefaultEnv()
	env.Now, env.Boot = func() uint64 { return 10_000_001 }, 5
	m, _ := envMachine(t, hook.Kprobe, env)
	want(t, m, "ktime_get_ns", 10_000_001)
	want(t, m, "ktime_get_boot_ns", 10_000_006)
	want(t, m, "ktime_get_coarse_ns", 8_000_000)
	want(t, m, "ktime_get_tai_ns", 37_010_000_006)
	want(t, m, "jiffies64", 1<<32-75_000+2)
}
