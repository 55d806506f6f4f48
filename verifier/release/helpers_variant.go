package release

import "slices"

// A variant is a helper as some types of programs have it.
type variant struct {
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
		ofType(SchedCLS, SchedACT, LWTIn, LWTOut, LWTXmit, LWTSeg6Local),
		Helper{17, "get_cgroup_classid", args{ctx}, integer, 0},
	},
	{
		ofType(SKReuseport, Tracing, LSM, Syscall),
		Helper{46, "get_socket_cookie", args{{Kind: BTFSock, OrNull: true}}, integer, 0},
	},
	{
		named("cgroup_sockopt/get", "cgroup_sockopt/set", "tracing/iter", "lsm", "lsm/cgroup"),
		Helper{49, "setsockopt", args{btfSock, anything, anything, memIn, size}, integer, 0},
	},
	{
		named("cgroup_sockopt/get", "cgroup_sockopt/set", "tracing/iter", "lsm", "lsm/cgroup"),
		Helper{57, "getsockopt", args{btfSock, anything, anything, memOut, size}, integer, 0},
	},
	{
		ofType(Tracing, LSM, Syscall),
		Helper{188, "xdp_get_buff_len", args{pointerTo("xdp_buff")}, integer, 0},
	},
	{
		ofType(CgroupSock),
		Helper{107, "sk_storage_get", args{constMap, ctx, valueOrNull, anything}, mapValueOrNull, 0},
	},
	{
		ofType(SKLookup),
		Helper{124, "sk_assign", args{ctx, {Kind: Socket, OrNull: true}, anything}, integer, 0},
	},
}

// variantOf finds a variant for a hook, or nil.
func variantOf(id int32, hook *Hook) *Helper {
	for i := range variants {
		if v := &variants[i]; v.helper.ID == id && v.hooks(hook) {
			return &v.helper
		}
	}
	return nil
}
