package main

import (
	"fmt"
	"slices"
	"strings"
)

// blindFlag makes the JIT keep the constants of programs out of its code (jit.Engine.Blind).
type blindFlag bool

const blindHelp = "Keep the constants of programs out of their native code, as hosts do that run programs of people whom they do not trust (net.core.bpf_jit_harden)."

// AfterApply sets the engine.
func (b blindFlag) AfterApply() error {
	jitEngine.Blind = bool(b)
	return nil
}

// check refuses the flag where no target makes native code.
func (b blindFlag) check(targets ...string) error {
	if bool(b) && !slices.Contains(targets, "jit") {
		return fmt.Errorf("--blind is about native code: it wants the target jit, not %s", strings.Join(targets, ","))
	}
	return nil
}
