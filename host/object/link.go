package object

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// link turns a flattened program of cilium/ebpf into slots. There, an instruction
// that names something carries the name as its reference; here it carries a number.
// Subprograms are in the stream already.
//
// The slots are complete only if err is nil; they can be shown all the same.
func link(insns asm.Instructions, order binary.ByteOrder, mapIndex func(string) int) (out []spec.Insn, err error) {
	starts := map[string]int{} // function → slot
	for it := insns.Iterate(); it.Next(); {
		if name := it.Ins.Symbol(); name != "" {
			if _, twice := starts[name]; twice {
				return nil, fmt.Errorf("insn %d: function %s is there twice", it.Offset, name)
			}
			starts[name] = int(it.Offset)
		}
	}
	for it := insns.Iterate(); it.Next(); {
		slot := int(it.Offset)
		slots, encErr := encode(*it.Ins, order)
		if encErr != nil {
			return nil, fmt.Errorf("insn %d: %w", slot, encErr)
		}
		if linkErr := resolve(it.Ins, slot, slots, starts, mapIndex); linkErr != nil && err == nil {
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
func resolve(i *asm.Instruction, slot int, slots []spec.Insn, starts map[string]int, mapIndex func(string) int) error {
	name := i.Reference()
	switch {
	case btf.CORERelocationMetadata(i) != nil:
		return fmt.Errorf("CO-RE relocation (%s): it needs the BTF of a kernel, and none is given here; build the program without preserve_access_index",
			btf.CORERelocationMetadata(i))
	case i.IsKfuncCall():
		return fmt.Errorf("kernel function %s: it needs the BTF of a kernel; use a helper instead", name)
	case i.IsLoadFromMap():
		if name == "" {
			return fmt.Errorf("load from no map of the object: a .kconfig variable, or a number that nothing relocates; use a constant in .rodata")
		}
		fd := mapIndex(name)
		if fd < 0 {
			return fmt.Errorf("the object has no map %s; define it in section .maps", name)
		}
		slots[0].Imm = int32(fd)
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
	case name != "":
		return fmt.Errorf("symbol %s is not in the object; it needs a kernel's symbols (ksym)", name)
	}
	return nil
}
