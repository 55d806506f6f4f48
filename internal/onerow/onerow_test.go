package onerow

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/lockstep-ebpf/lockstep/vm"
)

// The same seed writes the same program, and engines load it.
func TestCase(t *testing.T) {
	for _, row := range Rows() {
		for seed := range uint64(50) {
			c := Case(rand.New(rand.NewPCG(seed, 0)), row)
			if again := Case(rand.New(rand.NewPCG(seed, 0)), row); !reflect.DeepEqual(c, again) {
				t.Fatalf("%s, seed %d: %v and %v", row.Name, seed, c, again)
			}
			if _, err := vm.Check(c.Programs[0]); err != nil {
				t.Fatalf("%s, seed %d: %v", row.Name, seed, err)
			}
		}
	}
}
