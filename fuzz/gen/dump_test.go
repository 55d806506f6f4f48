package gen_test

import (
	"flag"
	"os"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
)

var dump = flag.Bool("dump", false, "print the case of -loadmix and -loadseed")

// TestDump prints a case, for looking into a failure of the other tests.
func TestDump(t *testing.T) {
	if !*dump {
		t.Skip("prints a case when asked to with -dump")
	}
	c := gen.New(gen.Options{Mix: gen.MixByName(*loadMix)}).Generate(tape.FromSeed(*kernelS))
	text, err := casefile.Format(&casefile.File{Case: *c})
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout.Write(text)
}
