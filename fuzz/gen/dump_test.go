package gen_test

import (
	"os"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
)

// TestDump prints a case, for looking into a failure of the other tests.
func TestDump(t *testing.T) {
	if !*dump {
		t.Skip("prints a case when asked to with -dump")
	}
	c := gen.New(gen.Options{Mix: gen.MixByName(*onlyMix)}).Generate(tape.FromSeed(*firstSeed))
	text, err := casefile.Format(&casefile.File{Case: *c})
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout.Write(text)
}
