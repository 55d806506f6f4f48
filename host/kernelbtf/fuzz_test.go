package kernelbtf

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/lockstep-ebpf/lockstep/verifier/btf"
)

// few is how many types of a file are looked at.
const few = 500

// FuzzRead: no bytes make the reader panic, and whatever types they are, structures of them
// can be walked. The seeds are objects, whose types are as those of kernels.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("../../corpus/programs/*.o")
	if err != nil || len(files) == 0 {
		f.Fatal("there are no objects", err)
	}
	for _, file := range files[:4] {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, uint16(8), uint8(8))
		f.Add(b[:len(b)/2], uint16(0), uint8(1))
	}
	f.Fuzz(func(t *testing.T, b []byte, off uint16, size uint8) {
		k, err := Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		for id := range btf.ID(few) {
			ty := k.Type(id)
			if ty == nil {
				continue
			}
			btf.Walk(k, id, uint32(off), uint32(size))
			btf.Contains(k, id, uint32(off), 1, false)
			k.Find(ty.Kind, ty.Name)
			k.Typedef(ty.Name)
		}
	})
}
