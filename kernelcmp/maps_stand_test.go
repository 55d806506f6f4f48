//go:build linux

package kernelcmp

import (
	"bytes"
	"encoding/binary"
	"net"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/sysbpf"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// stand has what maps in the kernel need to hold: objects number 0 and 1 are good
// ones, 2 is one that does not fit, 3 is none.
type stand struct {
	t       *testing.T
	cpus    uint32
	progs   []int
	inner   []int
	ids     map[maps.Type][]uint64 // what a lookup shows of the objects
	perf    []int
	cgroups []int
	socks   []int
	xsk     []int
	why     map[maps.Type]string
	ops     atomic.Int64 // operations done by mapOp
	good    atomic.Int64 // those without an error
}

var (
	innerGood = maps.Spec{Name: "inner", Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 2}
	innerBad  = maps.Spec{Name: "longer", Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 3}
)

func newStand(t *testing.T) *stand {
	st := &stand{t: t, cpus: cpus(), why: map[maps.Type]string{}, ids: map[maps.Type][]uint64{}}
	for _, s := range []*maps.Spec{&innerGood, &innerGood, &innerBad} {
		fd := st.must(st.create(s))
		id, err := sysbpf.ID(fd)
		if err != nil {
			t.Fatal(err)
		}
		st.inner = append(st.inner, fd)
		for _, t := range []maps.Type{maps.ArrayOfMaps, maps.HashOfMaps} {
			st.ids[t] = append(st.ids[t], uint64(id))
		}
	}
	for range 2 {
		code := spec.Encode([]spec.Insn{mov(0, 0), exit}, hostOrder)
		fd := st.must(sysbpf.LoadProg(&sysbpf.Prog{Type: uint32(hook.SocketFilter), Code: code}))
		id, err := sysbpf.ID(fd)
		if err != nil {
			t.Fatal(err)
		}
		st.progs, st.ids[maps.ProgArray] = append(st.progs, fd), append(st.ids[maps.ProgArray], uint64(id))
	}
	for cpu := range st.cpus {
		fd, err := sysbpf.OutputEvent(int(cpu))
		if err != nil {
			st.why[maps.PerfEventArray] = "needs perf_event_open: " + err.Error()
			break
		}
		st.perf = append(st.perf, st.must(fd, nil))
	}
	st.groups()
	st.sockets()
	for _, typ := range []maps.Type{maps.SockMap, maps.SockHash, maps.XSKMap, maps.CPUMap, maps.DevMap, maps.StackTrace} {
		s := maps.Spec{Type: typ, KeySize: 4, ValueSize: 4, MaxEntries: 1}
		if typ == maps.StackTrace {
			s.ValueSize = 8
		}
		fd, err := st.create(&s)
		if err != nil {
			st.why[typ] = "needs a kernel with " + typ.String() + ": " + err.Error()
			continue
		}
		if typ == maps.StackTrace && sysbpf.LookupAndDelete(fd, u32(0), make([]byte, 8), 0) == sysbpf.ENOTSUPP {
			st.why[typ] = "needs a kernel since 6.18, which looks up and deletes in one call"
		}
		sysbpf.Close(fd)
	}
	return st
}

// groups opens the root of the control groups twice, through a mount of its own that nobody
// else sees. No call tells one group from another.
func (st *stand) groups() {
	need := func(err error) bool {
		if err != nil {
			st.why[maps.CgroupArray] = "needs control groups of version 2: " + err.Error()
		}
		return err != nil
	}
	fs, err := unix.Fsopen("cgroup2", unix.FSOPEN_CLOEXEC)
	if need(err) {
		return
	}
	defer sysbpf.Close(fs)
	if need(unix.FsconfigCreate(fs)) {
		return
	}
	mount, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, 0)
	if need(err) {
		return
	}
	st.must(mount, nil)
	for range 2 {
		fd, err := unix.Openat(mount, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if need(err) {
			return
		}
		st.cgroups = append(st.cgroups, st.must(fd, nil))
	}
}

// sockets opens UDP and AF_XDP sockets.
func (st *stand) sockets() {
	for range 2 {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			st.t.Fatal(err)
		}
		f, err := c.File()
		if err != nil {
			st.t.Fatal(err)
		}
		st.t.Cleanup(func() { c.Close(); f.Close() })
		st.socks = append(st.socks, int(f.Fd()))
		cookie, err := unix.GetsockoptUint64(int(f.Fd()), unix.SOL_SOCKET, unix.SO_COOKIE)
		if err != nil {
			st.t.Fatal(err)
		}
		for _, t := range []maps.Type{maps.SockMap, maps.SockHash} {
			st.ids[t] = append(st.ids[t], cookie)
		}
		fd, err := unix.Socket(unix.AF_XDP, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			st.why[maps.XSKMap] = "needs AF_XDP: " + err.Error()
			continue
		}
		st.xsk = append(st.xsk, st.must(fd, nil))
	}
}

