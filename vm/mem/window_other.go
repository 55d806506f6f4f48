//go:build !((linux || darwin) && (amd64 || arm64))

package mem

import (
	"errors"
	"unsafe"
)

const windowSupported = false

type window struct{ data, shadow unsafe.Pointer }

func openWindow() (*window, error) {
	return nil, errors.New("not on this operating system or processor; use the list form")
}

func (*window) close() error { return nil }
func (*window) scrub() error { return nil }
