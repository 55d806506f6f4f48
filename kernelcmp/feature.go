package kernelcmp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/sysbpf"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Feature is something that kernels have or have not, by release, configuration or
// processor. What a kernel refuses for want of one is unsupported, not rejected.
type Feature struct {
	Name  string // "movsx"
	Since string // the first release of Linux that may have it
	Lacks string // what the kernel said when asked; empty: it has it
}

// missing names a feature that is not there, with the release that brought it where
// that is why.
func (f *Feature) missing() string {
	if f.Younger(sysbpf.Release()) {
		return fmt.Sprintf("%s (since Linux %s)", f.Name, f.Since)
	}
	return f.Name
}

// Younger reports whether a release, as uname -r has it, came before the feature.
// Where it did not and the feature is missing all the same, the kernel's configuration
// or processor is why.
func (f *Feature) Younger(release string) bool {
	var have, since [2]int
	fmt.Sscanf(release, "%d.%d", &have[0], &have[1])
	fmt.Sscanf(f.Since, "%d.%d", &since[0], &since[1])
	return slices.Compare(have[:], since[:]) < 0
}

// probe is how a feature is asked for, and how a case shows that it needs it.
type probe struct {
	name, since string
	typ         hook.Type // of the program that uses it; socket_filter if 0
	source      string    // a program that loads exactly where the feature is
	needs       func(*vm.Program, spec.Insn) bool
	says        string // where needs is only a guess: what the kernel says of a case without the feature
}

