package release_test

import (
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
)

func loadU64(dst, src uint8, off int16) spec.Insn {
	return spec.Insn{Op: spec.ClassLDX | spec.ModeMEM | spec.SizeDW, Dst: dst, Src: src, Off: off}
}

func loadU32(dst, src uint8, off int16) spec.Insn {
	return spec.Insn{Op: spec.ClassLDX | spec.ModeMEM | spec.SizeW, Dst: dst, Src: src, Off: off}
}

// prepare does before the call what a helper's arguments need, and leaves a pointer in r7. It reports
// false if there is no way to get one at this hook.
func (b *builder) prepare(h *release.Helper) bool {
	for _, a := range h.Args {
		ok := true
		switch a.Kind {
		case release.SpinLock, release.Timer:
			ok = b.prepareField(h)
		case release.RingMem:
			b.lddw(1, spec.LDDWMapFD, b.mapIndex(ringMap))
			b.emit(mov(2, 8), mov(3, 0), call(131))
			b.keep()
		case release.Dynptr:
			b.prepareDynptr(a)
		case release.SockCommon, release.Socket, release.BTFSock:
			ok = b.prepareSock(a)
		case release.BTFPtr:
			ok = h.ID == 194 || h.ID != 161 && b.prepareBTF(a) // no hook with an inode may sleep
		case release.PerCPUVar:
			b.vars = []string{"bpf_prog_active"}
			b.lddw(7, spec.LDDWBTFVar, 0)
		case release.KptrField:
			ok = b.prepareKptr()
		}
		if !ok {
			return false
		}
	}
	return true
}

// prepareField finds a map value with a lock or a timer.
func (b *builder) prepareField(h *release.Helper) bool {
	m := timerMap
	if h.ID == 93 || h.ID == 94 {
		m = lockMap
	}
	b.lddw(1, spec.LDDWMapFD, b.mapIndex(m))
	b.stack(2, -64)
	b.emit(call(1))
	b.keep()
	if h.ID == 94 {
		b.emit(movx(1, 7), call(93))
	}
	return true
}

func (b *builder) prepareDynptr(a release.Arg) {
	switch {
	case a.Access == release.Out:
	case a.BTF == "ringbuf":
		b.lddw(1, spec.LDDWMapFD, b.mapIndex(ringMap))
		b.emit(mov(2, 8), mov(3, 0))
		b.stack(4, -144)
		b.emit(call(198))
	default:
		b.lddw(1, spec.LDDWMapValue, b.mapIndex(arrayMap))
		b.emit(mov(2, 8), mov(3, 0))
		b.stack(4, -144)
		b.emit(call(197))
	}
}

// prepareSock gets a socket: from the context, or by a lookup.
func (b *builder) prepareSock(a release.Arg) bool {
	if a.Release {
		if b.hook.Type == release.SKLookup {
			return false // nothing there gives a reference
		}
		b.emit(movx(1, 6))
		b.stack(2, -64)
		b.emit(mov(3, 12), mov(4, 0), mov(5, 0), call(84))
		b.keep()
		return true
	}
	field := map[release.ProgType]int16{
		release.SocketFilter: 168, release.SchedCLS: 168, release.SchedACT: 168, release.CgroupSKB: 168, release.LWTIn: 168,
		release.LWTOut: 168, release.LWTXmit: 168, release.SKSKB: 168, release.SockOps: 184, release.SKMsg: 72,
		release.CgroupSockAddr: 64, release.SKReuseport: 40, release.CgroupSockopt: 0, release.SKLookup: 0,
	}
	off, ok := field[b.hook.Type]
	if !ok {
		return false
	}
	b.emit(loadU64(0, 6, off))
	b.keep()
	return true
}

// prepareKptr finds a map value with a kptr field, as BTF describes one since Linux 6.4.
func (b *builder) prepareKptr() bool {
	m := hashMap
	m.Value = "kptr"
	b.lddw(1, spec.LDDWMapFD, b.mapIndex(m))
	b.stack(2, -64)
	b.emit(call(1))
	b.keep()
	return b.release.AtLeast(6, 4)
}

