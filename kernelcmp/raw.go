package kernelcmp

import (
	"errors"
	"fmt"
	"sync"
	"syscall"

	"github.com/cilium/ebpf/btf"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/sysbpf"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Load is a question to a verifier: a program of any type, loaded as it is and dropped.
// It is not written to the journal.
type Load struct {
	Type     uint32 // enum bpf_prog_type
	Attach   uint32 // expected_attach_type
	BTF      string // name in the kernel's BTF of what the program is for; empty: nothing
	Flags    uint32 // BPF_F_SLEEPABLE and others
	License  string // empty: GPL
	Without  uint64 // capabilities to do it without, one bit each by its number; its maps are made without them too
	LogLevel uint32 // 0: messages only
	Insns    []spec.Insn
	Funcs    []uint32 // slots at which functions begin, if any instruction is an LDDW of one
	Maps     []RawMap // LDDW sources 1 and 2 name them by index
	Vars     []string // variables of the kernel's; LDDW source 3 names them by index
}

// RawMap is a map of any type. It is made once for equal ones, and stays.
type RawMap struct {
	Type, KeySize, ValueSize, MaxEntries, Flags uint32

	Inner  uint32 // of a map of maps: the type of inner maps, of 4-byte keys and 8-byte values
	Value  string // what its values have in BTF: "" (no BTF), "plain", "lock", "timer" or "kptr"
	Frozen bool
}

// Loaded is a kernel's answer to a Load.
type Loaded struct {
	Errno   syscall.Errno // 0: accepted
	Problem string        // why it could not be asked: a map, or the type to attach to, is not to be had
	Log     string
}

// TryLoads asks a kernel many questions. An executor that dies over one is started
// again; then Problem says so.
func (t *Target) TryLoads(loads []*Load) []Loaded {
	out := make([]Loaded, 0, len(loads))
	for len(out) < len(loads) {
		rest := loads[len(out):]
		jobs := make([]*job, min(len(rest), batchSize))
		for i := range jobs {
			q := *rest[i]
			q.Insns = nil // the code goes as bytes
			jobs[i] = &job{Raw: &q, Programs: []program{{Code: spec.Encode(rest[i].Insns, t.hello.Order)}}}
		}
		for _, a := range t.exchange(jobs) {
			if a.Kind != vm.Exit {
				a.Loaded.Problem = a.Reason
			}
			out = append(out, a.Loaded)
		}
	}
	return out
}

// raw answers a Load.
func (e *executor) raw(q *Load, code *program) (r Loaded) {
	restore, err := without(q.Without)
	if err != nil {
		r.Problem = err.Error()
		return r
	}
	defer restore()
	attr := &sysbpf.Prog{Type: q.Type, Flags: q.Flags, License: q.License, Attach: q.Attach, LogLevel: q.LogLevel, Log: e.log}
	if attr.LogLevel == 0 {
		attr.LogLevel = logErrors
	}
	insns := code.decode().Insns
	if r.Problem = e.bind(q, insns); r.Problem != "" {
		return r
	}
	attr.Code = spec.Encode(insns, hostOrder)
	if len(q.Funcs) > 0 {
		attr.BTF = e.types.FD()
		for _, f := range q.Funcs {
			attr.FuncInfo = append(attr.FuncInfo, sysbpf.FuncInfo{Slot: f, TypeID: e.typeID})
		}
	}
	if q.BTF != "" {
		if attr.AttachBTF = e.attachType(q.BTF); attr.AttachBTF == 0 {
			r.Problem = "the kernel's BTF has no " + q.BTF
			return r
		}
	}
	fd, err := sysbpf.LoadProg(attr)
	r.Log = e.loggedText()
	if err == nil {
		sysbpf.Close(fd)
	} else if !errors.As(err, &r.Errno) {
		r.Problem = err.Error()
	}
	return r
}

// bind puts numbers of maps and variables into instructions, or says what is not to be had.
func (e *executor) bind(q *Load, insns []spec.Insn) string {
	for i := range insns {
		in := &insns[i]
		if in.Op != spec.LDDW {
			continue
		}
		switch in.Src {
		case spec.LDDWMapFD, spec.LDDWMapValue:
			fd, err := e.rawMap(madeMap{q.Maps[in.Imm], q.Without})
			if err != nil {
				return fmt.Sprintf("map type %d: %s", q.Maps[in.Imm].Type, describe(err))
			}
			in.Imm = int32(fd)
		case spec.LDDWBTFVar:
			id := e.attachType(q.Vars[in.Imm])
			if id == 0 {
				return "the kernel's BTF has no " + q.Vars[in.Imm]
			}
			in.Imm = int32(id)
		}
	}
	return ""
}

// kernelTypes are the kernel's, read once: each reading takes longer than many loads.
var kernelTypes = sync.OnceValues(btf.LoadKernelSpec)

// attachType is the number of a function, a typedef or a variable in the kernel's BTF, 0 if it has none of
// the name.
func (e *executor) attachType(name string) uint32 {
	if id, ok := e.attachBTF[name]; ok {
		return id
	}
	var id btf.TypeID
	if kernel, err := kernelTypes(); err == nil {
		types, _ := kernel.AnyTypesByName(name)
		for _, t := range types {
			id, _ = kernel.TypeID(t)
		}
	}
	if e.attachBTF == nil {
		e.attachBTF = map[string]uint32{}
	}
	e.attachBTF[name] = uint32(id)
	return uint32(id)
}

// madeMap is a map, and what it was made without.
type madeMap struct {
	RawMap
	without uint64
}

func (e *executor) rawMap(m madeMap) (int, error) {
	if fd, ok := e.rawMaps[m]; ok {
		return fd, nil
	}
	attr := &sysbpf.Map{Type: m.Type, KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries, Flags: m.Flags}
	if m.Inner != 0 {
		fd, err := e.rawMap(madeMap{RawMap{Type: m.Inner, KeySize: 4, ValueSize: 8, MaxEntries: 4}, m.without})
		if err != nil {
			return -1, err
		}
		attr.InnerFD = uint32(fd)
	}
	if m.Value != "" {
		handle, key, value, err := mapTypes(m.Value, m.ValueSize)
		if err != nil {
			return -1, err
		}
		defer handle.Close()
		attr.BTF, attr.KeyType, attr.ValueType = handle.FD(), key, value
	}
	fd, err := sysbpf.CreateMap(attr)
	if err != nil {
		return -1, err
	}
	if m.Frozen {
		if err := sysbpf.Freeze(fd); err != nil {
			return -1, err
		}
	}
	if e.rawMaps == nil {
		e.rawMaps = map[madeMap]int{}
	}
	e.rawMaps[m] = fd
	return fd, nil
}

// special are the structs that the kernel knows by name in a map's values.
var special = map[string]*btf.Struct{
	"lock":  {Name: "bpf_spin_lock", Size: 4, Members: []btf.Member{{Name: "val", Type: btfU32}}},
	"timer": {Name: "bpf_timer", Size: 16, Members: []btf.Member{{Name: "a", Type: btfU64}, {Name: "b", Type: btfU64, Offset: 64}}},
}

var (
	btfU32 = &btf.Int{Name: "unsigned int", Size: 4}
	btfU64 = &btf.Int{Name: "unsigned long", Size: 8}
)

// taskKptr is the type of a member that may hold a reference to a task, as Linux has it since 6.4.
var taskKptr = &btf.Pointer{Target: &btf.TypeTag{Value: "kptr", Type: &btf.Struct{
	Name: "task_struct", Size: 4, Members: []btf.Member{{Name: "x", Type: btfU32}},
}}}

// mapTypes makes BTF for a map: a key of 4 bytes, and values that begin with a special struct
// and are plain bytes otherwise.
func mapTypes(what string, size uint32) (*btf.Handle, uint32, uint32, error) {
	b, err := btf.NewBuilder(nil, nil)
	if err != nil {
		return nil, 0, 0, err
	}
	key, err := b.Add(btfU32)
	if err != nil {
		return nil, 0, 0, err
	}
	value := &btf.Struct{Name: "value", Size: size}
	at := uint32(0)
	if s := special[what]; s != nil {
		value.Members = append(value.Members, btf.Member{Name: "special", Type: s})
		at = s.Size
	}
	if what == "kptr" {
		value.Members, at = append(value.Members, btf.Member{Name: "special", Type: taskKptr}), 8
	}
	for ; at+4 <= size; at += 4 {
		value.Members = append(value.Members, btf.Member{Name: fmt.Sprintf("m%d", at), Type: btfU32, Offset: btf.Bits(8 * at)})
	}
	id, err := b.Add(value)
	if err != nil {
		return nil, 0, 0, err
	}
	h, err := btf.NewHandle(b)
	return h, uint32(key), uint32(id), err
}
