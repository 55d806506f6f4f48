package maps

import "fmt"

// Errno is an error number of Linux. A helper returns it negated.
type Errno int

// The error numbers that maps and helpers return.
const (
	EPERM      Errno = 1
	ENOENT     Errno = 2
	E2BIG      Errno = 7
	EBADF      Errno = 9
	EAGAIN     Errno = 11
	ENOMEM     Errno = 12
	EFAULT     Errno = 14
	EACCES     Errno = 13
	EBUSY      Errno = 16
	EEXIST     Errno = 17
	ENODEV     Errno = 19
	EINVAL     Errno = 22
	ENOSPC     Errno = 28
	ERANGE     Errno = 34
	EPROTO     Errno = 71
	EOVERFLOW  Errno = 75
	EOPNOTSUPP Errno = 95

	EPROTONOSUPPORT Errno = 93
	ESOCKTNOSUPPORT Errno = 94
	EAFNOSUPPORT    Errno = 97
	EALREADY        Errno = 114
	ENOTSUPP        Errno = 524 // the kernel's own; C libraries have no name for it
)

var errnoNames = map[Errno]string{
	EPERM: "EPERM", ENOENT: "ENOENT", E2BIG: "E2BIG", EBADF: "EBADF", EAGAIN: "EAGAIN", ENOMEM: "ENOMEM", EFAULT: "EFAULT",
	EBUSY: "EBUSY", EEXIST: "EEXIST", ENODEV: "ENODEV", EINVAL: "EINVAL", ENOSPC: "ENOSPC", EOVERFLOW: "EOVERFLOW",
	EOPNOTSUPP: "EOPNOTSUPP", EACCES: "EACCES", ERANGE: "ERANGE", EPROTO: "EPROTO", EAFNOSUPPORT: "EAFNOSUPPORT", EALREADY: "EALREADY",
	EPROTONOSUPPORT: "EPROTONOSUPPORT", ESOCKTNOSUPPORT: "ESOCKTNOSUPPORT", ENOTSUPP: "ENOTSUPP",
}

func (e Errno) Error() string {
	if n, ok := errnoNames[e]; ok {
		return n
	}
	return fmt.Sprintf("errno %d", int(e))
}
