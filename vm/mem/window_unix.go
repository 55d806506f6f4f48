//go:build (linux || darwin) && (amd64 || arm64)

package mem

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

const windowSupported = true

// window is the window form: two reservations, guards on both sides of each.
type window struct {
	data, shadow unsafe.Pointer // of guest byte 0
	maps         [2][]byte      // as mapped, guards included
}

// openWindow reserves pages without committing them. They are readable and
// writable throughout: native code must not fault, whatever address it makes.
func openWindow() (*window, error) {
	w := &window{}
	for i := range w.maps {
		b, err := unix.Mmap(-1, 0, Size+2*Guard, unix.PROT_READ|unix.PROT_WRITE,
			unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
		if err != nil {
			return nil, errors.Join(err, w.close())
		}
		w.maps[i] = b
	}
	w.data = unsafe.Add(unsafe.Pointer(&w.maps[0][0]), Guard)
	w.shadow = unsafe.Add(unsafe.Pointer(&w.maps[1][0]), Guard)
	return w, nil
}

func (w *window) close() error {
	var errs []error
	for i, b := range w.maps {
		if b != nil {
			errs = append(errs, unix.Munmap(b))
			w.maps[i] = nil
		}
	}
	return errors.Join(errs...)
}

// scrub drops every page: they read as zero afterwards.
func (w *window) scrub() error {
	return errors.Join(unix.Madvise(w.maps[0], unix.MADV_DONTNEED), unix.Madvise(w.maps[1], unix.MADV_DONTNEED))
}
