package release

import (
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Argument is what a typed context holds where that is not what the types alone say.
type Argument struct {
	OrNull   bool // a pointer that may be 0
	Plain    bool // not a trusted one
	Number   bool // a pointer by its type, but one that may be an error: not to be used as an address
	Buf      bool // a buffer of an iterator over a map, or 0
	ReadOnly bool // of Buf
}

// argumentWords are the words of the generated tables.
var argumentWords = map[string]Argument{
	"null": {OrNull: true}, "plain": {OrNull: true, Plain: true}, "number": {Number: true}, "rdonly": {Buf: true, ReadOnly: true}, "rdwr": {Buf: true},
}

// argumentTable is the arguments of places to attach to: "sched_pi_setprio" to "1:null".
type argumentTable struct {
	rows  map[string]string
	once  sync.Once
	index map[string]map[int]Argument
}

func (t *argumentTable) find(target string, n int) (a Argument, ok bool) {
	t.once.Do(func() {
		t.index = map[string]map[int]Argument{}
		for name, row := range t.rows {
			t.index[name] = map[int]Argument{}
			for _, part := range strings.Fields(row) {
				number, word, _ := strings.Cut(part, ":")
				if n, err := strconv.Atoi(number); err == nil {
					t.index[name][n] = argumentWords[word]
				}
			}
		}
	})
	a, ok = t.index[target][n]
	return a, ok
}

// tracepoints and iterators have what 6.18 was asked; of other releases nothing is known, and
// 6.18's is next to right for those from 6.14 on, when the marks came.
var (
	tracepoints = argumentTable{rows: tracepoints6_18}
	iterators   = argumentTable{rows: iterators6_18}
)

// mapIterators are by hand: the kernel that was asked does not load programs for them.
var mapIterators = argumentTable{rows: map[string]string{
	"bpf_map_elem":       "2:rdonly 3:rdwr",
	"bpf_sk_storage_map": "2:plain 3:rdwr",
	"sockmap":            "2:rdonly 3:plain",
}}

// Attach types of Tracing.
const (
	attachTracepoint = 23
	attachIter       = 28
)

// Argument says what argument n of a tracepoint (attach type 23) or an iterator (28) is, if it
// is not simply what its type is.
func (r *Release) Argument(t ProgType, attach uint32, target string, n int) (Argument, bool) {
	switch {
	case t == Tracing && attach == attachTracepoint && r.AtLeast(6, 12):
		return tracepoints.find(target, n)
	case t == Tracing && attach == attachIter:
		if a, ok := iterators.find(target, n); ok {
			return a, true
		}
		return mapIterators.find(target, n)
	}
	return Argument{}, false
}

// Trust is what the verifier takes a pointer for that was loaded from a trusted object.
type Trust uint8

// Trusts of members.
const (
	NoTrust       Trust = iota
	TrustedMember       // trusted as well
	TrustedOrNull       // the same, or 0
	RCUMember           // valid while the read lock is held
	RCUOrNull           // the same, or 0
)

// members are the lists BTF_TYPE_SAFE_… of kernel/bpf/verifier.c, 6.18: for kernels that were
// not built with a compiler that puts type tags into BTF.
var members = map[string]Trust{
	"task_struct.cpus_ptr":       RCUMember,
	"task_struct.cgroups":        RCUMember,
	"task_struct.real_parent":    RCUMember,
	"task_struct.group_leader":   RCUMember,
	"cgroup.kn":                  RCUMember,
	"css_set.dfl_cgrp":           RCUMember,
	"cgroup_subsys_state.cgroup": RCUMember,
	"mm_struct.exe_file":         RCUOrNull,
	"mm_struct.owner":            RCUOrNull,
	"sk_buff.sk":                 RCUOrNull,
	"request_sock.sk":            RCUOrNull,
	"bpf_iter_meta.seq":          TrustedMember,
	"bpf_iter__task.meta":        TrustedMember,
	"bpf_iter__task.task":        TrustedMember,
	"linux_binprm.file":          TrustedMember,
	"file.f_inode":               TrustedMember,
	"dentry.d_inode":             TrustedOrNull,
	"socket.sk":                  TrustedOrNull,
	"vm_area_struct.vm_mm":       TrustedOrNull,
	"vm_area_struct.vm_file":     TrustedOrNull,
}

// Member says how far a pointer in a member of a structure may be relied on, if the structure
// may.
func (r *Release) Member(structure, member string) Trust { return members[structure+"."+member] }

// UntrustedHook reports whether an LSM hook gets objects that are being made or taken apart
// (untrusted_lsm_hooks).
func UntrustedHook(name string) bool {
	return slices.Contains([]string{
		"bpf_map_free", "bpf_prog_free", "file_alloc_security", "file_free_security", "sk_alloc_security", "sk_free_security", "task_free",
	}, name)
}

// BooleanHook reports whether an LSM hook answers yes or no; the others give 0 or an error
// (bool_lsm_hooks).
func BooleanHook(name string) bool {
	return slices.Contains([]string{"audit_rule_known", "inode_xattr_skipcap", "xfrm_state_pol_flow_match"}, name)
}

// IteratorHelper gives the prototype of a helper as iterators have it, whether it is offered to
// all of them or not.
func (r *Release) IteratorHelper(id int32) (*Helper, bool) {
	if h := r.variantOf(id, &Hooks[hookNamed("tracing/iter")]); h != nil {
		return r.patched(h), true
	}
	return r.Helper(id)
}
