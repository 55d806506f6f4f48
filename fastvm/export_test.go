package fastvm

import "github.com/lockstep-ebpf/lockstep/vm"

// Fusions lists the fused runs that consist of eBPF opcodes.
func Fusions() (all [][]uint8) {
	for _, run := range fusions {
		ops := make([]uint8, len(run))
		for i, op := range run {
			if op == exit {
				op = 0x95
			}
			ops[i] = uint8(op)
		}
		all = append(all, ops)
	}
	return all
}

// IsFused reports whether the insn at pc begins run n.
func IsFused(in vm.Instance, pc, n int) bool {
	return in.(*instance).code[pc].op == firstFused+uint16(n)
}
