package kernelcmp

import (
	"strings"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// probe is how a feature is asked for, and how a case shows that it needs it.
type probe struct {
	name, since string
	typ         hook.Type // of the program that uses it; socket_filter if 0
	source      string    // a program that loads exactly where the feature is; it may use a prog_array, map 0
	needs       func(*vm.Program, spec.Insn) bool
	says        string // where needs is only a guess: what the kernel says of a case without the feature
}

// probes are the features that a kernel since 5.10 may lack and a case may need.
var probes = []probe{
	{
		name: "syscall programs", since: "5.14", typ: hook.Syscall,
		needs: func(p *vm.Program, _ spec.Insn) bool { return p.Type == hook.Syscall },
		source: `
			r0 = 0
			exit`,
	},
	{
		name: "atomics with fetch", since: "5.12",
		needs: func(_ *vm.Program, i spec.Insn) bool {
			return i.Op&^0x18 == spec.ClassSTX|spec.ModeATOMIC && i.Imm != spec.AtomicAdd
		},
		source: `
			r1 = 0
			*(u64 *)(r10 - 8) = r1
			r1 = atomic_fetch_add((u64 *)(r10 - 8), r1)
			r0 = 0
			exit`,
	},
	{
		name: "sign-extending moves", since: "6.6", needs: row("movsx"),
		source: `
			r0 = 1
			r0 = (s8)r0
			exit`,
	},
	{
		name: "sign-extending loads", since: "6.6", needs: row("ldxsb", "ldxsh", "ldxsw"),
		source: `
			r1 = 0
			*(u64 *)(r10 - 8) = r1
			r0 = *(s8 *)(r10 - 8)
			exit`,
	},
	{
		name: "signed division", since: "6.6", needs: row("sdiv", "smod"),
		source: `
			r0 = 1
			r0 s/= 3
			exit`,
	},
	{
		name: "unconditional byte swap", since: "6.6", needs: row("bswap"),
		source: `
			r0 = 1
			r0 = bswap16 r0
			exit`,
	},
	{
		name: "32-bit jump offsets", since: "6.6", needs: row("ja32"),
		source: `
			r0 = 1
			gotol +0
			exit`,
	},
	{
		name: "may_goto", since: "6.9", needs: row("may_goto"),
		source: `
			r0 = 0
			may_goto +1
			r0 = 1
			exit`,
	},
	{
		name: "load-acquire and store-release", since: "6.15", needs: row("load_acquire", "store_release"),
		source: `
			r1 = 0
			*(u64 *)(r10 - 8) = r1
			r0 = load_acquire((u64 *)(r10 - 8))
			exit`,
	},
	{
		name: "constants stored to a context", since: "6.4", says: "stores into",
		needs: func(_ *vm.Program, i spec.Insn) bool { return i.Op&^0x18 == spec.ClassST|spec.ModeMEM && i.Dst != 10 },
		source: `
			*(u32 *)(r1 + 48) = 0
			r0 = 0
			exit`,
	},
	{
		name: "tail calls beside calls of functions (they need a JIT)", since: "5.10",
		needs: func(_ *vm.Program, i spec.Insn) bool {
			return i.Op == spec.CALL && i.Src == spec.CallHelper && i.Imm == vm.HelperTailCall
		},
		source: `
			r6 = r1
			call f
			r1 = r6
			r2 = map_by_fd(0)
			r3 = 0
			call 12
			r0 = 0
			exit
		f:	r0 = 0
			exit`,
	},
	{
		name: "callbacks (they need a JIT)", since: "5.17",
		needs: func(_ *vm.Program, i spec.Insn) bool { return i.Op == spec.LDDW && i.Src == spec.LDDWFunc },
		source: `
			r1 = 1
			r2 = func f
			r3 = 0
			r4 = 0
			call 181
			r0 = 0
			exit
		f:	r0 = 0
			exit`,
	},
	{
		name: "unaligned loads and stores (the processor has none that are fast)", since: "3.18", typ: hook.XDP, says: "misaligned",
		needs: func(_ *vm.Program, i spec.Insn) bool { return i.Class() == spec.ClassLDX || i.Class() == spec.ClassSTX },
		source: `
			r2 = *(u32 *)(r1 + 0)
			r3 = *(u32 *)(r1 + 4)
			r4 = r2
			r4 += 16
			r0 = 0
			if r4 > r3 goto out
			r0 = *(u64 *)(r2 + 0)
			r0 = *(u64 *)(r2 + 1)
			r0 = 0
		out:	exit`,
	},
}

// row tells the instructions of rows by how their names begin.
func row(names ...string) func(*vm.Program, spec.Insn) bool {
	return func(_ *vm.Program, i spec.Insn) bool {
		r, err := spec.Check([]spec.Insn{i}, 0) // of an LDDW's two slots neither is one
		if err != nil {
			return false
		}
		for _, n := range names {
			if strings.HasPrefix(r.Name, n) {
				return true
			}
		}
		return false
	}
}
