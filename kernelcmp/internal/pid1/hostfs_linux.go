package pid1

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// hostFS carries frames as files in a directory that guest and host both see. A file
// is written under another name and renamed, so a name that is there is a whole frame;
// who has read it removes it.
//
//	to-guest/1, 2, …    the host's frames        to-host/1, 2, …    the guest's
//	to-guest/end        no more will come
//
// Files are used because User-mode Linux loses bytes on its consoles under load.
type hostFS struct {
	dir        string
	sent, read int
}

func openHostFS(dir string) (Link, error) {
	const at = "/host"
	if err := os.MkdirAll(at, 0o755); err != nil {
		return nil, err
	}
	if err := unix.Mount("none", at, "hostfs", 0, dir); err != nil {
		return nil, fmt.Errorf("mount the host's %s: %w", dir, err)
	}
	return &hostFS{dir: at}, nil
}

func (h *hostFS) Send(frame []byte) error {
	h.sent++
	name := filepath.Join(h.dir, "to-host", fmt.Sprint(h.sent))
	f, err := os.Create(name + ".part")
	if err != nil {
		return err
	}
	_, err = f.Write(frame)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil { // without Sync it stays in the guest's page cache
		return err
	}
	return os.Rename(name+".part", name)
}

func (h *hostFS) Recv() ([]byte, error) {
	h.read++
	name := filepath.Join(h.dir, "to-guest", fmt.Sprint(h.read))
	for wait := 50 * time.Microsecond; ; wait = min(2*wait, 5*time.Millisecond) {
		if b, err := os.ReadFile(name); err == nil {
			return b, os.Remove(name)
		}
		if _, err := os.Stat(filepath.Join(h.dir, "to-guest", "end")); err == nil {
			return nil, errors.New("the host has closed the link")
		}
		time.Sleep(wait)
	}
}
