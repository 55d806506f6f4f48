package main

import (
	"fmt"
	"os"

	"github.com/lockstep-ebpf/lockstep/jit"
)

// jitEngine is the JIT as flags have set it.
var jitEngine jit.Engine

// perfMapFlag makes the JIT name its code in the file where perf looks for it (the
// kernel's tools/perf/Documentation/jit-interface.txt).
type perfMapFlag bool

const perfMapHelp = "Name native code for perf, in /tmp/perf-PID.map: a line a program."

// AfterApply opens the file. It stays open, and stays when the process ends, for perf
// reads it afterwards.
func (perfMapFlag) AfterApply() error {
	f, err := os.OpenFile(fmt.Sprintf("/tmp/perf-%d.map", os.Getpid()), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("--perf-map: %w", err)
	}
	jitEngine.PerfMap = f
	return nil
}
