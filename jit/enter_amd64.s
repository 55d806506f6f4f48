//go:build linux

#include "go_asm.h"
#include "textflag.h"

// func enter(s *abi.State)
//
// Native code finds the state's address, and room for a few values, in this frame.
// It may change every register but rsp; the assembler saves and restores rbp. It
// runs on the goroutine's stack, which stays where it is: a goroutine is not
// preempted outside Go's text, and so native code has to come back soon.
TEXT ·enter(SB), NOSPLIT, $48-8
	MOVQ s+0(FP), DI
	MOVQ DI, 0(SP)
	MOVQ const_entryOffset(DI), AX
	CALL AX
	RET
