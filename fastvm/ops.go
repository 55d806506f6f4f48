package fastvm

import "github.com/lockstep-ebpf/lockstep/spec"

// An op below 0x100 is the eBPF opcode itself. The names say operation, width and
// where the second operand is from: K the immediate, X the source register.
const (
	add32K  = spec.ClassALU | spec.OpADD
	add32X  = spec.ClassALU | spec.OpADD | spec.SrcX
	add64K  = spec.ClassALU64 | spec.OpADD
	add64X  = spec.ClassALU64 | spec.OpADD | spec.SrcX
	sub32K  = spec.ClassALU | spec.OpSUB
	sub32X  = spec.ClassALU | spec.OpSUB | spec.SrcX
	sub64K  = spec.ClassALU64 | spec.OpSUB
	sub64X  = spec.ClassALU64 | spec.OpSUB | spec.SrcX
	mul32K  = spec.ClassALU | spec.OpMUL
	mul32X  = spec.ClassALU | spec.OpMUL | spec.SrcX
	mul64K  = spec.ClassALU64 | spec.OpMUL
	mul64X  = spec.ClassALU64 | spec.OpMUL | spec.SrcX
	div32K  = spec.ClassALU | spec.OpDIV
	div32X  = spec.ClassALU | spec.OpDIV | spec.SrcX
	div64K  = spec.ClassALU64 | spec.OpDIV
	div64X  = spec.ClassALU64 | spec.OpDIV | spec.SrcX
	or32K   = spec.ClassALU | spec.OpOR
	or32X   = spec.ClassALU | spec.OpOR | spec.SrcX
	or64K   = spec.ClassALU64 | spec.OpOR
	or64X   = spec.ClassALU64 | spec.OpOR | spec.SrcX
	and32K  = spec.ClassALU | spec.OpAND
	and32X  = spec.ClassALU | spec.OpAND | spec.SrcX
	and64K  = spec.ClassALU64 | spec.OpAND
	and64X  = spec.ClassALU64 | spec.OpAND | spec.SrcX
	lsh32K  = spec.ClassALU | spec.OpLSH
	lsh32X  = spec.ClassALU | spec.OpLSH | spec.SrcX
	lsh64K  = spec.ClassALU64 | spec.OpLSH
	lsh64X  = spec.ClassALU64 | spec.OpLSH | spec.SrcX
	rsh32K  = spec.ClassALU | spec.OpRSH
	rsh32X  = spec.ClassALU | spec.OpRSH | spec.SrcX
	rsh64K  = spec.ClassALU64 | spec.OpRSH
	rsh64X  = spec.ClassALU64 | spec.OpRSH | spec.SrcX
	mod32K  = spec.ClassALU | spec.OpMOD
	mod32X  = spec.ClassALU | spec.OpMOD | spec.SrcX
	mod64K  = spec.ClassALU64 | spec.OpMOD
	mod64X  = spec.ClassALU64 | spec.OpMOD | spec.SrcX
	xor32K  = spec.ClassALU | spec.OpXOR
	xor32X  = spec.ClassALU | spec.OpXOR | spec.SrcX
	xor64K  = spec.ClassALU64 | spec.OpXOR
	xor64X  = spec.ClassALU64 | spec.OpXOR | spec.SrcX
	mov32K  = spec.ClassALU | spec.OpMOV
	mov32X  = spec.ClassALU | spec.OpMOV | spec.SrcX
	mov64K  = spec.ClassALU64 | spec.OpMOV
	mov64X  = spec.ClassALU64 | spec.OpMOV | spec.SrcX
	arsh32K = spec.ClassALU | spec.OpARSH
	arsh32X = spec.ClassALU | spec.OpARSH | spec.SrcX
	arsh64K = spec.ClassALU64 | spec.OpARSH
	arsh64X = spec.ClassALU64 | spec.OpARSH | spec.SrcX
	neg32   = spec.ClassALU | spec.OpNEG
	neg64   = spec.ClassALU64 | spec.OpNEG

	ja      = spec.JA
	jeq32K  = spec.ClassJMP32 | spec.OpJEQ
	jeq32X  = spec.ClassJMP32 | spec.OpJEQ | spec.SrcX
	jeq64K  = spec.ClassJMP | spec.OpJEQ
	jeq64X  = spec.ClassJMP | spec.OpJEQ | spec.SrcX
	jne32K  = spec.ClassJMP32 | spec.OpJNE
	jne32X  = spec.ClassJMP32 | spec.OpJNE | spec.SrcX
	jne64K  = spec.ClassJMP | spec.OpJNE
	jne64X  = spec.ClassJMP | spec.OpJNE | spec.SrcX
	jgt32K  = spec.ClassJMP32 | spec.OpJGT
	jgt32X  = spec.ClassJMP32 | spec.OpJGT | spec.SrcX
	jgt64K  = spec.ClassJMP | spec.OpJGT
	jgt64X  = spec.ClassJMP | spec.OpJGT | spec.SrcX
	jge32K  = spec.ClassJMP32 | spec.OpJGE
	jge32X  = spec.ClassJMP32 | spec.OpJGE | spec.SrcX
	jge64K  = spec.ClassJMP | spec.OpJGE
	jge64X  = spec.ClassJMP | spec.OpJGE | spec.SrcX
	jlt32K  = spec.ClassJMP32 | spec.OpJLT
	jlt32X  = spec.ClassJMP32 | spec.OpJLT | spec.SrcX
	jlt64K  = spec.ClassJMP | spec.OpJLT
	jlt64X  = spec.ClassJMP | spec.OpJLT | spec.SrcX
	jle32K  = spec.ClassJMP32 | spec.OpJLE
	jle32X  = spec.ClassJMP32 | spec.OpJLE | spec.SrcX
	jle64K  = spec.ClassJMP | spec.OpJLE
	jle64X  = spec.ClassJMP | spec.OpJLE | spec.SrcX
	jset32K = spec.ClassJMP32 | spec.OpJSET
	jset32X = spec.ClassJMP32 | spec.OpJSET | spec.SrcX
	jset64K = spec.ClassJMP | spec.OpJSET
	jset64X = spec.ClassJMP | spec.OpJSET | spec.SrcX
	jsgt32K = spec.ClassJMP32 | spec.OpJSGT
	jsgt32X = spec.ClassJMP32 | spec.OpJSGT | spec.SrcX
	jsgt64K = spec.ClassJMP | spec.OpJSGT
	jsgt64X = spec.ClassJMP | spec.OpJSGT | spec.SrcX
	jsge32K = spec.ClassJMP32 | spec.OpJSGE
	jsge32X = spec.ClassJMP32 | spec.OpJSGE | spec.SrcX
	jsge64K = spec.ClassJMP | spec.OpJSGE
	jsge64X = spec.ClassJMP | spec.OpJSGE | spec.SrcX
	jslt32K = spec.ClassJMP32 | spec.OpJSLT
	jslt32X = spec.ClassJMP32 | spec.OpJSLT | spec.SrcX
	jslt64K = spec.ClassJMP | spec.OpJSLT
	jslt64X = spec.ClassJMP | spec.OpJSLT | spec.SrcX
	jsle32K = spec.ClassJMP32 | spec.OpJSLE
	jsle32X = spec.ClassJMP32 | spec.OpJSLE | spec.SrcX
	jsle64K = spec.ClassJMP | spec.OpJSLE
	jsle64X = spec.ClassJMP | spec.OpJSLE | spec.SrcX

	load8    = spec.ClassLDX | spec.ModeMEM | spec.SizeB
	loadSx8  = spec.ClassLDX | spec.ModeMEMSX | spec.SizeB
	store8K  = spec.ClassST | spec.ModeMEM | spec.SizeB
	store8X  = spec.ClassSTX | spec.ModeMEM | spec.SizeB
	load16   = spec.ClassLDX | spec.ModeMEM | spec.SizeH
	loadSx16 = spec.ClassLDX | spec.ModeMEMSX | spec.SizeH
	store16K = spec.ClassST | spec.ModeMEM | spec.SizeH
	store16X = spec.ClassSTX | spec.ModeMEM | spec.SizeH
	load32   = spec.ClassLDX | spec.ModeMEM | spec.SizeW
	loadSx32 = spec.ClassLDX | spec.ModeMEMSX | spec.SizeW
	store32K = spec.ClassST | spec.ModeMEM | spec.SizeW
	store32X = spec.ClassSTX | spec.ModeMEM | spec.SizeW
	load64   = spec.ClassLDX | spec.ModeMEM | spec.SizeDW
	store64K = spec.ClassST | spec.ModeMEM | spec.SizeDW
	store64X = spec.ClassSTX | spec.ModeMEM | spec.SizeDW
	lddw     = spec.LDDW
)

// Ops for forms that share an eBPF opcode with another, or that stand for several.
const (
	sdiv32K = 0x100 + iota
	sdiv32X
	sdiv64K
	sdiv64X
	smod32K
	smod32X
	smod64K
	smod64X
	movsx8to32
	movsx16to32
	movsx8to64
	movsx16to64
	movsx32to64
	zext16 // le16; on a little-endian machine the bytes stay where they are
	zext32 // le32
	nop    // le64
	swap16 // be16 and bswap16
	swap32
	swap64

	callLocal
	exit

	// What follows is the driver's.
	callHelper
	mayGoto
	packetLoad
	atomicStep
	padding // behind the last instruction, and in the second slot of an LDDW

	firstFused
)
