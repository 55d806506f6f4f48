package cfg

import "github.com/lockstep-ebpf/lockstep/spec"

// BackEdge finds the first jump back of a program without functions that [Build] has
// accepted: one to an instruction that is on the way to it. The search is the kernel's, depth
// first, and what follows a conditional jump comes before its target.
func BackEdge(insns []spec.Insn) (from, to int, found bool) {
	const (
		fresh = iota
		open
		done
	)
	mark, next := make([]uint8, len(insns)), make([]uint8, len(insns))
	way := []int{0}
	if len(insns) == 0 {
		return 0, 0, false
	}
	mark[0] = open
	for len(way) > 0 {
		pc := way[len(way)-1]
		edges := ahead(insns[pc], pc)
		if int(next[pc]) == len(edges) {
			mark[pc] = done
			way = way[:len(way)-1]
			continue
		}
		to := edges[next[pc]]
		next[pc]++
		switch mark[to] {
		case open:
			return pc, to, true
		case fresh:
			mark[to] = open
			way = append(way, to)
		}
	}
	return 0, 0, false
}

// ahead is where control may go from an instruction, in the kernel's order.
func ahead(i spec.Insn, pc int) []int {
	to, jumps := Jump(i, pc)
	switch {
	case i.Op == spec.EXIT:
		return nil
	case jumps && Plain(i):
		return []int{to}
	case jumps:
		return []int{pc + 1, to}
	case i.Wide():
		return []int{pc + 2}
	}
	return []int{pc + 1}
}
