package corpus

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// pin keeps the test on CPU 0 until its end.
func pin(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	var before, zero unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		t.Fatal(err)
	}
	zero.Set(0)
	if err := unix.SchedSetaffinity(0, &zero); err != nil {
		t.Fatalf("this test has to run on CPU 0: %v", err)
	}
	t.Cleanup(func() { _ = unix.SchedSetaffinity(0, &before) })
}
