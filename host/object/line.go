package object

import (
	"strings"

	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"github.com/lockstep-ebpf/lockstep/vm"
)

// lines are the lines of source that instructions come from, for objects with line_info
// (compiled with -g).
func lines(insns asm.Instructions) (out []vm.Line) {
	for it := insns.Iterate(); it.Next(); {
		l, ok := it.Ins.Source().(*btf.Line)
		if !ok {
			continue
		}
		out = append(out, vm.Line{
			Slot: int(it.Offset), File: l.FileName(), Line: int(l.LineNumber()), Column: int(l.LineColumn()), Text: strings.TrimSpace(l.Line()),
		})
	}
	return out
}