func row(names ...string) func(*vm.Program, spec.Insn) bool {
	return func(_ *vm.Program, i spec.Insn) bool {
		r := rowOf(i)
		if r == nil {
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

// rowOf finds the form of an instruction by itself; of an LDDW there is none.
func rowOf(i spec.Insn) *spec.Row {
	r, err := spec.Check([]spec.Insn{i}, 0)
	if err != nil {
		return nil
	}
	return r
}

// probes are the features that a kernel since 5.10 may lack and a case may need.
var probes = []probe{
	{"syscall programs", "5.14", hook.Syscall, "r0 = 0\nexit", func(p *vm.Program, _ spec.Insn) bool { return p.Type == hook.Syscall }, ""},
	{"atomics with fetch", "5.12", 0, "r1 = 0\n*(u64 *)(r10 - 8) = r1\nr1 = atomic_fetch_add((u64 *)(r10 - 8), r1)\nr0 = 0\nexit", func(_ *vm.Program, i spec.Insn) bool {
		return i.Op&^0x18 == spec.ClassSTX|spec.ModeATOMIC && i.Imm != spec.AtomicAdd
	}, ""},
	{"sign-extending moves", "6.6", 0, "r0 = 1\nr0 = (s8)r0\nexit", row("movsx"), ""},
	{"sign-extending loads", "6.6", 0, "r1 = 0\n*(u64 *)(r10 - 8) = r1\nr0 = *(s8 *)(r10 - 8)\nexit", row("ldxsb", "ldxsh", "ldxsw"), ""},
	{"signed division", "6.6", 0, "r0 = 1\nr0 s/= 3\nexit", row("sdiv", "smod"), ""},
	{"unconditional byte swap", "6.6", 0, "r0 = 1\nr0 = bswap16 r0\nexit", row("bswap"), ""},
	{"32-bit jump offsets", "6.6", 0, "r0 = 1\ngotol +0\nexit", row("ja32"), ""},
	{"may_goto", "6.9", 0, "r0 = 0\nmay_goto +0\nexit", row("may_goto"), ""},
	{"load-acquire and store-release", "6.15", 0, "r1 = 0\n*(u64 *)(r10 - 8) = r1\nr0 = load_acquire((u64 *)(r10 - 8))\nexit", row("load_acquire", "store_release"), ""},
	{"constants stored to a context", "6.4", 0, "*(u32 *)(r1 + 48) = 0\nr0 = 0\nexit", func(p *vm.Program, i spec.Insn) bool {
		return i.Class() == spec.ClassST && i.Op&0xe0 == spec.ModeMEM && i.Dst != 10
	}, "stores into"},
	{"tail calls beside calls of functions (they need a JIT)", "5.10", 0, "r6 = r1\ncall f\nr1 = r6\nr2 = map_by_fd(0)\nr3 = 0\ncall 12\nr0 = 0\nexit\nf:\nr0 = 0\nexit", func(p *vm.Program, i spec.Insn) bool {
		return i.Op == spec.CALL && i.Src == spec.CallHelper && i.Imm == vm.HelperTailCall
	}, ""},
	{"callbacks (they need a JIT)", "5.17", 0, "r1 = 1\nr2 = func f\nr3 = 0\nr4 = 0\ncall 181\nr0 = 0\nexit\nf:\nr0 = 0\nexit", func(_ *vm.Program, i spec.Insn) bool {
		return i.Op == spec.LDDW && i.Src == spec.LDDWFunc
	}, ""},
	{"unaligned loads and stores (the processor has none that are fast)", "3.18", hook.XDP,
		"r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 16\nr0 = 0\nif r4 > r3 goto out\nr0 = *(u64 *)(r2 + 0)\nr0 = *(u64 *)(r2 + 1)\nr0 = 0\nout:\nexit",
		func(_ *vm.Program, i spec.Insn) bool { return i.Class() == spec.ClassLDX || i.Class() == spec.ClassSTX }, "misaligned"},
}

// lacking says what a refused job needs and this kernel has not, "" if nothing of the
// kind: then the refusal is a verdict.
func (e *executor) lacking(j *job, reason string) string {
	var missing []string
	for i := range probes {
		p := &probes[i]
		if !j.needs(p) || !strings.Contains(reason, p.says) {
			continue
		}
		if f := e.feature(p); f.Lacks != "" {
			missing = append(missing, f.missing())
		}
	}
	if len(missing) == 0 {
		return e.lackingHelper(j)
	}
	return strings.Join(missing, ", ")
}

func (j *job) needs(p *probe) bool {
	for n := range j.Programs {
		prog := j.Programs[n].decode()
		for _, i := range prog.Insns {
			if p.needs(prog, i) {
				return true
			}
		}
	}
	return false
}

// feature asks the kernel, once.
func (e *executor) feature(p *probe) Feature {
	if f, ok := e.features[p.name]; ok {
		return f
	}
	f := Feature{Name: p.name, Since: p.since}
	made, err := asm.Assemble(p.source, asm.Names{})
	if err != nil {
		panic(fmt.Sprintf("kernelcmp: the probe for %s: %v", p.name, err)) // a test assembles them all
	}
	if err := e.tryLoad(p.typ, made.Insns); err != nil {
		f.Lacks = firstLine(err)
	}
	e.features[p.name] = f
	return f
}

// allFeatures asks for everything.
func (e *executor) allFeatures() (all []Feature) {
	for i := range probes {
		all = append(all, e.feature(&probes[i]))
	}
	for i := range mapProbes {
		all = append(all, e.mapFeature(&mapProbes[i]))
	}
	return all
}

// tryLoad loads a program that may use a prog_array, map 0, and drops it.
func (e *executor) tryLoad(t hook.Type, insns []spec.Insn) error {
	if t == 0 {
		t = hook.SocketFilter
	}
	j := &job{
		Programs: []program{{t, spec.Encode(insns, hostOrder)}},
		Maps:     []maps.Spec{{Name: "programs", Type: maps.ProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 1}}, LoadOnly: true,
	}
	l := loaded{typ: t}
	defer l.close()
	m, err := e.createMap(&j.Maps[0], nil)
	if err != nil {
		return err
	}
	l.maps = append(l.maps, m)
	fd, err := e.loadProgram(j, 0, &l)
	if err == nil {
		sysbpf.Close(fd)
	}
	return err
}
