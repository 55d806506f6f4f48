package release

// Callback is what a callback of a helper finds in its registers, and may return.
type Callback struct {
	Args   []CallbackArg // r1 and on; the others cannot be read
	Lo, Hi int64         // range of r0 at its exit
}

// CallbackArg is a kind of thing in a callback's register.
type CallbackArg uint8

// Kinds of a callback's arguments.
const (
	CallbackIndex  CallbackArg = iota // a scalar
	CallbackMap                       // the map that the helper was called with, or that the timer is in
	CallbackKey                       // key_size bytes to read
	CallbackValue                     // a value of the map
	CallbackCtx                       // what the helper was given as StackPtr: a stack pointer of the caller's, or null
	CallbackTask                      // a BTF pointer to task_struct
	CallbackVMA                       // a BTF pointer to vm_area_struct
	CallbackDynptr                    // a dynptr to read
)

// callbacks by number of helper.
var callbacks = map[int32]*Callback{
	164: {[]CallbackArg{CallbackMap, CallbackKey, CallbackValue, CallbackCtx}, 0, 1},
	170: {[]CallbackArg{CallbackMap, CallbackKey, CallbackValue}, 0, 0},
	180: {[]CallbackArg{CallbackTask, CallbackVMA, CallbackCtx}, 0, 1},
	181: {[]CallbackArg{CallbackIndex, CallbackCtx}, 0, 1},
	209: {[]CallbackArg{CallbackDynptr, CallbackCtx}, 0, 1},
}

// CallbackOf describes the callback of a helper that takes one ([Func]), or is nil.
func CallbackOf(id int32) *Callback { return callbacks[id] }
