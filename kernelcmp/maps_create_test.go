//go:build linux

package kernelcmp

import (
	"math/rand"
	"testing"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/sysbpf"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// TestMapsAreRefusedAsByTheKernel makes maps with random attributes: both sides make
// them, or refuse them with the same error number.
func TestMapsAreRefusedAsByTheKernel(t *testing.T) {
	mapKernel(t)
	t.Logf("-seed %d", *seed)
	st := newStand(t)
	for typ := range maps.Type(64) {
		if !typ.Simulated() {
			continue
		}
		t.Run(typ.String(), func(t *testing.T) {
			if why := st.lacks(typ); why != "" {
				t.Skip(why)
			}
			r := rand.New(rand.NewSource(int64(*seed) + int64(typ)))
			made := 0
			for range 5 * *sequences {
				s := randomAttributes(r, typ)
				ours := makeOurs(st, &s)
				fd, err := st.create(&s)
				if err == nil {
					made++
					sysbpf.Close(fd)
				}
				if code(ours) != code(err) {
					t.Fatalf("%+v: ours %v, kernel %v", s, ours, err)
				}
			}
			t.Logf("%d of %d are made", made, 5**sequences)
		})
	}
}

func makeOurs(st *stand, s *maps.Spec) error {
	m := mem.NewList()
	others := st.others(m)
	_, err := maps.New(s, maps.Place{Mem: m, Base: mem.ValueBase + 1<<20, CPUs: st.cpus, Maps: &others})
	return err
}

// randomAttributes changes one or two things of a map that could be made.
func randomAttributes(r *rand.Rand, typ maps.Type) maps.Spec {
	s := randomSpec(r, typ)
	for range r.Intn(3) {
		switch r.Intn(6) {
		case 0:
			s.KeySize = []uint32{0, 1, 3, 4, 5, 8, 260, 261, 500}[r.Intn(9)]
		case 1:
			s.ValueSize = []uint32{0, 1, 4, 7, 8, 12, 16, 32, 1016, 1024, 32768, 32769}[r.Intn(12)]
		case 2:
			s.MaxEntries = []uint32{0, 1, 3, 100, 4096, 8192, 12288, 8193}[r.Intn(8)]
		case 3, 4:
			s.Flags ^= 1 << r.Intn(13)
		case 5:
			s.Extra = []uint64{0, 1, 15, 16, 1 << 40}[r.Intn(5)]
		}
	}
	if uint64(s.MaxEntries)*uint64(s.ValueSize) > 1<<18 {
		s.MaxEntries = 2
	}
	if typ == maps.CPUMap && s.MaxEntries > 8 {
		s.MaxEntries = 8 // the limit is the kernel's CONFIG_NR_CPUS
	}
	return s
}
