package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/lockstep-ebpf/lockstep/conform/plugin"
	"github.com/lockstep-ebpf/lockstep/host/object"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

type disasmCmd struct {
	File   string    `arg:"" optional:"" default:"-" help:"Hex, raw bytes, or an object: FILE.o, FILE.o:PROG; - is standard input."`
	Syntax string    `enum:"c,mnemonic" default:"c" help:"How to write it: c (pseudo-C, as LLVM and the kernel) or mnemonic (as bpf_conformance)."`
	Raw    bool      `help:"Take the input for raw bytes, even if it looks like hex."`
	Big    bool      `help:"The program is big-endian."`
	Native string    `enum:"trusted,checked," default:"" help:"Show the native code beside each instruction, compiled for this mode: trusted or checked." placeholder:"MODE"`
	Blind  blindFlag `help:"${blind}"`
	Map    []string  `help:"Name of a map, in the order of their numbers." placeholder:"NAME"`
}

func (c *disasmCmd) Help() string {
	return `What it prints, lockstep asm turns into the same bytes again. A slot that is no
instruction is written as .insn, with the reason beside it.

Examples:

  echo b700000005000000 9500000000000000 | lockstep disasm
  lockstep disasm firewall.o
  lockstep disasm firewall.o:firewall --syntax mnemonic
  lockstep disasm firewall.o --native checked
  lockstep disasm firewall.o --native trusted --blind`
}

func (c *disasmCmd) Run(t *terminal) error {
	syntax := asm.PseudoC
	if c.Syntax == "mnemonic" {
		syntax = asm.Mnemonic
	}
	if c.Blind && c.Native == "" {
		return errors.New("--blind is about native code: it wants --native trusted or --native checked")
	}
	path, prog := splitObject(c.File)
	b, err := t.read(path)
	if err != nil {
		return err
	}
	path = fileName(path)
	if isELF(b) {
		return disasmObject(t, path, prog, b, syntax, c.Native)
	}
	if prog != "" {
		return fmt.Errorf("%s is no ELF object: it has no program %q", path, prog)
	}
	if !c.Raw && looksLikeHex(b) {
		if b, err = plugin.ParseHex(string(b)); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	insns, err := spec.Split(b, byteOrder(c.Big))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if len(insns) == 0 {
		return fmt.Errorf("%s: it is empty: want a program in hex or bytes", path)
	}
	if c.Native != "" {
		return writeNative(t, &vm.Program{Name: path, Insns: insns, Order: byteOrder(c.Big)}, nil, syntax, c.Native)
	}
	_, err = fmt.Fprint(t.out, asm.Disassemble(insns, syntax, casefile.Names(mapNames(c.Map))))
	return err
}

// disasmObject writes one program of an object, or all under headings.
func disasmObject(t *terminal, path, prog string, b []byte, syntax asm.Syntax, native string) error {
	o, err := object.Read(bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	o.Name = path
	progs := o.Programs
	if prog != "" {
		p, err := o.Program(prog)
		if err != nil {
			return err
		}
		progs = []*object.Program{p}
	}
	if len(progs) == 0 {
		return fmt.Errorf("%s: there is no program in it", path)
	}
	var specs []*maps.Spec
	for _, m := range o.Maps {
		specs = append(specs, &m.Spec)
	}
	for i, p := range progs {
		if i > 0 {
			fmt.Fprintln(t.out)
		}
		fmt.Fprintf(t.out, "# %s, section %s, %d slots\n", p.Name, p.Section, len(p.Insns))
		if p.Unready != nil {
			fmt.Fprintf(t.out, "# not complete: %v\n", p.Unready)
		}
		if native != "" {
			if err := writeNative(t, &vm.Program{Name: p.Name, Type: p.Type, Insns: p.Insns}, specs, syntax, native); err != nil {
				return err
			}
			continue
		}
		fmt.Fprint(t.out, asm.Disassemble(p.Insns, syntax, casefile.Names(specs)))
	}
	return nil
}

func isELF(b []byte) bool { return bytes.HasPrefix(b, []byte("\x7fELF")) }

// looksLikeHex reports whether there is nothing but hex digits and blanks. Bytes
// of a program hardly ever are: an exit alone has a zero in it.
func looksLikeHex(b []byte) bool {
	return len(bytes.TrimSpace(b)) > 0 && strings.Trim(string(b), "0123456789abcdefABCDEF \t\r\n") == ""
}
