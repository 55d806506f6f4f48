package object

import (
	"bytes"
	"os"
	"testing"

	"github.com/lockstep-ebpf/lockstep/host/kernelbtf"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/btf"
)

// FuzzReadFor: no bytes make ReadFor panic, with the object's own types in the place of a
// kernel's, and the verifier judges whatever programs there are.
func FuzzReadFor(f *testing.F) {
	for _, file := range []string{"testdata/unready.o", "testdata/dispatch.o", "../../verifier/testdata/global/global.o"} {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		for n := 1; n < 16; n++ {
			changed := bytes.Clone(b)
			changed[len(b)*n/16] ^= 0xff
			f.Add(changed)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := kernelbtf.Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		o, err := ReadFor(bytes.NewReader(b), k)
		if err != nil {
			return
		}
		for _, p := range o.Programs {
			c, about, err := o.CaseToVerify(p.Name)
			if err != nil {
				continue
			}
			verifier.Verify(c, verifier.Options{Kernel: k, Programs: []*btf.Program{about}, MaxInsns: 10_000})
		}
	})
}
