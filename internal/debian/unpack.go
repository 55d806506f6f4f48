package debian

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"strings"
)

// Walk calls f for each regular file of a .deb, in its order. Names are as
// [fs.ValidPath] has them, "usr/bin/ls". Links and devices are left out.
func Walk(ctx context.Context, deb string, f func(name string, mode fs.FileMode, r io.Reader) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", deb)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	walkErr := members(tar.NewReader(out), f)
	if walkErr == nil {
		_, walkErr = io.Copy(io.Discard, out) // padding
	}
	if walkErr != nil {
		cancel()
	}
	waitErr := cmd.Wait()
	switch {
	case waitErr != nil && stderr.Len() > 0:
		return fmt.Errorf("%s: dpkg-deb: %s", deb, complaint(stderr.Bytes()))
	case walkErr != nil:
		return fmt.Errorf("%s: %w", deb, walkErr)
	case waitErr != nil:
		return fmt.Errorf("%s: dpkg-deb: %w", deb, waitErr)
	}
	return nil
}

func members(r *tar.Reader, f func(string, fs.FileMode, io.Reader) error) error {
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		name := strings.TrimPrefix(h.Name, "./")
		if !fs.ValidPath(name) {
			return fmt.Errorf("a file is named %q", h.Name)
		}
		if err := f(name, h.FileInfo().Mode().Perm(), r); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
}

// Unpack writes the wanted files of a .deb under a folder, which is made. A file is
// wanted if a pattern of [path.Match] matches its name or a folder that it is in
// ("boot/vmlinuz-*", "lib/modules/*/kernel/net"), and all are if there is no pattern.
// Links are left out. That nothing at all is wanted is an error.
func Unpack(ctx context.Context, deb, dir string, want ...string) error {
	for _, pattern := range want {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("pattern %q: %w", pattern, err)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir) // no name in the archive leads out of it
	if err != nil {
		return err
	}
	defer root.Close()
	wrote := 0
	err = Walk(ctx, deb, func(name string, mode fs.FileMode, r io.Reader) error {
		if !matches(name, want) {
			return nil
		}
		wrote++
		return write(root, name, mode, r)
	})
	if err == nil && wrote == 0 {
		err = fmt.Errorf("%s has no file that matches %q", deb, want)
	}
	return err
}

func matches(name string, want []string) bool {
	for ; name != "."; name = path.Dir(name) {
		for _, pattern := range want {
			if ok, _ := path.Match(pattern, name); ok {
				return true
			}
		}
	}
	return len(want) == 0
}

func write(root *os.Root, name string, mode fs.FileMode, r io.Reader) error {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode|0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
