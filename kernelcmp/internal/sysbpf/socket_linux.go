//go:build linux && (amd64 || arm64 || loong64 || ppc64 || ppc64le || riscv64 || s390x)

package sysbpf

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// SocketPair makes two local datagram sockets that are connected to each other.
func SocketPair() (one, other int, err error) {
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	return p[0], p[1], err
}

// Cookie is the number that a lookup in a map of sockets gives for a socket.
func Cookie(fd int) (uint64, error) {
	return unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE)
}

// Send sends a message.
func Send(fd int, b []byte) error {
	for {
		if err := unix.Sendto(fd, b, 0, nil); err != syscall.EINTR {
			return err
		}
	}
}

// Receive takes a message of at most size bytes from a socket; ok is false if there
// is none.
func Receive(fd, size int) (b []byte, ok bool, err error) {
	b = make([]byte, size)
	for {
		n, _, err := unix.Recvfrom(fd, b, 0)
		switch err {
		case nil:
			return b[:n], true, nil
		case syscall.EINTR:
		case syscall.EAGAIN:
			return nil, false, nil
		default:
			return nil, false, err
		}
	}
}

// WaitReadable waits until one of some sockets has a message, or until the time is over.
func WaitReadable(fds []int, atMost time.Duration) error {
	var list []unix.PollFd
	for _, fd := range fds {
		list = append(list, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	}
	for end := time.Now().Add(atMost); ; {
		_, err := unix.Poll(list, int(max(0, time.Until(end).Milliseconds())))
		if err != syscall.EINTR {
			return err
		}
	}
}
