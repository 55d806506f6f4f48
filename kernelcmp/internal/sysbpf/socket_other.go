//go:build !(linux && (amd64 || arm64 || loong64 || ppc64 || ppc64le || riscv64 || s390x))

package sysbpf

import (
	"errors"
	"time"
)

// SocketPair makes two connected sockets.
func SocketPair() (one, other int, err error) { return -1, -1, errors.ErrUnsupported }

// Cookie is a socket's number.
func Cookie(int) (uint64, error) { return 0, errors.ErrUnsupported }

// Send sends a message.
func Send(int, []byte) error { return errors.ErrUnsupported }

// Receive takes a message.
func Receive(int, int) (b []byte, ok bool, err error) { return nil, false, errors.ErrUnsupported }

// WaitReadable waits for a message.
func WaitReadable([]int, time.Duration) error { return errors.ErrUnsupported }
