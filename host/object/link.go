package object

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"github.com/lockstep-ebpf/lockstep/host/kernelbtf"
	"github.com/lockstep-ebpf/lockstep/spec"
)

// linker turns flattened programs of cilium/ebpf into slots. There, an instruction
// that names something carries the name as its reference; here it carries a number.
// Subprograms are in the stream already.
type linker struct {
	order    binary.ByteOrder
	mapIndex func(string) int
	kernel   *kernelbtf.Kernel // nil: none is given
	externs  map[place]extern
	options  map[string]uint32 // variables of .kconfig: where they are in its map
}

// link gives the slots. They are complete only if err is nil; they can be shown all the
// same.
func (l *linker) link(insns asm.Instructions) (out []spec.Insn, err error) {
	if l.kernel != nil {
		relocated, coreErr := relocate(insns, l.order, l.kernel)
		if err = coreErr; err == nil {
			insns = relocated
		}
	}
	starts := map[string]int{} // function → slot
	for it := insns.Iterate(); it.Next(); {
		if name := it.Ins.Symbol(); name != "" {
			if _, twice := starts[name]; twice {
				return nil, fmt.Errorf("insn %d: function %s is there twice", it.Offset, name)
			}
			starts[name] = int(it.Offset)
		}
	}
	within, start := "", 0
	for it := insns.Iterate(); it.Next(); {
		slot := int(it.Offset)
		if name := it.Ins.Symbol(); name != "" {
			within, start = name, slot
		}
		slots, encErr := encode(*it.Ins, l.order)
		if encErr != nil {
			return nil, fmt.Errorf("insn %d: %w", slot, encErr)
		}
		x := l.externs[place{within, uint64(slot-start) * spec.SlotSize}]
		if linkErr := l.resolve(it.Ins, slot, slots, starts, x); linkErr != nil && err == nil {
			err = fmt.Errorf("insn %d: %w", slot, linkErr)
		}
		out = append(out, slots...)
	}
	return out, err
}

// encode writes an instruction's one or two slots, references unresolved.
func encode(i asm.Instruction, order binary.ByteOrder) ([]spec.Insn, error) {
	if i.IsBuiltinCall() { // Marshal refuses Linux's helpers on other systems
		return []spec.Insn{{Op: spec.CALL, Dst: uint8(i.Dst), Off: i.Offset, Imm: int32(i.Constant)}}, nil
	}
	var b bytes.Buffer
	if _, err := i.Marshal(&b, order); err != nil {
		return nil, err
	}
	o := spec.Little
	if order == binary.BigEndian {
		o = spec.Big
	}
	return spec.Split(b.Bytes(), o)
}

// resolve writes the number of what the instruction refers to into its slots.
func (l *linker) resolve(i *asm.Instruction, slot int, slots []spec.Insn, starts map[string]int, x extern) error {
	name := i.Reference()
	switch {
	case btf.CORERelocationMetadata(i) != nil:
		return fmt.Errorf("CO-RE relocation (%s): it needs the BTF of a kernel, and none is given here; build the program without preserve_access_index",
			btf.CORERelocationMetadata(i))
	case i.IsKfuncCall() && l.kernel != nil:
		return l.kernelFunction(&slots[0], name, x.weak)
	case i.IsKfuncCall():
		return fmt.Errorf("kernel function %s: it needs the BTF of a kernel; use a helper instead", name)
	case i.IsLoadFromMap():
		return l.loadsMap(name, slots, x)
	case i.OpCode.IsDWordLoad() && i.Src >= spec.LDDWMapIdx:
		return fmt.Errorf("load of map number %d of a loader's list: no compiler emits it; refer to the map by its symbol", int32(i.Constant))
	case i.IsFunctionReference() && name != "":
		to, ok := starts[name]
		if !ok {
			return fmt.Errorf("function %s is declared but not defined; link the object that defines it", name)
		}
		slots[0].Imm = int32(to - slot - 1)
		if len(slots) == 2 {
			slots[1].Imm = 0
		}
	case name != "" && i.OpCode.IsDWordLoad() && l.kernel != nil:
		return l.kernelVariable(slots, name, x.weak)
	case name != "":
		return fmt.Errorf("symbol %s is not in the object; it needs a kernel's symbols (ksym)", name)
	}
	return nil
}

// loadsMap is an LDDW of a map, or of a place in one.
func (l *linker) loadsMap(name string, slots []spec.Insn, x extern) error {
	if name == "" {
		off, ok := l.options[x.name]
		if !ok || l.mapIndex(kconfigMap) < 0 {
			return fmt.Errorf("load from no map of the object: a .kconfig variable, or a number that nothing relocates; use a constant in .rodata")
		}
		name, slots[1].Imm = kconfigMap, int32(off)
	}
	fd := l.mapIndex(name)
	if fd < 0 {
		return fmt.Errorf("the object has no map %s; define it in section .maps", name)
	}
	slots[0].Imm = int32(fd)
	return nil
}
