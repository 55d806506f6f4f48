package release_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
)

// TestArguments asks the host's kernel what it takes each argument of each tracepoint and
// iterator for. The tables have those that are not what the types say.
func TestArguments(t *testing.T) {
	each(t, func(t *testing.T, k kernel) {
		if !k.quick || k.release.Name != "linux-6.18" {
			t.Skip("only the host's kernel, if it is 6.18, is asked: the types have to be at hand")
		}
		types, err := btf.LoadKernelSpec()
		if err != nil {
			t.Fatal(err)
		}
		points, iterators := k.arguments(t, types, tracepointsOf(types)), k.arguments(t, types, iteratorsOf(types))
		if *generate {
			writeGo(t, "ztyped_"+suffix(k.release)+".go", mapText("tracepoints"+suffix(k.release), points)+"\n"+mapText("iterators"+suffix(k.release), iterators))
			return
		}
		had, hadIterators := release.Arguments()
		for _, x := range []struct {
			what      string
			got, want map[string]string
		}{{"tracepoints", points, had}, {"iterators", iterators, hadIterators}} {
			if got, want := sorted(x.got), sorted(x.want); got != want {
				t.Errorf("%s: the kernel has\n%s\nthe table\n%s", x.what, got, want)
			}
		}
	})
}

// attachPoint is a function whose arguments a context holds.
type attachPoint struct {
	name, btf string
	attach    uint32
	params    []btf.FuncParam
}

func tracepointsOf(types *btf.Spec) (all []attachPoint) {
	for t, err := range types.All() {
		def, ok := t.(*btf.Typedef)
		if err != nil || !ok || !strings.HasPrefix(def.Name, "btf_trace_") {
			continue
		}
		if p, ok := def.Type.(*btf.Pointer); ok {
			if proto, ok := p.Target.(*btf.FuncProto); ok && len(proto.Params) > 0 {
				all = append(all, attachPoint{strings.TrimPrefix(def.Name, "btf_trace_"), def.Name, 23, proto.Params[1:]})
			}
		}
	}
	return all
}

func iteratorsOf(types *btf.Spec) (all []attachPoint) {
	for t, err := range types.All() {
		f, ok := t.(*btf.Func)
		if err != nil || !ok || !strings.HasPrefix(f.Name, "bpf_iter_") || slices.Contains(f.Tags, "bpf_kfunc") {
			continue
		}
		if proto := f.Type.(*btf.FuncProto); len(proto.Params) > 0 && proto.Params[0].Name == "meta" {
			all = append(all, attachPoint{strings.TrimPrefix(f.Name, "bpf_iter_"), f.Name, 28, proto.Params})
		}
	}
	return all
}

// loaded is what the log has of r2 after the load.
var loaded = regexp.MustCompile(`R2(?:_w)?=([a-z_]*)`)

func (k kernel) arguments(t *testing.T, types *btf.Spec, all []attachPoint) map[string]string {
	rows := map[string]string{}
	asked := 0
	for _, p := range all {
		var loads []*kernelcmp.Load
		var at []int
		for n, param := range p.params {
			ptr, ok := btf.UnderlyingType(param.Type).(*btf.Pointer)
			if !ok || n >= 12 {
				continue
			}
			load := spec.Insn{Op: spec.LDXDW, Dst: 2, Src: 1, Off: int16(8 * n)}
			loads = append(loads, &kernelcmp.Load{
				Type: uint32(release.Tracing), Attach: p.attach, BTF: p.btf, License: "GPL", LogLevel: 2,
				Insns: []spec.Insn{load, mov(0, 0), exit},
			})
			at = append(at, n)
			_ = ptr
		}
		var words []string
		for i, r := range k.TryLoads(loads) {
			asked++
			m := loaded.FindStringSubmatch(r.Log)
			if r.Errno != 0 || m == nil {
				continue
			}
			_, composite := btf.UnderlyingType(btf.UnderlyingType(p.params[at[i]].Type).(*btf.Pointer).Target).(*btf.Struct)
			if _, union := btf.UnderlyingType(btf.UnderlyingType(p.params[at[i]].Type).(*btf.Pointer).Target).(*btf.Union); union {
				composite = true
			}
			if w := word(m[1], composite); w != "" {
				words = append(words, fmt.Sprintf("%d:%s", at[i], w))
			}
		}
		if len(words) > 0 {
			rows[p.name] = strings.Join(words, " ")
		}
	}
	t.Logf("%d arguments of %d places, %d of which have some that are not as their types say", asked, len(all), len(rows))
	return rows
}

// word is the table's word for a kind, empty if that is what the type says.
func word(kind string, composite bool) string {
	switch {
	case strings.HasPrefix(kind, "rdonly_buf"):
		return "rdonly"
	case strings.HasPrefix(kind, "rdwr_buf"), strings.HasPrefix(kind, "buf"):
		return "rdwr"
	case strings.HasPrefix(kind, "trusted_ptr_or_null_"):
		return "null"
	case strings.HasPrefix(kind, "ptr_or_null_"):
		return "plain"
	case composite && kind == "scalar", composite && kind == "":
		return "number"
	}
	return ""
}

func mapText(name string, m map[string]string) string {
	var s strings.Builder
	fmt.Fprintf(&s, "var %s = map[string]string{\n", name)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&s, "\t%q: %q,\n", key, m[key])
	}
	s.WriteString("}\n")
	return s.String()
}
