package object

import (
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// TestFields: offsets as the C declarations beside them have them.
func TestFields(t *testing.T) {
	u32 := &btf.Int{Name: "unsigned int", Size: 4}
	lock := &btf.Struct{Name: "bpf_spin_lock", Size: 4, Members: []btf.Member{{Name: "val", Type: u32}}}
	timer := &btf.Struct{Name: "bpf_timer", Size: 16, Members: []btf.Member{{Name: "x", Type: &btf.Array{Index: u32, Type: u32, Nelems: 4}}}}
	inner := &btf.Struct{Name: "inner", Size: 8, Members: []btf.Member{{Name: "n", Type: u32}, {Name: "lock", Type: lock, Offset: 32}}}
	for _, tt := range []struct {
		name  string // in C
		value btf.Type
		want  []maps.Field
	}{
		{"none", nil, nil},
		{"int", u32, nil},
		{"struct { int n; struct bpf_spin_lock lock; }", inner, []maps.Field{{Kind: maps.SpinLock, Off: 4}}},
		{
			"typedef struct { struct inner i; struct bpf_timer t; } v",
			&btf.Typedef{Name: "v", Type: &btf.Struct{Size: 24, Members: []btf.Member{{Name: "i", Type: inner}, {Name: "t", Type: timer, Offset: 64}}}},
			[]maps.Field{{Kind: maps.SpinLock, Off: 4}, {Kind: maps.Timer, Off: 8}},
		},
		{
			"static int n; static struct bpf_spin_lock lock;",
			&btf.Datasec{Name: ".data.lock", Size: 8, Vars: []btf.VarSecinfo{
				{Type: &btf.Var{Name: "n", Type: u32}, Size: 4}, {Type: &btf.Var{Name: "lock", Type: lock}, Offset: 4, Size: 4},
			}},
			[]maps.Field{{Kind: maps.SpinLock, Off: 4}},
		},
		{
			"struct bpf_spin_lock of another size",
			&btf.Struct{Size: 8, Members: []btf.Member{{Name: "lock", Type: &btf.Struct{Name: "bpf_spin_lock", Size: 8}}}},
			nil,
		},
	} {
		if d := cmp.Diff(tt.want, fields(tt.value), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
	}
}
