package casefile

import (
	"fmt"
	"strings"

	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// formatFields writes what the kernel knows of a map's values: "bpf_spin_lock 0, bpf_timer 8".
func formatFields(fields []maps.Field) string {
	words := make([]string, len(fields))
	for i, f := range fields {
		words[i] = fmt.Sprintf("%s %d", f.Kind, f.Off)
	}
	return strings.Join(words, ", ")
}

func parseFields(s string) (fields []maps.Field, err error) {
	for _, part := range strings.Split(s, ",") {
		w := strings.Fields(part)
		if len(w) != 2 {
			return nil, fmt.Errorf("want a struct and its offset, as in `bpf_spin_lock 0`, not %q", clip(part))
		}
		kind, ok := maps.FieldKindByName(w[0])
		if !ok {
			return nil, fmt.Errorf("the kernel knows no struct %q in a map's values: want bpf_spin_lock, bpf_timer or another", clip(w[0]))
		}
		off, err := number(w[1], 32)
		if err != nil {
			return nil, err
		}
		fields = append(fields, maps.Field{Kind: kind, Off: uint32(off)})
	}
	return fields, nil
}
