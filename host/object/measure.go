package object

import (
	"debug/elf"
	"fmt"
	"io"
)

// maxUnbacked is how many bytes a section may have that the file does not hold:
// zeroes of .bss, and what decompression would yield. Nothing a BPF program can
// use is larger; a map's value ends at 1 MiB here.
const maxUnbacked = 16 << 20

// measure refuses a file whose sections claim more than it holds. What passes is
// read in time and memory that are in proportion to the file: the reader proper
// believes the sizes in the section headers.
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
	for i, s := range f.Sections {
		if s.Type == elf.SHT_NULL {
			continue
		}
		if (s.Type == elf.SHT_NOBITS || s.Flags&elf.SHF_COMPRESSED != 0) && s.Size > maxUnbacked {
			return fmt.Errorf("section %d (%s) has %d bytes, more than %d", i, s.Name, s.Size, maxUnbacked)
		}
		if s.Type == elf.SHT_NOBITS || s.FileSize == 0 {
			continue
		}
		last := s.Offset + s.FileSize - 1
		if _, err := r.ReadAt(make([]byte, 1), int64(last)); err != nil || last < s.Offset {
			return fmt.Errorf("section %d (%s) ends behind the end of the file: %d bytes from offset %d", i, s.Name, s.FileSize, s.Offset)
		}
	}
	return nil
}
