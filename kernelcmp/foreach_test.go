package kernelcmp

import (
	"fmt"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// eachElement goes through a map: the callback mixes keys and values into a sum, in order,
// changes each value, and stops when the sum of calls says so.
const eachElement = `
	*(u64 *)(r10 - 8) = 7
	r1 = map[seen][0]+0
	*(u64 *)(r1 + 8) = 1
	*(u64 *)(r1 + 16) = %d
	r1 = map[table]
	r2 = func body
	r3 = r10
	r3 += -8
	r4 = 0
	call 164
	r1 = map[seen][0]+0
	*(u64 *)(r1 + 0) = r0
	r0 = 0
	exit
	body: r7 = map[seen][0]+0
	r5 = *(u64 *)(r7 + 8)
	r6 = *(u64 *)(r4 + 0)
	r5 *= 31
	r5 += r6
	r6 = *(u32 *)(r2 + 0)
	r5 += r6
	r5 *= 31
	r6 = *(u64 *)(r3 + 0)
	r5 += r6
	*(u64 *)(r7 + 8) = r5
	r6 += 1
	*(u64 *)(r3 + 0) = r6
	r5 = *(u64 *)(r7 + 16)
	r5 += -1
	*(u64 *)(r7 + 16) = r5
	r0 = 0
	if r5 != 0 goto +1
	r0 = 1
	exit`

// TestForEach: which elements bpf_for_each_map_elem visits, in which order, and when it
// stops.
func TestForEach(t *testing.T) {
	k := kernel(t, Options{})
	engines := []vm.Engine{&refvm.Engine{}, fastvm.Engine{}}
	if (jit.Engine{}).Supports(&vm.Program{Order: hostOrder}) == nil {
		engines = append(engines, jit.Engine{})
	}
	for _, typ := range []maps.Type{maps.Array, maps.PerCPUArray, maps.Hash, maps.LRUHash, maps.PerCPUHash, maps.LRUPerCPUHash} {
		for _, stop := range []int{1000, 3, 1} {
			table := &maps.Spec{Name: "table", Type: typ, KeySize: 4, ValueSize: 8, MaxEntries: 8}
			n := uint32(6)
			if typ != maps.Array && typ != maps.PerCPUArray {
				n = 1 // the order of more is the kernel's secret
			}
			if typ.LRU() {
				table.MaxEntries = 2048
			}
			for i := range n {
				key := i
				if n == 1 {
					key = 0x01010107
				}
				table.Entries = append(table.Entries, maps.Entry{Key: u32(key), Value: u64(uint64(i) * 1000)})
			}
			p, err := asm.Assemble(fmt.Sprintf(eachElement, stop), asm.Names{Maps: []string{"table", "seen"}})
			if err != nil {
				t.Fatal(err)
			}
			c := one(&vm.Program{Type: hook.SchedCLS, Order: hostOrder, Insns: p.Insns})
			c.Name, c.Maps = fmt.Sprintf("%s, %d", typ, stop), []*maps.Spec{table, seen[0]}
			want := exited(t, k.Run(c)[0])
			for _, e := range engines {
				m, err := mem.New()
				if err != nil {
					t.Fatal(err)
				}
				ours := vm.NewTarget(e, m)
				o := exited(t, ours.Run(c)[0])
				ours.Close()
				if d, ok := vm.Compare(&o, &want, vm.ObsR0|vm.ObsMaps); !ok {
					t.Errorf("%s, %s and kernel: %s", c.Name, e.Name(), d)
				}
			}
		}
	}
}
