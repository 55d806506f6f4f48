package release

// A refusal is a helper that a type of program is offered and that a later check forbids it. Reason is
// the kernel's message, but for names of helpers and numbers of types.
type refusal struct {
	id     int32
	hooks  func(*Hook) bool
	before [2]int // the first table in which it is not refused; zero: none
	reason string
}

var (
	tracingTypes = ofType(Kprobe, Tracepoint, PerfEvent, RawTracepoint, RawTracepointWritable)
	notFuncIP    = func(h *Hook) bool {
		return h.Type != Kprobe && !named("tracing/fentry", "tracing/fexit", "tracing/fmod_ret")(h)
	}
)

var refusals = []refusal{
	{93, ofType(SocketFilter), [2]int{}, "socket filter progs cannot use bpf_spin_lock yet"},
	{94, ofType(SocketFilter), [2]int{}, "socket filter progs cannot use bpf_spin_lock yet"},
	{93, tracingTypes, [2]int{}, "tracing progs cannot use bpf_spin_lock yet"},
	{94, tracingTypes, [2]int{}, "tracing progs cannot use bpf_spin_lock yet"},
	{169, tracingTypes, [2]int{7, 3}, "tracing progs cannot use bpf_timer yet"},
	{170, tracingTypes, [2]int{7, 3}, "tracing progs cannot use bpf_timer yet"},
	{171, tracingTypes, [2]int{7, 3}, "tracing progs cannot use bpf_timer yet"},
	{172, tracingTypes, [2]int{7, 3}, "tracing progs cannot use bpf_timer yet"},
	{173, notFuncIP, [2]int{}, "not supported for program type"},
}

// Refused says why programs that are offered a helper may not call it all the same; "" if they may.
func (r *Release) Refused(id int32, t ProgType, attach uint32) string {
	i := hookIndex(t, attach)
	if i < 0 {
		return ""
	}
	for _, x := range refusals {
		if x.id == id && x.hooks(&Hooks[i]) && (x.before == [2]int{} || !r.AtLeast(x.before[0], x.before[1])) {
			return x.reason
		}
	}
	return ""
}
