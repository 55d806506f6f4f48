package maps

// FieldKind is a struct that means something to the kernel wherever a map's values have
// it as a member: programs hand its address to helpers and never touch its bytes.
type FieldKind uint8

// Kinds of fields, and what they are called in C.
const (
	SpinLock FieldKind = iota + 1
	Timer
	WorkQueue
	ListHead
	ListNode
	RBRoot
	RBNode
	RefCount
	ResSpinLock
)

// fieldKinds are the structs of include/uapi/linux/bpf.h, with their sizes in bytes.
var fieldKinds = map[FieldKind]struct {
	name string
	size uint32
}{
	SpinLock:    {"bpf_spin_lock", 4},
	Timer:       {"bpf_timer", 16},
	WorkQueue:   {"bpf_wq", 16},
	ListHead:    {"bpf_list_head", 16},
	ListNode:    {"bpf_list_node", 24},
	RBRoot:      {"bpf_rb_root", 16},
	RBNode:      {"bpf_rb_node", 32},
	RefCount:    {"bpf_refcount", 4},
	ResSpinLock: {"bpf_res_spin_lock", 8},
}

func (k FieldKind) String() string { return fieldKinds[k].name }

// Size is the size of the struct in bytes.
func (k FieldKind) Size() uint32 { return fieldKinds[k].size }

// FieldKindByName finds the kind of a struct by its name in C.
func FieldKindByName(name string) (FieldKind, bool) {
	for k, x := range fieldKinds {
		if x.name == name {
			return k, true
		}
	}
	return 0, false
}

// Field is such a struct in a map's values.
type Field struct {
	Kind FieldKind
	Off  uint32 // in bytes, from the beginning of a value
}

// Field finds the first field of a kind.
func (s *Spec) Field(k FieldKind) (off uint32, ok bool) {
	for _, f := range s.Fields {
		if f.Kind == k {
			return f.Off, true
		}
	}
	return 0, false
}
