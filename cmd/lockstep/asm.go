package main

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

type asmCmd struct {
	File string   `arg:"" optional:"" default:"-" help:"Program text, pseudo-C or mnemonic; - is standard input."`
	Raw  bool     `help:"Write the bytes themselves, not hex."`
	Big  bool     `help:"Write a big-endian program."`
	Map  []string `help:"Name of a map, in the order of their numbers, for map[NAME]." placeholder:"NAME"`
	JSON bool     `name:"json" help:"End with a JSON object: insns, bytes, labels."`
}

func (c *asmCmd) Help() string {
	return `Examples:

  echo 'r0 = 5; exit' | tr ';' '\n' | lockstep asm
  lockstep asm prog.s --raw > prog.bin
  lockstep asm prog.s --map counts --map events`
}

func (c *asmCmd) Run(t *terminal) error {
	if c.Raw && c.JSON {
		return errors.New("--raw and --json both want standard output: choose one")
	}
	text, err := t.read(c.File)
	if err != nil {
		return err
	}
	p, err := asm.Assemble(string(text), casefile.Names(mapNames(c.Map)))
	if err != nil {
		var bad *asm.Error
		if errors.As(err, &bad) {
			return fmt.Errorf("%s: %w", fileName(c.File), bad)
		}
		return err
	}
	t.json = c.JSON
	order := byteOrder(c.Big)
	b := spec.Encode(p.Insns, order)
	if c.Raw {
		_, err := t.out.Write(b)
		return err
	}
	if !c.JSON { // in JSON the bytes are a field
		w := bufio.NewWriter(t.out)
		for i := 0; i < len(b); i += spec.SlotSize {
			fmt.Fprintf(w, "% x\n", b[i:i+spec.SlotSize])
		}
		return w.Flush()
	}
	return t.object(struct {
		Insns  int            `json:"insns"`
		Bytes  string         `json:"bytes"`
		Labels map[string]int `json:"labels"`
	}{len(p.Insns), hex.EncodeToString(b), p.Labels})
}

func byteOrder(big bool) spec.ByteOrder {
	if big {
		return spec.Big
	}
	return spec.Little
}

// read reads a file, or standard input for "-".
func (t *terminal) read(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(t.in)
	}
	return os.ReadFile(name)
}

// mapNames are maps that have nothing but names.
func mapNames(names []string) (all []*maps.Spec) {
	for _, n := range names {
		all = append(all, &maps.Spec{Name: n})
	}
	return all
}

// fileName is what errors call a file.
func fileName(name string) string {
	if name == "-" {
		return "standard input"
	}
	return name
}