func (st *stand) must(fd int, err error) int {
	st.t.Helper()
	if err != nil {
		st.t.Fatal(err)
	}
	st.t.Cleanup(func() { sysbpf.Close(fd) })
	return fd
}

func (st *stand) lacks(t maps.Type) string { return st.why[t] }

// create makes the kernel's map.
func (st *stand) create(s *maps.Spec) (int, error) {
	m := &sysbpf.Map{Type: uint32(s.Type), KeySize: s.KeySize, ValueSize: s.ValueSize, MaxEntries: s.MaxEntries, Flags: s.Flags, Extra: s.Extra}
	if s.Type == maps.ArrayOfMaps || s.Type == maps.HashOfMaps {
		m.InnerFD = uint32(st.inner[0])
	}
	return sysbpf.CreateMap(m)
}

// others are our maps that maps of maps hold.
func (st *stand) others(m *mem.Memory) []maps.Map {
	var all []maps.Map
	for i, s := range []*maps.Spec{&innerGood, &innerGood, &innerBad} {
		x, err := maps.New(s, maps.Place{Mem: m, Base: mem.ValueBase + uint32(i)<<12, CPUs: st.cpus})
		if err != nil {
			st.t.Fatal(err)
		}
		all = append(all, x)
	}
	return all
}

func (st *stand) valueSize(s *maps.Spec) int {
	if s.Type.PerCPU() {
		return int((s.ValueSize + 7) &^ 7 * st.cpus)
	}
	return int(s.ValueSize)
}

// toKernel replaces the number of an object by a descriptor of one.
func (st *stand) toKernel(s *maps.Spec, value []byte) []byte {
	var fds []int
	first := 0
	switch s.Type {
	case maps.ProgArray:
		fds = st.progs
	case maps.ArrayOfMaps, maps.HashOfMaps:
		fds = st.inner
	case maps.PerfEventArray:
		fds = st.perf
	case maps.CgroupArray:
		fds = st.cgroups
	case maps.SockMap, maps.SockHash:
		fds, first = st.socks, 1
	case maps.XSKMap:
		fds, first = st.xsk, 1
	default:
		return value
	}
	v := bytes.Clone(value)
	fd := uint32(1 << 20)
	if n := int(binary.NativeEndian.Uint32(value)) - first; n >= 0 && n < len(fds) {
		fd = uint32(fds[n])
	}
	binary.NativeEndian.PutUint32(v, fd)
	return v
}

// fromKernel replaces the id of an object by our number.
func (st *stand) fromKernel(s *maps.Spec, value []byte) []byte {
	wide := append(bytes.Clone(value), 0, 0, 0, 0)
	for n, id := range st.ids[s.Type] {
		if binary.NativeEndian.Uint64(wide) != id {
			continue
		}
		if s.Type == maps.SockMap || s.Type == maps.SockHash {
			n++
		}
		clear(value)
		binary.NativeEndian.PutUint32(value, uint32(n))
		break
	}
	return value
}
