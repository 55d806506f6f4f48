package sysbpf

import "syscall"

// ENOTSUPP is the kernel's own "not supported", which no C library knows.
const ENOTSUPP = syscall.Errno(524)

// Flags of maps and programs (include/uapi/linux/bpf.h).
const (
	MapMmapable   = 1 << 10 // BPF_F_MMAPABLE
	ProgSleepable = 1 << 4  // BPF_F_SLEEPABLE
)

// Map is what BPF_MAP_CREATE takes.
type Map struct {
	Type, KeySize, ValueSize, MaxEntries, Flags uint32
	InnerFD                                     uint32 // a map like those in a map of maps
	Extra                                       uint64 // map_extra: of a bloom filter, hash functions
	BTF                                         int    // descriptor of the BTF object that the next two are of; 0: none
	KeyType, ValueType                          uint32
}

// Prog is what BPF_PROG_LOAD takes.
type Prog struct {
	Type     uint32
	Flags    uint32
	Code     []byte // slots of 8 bytes
	BTF      int    // descriptor of the BTF object that FuncInfo refers to; 0: none
	FuncInfo []FuncInfo
	FDs      []int32 // what LDDW sources 5 and 6 index
	LogLevel uint32  // 0: no log
	Log      []byte  // where the log goes

	License   string // empty: GPL
	Attach    uint32 // expected_attach_type
	AttachBTF uint32 // attach_btf_id, of the kernel's BTF
}

// FuncInfo says that a function starts at a slot (struct bpf_func_info).
type FuncInfo struct{ Slot, TypeID uint32 }

// Run is what BPF_PROG_TEST_RUN takes and gives. The lengths of DataOut and CtxOut
// are capacities before, sizes after.
type Run struct {
	Data, Ctx       []byte
	DataOut, CtxOut []byte
	Retval          uint32
}

// Info is what the kernel tells of a loaded program.
type Info struct {
	Xlated   []byte // instructions after the verifier's rewriting, in the kernel's order
	JIT      []byte // native code; nil if this process may not see it
	JITLen   uint32 // 0: the interpreter runs it
	Verified uint32 // instructions that the verifier has looked at; 0 before 5.16
}
