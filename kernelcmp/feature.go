package kernelcmp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/sysbpf"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
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
		Programs: []program{{Type: t, Code: spec.Encode(insns, hostOrder)}},
		Maps:     []maps.Spec{{Name: "programs", Type: maps.ProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 1}}, LoadOnly: true,
	}
	l := loaded{typ: t}
	defer l.close()
	m, err := e.createMap(&j.Maps[0], nil, true)
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
