//go:build linux

#include "textflag.h"

// func barrier(addr uintptr, n int)
//
// Data lines are cleaned to where instructions are fetched from, then instruction
// lines are invalidated (Arm ARM, B2.4.4). CTR_EL0 has the sizes of both.
TEXT ·barrier(SB), NOSPLIT, $0-16
	MOVD addr+0(FP), R0
	MOVD n+8(FP), R1
	ADD  R0, R1, R1
	WORD $0xd53b0022 // mrs x2, ctr_el0
	MOVD $4, R3
	UBFX $16, R2, $4, R4
	LSL  R4, R3, R4 // bytes of a data line
	AND  $15, R2, R5
	LSL  R5, R3, R5 // bytes of an instruction line
	SUB  $1, R4, R6
	BIC  R6, R0, R6

data:
	WORD $0xd50b7b26 // dc cvau, x6
	ADD  R4, R6, R6
	CMP  R1, R6
	BLO  data
	WORD $0xd5033b9f // dsb ish
	SUB  $1, R5, R6
	BIC  R6, R0, R6

code:
	WORD $0xd50b7526 // ic ivau, x6
	ADD  R5, R6, R6
	CMP  R1, R6
	BLO  code
	WORD $0xd5033b9f // dsb ish
	WORD $0xd5033fdf // isb
	RET

// func call(addr uintptr) uint64
TEXT ·call(SB), NOSPLIT, $0-16
	MOVD addr+0(FP), R1
	ISB  $15
	CALL (R1)
	MOVD R0, ret+8(FP)
	RET
