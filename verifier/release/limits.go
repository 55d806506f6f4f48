package release

// Limits are the sizes beyond which a verifier refuses.
type Limits struct {
	Insns             uint32 // of a program, by whoever has CAP_BPF; and how many the verifier looks at
	UnprivilegedInsns uint32 // of a program, without
	Processed         uint32 // instructions that the verifier looks at before it gives up
	Pending           uint32 // branches that wait to be looked at
	Stack             uint32 // bytes, over all frames of a call chain
	Frames            uint32
	Subprograms       uint32
	Maps              uint32 // that a program uses
	TailCalls         uint32 // at run time
	Loops             uint32 // of bpf_loop
	TracepointContext uint32 // bytes that a tracepoint program may read (PERF_MAX_TRACE_SIZE)
}

// SyscallContext is the greatest context of a syscall program: its offsets are 16 bits.
const SyscallContext = 65535

// Limits are those of the release. A test asks for most of them.
func (r *Release) Limits() Limits {
	l := Limits{
		Insns: 1_000_000, UnprivilegedInsns: 4096, Processed: 1_000_000, Pending: 8192,
		Stack: 512, Frames: 8, Subprograms: 256, Maps: 64, TailCalls: 33, Loops: 8 << 20, TracepointContext: 8192,
	}
	if r.AtLeast(7, 3) {
		l.Frames = 16
	}
	return l
}
