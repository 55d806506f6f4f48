package bpftest

import (
	"strings"
	"unicode"

	"github.com/cilium/ebpf/asm"
)

// lastHelper is the greatest number of a helper (enum bpf_func_id has no new ones).
const lastHelper = 211

// helperID is the number of a helper by its name, or 0.
func helperID(name string) int32 {
	name = strings.TrimPrefix(name, "bpf_")
	for id := int32(1); id <= lastHelper; id++ {
		if snake(strings.TrimPrefix(asm.BuiltinFunc(id).String(), "Fn")) == name {
			return id
		}
	}
	return 0
}

// snake writes MapLookupElem as map_lookup_elem.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
