package release_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
)

// A question is a call of a helper, and whether the table says that it is accepted.
type question struct {
	what   string // "good", or the argument that is not and what it is instead
	helper *release.Helper
	load   *kernelcmp.Load
	want   bool
}

// questions are those about a helper at a hook: a call as the table has it, and calls that differ
// from it in one thing.
func (k kernel) questions(hook *release.Hook, result int32, h *release.Helper) (all []question) {
	may := k.release.Refused(h.ID, hook.Type, hook.Attach) == "" && (!h.Has(release.Sleepable) || canSleep(hook))
	ask := func(what string, want bool, change func(b *builder)) {
		if b := k.callWith(hook, result, h, change); b != nil {
			b.sleepable = h.Has(release.Sleepable) && canSleep(hook)
			all = append(all, question{what, h, b.load(), want && may})
		}
	}
	ask("good", true, nil)
	if h.Ret.Kind == release.Void {
		b := k.callWith(hook, result, h, nil)
		if b != nil {
			b.insns = append(b.insns[:len(b.insns)-2], movx(0, 0)) // the exit's r0 = result is left out
			b.emit(exit)
			all = append(all, question{"r0 after the call", h, b.load(), false})
		}
	}
	if hook.BTF == "" && len(all) > 0 {
		l := *all[0].load
		l.License = "Proprietary"
		all = append(all, question{"proprietary", h, &l, may && !h.Has(release.GPL)})
	}
	for i, a := range h.Args {
		r := uint8(i + 1)
		name := fmt.Sprintf("r%d ", r)
		switch {
		case a.Kind == release.None:
			continue
		case a.Kind == release.Anything:
			ask(name+"context", !a.Scalar, func(b *builder) { b.emit(movx(r, 6)) })
			continue
		case a.Kind == release.ConstSize:
			ask(name+"0", a.OrZero, func(b *builder) { b.emit(mov(r, 0)) })
			ask(name+"-1", false, func(b *builder) { b.emit(mov(r, -1)) })
			ask(name+"stack", false, func(b *builder) { b.stack(r, -64) })
			continue
		case a.Kind == release.AllocSize:
			ask(name+"stack", false, func(b *builder) { b.stack(r, -64) })
			continue
		}
		sized := i+1 < 5 && h.Args[i+1].Kind == release.ConstSize
		ask(name+"scalar", false, func(b *builder) { b.emit(mov(r, 7)) })
		if !sized || h.Args[i+1].OrZero {
			ask(name+"null", a.OrNull, func(b *builder) {
				b.emit(mov(r, 0))
				if sized {
					b.emit(mov(r+1, 0))
				}
			})
		}
		if a.Kind != release.Ctx {
			ask(name+"context", (a.Kind == release.Mem || a.Kind == release.FixedMem) && !a.InMap && hook.Type == release.Syscall && k.release.Has(release.SyscallMemory), func(b *builder) { b.emit(movx(r, 6)) })
		}
		ask(name+"map", a.Kind == release.ConstMap, func(b *builder) { b.lddw(r, spec.LDDWMapFD, b.mapIndex(b.mapFor(h.ID))) })
		if isMemory(a.Kind) {
			if a.InMap {
				ask(name+"stack", false, func(b *builder) { b.stack(r, -64) })
			}
			if !a.InMap {
				ask(name+"unwritten stack", a.Access == release.Out || k.release.Has(release.UnwrittenHelper), func(b *builder) { b.stack(r, -320) })
			}
			ask(name+"map value", true, func(b *builder) { b.lddw(r, spec.LDDWMapValue, b.mapIndex(arrayMap)) })
			ask(name+"read-only value", a.Access == release.In, func(b *builder) { b.lddw(r, spec.LDDWMapValue, b.mapIndex(readOnly)) })
			ask(name+"write-only value", a.Access != release.In, func(b *builder) { b.lddw(r, spec.LDDWMapValue, b.mapIndex(writeOnly)) })
		} else if uninit := a.Kind == release.Dynptr && a.Access == release.Out; a.Kind != release.StackPtr && !(uninit && h.Has(release.Acquires)) {
			ask(name+"stack", uninit, func(b *builder) { b.stack(r, -64) })
		}
	}
	return append(all, k.packetQuestions(hook, result, h)...)
}

// canSleep reports whether programs of a hook may be loaded sleepable.
func canSleep(h *release.Hook) bool {
	return h.Type == release.Syscall || h.Type == release.Kprobe || h.Type == release.LSM && h.Attach == 27 || h.Name == "tracing/iter"
}

func isMemory(k release.ArgKind) bool {
	return k == release.Mem || k == release.MapKey || k == release.MapValue || k == release.FixedMem
}

// findings are disagreements of one kind, with the hooks at which they show.
type findings map[string][]string

func (f findings) add(hook *release.Hook, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	f[text] = append(f[text], hook.Name)
}

func (f findings) report(t *testing.T) {
	for _, text := range slices.Sorted(maps.Keys(f)) {
		t.Errorf("%s\n\tat %s", text, strings.Join(f[text], " "))
	}
}

// resultInLog finds what a verifier says that a helper gave.
var resultInLog = regexp.MustCompile(`R0(?:_[rwDP]+)?=([a-z_][a-z_0-9]*)?`)

