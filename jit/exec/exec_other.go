//go:build !linux

package exec

import "errors"

// Code is nothing here.
type Code struct{ Addr uintptr }

// New fails.
func New([]byte) (Code, error) {
	return Code{}, errors.New("executable memory is for Linux only")
}

// Free does nothing.
func (*Code) Free() error { return nil }

// Seal does nothing.
func (*Code) Seal() error { return nil }
