package public

import (
	"strings"
	"unicode"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"github.com/lockstep-ebpf/lockstep/host/object"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// obstacles says what keeps a program from being run by this project's own engines,
// each reason once.
func obstacles(o *object.Object, p *object.Program) []string {
	var all []string
	if p.Unready != nil {
		all = append(all, brief(p.Unready))
	}
	if p.Type == hook.Unspec || hook.Lookup(p.Type) == nil {
		all = append(all, "program type "+ebpf.ProgramType(p.Type.Prog()).String())
	}
	for _, i := range p.Insns {
		switch {
		case i.Op == spec.CALL && i.Src == spec.CallHelper && vm.HelperByID(i.Imm) == nil:
			all = append(all, "helper "+helperName(i.Imm))
		case i.Op == spec.LDDW && (i.Src == spec.LDDWMapFD || i.Src == spec.LDDWMapValue):
			if n := int(i.Imm); n < 0 || n >= len(o.Maps) {
				continue // Unready says so
			} else if m := o.Maps[n]; m.Unready != nil {
				all = append(all, brief(m.Unready))
			} else if !m.Type.Simulated() {
				all = append(all, "map type "+ebpf.MapType(m.Type).String())
			}
		}
	}
	return all
}

// causes are the obstacles that an error tells of, by a part of its text.
var causes = []struct{ part, cause string }{
	{"CO-RE relocation (", "CO-RE relocation: needs the BTF of a kernel"},
	{"record size too short", "reader: CO-RE relocations of an old compiler"},
	{"kernel function", "kernel function (kfunc)"},
	{".kconfig", "variable of the kernel's configuration (.kconfig)"},
	{"kernel's symbols", "variable of the kernel (.ksyms)"},
	{"declared but not defined", "function that another object defines"},
	{"max_entries is 0", "map whose size its own loader sets"},
	{"unsupported binding: STB_WEAK", "reader: weak symbol of a map"},
	{"load virtual .ksyms section", "reader: typed variable of the kernel (.ksyms)"},
	{"in section SHN_UNDEF", "reader: undefined symbol"},
	{"initializing BTF map definitions", "reader: initial contents of a map"},
	{"possible erroneous static qualifier", "reader: static map"},
	{"missing type", "reader: map without a type"},
	{"duplicate symbol", "reader: two functions of one name"},
}

// other begins an obstacle that has no name yet.
const other = "other: "

// brief is an error without what only one program or object has of it.
func brief(err error) string {
	text := err.Error()
	for _, c := range causes {
		if strings.Contains(text, c.part) {
			return c.cause
		}
	}
	return other + text
}

// helperName is a helper's name in Linux, without bpf_.
func helperName(id int32) string {
	var b strings.Builder
	for i, r := range strings.TrimPrefix(asm.BuiltinFunc(id).String(), "Fn") {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