// walkLine finds an instruction in a log's walk, whose lines begin with its number; those of other
// lists are indented.
func walkLine(insn string) *regexp.Regexp { return regexp.MustCompile(`(?m)^\d+: ` + insn) }

func loadedResult(log string, id int32) string {
	at := walkLine(fmt.Sprintf(`\(85\) call .*#%d\b`, id)).FindStringIndex(log)
	if at == nil {
		return "?"
	}
	m := resultInLog.FindStringSubmatch(log[at[1]:])
	if m == nil {
		return "?"
	}
	return m[1]
}

// resultWords are what verifiers call a result, in any release.
func resultWords(r *release.Ret) []string {
	scalar := []string{"", "scalar", "inv"}
	words := map[release.RetKind][]string{
		release.Integer:       scalar,
		release.RetMapValue:   {"map_value"},
		release.RetMem:        {"mem", "alloc_mem", "ringbuf_mem"},
		release.RetDynptrMem:  {"mem"},
		release.RetSock:       {"sock"},
		release.RetSockCommon: {"sock_common"},
		release.RetTCPSock:    {"tcp_sock"},
		release.RetBTF:        {"ptr_" + r.BTF, "trusted_ptr_" + r.BTF, "rcu_ptr_" + r.BTF},
		release.RetMemOrBTF:   {"mem", "rdonly_mem", "percpu_mem"},
		release.RetKptr:       {"ptr_task_struct", "ptr_or_null_task_struct", "rcu_ptr_task_struct"},
	}[r.Kind]
	if !r.OrNull {
		return words
	}
	var all []string
	for _, w := range words {
		kind, name, _ := strings.Cut(w, "ptr_")
		if r.BTF != "" || r.Kind == release.RetKptr {
			all = append(all, kind+"ptr_or_null_"+strings.TrimPrefix(name, "or_null_"))
		}
		all = append(all, w+"_or_null")
	}
	return all
}

// TestPrototypes asks the kernel about every helper at every hook.
func TestPrototypes(t *testing.T) {
	each(t, func(t *testing.T, k kernel) {
		asked, accepted, f := 0, map[int32]bool{}, findings{}
		times := map[*release.Helper]int{}
		for i := range release.Hooks {
			hook := &release.Hooks[i]
			result, ok := k.goodResult(hook)
			if !ok {
				continue
			}
			var all []question
			for id := int32(1); id < lastHelper; id++ {
				if h, ok := k.release.HelperFor(id, hook.Type, hook.Attach); ok {
					if qs := k.questions(hook, result, h); *deep || times[h] < 3 {
						all = append(all, qs...)
						if k.release.Refused(id, hook.Type, hook.Attach) == "" {
							times[h] += min(1, len(qs))
						}
					}
				}
			}
			loads := make([]*kernelcmp.Load, len(all))
			for n := range all {
				loads[n] = all[n].load
			}
			good := true
			for n, r := range k.TryLoads(loads) {
				q := &all[n]
				asked++
				ok := r.Errno == 0 && r.Problem == "" ||
					q.helper.ID == 194 && leaks(r.Log) // no helper releases a task
				if q.what == "good" {
					good = ok
					if ok {
						accepted[q.helper.ID] = true
						if q.helper.Ret.Kind == release.Void {
							continue
						}
						if want, got := resultWords(&q.helper.Ret), loadedResult(r.Log, q.helper.ID); !slices.Contains(want, got) {
							f.add(hook, "%s: the result is %q", q.helper, got)
						}
					}
				}
				if !good && q.what != "good" {
					continue
				}
				if ok != q.want && !unfit(r.Log+r.Problem) && !k.configured(q.helper.ID, i, r.Log) {
					f.add(hook, "%s: %s: accepted %v: %v %s", q.helper, q.what, ok, r.Problem, reason(r.Log))
				}
			}
		}
		f.report(t)
		t.Logf("%d questions; %d helpers accepted as the table has them", asked, len(accepted))
		for id := int32(1); id < lastHelper; id++ {
			if h, ok := k.release.Helper(id); ok && !accepted[id] {
				t.Logf("not accepted anywhere: %s", h)
			}
		}
	})
}

func leaks(log string) bool {
	return strings.Contains(log, "reference leak") || strings.Contains(log, "Unreleased reference")
}

// configured reports whether a kernel is without a helper that its release has: the table says so by
// hand.
func (k kernel) configured(id int32, hook int, log string) bool {
	asked := k.release.AllowedSet(hook)
	return noSuchHelper(log) && (asked == nil || !asked.Has(int(id)))
}

// unfit reports whether the kernel refused the program for what is not the helper's doing: the map
// in a sleepable program, or that it does not know where its variables are.
func unfit(log string) bool {
	return strings.Contains(log, "Sleepable programs can only use") || strings.Contains(log, "BTF has no") || strings.Contains(log, "failed to find the address for kernel symbol")
}

// reason is the last line of a log that says why.
func reason(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if l := lines[i]; !slices.ContainsFunc(chatter, func(p string) bool { return strings.HasPrefix(l, p) }) {
			return l
		}
	}
	return ""
}

// chatter is how lines begin that a log ends with.
var chatter = []string{"processed ", "verification time", "stack depth", "subprog ", "(0) live stack", "(0) frame"}