// sources are where contexts of BTF-typed programs have pointers to the kernel's structs.
var sources = []struct {
	hook, of string // hook's name, and what it is attached to in place of its BTF
	kind     string
	off      int16
	orNull   bool
}{
	{"tracing/tp_btf", "btf_trace_sched_switch", "task_struct", 8, false}, // (preempt, prev, next, …)
	{"tracing/tp_btf", "btf_trace_kfree_skb", "sk_buff", 0, false},
	{"tracing/tp_btf", "btf_trace_cgroup_mkdir", "cgroup", 0, false},
	{"tracing/iter", "bpf_iter_task", "task_struct", 8, true}, // {meta, task}
	{"tracing/iter", "bpf_iter_task_file", "file", 24, true},  // {meta, task, fd, file}
	{"tracing/fentry", "xdp_do_redirect", "xdp_buff", 8, false},
	{"tracing/fentry", "vfs_truncate", "path", 0, false},
	{"lsm", "bpf_lsm_file_open", "file", 0, false},
	{"lsm", "bpf_lsm_inode_mkdir", "inode", 0, false},
	{"lsm", "bpf_lsm_bprm_creds_for_exec", "linux_binprm", 0, false},
}

// prepareBTF gets a pointer to one of the kernel's structs from the context.
func (b *builder) prepareBTF(a release.Arg) bool {
	if a.BTF == "seq_file" && b.hook.Name == "tracing/iter" {
		b.emit(loadU64(7, 6, 0), loadU64(7, 7, 0)) // ctx->meta->seq
		return true
	}
	for _, s := range sources {
		if s.hook != b.hook.Name || s.kind != a.BTF {
			continue
		}
		other := *b.hook
		other.BTF, b.hook = s.of, &other
		if s.orNull {
			b.emit(loadU64(0, 6, s.off))
			b.keep()
		} else {
			b.emit(loadU64(7, 6, s.off))
		}
		return true
	}
	return false
}

// good puts into a register what the table says the helper takes there.
func (b *builder) good(h *release.Helper, arg int) {
	r, a := uint8(arg+1), h.Args[arg]
	switch a.Kind {
	case release.Anything:
		b.emit(mov(r, 0))
	case release.Ctx:
		b.emit(movx(r, 6))
	case release.ConstMap:
		b.lddw(r, spec.LDDWMapFD, b.mapIndex(b.mapFor(h.ID)))
	case release.MapKey, release.MapValue, release.Mem, release.FixedMem, release.StackPtr:
		if a.InMap {
			b.lddw(r, spec.LDDWMapValue, b.mapIndex(arrayMap))
			return
		}
		b.stack(r, -64)
	case release.ConstSize:
		b.emit(mov(r, goodSize(h.ID)))
	case release.AllocSize:
		b.emit(mov(r, 8))
	case release.Func:
		b.callee = true
		b.lddw(r, spec.LDDWFunc, 0)
	case release.ConstStr:
		b.lddw(r, spec.LDDWMapValue, b.mapIndex(readOnly))
	case release.Dynptr:
		if a.Access == release.Out {
			b.stack(r, -160)
		} else {
			b.stack(r, -144)
		}
	case release.SpinLock, release.Timer, release.RingMem, release.SockCommon, release.Socket, release.BTFSock,
		release.PerCPUVar, release.KptrField:
		b.emit(movx(r, 7))
	case release.BTFPtr:
		if b.emit(movx(r, 7)); h.ID == 194 {
			b.emit(mov(r, 0))
		}
	}
}

// goodSize is a size that suits a helper whose memory is a struct.
func goodSize(id int32) int32 {
	switch id {
	case 100, 110:
		return 40
	case 149:
		return 16
	}
	return 16
}

// finish gives back what the call acquired, and ends the program.
func (b *builder) finish(h *release.Helper) {
	switch h.ID {
	case 131:
		b.emit(spec.Insn{Op: spec.ClassJMP | spec.OpJEQ, Dst: 0, Off: 3}, movx(1, 0), mov(2, 0), call(132))
	case 84, 85, 99:
		b.emit(spec.Insn{Op: spec.ClassJMP | spec.OpJEQ, Dst: 0, Off: 2}, movx(1, 0), call(86))
	case 198:
		b.stack(1, -160)
		b.emit(mov(2, 0), call(200))
	case 93:
		b.emit(movx(1, 7), call(94))
	case 194: // there is no helper that would release a task; at this value there is none
	}
	b.leave()
}

// callWith is a program that calls a helper with good arguments but for what change does to them.
func (k kernel) callWith(hook *release.Hook, result int32, h *release.Helper, change func(b *builder)) *builder {
	b := newBuilder(hook, result)
	b.release = k.release
	if !b.prepare(h) {
		return nil
	}
	for i, a := range h.Args {
		if a.Kind != release.None {
			b.good(h, i)
		}
	}
	if change != nil {
		change(b)
	}
	b.emit(call(h.ID))
	if h.Ret.Kind != release.Void {
		b.emit(movx(2, 0)) // Linux 7.3's log shows results only if they are looked at
	}
	b.finish(h)
	return b
}
