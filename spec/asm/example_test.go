package asm_test

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
)

func Example() {
	const text = `
	r0 = 0
	jeq r1, 0, out     # either syntax
	r0 = *(u8 *)(r1 + 0)
out:	exit
`
	p, err := asm.Assemble(text, asm.Names{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("% x\n", spec.Encode(p.Insns[:2], spec.Little))
	fmt.Print(asm.Disassemble(p.Insns, asm.Mnemonic, asm.Names{}))
	// Output:
	// b7 00 00 00 00 00 00 00 15 01 01 00 00 00 00 00
	// 	mov r0, 0
	// 	jeq r1, 0, L3
	// 	ldxb r0, [r1]
	// L3:
	// 	exit
}

func ExampleAssemble_error() {
	_, err := asm.Assemble("r1 = 1\nif r1 = 2 goto +1\n", asm.Names{})
	fmt.Println(err)
	// Output:
	// line 2, column 7: found "=", want `!=`, `&`, `<=`, `<`, `==`, `>=`, `>`, `s<=`, `s<`, `s>=` or `s>`
}
