package asm

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// LLVM is the second source for the pseudo-C syntax: it must read our text as the
// slots we mean, and we must read its text of any slots likewise.

// unknownToLLVM says why LLVM 19 cannot read our text of a row. The test checks
// each entry, so that none outlives its reason.
var unknownToLLVM = map[string]string{
	"call.local":         "takes labels, not distances: see TestLLVMAgreesOnLabels",
	"call.kfunc":         "is an external symbol with a relocation",
	"lddw.map_fd":        "is a symbol with a relocation",
	"lddw.map_value":     "is a symbol with a relocation",
	"lddw.btf_var":       "is a symbol with a relocation",
	"lddw.func":          "is a symbol with a relocation",
	"lddw.map_idx":       "is a symbol with a relocation",
	"lddw.map_idx_value": "is a symbol with a relocation",
	"load_acquire64":     "is in LLVM 20",
	"load_acquire32":     "is in LLVM 20",
	"load_acquire16":     "is in LLVM 20",
	"load_acquire8":      "is in LLVM 20",
	"store_release64":    "is in LLVM 20",
	"store_release32":    "is in LLVM 20",
	"store_release16":    "is in LLVM 20",
	"store_release8":     "is in LLVM 20",
}

// beyondLLVM picks out corners of rows that it knows otherwise.
func beyondLLVM(row *spec.Row, i spec.Insn) bool {
	switch {
	case strings.HasPrefix(row.Name, "ldind"):
		return i.Imm != 0 // it has no `skb[r1 + 4]`
	case row.Name == "ja32":
		return i.Imm != int32(int16(i.Imm)) // a number there has 16 bits
	}
	return false
}

func llvm(t *testing.T, tool string) string {
	t.Helper()
	for _, name := range []string{tool + "-19", tool} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if out, err := exec.Command(path, "--version").Output(); err == nil && strings.Contains(string(out), "LLVM version 19.") {
			return path
		}
	}
	t.Skipf("needs %s of LLVM 19 (Debian: llvm-19), which is not installed", tool)
	return ""
}

// llvmAssemble gives the .text that llvm-mc makes.
func llvmAssemble(t *testing.T, text string) ([]spec.Insn, error) {
	t.Helper()
	cmd := exec.Command(llvm(t, "llvm-mc"), "-triple=bpfel", "-mcpu=v4", "-filetype=obj", "-o", "-")
	cmd.Stdin = strings.NewReader(text)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w\n%.2000s", err, stderr.String())
	}
	return textSection(t, out), nil
}

func textSection(t *testing.T, object []byte) []spec.Insn {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(object))
	if err != nil {
		t.Fatal(err)
	}
	b, err := f.Section(".text").Data()
	if err != nil {
		t.Fatal(err)
	}
	insns, err := spec.Split(b, spec.Little)
	if err != nil {
		t.Fatal(err)
	}
	return insns
}

func TestLLVMReadsOurText(t *testing.T) {
	llvm(t, "llvm-mc")
	var text strings.Builder
	var want []spec.Insn
	var rowOf []*spec.Row
	for i := range spec.Table {
		row := &spec.Table[i]
		if row.Internal || unknownToLLVM[row.Name] != "" {
			continue
		}
		corners(row, func(insns []spec.Insn) {
			if beyondLLVM(row, insns[0]) {
				return
			}
			line, _ := Format(insns, 0, PseudoC, Names{})
			fmt.Fprintln(&text, line)
			for range insns {
				rowOf = append(rowOf, row)
			}
			want = append(want, insns...)
		})
	}
	got, err := llvmAssemble(t, text.String())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("LLVM makes %d slots, want %d", len(got), len(want))
	}
	bad := map[*spec.Row]bool{}
	for i := range want {
		if got[i] != want[i] && !bad[rowOf[i]] {
			bad[rowOf[i]] = true
			line, _ := Format(want, i, PseudoC, Names{})
			t.Errorf("%s: %q is %v to LLVM, want %v", rowOf[i].Name, line, got[i], want[i])
		}
	}
	t.Logf("%d slots agree", len(want))
}

