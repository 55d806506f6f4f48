//go:build !(linux && (amd64 || arm64))

package jit

import (
	"github.com/lockstep-ebpf/lockstep/jit/abi"
	"github.com/lockstep-ebpf/lockstep/jit/amd64"
)

// compiler is never used here.
type compiler = amd64.Compiler

const supported = false

func newCompiler() *compiler { return &compiler{} }

func enter(*abi.State) { panic("jit: no native code on this platform") }
