package release

// A refusal is a helper that a type of program is offered and that a later check forbids it. Reason is
// the kernel's message, but for names of helpers and numbers of types.
type refusal struct {
	id     int32
	hooks  func(*Hook) bool
	reason string
}

var (
	tracingTypes = ofType(Kprobe, Tracepoint, PerfEvent, RawTracepoint, RawTracepointWritable)
	notFuncIP    = func(h *Hook) bool {
		return h.Type != Kprobe && !named("tracing/fentry", "tracing/fexit", "tracing/fmod_ret")(h)
	}
)

var refusals = []refusal{
	{93, ofType(SocketFilter), "socket filter progs cannot use bpf_spin_lock yet"},
	{94, ofType(SocketFilter), "socket filter progs cannot use bpf_spin_lock yet"},
	{93, tracingTypes, "tracing progs cannot use bpf_spin_lock yet"},
	{94, tracingTypes, "tracing progs cannot use bpf_spin_lock yet"},
	{169, tracingTypes, "tracing progs cannot use bpf_timer yet"},
	{170, tracingTypes, "tracing progs cannot use bpf_timer yet"},
	{171, tracingTypes, "tracing progs cannot use bpf_timer yet"},
	{172, tracingTypes, "tracing progs cannot use bpf_timer yet"},
	{173, notFuncIP, "not supported for program type"},
}

// Refused says why programs that are offered a helper may not call it all the same; "" if they may.
func (r *Release) Refused(id int32, t ProgType, attach uint32) string {
	i := hookIndex(t, attach)
	if i < 0 {
		return ""
	}
	for _, x := range refusals {
		if x.id == id && x.hooks(&Hooks[i]) {
			return x.reason
		}
	}
	return ""
}
