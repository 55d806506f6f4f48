package public

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
)

// TestRoundTrip: every instruction that a compiler put into these objects is one of
// the table, encodes to the same bytes, and is read back from both syntaxes. Objects
// that the reader refuses are among them: only their sections of code are looked at.
func TestRoundTrip(t *testing.T) {
	s := fetch(t)
	slots, sections := 0, 0
	rows := map[string]int{}
	for _, objects := range s.objects {
		for _, o := range objects {
			f, err := elf.NewFile(bytes.NewReader(o.ELF))
			if err != nil {
				t.Fatalf("%s: %v", o.Name, err)
			}
			for _, section := range f.Sections {
				if section.Type != elf.SHT_PROGBITS || section.Flags&elf.SHF_EXECINSTR == 0 || section.Size == 0 {
					continue
				}
				code, err := section.Data()
				if err != nil {
					t.Fatalf("%s, section %s: %v", o.Name, section.Name, err)
				}
				sections++
				slots += len(code) / spec.SlotSize
				checkCode(t, o.Name+", section "+section.Name, code, f.ByteOrder, rows)
			}
		}
	}
	t.Logf("%d slots in %d sections, of %d instruction forms", slots, sections, len(rows))
}

func checkCode(t *testing.T, name string, code []byte, binaryOrder binary.ByteOrder, rows map[string]int) {
	t.Helper()
	order := spec.Little
	if binaryOrder == binary.BigEndian {
		order = spec.Big
	}
	insns, err := spec.Decode(code, order)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if !bytes.Equal(spec.Encode(insns, order), code) {
		t.Errorf("%s: encodes to other bytes", name)
	}
	for _, syntax := range []asm.Syntax{asm.PseudoC, asm.Mnemonic} {
		text := asm.Disassemble(insns, syntax, asm.Names{})
		p, err := asm.Assemble(text, asm.Names{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(p.Insns, insns) {
			t.Errorf("%s: assembles to other instructions", name)
		}
		if again := asm.Disassemble(p.Insns, syntax, asm.Names{}); again != text {
			t.Errorf("%s: is another text the second time", name)
		}
	}
	for _, i := range insns {
		if row := spec.Lookup(i); row != nil {
			rows[row.Name]++
		}
	}
}
