//go:build !linux

package pid1

import (
	"errors"
	"os"
)

// Link is the way to the host.
type Link interface {
	Send(frame []byte) error
	Recv() ([]byte, error)
}

// Is is false: guests are Linux.
func Is() bool { return false }

// Setup is for Linux.
func Setup(func(*os.File) Link) (Link, error) { return nil, errors.ErrUnsupported }

// PowerOff is for Linux.
func PowerOff() {}
