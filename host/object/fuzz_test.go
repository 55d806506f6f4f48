package object

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/lockstep-ebpf/lockstep/vm"
)

// FuzzRead: no bytes make Read panic, and what it reads can be asked for its cases.
// The seeds are the objects, whole, cut off, and with bytes changed.
// Inputs have kilobytes: run it with -fuzzminimizetime 1x, or minimising takes all
// the time.
func FuzzRead(f *testing.F) {
	for _, pattern := range []string{"testdata/*.o", "../../corpus/programs/*.o"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("no objects at %s (%v)", pattern, err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
			for n := 1; n < 16; n++ {
				f.Add(b[:len(b)*n/16])
				changed := bytes.Clone(b)
				changed[len(b)*n/16] ^= 0xff
				f.Add(changed)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		for _, p := range o.Programs {
			c, err := o.Case(p.Name, vm.Input{})
			if err != nil {
				continue
			}
			for _, p := range c.Programs {
				vm.Check(p) // judges any slots; must not panic
			}
		}
	})
}
