package main

import (
	"encoding/binary"
	"fmt"
	"runtime"

	"golang.org/x/arch/arm64/arm64asm"
	"golang.org/x/arch/x86/x86asm"

	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// writeNative writes each instruction, and below it what the JIT makes of it.
func writeNative(t *terminal, p *vm.Program, specs []*maps.Spec, syntax asm.Syntax, mode string) error {
	w, err := vm.NewWorld()
	if err != nil {
		return err
	}
	defer w.Close()
	for _, s := range specs {
		if _, err := w.AddMap(s); err != nil {
			return err
		}
	}
	l, err := w.Load(jitEngine, p)
	if err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	m := vm.Trusted
	if mode == "checked" {
		m = vm.Checked
	}
	x, err := jitEngine.List(l, m, true)
	if err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	fmt.Fprintln(t.out, "# entry and common exit")
	machineCode(t, x.Code, 0, x.Offset[0])
	for pc := 0; pc < len(p.Insns); {
		text, n := asm.Format(p.Insns, pc, syntax, casefile.Names(specs))
		fmt.Fprintf(t.out, "%4d: %s\n", pc, text)
		machineCode(t, x.Code, x.Offset[pc], x.Offset[pc+n])
		pc += n
	}
	fmt.Fprintln(t.out, "# out of line")
	machineCode(t, x.Code, x.Offset[len(p.Insns)], uint32(len(x.Code)))
	return nil
}

// machineCode disassembles code[from:to] for this processor.
func machineCode(t *terminal, code []byte, from, to uint32) {
	for from < to {
		n, text := machineInsn(code[from:to], uint64(from))
		fmt.Fprintf(t.out, "      %06x  %-22x  %s\n", from, code[from:from+n], text)
		from += n
	}
}

func machineInsn(code []byte, pc uint64) (n uint32, text string) {
	if runtime.GOARCH == "arm64" {
		in, err := arm64asm.Decode(code)
		if err != nil {
			return 4, atomicInsn(binary.LittleEndian.Uint32(code))
		}
		return 4, arm64asm.GNUSyntax(in)
	}
	if code[0] == 0xc4 && len(code) >= 5 { // BMI2's instructions, which x86asm does not know, all have 5 bytes
		return 5, map[byte]string{0xf6: "mulx", 0xf7: "shlx, shrx or sarx"}[code[3]]
	}
	in, err := x86asm.Decode(code, 64)
	if err != nil {
		return 1, ".byte"
	}
	return uint32(in.Len), x86asm.IntelSyntax(in, pc, nil)
}

// atomicInsn names arm64's atomic instructions of FEAT_LSE, which arm64asm does not
// know.
func atomicInsn(w uint32) string {
	r := "w"
	if w>>30 == 3 {
		r = "x"
	}
	name := map[uint32]string{0: "ldadd", 1: "ldclr", 2: "ldeor", 3: "ldset", 8: "swp"}[w>>12&0xf]
	switch {
	case w&0xbfe0fc00 == 0x88e0fc00:
		return fmt.Sprintf("casal %s%d, %s%d, [x%d]", r, w>>16&31, r, w&31, w>>5&31)
	case w&0xbf200c00 != 0xb8200000 || name == "":
		return ".word"
	case w&31 == 31: // nobody wants the old value
		return fmt.Sprintf("st%s %s%d, [x%d]", name[2:], r, w>>16&31, w>>5&31)
	}
	order := [4]string{"", "l", "a", "al"}[w>>22&3]
	return fmt.Sprintf("%s%s %s%d, %s%d, [x%d]", name, order, r, w>>16&31, r, w&31, w>>5&31)
}
