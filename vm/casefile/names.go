package casefile

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// helperNames are what a program may call by name.
var helperNames = func() map[string]int32 {
	names := map[string]int32{}
	for id := range int32(1024) {
		if h := vm.HelperByID(id); h != nil {
			names["bpf_"+h.Name] = id
		}
	}
	return names
}()

// Names are the names that the programs of a case with these maps are written with.
func Names(specs []*maps.Spec) asm.Names {
	n := asm.Names{Helpers: helperNames}
	for _, s := range specs {
		n.Maps = append(n.Maps, s.Name)
	}
	return n
}

func programType(s string) (hook.Type, error) {
	if t, ok := hook.ByName(s); ok {
		return t, nil
	}
	n, err := strconv.ParseUint(s, 0, 32)
	if err != nil {
		return 0, fmt.Errorf("unknown program type %q: want %s, or Linux's number", s, strings.Join(hook.Names(), ", "))
	}
	return hook.Type(n), nil
}

func formatProgramType(t hook.Type) string {
	if i := hook.Lookup(t); i != nil {
		return i.Name
	}
	return strconv.FormatUint(uint64(t), 10)
}

func mapType(s string) (maps.Type, error) {
	if t, ok := maps.TypeByName(s); ok {
		return t, nil
	}
	n, err := strconv.ParseUint(s, 0, 32)
	if err != nil {
		return 0, fmt.Errorf("unknown map type %q: want a name such as hash, array, lpm_trie, or Linux's number", s)
	}
	return maps.Type(n), nil
}

func formatMapType(t maps.Type) string {
	if _, ok := maps.TypeByName(t.String()); ok {
		return t.String()
	}
	return strconv.FormatUint(uint64(t), 10)
}
