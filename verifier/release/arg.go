package release

import "fmt"

// ArgKind is what a helper wants in a register.
type ArgKind uint8

// Kinds of arguments. The word behind each is the kernel's for it (enum bpf_arg_type).
const (
	None       ArgKind = iota // not looked at: may be unwritten (ARG_DONTCARE)
	Anything                  // any readable register; of the unprivileged only a scalar (ARG_ANYTHING)
	Ctx                       // the program's context, unmodified (ARG_PTR_TO_CTX)
	ConstMap                  // a map, from LDDW (ARG_CONST_MAP_PTR)
	MapKey                    // key_size readable bytes; the map is an earlier argument (ARG_PTR_TO_MAP_KEY)
	MapValue                  // value_size bytes (ARG_PTR_TO_MAP_VALUE)
	Mem                       // as many bytes as the next argument says (ARG_PTR_TO_MEM)
	FixedMem                  // Arg.Size bytes (ARG_PTR_TO_FIXED_SIZE_MEM, ARG_PTR_TO_LONG)
	ConstSize                 // a bounded scalar: size of the Mem before it (ARG_CONST_SIZE)
	AllocSize                 // a known scalar: size of the memory that is returned (ARG_CONST_ALLOC_SIZE_OR_ZERO)
	StackPtr                  // a pointer into the stack, for a callback (ARG_PTR_TO_STACK)
	Func                      // a callback, from LDDW (ARG_PTR_TO_FUNC)
	ConstStr                  // a string that ends within a read-only, frozen map value (ARG_PTR_TO_CONST_STR)
	SpinLock                  // a struct bpf_spin_lock in a map value or an allocated object (ARG_PTR_TO_SPIN_LOCK)
	Timer                     // a struct bpf_timer in a map value (ARG_PTR_TO_TIMER)
	KptrField                 // a kptr field of a map value or an allocated object (ARG_PTR_TO_KPTR)
	Dynptr                    // a struct bpf_dynptr on the stack (ARG_PTR_TO_DYNPTR)
	SockCommon                // a sock_common, or more than that (ARG_PTR_TO_SOCK_COMMON)
	Socket                    // a full socket (ARG_PTR_TO_SOCKET)
	BTFSock                   // a sock_common, or a BTF pointer to one (ARG_PTR_TO_BTF_ID_SOCK_COMMON)
	BTFPtr                    // a trusted BTF pointer to Arg.BTF (ARG_PTR_TO_BTF_ID)
	PerCPUVar                 // a BTF pointer to a per-CPU variable of the kernel's (ARG_PTR_TO_PERCPU_BTF_ID)
	RingMem                   // what bpf_ringbuf_reserve gave, unmodified (ARG_PTR_TO_RINGBUF_MEM)
)

var argKindNames = [...]string{
	"none", "anything", "ctx", "const map", "map key", "map value", "mem", "fixed mem", "const size", "alloc size",
	"stack", "func", "const str", "spin lock", "timer", "kptr field", "dynptr", "sock_common", "socket", "btf sock", "btf ptr",
	"per-cpu var", "ringbuf mem",
}

func (k ArgKind) String() string {
	if int(k) < len(argKindNames) {
		return argKindNames[k]
	}
	return fmt.Sprintf("ArgKind(%d)", uint8(k))
}

// Access is what a helper does to memory.
type Access uint8

// Kinds of access. Out is the kernel's MEM_UNINIT: the bytes need not have been written before, and
// are written afterwards.
const (
	In Access = iota
	Out
	InOut
)

func (a Access) String() string { return [...]string{"in", "out", "in/out"}[a] }

// Arg is one argument. Only Kind is always of use.
type Arg struct {
	Kind    ArgKind
	OrNull  bool   // a scalar 0 will do instead
	OrZero  bool   // of ConstSize: may be 0
	Release bool   // the reference ends with the call
	Aligned bool   // of FixedMem: aligned to its size
	InMap   bool   // of Mem: a map value, nothing else
	Scalar  bool   // of Anything: no pointer
	Access  Access // of memory, map values and dynptrs
	Size    uint32 // of FixedMem
	BTF     string // of BTFPtr: the kernel's struct; of Dynptr: "ringbuf", "local" or "" for any
}

// Pointer reports whether the argument is an address.
func (a Arg) Pointer() bool {
	switch a.Kind {
	case None, Anything, ConstSize, AllocSize:
		return false
	}
	return true
}

func (a Arg) String() string {
	s := a.Kind.String()
	if a.Access != In {
		s = a.Access.String() + " " + s
	}
	switch {
	case a.Kind == FixedMem:
		s += fmt.Sprintf("[%d]", a.Size)
	case a.BTF != "":
		s += " " + a.BTF
	}
	if a.Scalar {
		s = "scalar"
	}
	if a.InMap {
		s += " in a map"
	}
	if a.OrNull {
		s += " or null"
	}
	if a.OrZero {
		s += " or 0"
	}
	if a.Release {
		s += ", released"
	}
	return s
}

// The words that the tables of helpers are written in.
var (
	anything    = Arg{Kind: Anything}
	scalar      = Arg{Kind: Anything, Scalar: true}
	ctx         = Arg{Kind: Ctx}
	ctxOrNull   = Arg{Kind: Ctx, OrNull: true}
	constMap    = Arg{Kind: ConstMap}
	mapKey      = Arg{Kind: MapKey}
	mapValue    = Arg{Kind: MapValue}
	valueOut    = Arg{Kind: MapValue, Access: Out}
	valueOrNull = Arg{Kind: MapValue, OrNull: true}
	memIn       = Arg{Kind: Mem}
	memInOrNull = Arg{Kind: Mem, OrNull: true}
	memOut      = Arg{Kind: Mem, Access: Out}
	outOrNull   = Arg{Kind: Mem, Access: Out, OrNull: true}
	memInOut    = Arg{Kind: Mem, Access: InOut}
	longIn      = Arg{Kind: FixedMem, Size: 8, Aligned: true}
	longOut     = Arg{Kind: FixedMem, Access: Out, Size: 8, Aligned: true}
	size        = Arg{Kind: ConstSize}
	sizeOrZero  = Arg{Kind: ConstSize, OrZero: true}
	allocSize   = Arg{Kind: AllocSize, OrZero: true}
	stackOrNull = Arg{Kind: StackPtr, OrNull: true}
	callback    = Arg{Kind: Func}
	constStr    = Arg{Kind: ConstStr}
	spinLock    = Arg{Kind: SpinLock}
	timer       = Arg{Kind: Timer}
	dynptr      = Arg{Kind: Dynptr}
	sockCommon  = Arg{Kind: SockCommon}
	btfSock     = Arg{Kind: BTFSock}
	ringMem     = Arg{Kind: RingMem, Release: true}
)

func fixed(n uint32, a Access) Arg { return Arg{Kind: FixedMem, Size: n, Access: a} }
func pointerTo(s string) Arg       { return Arg{Kind: BTFPtr, BTF: s} }
func pointerOrNull(s string) Arg   { return Arg{Kind: BTFPtr, BTF: s, OrNull: true} }
