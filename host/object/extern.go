package object

import (
	"debug/elf"
	"io"
)

// extern is a symbol that the object refers to and does not define.
type extern struct {
	name string
	weak bool // may be missing
}

// place is an instruction: bytes from the start of a function.
type place struct {
	function string
	off      uint64
}

// externs finds the places that refer to what is not in the object: kernel functions and
// variables, options of its configuration. The reader proper keeps most of that to itself.
func externs(r io.ReaderAt) (all map[place]extern) {
	defer func() {
		if recover() != nil { // debug/elf on what is no compiler's work: nothing is known then
			all = nil
		}
	}()
	f, err := elf.NewFile(r)
	if err != nil {
		return nil
	}
	symbols, err := f.Symbols()
	if err != nil {
		return nil
	}
	all = map[place]extern{}
	for _, s := range f.Sections {
		if s.Type != elf.SHT_REL || int(s.Info) >= len(f.Sections) {
			continue
		}
		data, err := s.Data()
		if err != nil {
			continue
		}
		const size = 16 // Elf64_Rel: offset, info
		for ; len(data) >= size; data = data[size:] {
			off, info := f.ByteOrder.Uint64(data), f.ByteOrder.Uint64(data[8:])
			n := int(info>>32) - 1
			if n < 0 || n >= len(symbols) || symbols[n].Section != elf.SHN_UNDEF {
				continue
			}
			if fn := function(symbols, elf.SectionIndex(s.Info), off); fn != nil {
				all[place{fn.Name, off - fn.Value}] = extern{symbols[n].Name, elf.ST_BIND(symbols[n].Info) == elf.STB_WEAK}
			}
		}
	}
	return all
}

// function is the last one of a section that starts at an offset or before it.
func function(symbols []elf.Symbol, section elf.SectionIndex, off uint64) (fn *elf.Symbol) {
	for i := range symbols {
		s := &symbols[i]
		if s.Section == section && elf.ST_TYPE(s.Info) == elf.STT_FUNC && s.Value <= off && (fn == nil || s.Value > fn.Value) {
			fn = s
		}
	}
	return fn
}
