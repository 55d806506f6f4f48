package kernelcmp

import (
	"os"

	"golang.org/x/sys/unix"
)

// datasync returns when the file's bytes are on disk.
func datasync(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }
