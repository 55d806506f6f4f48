//go:build !linux

package kernelcmp

import "os"

// datasync returns when the file's bytes are on disk.
func datasync(f *os.File) error { return f.Sync() }
