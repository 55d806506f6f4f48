package refvm

import "github.com/lockstep-ebpf/lockstep/spec"

func (r *run) exec(c *insn) { r.seq(c, spec.Table[c.row].Do) }
