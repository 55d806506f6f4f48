package verifier

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/cfg"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/transfer"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// What a program may do depends on who loads it. Three capabilities count, and
// CAP_SYS_ADMIN stands for all of them:
//
//	none             socket_filter and cgroup_skb; 4,096 instructions, no loops, no functions
//	CAP_BPF          all helpers and types that see no secrets; loops, functions, 1,000,000 instructions
//	CAP_NET_ADMIN    and types that change what becomes of packets
//	CAP_PERFMON      and tracing; addresses as numbers, stack that was not written, no masks against Spectre

// denied refuses types of programs and maps for which a capability is missing.
func denied(c *vm.Case, o *Options) *Failure {
	for i, m := range c.Maps {
		if missing := o.Release.MapCaps(uint32(m.Type)) & o.Lacks; missing != 0 {
			return denial(-1, 0, missing, fmt.Sprintf("map %d: a %s", i, m.Type), "type of map")
		}
	}
	for n, p := range c.Programs {
		t := release.ProgType(p.Type.Prog())
		if p.Type == hook.Unspec {
			t = release.SocketFilter
		}
		if missing := o.Release.TypeCaps(t) & o.Lacks; missing != 0 {
			return denial(-1, n, missing, fmt.Sprintf("a program of type %s", t), "type of program")
		}
	}
	return nil
}

func denial(insn, prog int, missing release.Caps, what, kind string) *Failure {
	f := structural(transfer.Denied, insn, "capability", fmt.Sprintf("%s takes %s, which the caller lacks", what, missing))
	f.Prog, f.Need = prog, missing.String()+", or another "+kind
	return f
}

// privileged refuses what programs of those without CAP_BPF may not have in them.
func privileged(p *vm.Program, o *Options) *Failure {
	if o.Lacks&release.BPF == 0 {
		return nil
	}
	if most := int(o.Release.Limits().UnprivilegedInsns); len(p.Insns) > most {
		f := structural(transfer.Denied, -1, "too-long", fmt.Sprintf("the program has %d slots, more than the %d of those without CAP_BPF", len(p.Insns), most))
		f.Need = release.BPF.String()
		return f
	}
	for pc, i := range p.Insns {
		if i.Op == spec.CALL && i.Src != spec.CallHelper || i.Op == spec.LDDW && i.Src == spec.LDDWFunc {
			f := structural(transfer.Denied, pc, "functions", "loading/calling other bpf or kernel functions are allowed for CAP_BPF and CAP_SYS_ADMIN")
			f.Need = release.BPF.String()
			return f
		}
	}
	return nil
}

// backEdge refuses loops.
func backEdge(p *vm.Program, o *Options) *Failure {
	if o.Lacks&release.BPF == 0 {
		return nil
	}
	from, to, found := cfg.BackEdge(p.Insns)
	if !found {
		return nil
	}
	f := structural(transfer.Unsafe, from, "back-edge", fmt.Sprintf("back-edge from insn %d to %d", from, to))
	f.Need = "no loop, or " + release.BPF.String()
	return f
}
