package mem

// Where things stand in guest memory. Every World uses the same places, so that
// pointers are equal in all engines and whole states can be compared.
const (
	CodeBase    = 0x0100_0000 // addresses of subprograms, never accessible
	StackBase   = 0x1000_0000 // stacks, StackStride a machine
	ContextBase = 0x2000_0000 // contexts, InputStride a machine
	PacketBase  = 0x3000_0000 // packets, InputStride a machine
	DataBase    = 0x3800_0000 // plain input memory, InputStride a machine
	MapBase     = 0x4000_0000 // map objects, MapStride a map, never accessible
	ValueBase   = 0x5000_0000 // map values, one map after the other
	ValueEnd    = 0x8000_0000
	ArenaBase   = 0x8000_0000 // arenas, up to 1 GiB together
	KernelBase  = 0xc000_0000 // simulated kernel objects, KernelStride a machine

	InputStride = 0x0004_0000 // 256 KiB: the largest packet, context or memory with its red zone
	StackStride = 0x0001_0000
	// KernelStride has room for some sockets.
	KernelStride = 0x1000
	// Headroom is how far a packet may grow before its first byte.
	Headroom  = 1024
	MapStride = 0x100

	// FrameSize is a stack frame; FrameStride the distance between two of them: the
	// rest is red zone.
	FrameSize   = 512
	FrameStride = 1024
	MaxFrames   = 8

	// Guard is how far beyond either end of the window a folded displacement may
	// reach. It is mapped, and never allowed.
	Guard = 64 << 10
	// Size is the size of the window.
	Size = 1 << 32
)

// Perm is a shadow byte: what may be done with one guest byte.
type Perm uint8

// Permission bits and marks of a shadow byte.
const (
	Read  Perm = 1
	Write Perm = 2
	Undef Perm = 4 // nobody has written a defined value here; kept by the reference VM
	RW         = Read | Write
)
