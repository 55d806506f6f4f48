//go:build linux

#include "go_asm.h"
#include "textflag.h"

// func enter(s *abi.State)
//
// Native code finds the state's address in R19. It may change R0 to R17 and R19 to
// R26; it returns by LR, which the assembler saves here. R18 is the platform's, R28
// is g, and Go's signal handlers rely on it. Native code runs on the goroutine's
// stack, which stays where it is: a goroutine is not preempted outside Go's text, and
// so native code has to come back soon.
//
// The barrier is for code that another processor has just written: package exec has
// made it visible, but this one may have fetched what was there before.
TEXT ·enter(SB), NOSPLIT, $0-8
	MOVD s+0(FP), R19
	MOVD const_entryOffset(R19), R20
	ISB  $15
	CALL (R20)
	RET