func TestLLVMDoesNotKnow(t *testing.T) {
	llvm(t, "llvm-mc")
	for name, reason := range unknownToLLVM {
		row := spec.ByName(name)
		if row == nil {
			t.Errorf("no row %s", name)
			continue
		}
		insns := []spec.Insn{{Op: row.Op, Dst: uint8(min(1, row.Dst.Hi)), Src: uint8(row.Src.Lo), Imm: 4}}
		if row.Imm.Selects() {
			insns[0].Imm = int32(row.Imm.Lo)
		}
		if row.IsWide() {
			insns = append(insns, spec.Insn{})
		}
		line, _ := Format(insns, 0, PseudoC, Names{})
		if got, err := llvmAssemble(t, line+"\n"); err == nil && slices.Equal(got, insns) {
			t.Errorf("LLVM knows %q of %s, which is said to be a row that %s", line, name, reason)
		}
	}
}

func TestLLVMAgreesOnLabels(t *testing.T) {
	const text = `
	r1 = 0x1122334455667788 ll
again:	if r1 == 0 goto out
	if w2 s> w3 goto again
	may_goto out
	call sub
	gotol again
	goto out
sub:
	call sub
out:	exit
`
	got, err := llvmAssemble(t, text)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Assemble(text, Names{})
	if err != nil {
		t.Fatal(err)
	}
	// LLVM leaves a local call's distance to the linker, if it makes a relocation.
	if !slices.Equal(p.Insns, got) {
		t.Errorf("LLVM makes\n%s\nwe make\n%s", Disassemble(got, PseudoC, Names{}), Disassemble(p.Insns, PseudoC, Names{}))
	}
}

// noText says which rows llvm-objdump 19 prints wrongly or not at all.
func noText(row *spec.Row) bool {
	switch row.Name {
	case "call.local", "call.kfunc": // as if they called helpers
		return true
	}
	return row.Class() == spec.ClassSTX && unknownToLLVM[row.Name] != "" || // load_acquire, store_release
		row.IsWide() && row.Name != "lddw" // as numbers
}

func TestWeReadLLVMsText(t *testing.T) {
	objdump := llvm(t, "llvm-objdump")
	var bytesText strings.Builder
	var want []spec.Insn
	for i := range spec.Table {
		row := &spec.Table[i]
		if row.Internal || noText(row) {
			continue
		}
		corners(row, func(insns []spec.Insn) {
			if strings.HasPrefix(row.Name, "ldind") && insns[0].Imm != 0 {
				return // printed without it
			}
			for _, b := range spec.Encode(insns, spec.Little) {
				fmt.Fprintf(&bytesText, ".byte %d\n", b)
			}
			want = append(want, insns...)
		})
	}
	object := filepath.Join(t.TempDir(), "all.o")
	cmd := exec.Command(llvm(t, "llvm-mc"), "-triple=bpfel", "-mcpu=v4", "-filetype=obj", "-o", object)
	cmd.Stdin = strings.NewReader(bytesText.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%.2000s", err, out)
	}
	out, err := exec.Command(objdump, "-d", "--mcpu=v4", "--no-show-raw-insn", "--no-leading-addr", object).Output()
	if err != nil {
		t.Fatal(err)
	}
	pc := 0
	for line := range strings.Lines(string(out)) {
		if line[0] != '\t' && line[0] != ' ' {
			continue // headings
		}
		line, _, _ = strings.Cut(strings.TrimSpace(line), "<.text")
		p, err := Assemble(line, Names{})
		if err != nil {
			t.Fatalf("slot %d, %v: %q: %v", pc, want[pc], line, err)
		}
		if n := len(p.Insns); pc+n > len(want) || !slices.Equal(p.Insns, want[pc:pc+n]) {
			t.Fatalf("LLVM writes %v as %q, which we read as %v", want[pc], line, p.Insns)
		}
		pc += len(p.Insns)
	}
	if pc != len(want) {
		t.Fatalf("LLVM wrote %d slots of %d", pc, len(want))
	}
	t.Logf("%d slots agree", pc)
}
