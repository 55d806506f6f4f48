//go:build linux

package jit

import (
	"unsafe"

	"golang.org/x/sys/cpu"

	"github.com/lockstep-ebpf/lockstep/jit/abi"
	"github.com/lockstep-ebpf/lockstep/jit/amd64"
)

// compiler is this processor's lowering.
type compiler = amd64.Compiler

const supported = true

// features are this processor's; a test takes some away.
var features = amd64.Features{BMI2: cpu.X86.HasBMI2}

func newCompiler() *compiler { return &compiler{Features: features} }

// enter runs native code from s.Resume until it leaves.
//
// Native code is a Go closure: a call of one finds its code at the closure's address,
// which it passes in a register. So nothing stands between Go and native code, where
// an assembly function would be called through a wrapper. The code runs on the
// goroutine's stack, which stays where it is: a goroutine is not preempted outside Go's
// text, and so native code has to come back soon. It needs less stack than what Go
// always leaves to functions that do not ask for any.
func enter(s *abi.State) {
	code := unsafe.Pointer(s)
	(*(*func())(unsafe.Pointer(&code)))()
}

// A State is such a closure. This stops compiling when it is not.
var _ = [1]struct{}{}[unsafe.Offsetof(abi.State{}.Entry)]
