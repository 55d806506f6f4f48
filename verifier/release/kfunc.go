package release

import "slices"

// KfuncFlags are what a kernel function says of itself besides its prototype (enum KF_…,
// include/linux/btf.h).
type KfuncFlags uint16

// Flags of kernel functions.
const (
	KfAcquire      KfuncFlags = 1 << iota // the result is a reference
	KfRelease                             // an argument's reference ends
	KfRetNull                             // the result may be 0
	KfTrusted                             // pointers have to be trusted
	KfRCU                                 // or valid under the read lock
	KfRCUProtected                        // the result is valid under the read lock, which is held
	KfSleepable
	KfIterNew
	KfIterNext
	KfIterDestroy
	KfFastcall
)

// Kfunc is a kernel function that programs may call.
type Kfunc struct {
	Flags KfuncFlags
	Types []ProgType // of programs that may; nil: all
	Since [2]int     // the first release that has it so
}

// Has reports whether all of the flags are set.
func (k *Kfunc) Has(f KfuncFlags) bool { return k.Flags&f == f }

// mayCall reports whether programs of a type may call it.
func (k *Kfunc) mayCall(t ProgType) bool { return k.Types == nil || slices.Contains(k.Types, t) }

// generic are the types that kernel/bpf/helpers.c registers generic_kfunc_set for.
var generic = []ProgType{SchedCLS, SchedACT, XDP, Tracing, StructOps, Syscall, CgroupSKB, CgroupSock, CgroupDevice, CgroupSockAddr, CgroupSockopt, CgroupSysctl, SockOps, Kprobe, Tracepoint, PerfEvent, LSM}

// objects are those of iterators and files.
var tracing = []ProgType{Tracing, LSM}

