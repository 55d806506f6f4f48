package object

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	cilium "github.com/cilium/ebpf/btf"

	"github.com/lockstep-ebpf/lockstep/host/kernelbtf"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/btf"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// kconfigMap is the name of the map that holds variables of the kernel's configuration.
const kconfigMap = ".kconfig"

// poison is the number of a helper that there is not. A call of a weak kernel function that
// is missing becomes a call of it, as loaders do; no path may come to it.
const poison = 0xdedc0de

// relocate applies CO-RE relocations to a copy of instructions.
func relocate(insns asm.Instructions, order binary.ByteOrder, k *kernelbtf.Kernel) (asm.Instructions, error) {
	out := append(asm.Instructions(nil), insns...)
	var relocations []*cilium.CORERelocation
	var at []int
	for i := range out {
		if r := cilium.CORERelocationMetadata(&out[i]); r != nil {
			relocations, at = append(relocations, r), append(at, i)
		}
	}
	if len(relocations) == 0 {
		return out, nil
	}
	var local cilium.Builder
	fixups, err := cilium.CORERelocate(relocations, []*cilium.Spec{k.Spec}, order, local.Add)
	if err != nil {
		return nil, fmt.Errorf("CO-RE relocation against this kernel: %w", err)
	}
	for n, fixup := range fixups {
		i := &out[at[n]]
		if err := fixup.Apply(i); err != nil {
			return nil, fmt.Errorf("CO-RE relocation (%v): %w", relocations[n], err)
		}
		*i = cilium.WithCORERelocationMetadata(*i, nil)
	}
	return out, nil
}

// kernelFunction gives a call the number that the function has in the kernel.
func (l *linker) kernelFunction(i *spec.Insn, name string, weak bool) error {
	id := l.kernel.Find(btf.Func, name)
	switch {
	case id != 0:
		i.Imm, i.Off = int32(id), 0
	case weak:
		*i = spec.Insn{Op: spec.CALL, Imm: poison}
	default:
		return fmt.Errorf("kernel function %s: this kernel has none of the name (those of modules are not looked at)", name)
	}
	return nil
}

// kernelVariable makes an LDDW of a variable in .ksyms load its address.
func (l *linker) kernelVariable(slots []spec.Insn, name string, weak bool) error {
	id := l.kernel.Find(btf.Var, name)
	switch {
	case id != 0:
		slots[0].Src, slots[0].Imm, slots[1].Imm = spec.LDDWBTFVar, int32(id), 0
	case weak:
		slots[0].Src, slots[0].Imm, slots[1].Imm = spec.LDDWValue, 0, 0
	default:
		return fmt.Errorf("variable %s: the kernel's types do not have it", name)
	}
	return nil
}

// kconfig is the map of the variables in .kconfig. If the kernel's options are known it
// holds them and nothing changes them.
func kconfig(coll *ebpf.CollectionSpec, order spec.ByteOrder, k *kernelbtf.Kernel) (*Map, map[string]uint32, error) {
	var section *cilium.Datasec
	if coll.Types == nil || coll.Types.TypeByName(kconfigMap, &section) != nil {
		return nil, nil, nil
	}
	value, frozen := make([]byte, section.Size), true
	at := map[string]uint32{}
	for _, s := range section.Vars {
		v, ok := s.Type.(*cilium.Var)
		if !ok || uint64(s.Offset)+uint64(s.Size) > uint64(len(value)) {
			return nil, nil, errors.New("malformed .kconfig: its types and its size do not fit")
		}
		at[v.Name] = s.Offset
		known, err := option(value[s.Offset:s.Offset+s.Size], v.Name, order, k)
		if err != nil {
			return nil, nil, err
		}
		frozen = frozen && known
	}
	m := &Map{Spec: maps.Spec{
		Name: kconfigMap, Type: maps.Array, Flags: maps.ReadOnly, KeySize: 4, ValueSize: section.Size, MaxEntries: 1,
		Frozen: frozen, Entries: []maps.Entry{{Key: make([]byte, 4), Value: value}},
	}}
	return m, at, nil
}

// option puts the value of a variable of .kconfig where it belongs, if it is known.
func option(out []byte, name string, order spec.ByteOrder, k *kernelbtf.Kernel) (known bool, err error) {
	var n uint64
	switch name {
	case "LINUX_KERNEL_VERSION":
		if n = uint64(k.Version); n == 0 {
			return false, nil
		}
	case "LINUX_HAS_SYSCALL_WRAPPER":
		n = 1 // since Linux 4.17, on all machines that JITs are for
	default:
		text, ok := k.Config[name]
		if !ok {
			return k.Config != nil, nil // an option that is off: 0
		}
		switch text {
		case "y":
			n = 1
		case "m":
			n = 2
		default:
			if unquoted, err := strconv.Unquote(text); err == nil {
				copy(out, unquoted)
				return true, nil
			}
			v, err := strconv.ParseUint(text, 0, 64)
			if err != nil {
				return false, fmt.Errorf("variable %s of .kconfig: %q is no number, string or tristate", name, text)
			}
			n = v
		}
	}
	var b [8]byte
	order.Binary().PutUint64(b[:], n)
	switch {
	case len(out) > 8:
	case order == spec.Big:
		copy(out, b[8-len(out):])
	default:
		copy(out, b[:])
	}
	return true, nil
}
