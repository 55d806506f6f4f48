package release

import "slices"

// A variant is a helper as some types of programs have it.
type variant struct {
	before [2]int // the first table that does not have it; zero: all have it
	hooks  func(h *Hook) bool
	helper Helper
}

func ofType(types ...ProgType) func(*Hook) bool {
	return func(h *Hook) bool { return slices.Contains(types, h.Type) }
}

func named(names ...string) func(*Hook) bool {
	return func(h *Hook) bool { return slices.Contains(names, h.Name) }
}

// variants take precedence over the rows of the other files.
var variants = []variant{
	{
		[2]int{6, 12},
		ofType(SKReuseport),
		Helper{46, "get_socket_cookie", args{btfSock}, integer, 0},
	},
	{
		[2]int{},
		ofType(SchedCLS, SchedACT, LWTIn, LWTOut, LWTXmit, LWTSeg6Local),
		Helper{17, "get_cgroup_classid", args{ctx}, integer, 0},
	},
	{
		[2]int{},
		ofType(SKReuseport, Tracing, LSM, Syscall),
		Helper{46, "get_socket_cookie", args{{Kind: BTFSock, OrNull: true}}, integer, 0},
	},
	{
		[2]int{},
		named("cgroup_sockopt/get", "cgroup_sockopt/set", "tracing/iter", "lsm", "lsm/cgroup"),
		Helper{49, "setsockopt", args{btfSock, anything, anything, memIn, size}, integer, 0},
	},
	{
		[2]int{},
		named("cgroup_sockopt/get", "cgroup_sockopt/set", "tracing/iter", "lsm", "lsm/cgroup"),
		Helper{57, "getsockopt", args{btfSock, anything, anything, memOut, size}, integer, 0},
	},
	{
		[2]int{},
		ofType(PerfEvent),
		Helper{27, "get_stackid", args{ctx, constMap, anything}, integer, 0},
	},
	{
		[2]int{},
		named("kprobe/multi"),
		Helper{173, "get_func_ip", args{ctx}, integer, 0},
	},
	{
		[2]int{},
		ofType(Tracing, LSM, Syscall),
		Helper{188, "xdp_get_buff_len", args{pointerTo("xdp_buff")}, integer, 0},
	},
	{
		[2]int{},
		ofType(CgroupSock),
		Helper{107, "sk_storage_get", args{constMap, ctx, valueOrNull, anything}, mapValueOrNull, 0},
	},
	{
		[2]int{},
		ofType(SKLookup),
		Helper{124, "sk_assign", args{ctx, {Kind: Socket, OrNull: true}, anything}, integer, 0},
	},
}

// variantOf finds a variant for a hook, or nil.
func (r *Release) variantOf(id int32, hook *Hook) *Helper {
	for i := range variants {
		v := &variants[i]
		old := v.before == [2]int{} || !r.AtLeast(v.before[0], v.before[1])
		if v.helper.ID == id && old && v.hooks(hook) {
			return &v.helper
		}
	}
	return nil
}
