//go:build linux && (amd64 || arm64 || loong64 || ppc64 || ppc64le || riscv64 || s390x)

package sysbpf

import (
	"bytes"
	"runtime"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// call is bpf(2). Pointers stand in attr as unsafe.Pointer, so that the garbage
// collector and growing stacks see them; hence only 64-bit machines.
func call[A any](cmd int, attr *A) (int, error) {
	r, _, errno := unix.Syscall(unix.SYS_BPF, uintptr(cmd), uintptr(unsafe.Pointer(attr)), unsafe.Sizeof(*attr))
	runtime.KeepAlive(attr)
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}

// ptr is nil for an empty slice: test run takes an address for a wish.
func ptr[T any](s []T) unsafe.Pointer {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Pointer(unsafe.SliceData(s))
}

// CreateMap makes a map. The caller closes it.
func CreateMap(m *Map) (fd int, err error) {
	attr := struct {
		mapType, keySize, valueSize, maxEntries, flags, inner uint32
		_                                                     [6]uint32 // NUMA node, name, device
		btf, keyType, valueType, vmlinuxType                  uint32
		extra                                                 uint64
	}{
		mapType: m.Type, keySize: m.KeySize, valueSize: m.ValueSize, maxEntries: m.MaxEntries, flags: m.Flags, inner: m.InnerFD,
		btf: uint32(m.BTF), keyType: m.KeyType, valueType: m.ValueType, extra: m.Extra,
	}
	return call(unix.BPF_MAP_CREATE, &attr)
}

// element is what the calls for one element of a map take. For NextKey, value is
// where the next key goes.
func element(cmd, fd int, key, value []byte, flags uint64) error {
	attr := struct {
		fd         uint32
		_          uint32
		key, value unsafe.Pointer
		flags      uint64
	}{fd: uint32(fd), key: ptr(key), value: ptr(value), flags: flags}
	_, err := call(cmd, &attr)
	return err
}

// UpdateMap writes one element, whether or not it is there already.
func UpdateMap(fd int, key, value []byte) error { return Update(fd, key, value, 0) }

// Update writes one element.
func Update(fd int, key, value []byte, flags uint64) error {
	return element(unix.BPF_MAP_UPDATE_ELEM, fd, key, value, flags)
}

// Lookup reads one element.
func Lookup(fd int, key, value []byte, flags uint64) error {
	return element(unix.BPF_MAP_LOOKUP_ELEM, fd, key, value, flags)
}

// LookupAndDelete reads one element and removes it.
func LookupAndDelete(fd int, key, value []byte, flags uint64) error {
	return element(unix.BPF_MAP_LOOKUP_AND_DELETE_ELEM, fd, key, value, flags)
}

// Delete removes one element.
func Delete(fd int, key []byte) error {
	return element(unix.BPF_MAP_DELETE_ELEM, fd, key, nil, 0)
}

// NextKey gives the key after key, or the first one for nil.
func NextKey(fd int, key, next []byte) error {
	return element(unix.BPF_MAP_GET_NEXT_KEY, fd, key, next, 0)
}

// Freeze ends changes from user space.
func Freeze(fd int) error { return element(unix.BPF_MAP_FREEZE, fd, nil, nil, 0) }

// ID is the number that a lookup in a map of maps or programs gives.
func ID(fd int) (uint32, error) {
	var info struct {
		typ, id uint32
		_       [30]uint32
	}
	err := objInfo(fd, &info)
	return info.id, err
}

// ProgramInfo is what the kernel tells of a loaded program: its rewritten instructions,
// as it lets this process see them, and what its JIT made of them. The bytes of the
// JIT are only for those who may see addresses of the kernel.
func ProgramInfo(fd int) (p Info, err error) {
	var info progInfo
	if err := objInfo(fd, &info); err != nil {
		return Info{}, err
	}
	p.JITLen, p.Verified = info.jitedLen, info.verified
	p.Xlated, p.JIT = make([]byte, info.xlatedLen), make([]byte, info.jitedLen)
	info = progInfo{xlatedLen: info.xlatedLen, jitedLen: info.jitedLen, xlated: ptr(p.Xlated), jited: ptr(p.JIT)}
	if err := objInfo(fd, &info); err != nil {
		return Info{}, err
	}
	p.Xlated = p.Xlated[:min(int(info.xlatedLen), len(p.Xlated))]
	if info.jited == nil || !slices.ContainsFunc(p.JIT, func(b byte) bool { return b != 0 }) {
		p.JIT = nil
	}
	return p, nil
}

// progInfo is struct bpf_prog_info up to verified_insns, which kernels since 5.16 have.
type progInfo struct {
	_                   [4]uint32 // type, id, tag
	jitedLen, xlatedLen uint32
	jited, xlated       unsafe.Pointer
	_                   [22]uint64 // load_time to recursion_misses
	verified, _         uint32
}

// objInfo is BPF_OBJ_GET_INFO_BY_FD. A kernel that knows less writes less.
func objInfo[T any](fd int, info *T) error {
	attr := struct {
		fd, size uint32
		info     unsafe.Pointer
	}{uint32(fd), uint32(unsafe.Sizeof(*info)), unsafe.Pointer(info)}
	_, err := call(unix.BPF_OBJ_GET_INFO_BY_FD, &attr)
	runtime.KeepAlive(info)
	return err
}

// LookupBatch reads up to limit elements into keys and values, from where cursor says
// (nil: from the start), and leaves in next where to go on. The error is ENOENT
// with the last of them.
func LookupBatch(fd int, limit uint32, cursor, next, keys, values []byte) (n uint32, err error) {
	attr := struct {
		in, out, keys, values unsafe.Pointer
		count, fd             uint32
		elemFlags, flags      uint64
	}{in: ptr(cursor), out: ptr(next), keys: ptr(keys), values: ptr(values), count: limit, fd: uint32(fd)}
	_, err = call(unix.BPF_MAP_LOOKUP_BATCH, &attr)
	if err != nil && err != syscall.ENOENT { // count is only written in these cases
		return 0, err
	}
	return attr.count, err
}

// MapMemory maps the values of an array that was made with MapMmapable: size bytes,
// rounded up to pages.
func MapMemory(fd, size int, write bool) ([]byte, error) {
	prot := unix.PROT_READ
	if write {
		prot |= unix.PROT_WRITE
	}
	page := unix.Getpagesize()
	return unix.Mmap(fd, 0, (size+page-1)/page*page, prot, unix.MAP_SHARED)
}

// MapRing maps what a ring buffer's producers write: a page that begins with their
// position, then the data, twice.
func MapRing(fd, size int) ([]byte, error) {
	page := unix.Getpagesize()
	return unix.Mmap(fd, int64(page), page+2*size, unix.PROT_READ, unix.MAP_SHARED)
}

// UnmapMemory ends what MapMemory or MapRing began.
func UnmapMemory(b []byte) error { return unix.Munmap(b) }

var license = []byte("GPL\x00")

// LoadProg verifies and loads a program. The caller closes it. The verifier gives
// up with EAGAIN when a signal comes, and Go's scheduler sends signals, so that is
// tried again.
func LoadProg(p *Prog) (fd int, err error) {
	attr := struct {
		progType, insnCnt  uint32
		insns, license     unsafe.Pointer
		logLevel, logSize  uint32
		logBuf             unsafe.Pointer
		kernVersion, flags uint32
		name               [16]byte
		ifindex, attach    uint32
		btfFD, funcRecSize uint32
		funcInfo           unsafe.Pointer
		funcCnt, lineRec   uint32
		lineInfo           unsafe.Pointer
		lineCnt, attachBTF uint32
		attachFD, coreCnt  uint32
		fdArray            unsafe.Pointer
	}{
		progType: p.Type, insnCnt: uint32(len(p.Code) / 8), insns: ptr(p.Code), license: ptr(license),
		flags: p.Flags, fdArray: ptr(p.FDs), attach: p.Attach, attachBTF: p.AttachBTF,
	}
	if p.License != "" {
		attr.license = ptr(append([]byte(p.License), 0))
	}
	if p.LogLevel > 0 {
		attr.logLevel, attr.logSize, attr.logBuf = p.LogLevel, uint32(len(p.Log)), ptr(p.Log)
	}
	if len(p.FuncInfo) > 0 {
		attr.btfFD, attr.funcRecSize = uint32(p.BTF), uint32(unsafe.Sizeof(FuncInfo{}))
		attr.funcInfo, attr.funcCnt = ptr(p.FuncInfo), uint32(len(p.FuncInfo))
	}
	for range 1000 {
		if fd, err = call(unix.BPF_PROG_LOAD, &attr); err != syscall.EAGAIN {
			break
		}
	}
	return fd, err
}

// RunProg runs a program once on an input.
func RunProg(fd int, r *Run) error {
	attr := struct {
		fd, retval        uint32
		dataSize, dataOut uint32
		data, out         unsafe.Pointer
		repeat, duration  uint32
		ctxSize, ctxOut   uint32
		ctx, ctxOutBuf    unsafe.Pointer
		flags, cpu, batch uint32
		_                 uint32
	}{
		fd: uint32(fd), dataSize: uint32(len(r.Data)), data: ptr(r.Data), dataOut: uint32(len(r.DataOut)), out: ptr(r.DataOut),
		ctxSize: uint32(len(r.Ctx)), ctx: ptr(r.Ctx), ctxOut: uint32(len(r.CtxOut)), ctxOutBuf: ptr(r.CtxOut),
	}
	if _, err := call(unix.BPF_PROG_TEST_RUN, &attr); err != nil {
		return err
	}
	r.Retval = attr.retval
	r.DataOut = r.DataOut[:min(int(attr.dataOut), cap(r.DataOut))]
	r.CtxOut = r.CtxOut[:min(int(attr.ctxOut), cap(r.CtxOut))]
	return nil
}

// Attach attaches a program to a map of sockets: sockets put into it afterwards run
// the program.
func Attach(mapFD, progFD int, attachType uint32) error {
	attr := struct{ target, prog, attachType, flags, replace, _ uint32 }{target: uint32(mapFD), prog: uint32(progFD), attachType: attachType}
	_, err := call(unix.BPF_PROG_ATTACH, &attr)
	return err
}

// OutputEvent opens the perf event of a CPU that bpf_perf_event_output writes to.
func OutputEvent(cpu int) (fd int, err error) {
	return unix.PerfEventOpen(&unix.PerfEventAttr{
		Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_BPF_OUTPUT,
		Size: unix.PERF_ATTR_SIZE_VER1, Sample_type: unix.PERF_SAMPLE_RAW,
	}, -1, cpu, -1, unix.PERF_FLAG_FD_CLOEXEC)
}

// Pin keeps this thread on a CPU.
func Pin(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	return unix.SchedSetaffinity(0, &set)
}

// UnlimitMemlock lifts the limit that kernels before 5.11 charge maps and programs to.
func UnlimitMemlock() {
	_ = unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY})
}

// Close closes a descriptor.
func Close(fd int) { unix.Close(fd) }

// Release is the kernel's version, as uname -r shows it.
func Release() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return string(bytes.TrimRight(u.Release[:], "\x00"))
}
