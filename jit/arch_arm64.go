//go:build linux

package jit

import (
	"unsafe"

	"golang.org/x/sys/cpu"

	"github.com/lockstep-ebpf/lockstep/jit/abi"
	"github.com/lockstep-ebpf/lockstep/jit/arm64"
)

// compiler is this processor's lowering.
type compiler = arm64.Compiler

const supported = true

// features are this processor's; a test takes some away.
var features = arm64.Features{LSE: cpu.ARM64.HasATOMICS}

func newCompiler() *compiler { return &compiler{Features: features} }

// entryOffset is for the stub.
//
//lint:ignore U1000 enter_arm64.s uses it
const entryOffset = unsafe.Offsetof(abi.State{}.Entry)

// enter runs native code from s.Resume until it leaves.
//
//go:noescape
func enter(s *abi.State)
