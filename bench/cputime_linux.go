package bench

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is the CPU time of the calling thread.
func cpuTime() time.Duration { return clock(unix.CLOCK_THREAD_CPUTIME_ID) }

// processTime is the CPU time of all threads.
func processTime() time.Duration { return clock(unix.CLOCK_PROCESS_CPUTIME_ID) }

func clock(id int32) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(id, &t); err != nil {
		return time.Since(started)
	}
	return time.Duration(t.Nano())
}
