package public

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"iter"
)

// Embedded finds the BPF objects in a file: the file itself if it is one, and those
// that a program carries in its data, as skeletons of libbpf and embedded files of
// Go do. Each is a relocatable ELF file of 64 bits for machine BPF, in either byte
// order. A header whose sections do not lie in the file, or whose table of sections
// does not name its sections, is no object: in a program's data a header alone may
// point at anything, and must not swallow the object behind it.
func Embedded(file []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for {
			at := bytes.Index(file, []byte(elf.ELFMAG))
			if at < 0 {
				return
			}
			file = file[at:]
			size := extent(file)
			if size > 0 && !yield(file[:size:size]) {
				return
			}
			file = file[max(size, len(elf.ELFMAG)):]
		}
	}
}

// extent gives the length of the BPF object that b begins with, or 0 if it does not.
// An ELF file ends where its last section or its table of sections does.
func extent(b []byte) int {
	if len(b) < binary.Size(elf.Header64{}) || elf.Class(b[elf.EI_CLASS]) != elf.ELFCLASS64 {
		return 0
	}
	var order binary.ByteOrder
	switch elf.Data(b[elf.EI_DATA]) {
	case elf.ELFDATA2LSB:
		order = binary.LittleEndian
	case elf.ELFDATA2MSB:
		order = binary.BigEndian
	default:
		return 0
	}
	var h elf.Header64
	headerSize, err := binary.Decode(b, order, &h)
	if err != nil || elf.Type(h.Type) != elf.ET_REL || elf.Machine(h.Machine) != elf.EM_BPF {
		return 0
	}
	end := uint64(headerSize)
	include := func(offset, size uint64) bool {
		to := offset + size
		end = max(end, to)
		return to >= offset && to <= uint64(len(b))
	}
	var s elf.Section64
	entry := uint64(binary.Size(s))
	if uint64(h.Shentsize) != entry || h.Shnum == 0 || !include(h.Shoff, uint64(h.Shnum)*entry) {
		return 0
	}
	named := false
	for i := range h.Shnum {
		if _, err := binary.Decode(b[h.Shoff+uint64(i)*entry:], order, &s); err != nil {
			return 0
		}
		t := elf.SectionType(s.Type)
		switch {
		case (i == 0) != (t == elf.SHT_NULL):
			return 0 // the first section, and it alone, is none
		case t == elf.SHT_NULL || t == elf.SHT_NOBITS:
			continue
		case !include(s.Off, s.Size):
			return 0
		}
		named = named || i == h.Shstrndx && t == elf.SHT_STRTAB
	}
	if !named {
		return 0
	}
	return int(end)
}
