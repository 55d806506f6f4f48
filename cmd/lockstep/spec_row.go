package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/spec/gen"
)

// printRow shows all that the table says of a form.
func printRow(w io.Writer, r *spec.Row) {
	fmt.Fprintf(w, "%s    %s\n\n", r.Name, r.Effect)
	if !r.Internal {
		fmt.Fprintf(w, "  %-32s as LLVM and the kernel write it\n", gen.Written(r, asm.PseudoC))
		fmt.Fprintf(w, "  %-32s as bpf_conformance writes it\n\n", gen.Written(r, asm.Mnemonic))
	}
	printDiagram(w, r)
	for _, f := range []struct {
		name string
		f    spec.Field
	}{{"dst", r.Dst}, {"src", r.Src}, {"off", r.Off}, {"imm", r.Imm}, {"next imm", r.Next}} {
		if f.name != "next imm" || r.IsWide() {
			fmt.Fprintf(w, "  %-9s %s\n", f.name, f.f)
		}
	}
	fmt.Fprintf(w, "\n  group     %s\n  defined   %s\n", r.Group, defined(r.Section))
	if r.Since != "" {
		fmt.Fprintf(w, "  since     Linux %s\n", r.Since)
	}
	switch {
	case r.Internal:
		fmt.Fprint(w, "\n  Internal to Linux: programs may not contain it.\n")
		return
	case r.CPU > 0:
		fmt.Fprintf(w, "  compiler  clang -mcpu=v%d\n", r.CPU)
	default:
		fmt.Fprint(w, "  compiler  clang does not emit it\n")
	}
	fmt.Fprintf(w, "\n  meaning   %v\n\n", r.Do)
	for _, n := range r.JSON().Do {
		printNode(w, n, 1)
	}
}

// defined names the text that a section is of.
func defined(section string) string {
	if section != "" && section[0] >= '0' && section[0] <= '9' {
		return "RFC 9669 section " + section
	}
	return section
}

// printDiagram draws the slot, in the order of its bytes on a little-endian
// machine: RFC 9669 section 3.1.
func printDiagram(w io.Writer, r *spec.Row) {
	cell := func(name string, f spec.Field) string {
		switch {
		case f == spec.NonZero || !f.Selects():
			return name
		case f.Lo > 9:
			return fmt.Sprintf("%#x", f.Lo)
		}
		return fmt.Sprint(f.Lo)
	}
	const border = "  +----------+-----------+----------------+--------------------------------+"
	line := func(op, src, dst, off, imm string) {
		fmt.Fprintf(w, "  |%s|%s%s|%s|%s|\n", center(op, 10), center(src, 5), center(dst, 6), center(off, 16), center(imm, 32))
	}
	fmt.Fprintln(w, "   byte 0     byte 1      bytes 2 and 3    bytes 4 to 7")
	fmt.Fprintln(w, border)
	line("opcode", "src", "dst", "offset", "immediate")
	line(fmt.Sprintf("%#02x", r.Op), cell("src", r.Src), cell("dst", r.Dst), cell("off", r.Off), cell("imm", r.Imm))
	fmt.Fprintln(w, border)
	if r.IsWide() {
		line("0", "0", "0", "0", cell("next imm", r.Next))
		fmt.Fprintln(w, border)
	}
	fmt.Fprintln(w)
}

func center(s string, width int) string {
	left := max(0, width-len(s)) / 2
	return fmt.Sprintf("%-*s", width, strings.Repeat(" ", left)+s)
}

// printNode draws a tree, a node a line.
func printNode(w io.Writer, n spec.Node, depth int) {
	words := []string{n.Op}
	if n.Width > 0 {
		words = append(words, fmt.Sprintf("(%d bits)", n.Width))
	}
	if n.Bytes > 0 {
		words = append(words, fmt.Sprintf("(%d bytes)", n.Bytes))
	}
	if n.Reg != "" {
		words = append(words, n.Reg)
	}
	if n.Last != "" {
		words = append(words, "to", n.Last)
	}
	if n.Value != nil {
		words = append(words, fmt.Sprint(*n.Value))
	}
	if n.Kind != "" {
		words = append(words, n.Kind)
	}
	indent := strings.Repeat("  ", depth)
	fmt.Fprintf(w, "%s%s\n", indent, strings.Join(words, " "))
	for _, a := range n.Args {
		printNode(w, a, depth+1)
	}
	for _, branch := range []struct {
		name  string
		nodes []spec.Node
	}{{"then", n.Then}, {"else", n.Else}} {
		if len(branch.nodes) > 0 {
			fmt.Fprintf(w, "%s%s\n", indent, branch.name)
		}
		for _, a := range branch.nodes {
			printNode(w, a, depth+1)
		}
	}
}
