//go:build !linux

package bench

import "time"

// cpuTime is the wall clock, where the host tells no thread's CPU time.
func cpuTime() time.Duration { return time.Since(started) }

func processTime() time.Duration { return time.Since(started) }
