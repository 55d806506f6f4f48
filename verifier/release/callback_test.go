package release_test

import (
	"fmt"
	"testing"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
)

// callbackArgs are what logs call a callback's arguments.
var callbackArgs = map[release.CallbackArg]string{
	release.CallbackIndex: "", release.CallbackMap: "map_ptr", release.CallbackKey: "map_key", release.CallbackValue: "map_value",
	release.CallbackCtx: "fp", release.CallbackTask: "ptr_task_struct", release.CallbackVMA: "ptr_vm_area_struct", release.CallbackDynptr: "dynptr_ptr",
}

// TestCallbacks asks what callbacks may read and return.
func TestCallbacks(t *testing.T) {
	each(t, func(t *testing.T, k kernel) {
		for id := int32(1); id < lastHelper; id++ {
			h, ok := k.release.Helper(id)
			takes := false
			for i := 0; ok && i < len(h.Args); i++ {
				takes = takes || h.Args[i].Kind == release.Func
			}
			c := release.CallbackOf(id)
			if ok && takes != (c != nil) {
				t.Errorf("%s: there is a callback: %v", h, c != nil)
			}
			if !ok || c == nil {
				continue
			}
			hook := hook("sched_cls")
			if id == 180 {
				hook = hookWithTask()
			}
			k.askCallback(t, hook, h, c)
		}
	})
}

func hookWithTask() *release.Hook { return hook("tracing/tp_btf") }

func (k kernel) askCallback(t *testing.T, hook *release.Hook, h *release.Helper, c *release.Callback) {
	t.Helper()
	body := func(insns ...spec.Insn) kernelcmp.Loaded {
		b := k.callWith(hook, 0, h, func(b *builder) {
			if h.ID == 181 {
				b.emit(mov(1, 4)) // a loop of 0 rounds is not looked at
			}
		})
		b.body = insns
		return k.TryLoads([]*kernelcmp.Load{b.load()})[0]
	}
	for _, r0 := range []int32{-1, 0, 1, 2} {
		r := body(mov(0, r0), exit)
		want := int64(r0) >= c.Lo && int64(r0) <= c.Hi
		if got := r.Errno == 0 && r.Problem == ""; got != want {
			t.Errorf("%s: a callback that returns %d: accepted %v: %s %s", h, r0, got, r.Problem, reason(r.Log))
		}
	}
	for n := uint8(1); n <= 5; n++ {
		r := body(movx(0, n), mov(0, 0), exit)
		want := int(n) <= len(c.Args)
		if got := r.Errno == 0 && r.Problem == ""; got != want {
			t.Errorf("%s: a callback that reads r%d: accepted %v: %s %s", h, n, got, r.Problem, reason(r.Log))
			continue
		}
		if want {
			k.checkArgument(t, h, r.Log, n, callbackArgs[c.Args[n-1]])
		}
	}
}

// checkArgument looks for what a log says that r0 is after the callback has copied an argument.
func (k kernel) checkArgument(t *testing.T, h *release.Helper, log string, n uint8, want string) {
	t.Helper()
	words := []string{want, "trusted_" + want, "rcu_" + want}
	if want == "" {
		words = []string{"", "scalar", "inv"}
	}
	got := copied(log, n)
	for _, w := range words {
		if got == w {
			return
		}
	}
	t.Errorf("%s: the callback's r%d is %q, want %q", h, n, got, want)
}

func copied(log string, n uint8) string {
	at := walkLine(fmt.Sprintf(`\(bf\) r0 = r%d`, n)).FindStringIndex(log)
	if at == nil {
		return "?"
	}
	m := resultInLog.FindStringSubmatch(log[at[1]:])
	if m == nil {
		return "?"
	}
	return m[1]
}

// TestUnderLock: no helper but bpf_spin_unlock may be called while a lock is held.
func TestUnderLock(t *testing.T) {
	each(t, func(t *testing.T, k kernel) {
		lock, _ := k.release.Helper(93)
		var loads []*kernelcmp.Load
		var of []*release.Helper
		for id := int32(1); id < lastHelper; id++ {
			h, ok := k.release.HelperFor(id, release.SchedCLS, 0)
			if !ok || h.Args[0].Kind != release.None && h.Args[0].Kind != release.Ctx && h.Args[0].Kind != release.ConstMap || h.Ret.Kind == release.Void {
				continue
			}
			b := newBuilder(hook("sched_cls"), 0)
			b.release = k.release
			b.prepare(lock)
			b.emit(movx(1, 7), call(93))
			for i, a := range h.Args {
				if a.Kind != release.None {
					b.good(h, i)
				}
			}
			b.emit(call(id), movx(1, 7), call(94))
			b.leave()
			loads, of = append(loads, b.load()), append(of, h)
		}
		for i, r := range k.TryLoads(loads) {
			if r.Errno == 0 {
				t.Errorf("%s is accepted while a lock is held", of[i])
			}
		}
		t.Logf("%d helpers", len(of))
	})
}
