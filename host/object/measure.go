package object

import (
	"debug/elf"
	"fmt"
	"io"
)

// maxClaim is how many bytes the sections and symbols of an object may claim
// together. It is far above what any BPF object has.
const maxClaim = 64 << 20

// measure refuses a file that claims more than it holds or than is sensible, because
// the reader proper believes the sizes in the headers: a few bytes can say that a
// .bss has 4 GiB, and that a thousand variables are that large.
func measure(r io.ReaderAt) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("malformed ELF file: debug/elf panicked: %v", p)
		}
	}()
	f, err := elf.NewFile(r)
	if err != nil {
		return fmt.Errorf("not an ELF file: %w", err)
	}
	if f.Machine != elf.EM_BPF && f.Machine != elf.EM_NONE { // old clang wrote none
		return fmt.Errorf("the ELF file is for %s, not for BPF: compile with -target bpf", f.Machine)
	}
	var claimed uint64
	claim := func(what, name string, size uint64) error {
		if size > maxClaim-claimed {
			return fmt.Errorf("%s %q has %d bytes: an object may have no more than %d in all", what, name, size, maxClaim)
		}
		claimed += size
		return nil
	}
	for _, s := range f.Sections {
		if s.Type == elf.SHT_NULL {
			continue
		}
		if err := claim("section", s.Name, s.Size); err != nil {
			return err
		}
		if s.Type == elf.SHT_NOBITS || s.FileSize == 0 {
			continue
		}
		last := s.Offset + s.FileSize - 1
		if _, err := r.ReadAt(make([]byte, 1), int64(last)); err != nil || last < s.Offset {
			return fmt.Errorf("section %s ends behind the end of the file: %d bytes from offset %d", s.Name, s.FileSize, s.Offset)
		}
	}
	symbols, _ := f.Symbols() // an object without any is for the reader to judge
	for _, s := range symbols {
		if err := claim("symbol", s.Name, s.Size); err != nil {
			return err
		}
	}
	return nil
}