// kfuncs are the functions that the verifier can judge calls of, by name. Arguments are the
// kernel's types' to say. Of others it says Unsupported; [Unjudged] has families of them.
//
// Source: kernel/bpf/helpers.c (generic_btf_ids, common_btf_ids), fs/bpf_fs_kfuncs.c,
// drivers/hid/bpf/hid_bpf_dispatch.c, 6.18.
var kfuncs = map[string]Kfunc{
	// Tasks and control groups.
	"bpf_task_acquire":      {KfAcquire | KfRCU | KfRetNull, generic, [2]int{6, 3}},
	"bpf_task_release":      {KfRelease, generic, [2]int{6, 2}},
	"bpf_task_from_pid":     {KfAcquire | KfRetNull, generic, [2]int{6, 2}},
	"bpf_task_from_vpid":    {KfAcquire | KfRetNull, generic, [2]int{6, 14}},
	"bpf_cgroup_acquire":    {KfAcquire | KfRCU | KfRetNull, generic, [2]int{6, 3}},
	"bpf_cgroup_release":    {KfRelease, generic, [2]int{6, 2}},
	"bpf_cgroup_ancestor":   {KfAcquire | KfRCU | KfRetNull, generic, [2]int{6, 2}},
	"bpf_cgroup_from_id":    {KfAcquire | KfRetNull, generic, [2]int{6, 4}},
	"bpf_task_under_cgroup": {KfRCU, generic, [2]int{6, 5}},
	"bpf_task_get_cgroup1":  {KfAcquire | KfRCU | KfRetNull, generic, [2]int{6, 8}},

	// The read lock of RCU.
	"bpf_rcu_read_lock":   {0, nil, [2]int{6, 2}},
	"bpf_rcu_read_unlock": {0, nil, [2]int{6, 2}},

	// Casts.
	"bpf_rdonly_cast":      {KfFastcall, nil, [2]int{6, 2}},
	"bpf_cast_to_kern_ctx": {KfFastcall, nil, [2]int{6, 2}},

	// Iterators.
	"bpf_iter_num_new":          {KfIterNew, nil, [2]int{6, 4}},
	"bpf_iter_num_next":         {KfIterNext | KfRetNull, nil, [2]int{6, 4}},
	"bpf_iter_num_destroy":      {KfIterDestroy, nil, [2]int{6, 4}},
	"bpf_iter_task_vma_new":     {KfIterNew | KfRCU, nil, [2]int{6, 7}},
	"bpf_iter_task_vma_next":    {KfIterNext | KfRetNull, nil, [2]int{6, 7}},
	"bpf_iter_task_vma_destroy": {KfIterDestroy, nil, [2]int{6, 7}},
	"bpf_iter_task_new":         {KfIterNew | KfTrusted | KfRCUProtected, nil, [2]int{6, 7}},
	"bpf_iter_task_next":        {KfIterNext | KfRetNull, nil, [2]int{6, 7}},
	"bpf_iter_task_destroy":     {KfIterDestroy, nil, [2]int{6, 7}},
	"bpf_iter_css_new":          {KfIterNew | KfTrusted | KfRCUProtected, nil, [2]int{6, 7}},
	"bpf_iter_css_next":         {KfIterNext | KfRetNull, nil, [2]int{6, 7}},
	"bpf_iter_css_destroy":      {KfIterDestroy, nil, [2]int{6, 7}},
	"bpf_iter_css_task_new":     {KfIterNew | KfTrusted, []ProgType{Tracing, LSM}, [2]int{6, 7}},
	"bpf_iter_css_task_next":    {KfIterNext | KfRetNull, []ProgType{Tracing, LSM}, [2]int{6, 7}},
	"bpf_iter_css_task_destroy": {KfIterDestroy, []ProgType{Tracing, LSM}, [2]int{6, 7}},
	"bpf_iter_bits_new":         {KfIterNew, nil, [2]int{6, 10}},
	"bpf_iter_bits_next":        {KfIterNext | KfRetNull, nil, [2]int{6, 10}},
	"bpf_iter_bits_destroy":     {KfIterDestroy, nil, [2]int{6, 10}},

	// Files.
	"bpf_get_task_exe_file": {KfAcquire | KfTrusted | KfRetNull, tracing, [2]int{6, 12}},
	"bpf_put_file":          {KfRelease, tracing, [2]int{6, 12}},
	"bpf_path_d_path":       {KfTrusted, tracing, [2]int{6, 12}},

	// Human interface devices.
	"hid_bpf_get_data":         {KfRetNull, []ProgType{StructOps}, [2]int{6, 3}},
	"hid_bpf_allocate_context": {KfAcquire | KfRetNull | KfSleepable, []ProgType{Syscall}, [2]int{6, 3}},
	"hid_bpf_release_context":  {KfRelease | KfSleepable, []ProgType{Syscall}, [2]int{6, 3}},
}

// Unjudged are families of kernel functions that calls are not judged of, by the beginning of
// their names.
var Unjudged = []struct{ Prefix, What string }{
	{"bpf_dynptr_", "dynptrs"},
	{"bpf_obj_", "objects of the program's own"},
	{"bpf_percpu_obj_", "objects of the program's own"},
	{"bpf_refcount_", "objects of the program's own"},
	{"bpf_list_", "lists"},
	{"bpf_rbtree_", "trees"},
	{"bpf_wq_", "work queues"},
	{"bpf_arena_", "arenas"},
	{"bpf_res_spin_", "resilient spin locks"},
	{"bpf_preempt_", "regions without preemption"},
	{"bpf_local_irq_", "regions without interrupts"},
	{"bpf_throw", "exceptions"},
	{"scx_", "sched_ext"},
}

// Kfunc finds a kernel function that calls can be judged of. Allowed says whether programs of a
// type may call it.
func (r *Release) Kfunc(name string, t ProgType) (k Kfunc, allowed, known bool) {
	k, known = kfuncs[name]
	return k, known && k.mayCall(t) && r.AtLeast(k.Since[0], k.Since[1]), known
}
