package public

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/lockstep-ebpf/lockstep/internal/debian"
)

// Source is a package of Debian that carries BPF objects.
type Source struct {
	Suite, Arch, Package string
	// Programs is how many its objects had when it was last looked at, a copy of an
	// object counted once. Of a release it may only grow; an unreleased suite
	// changes as it likes.
	Programs int
	Has      string // what they are
}

// String is the package's name with where it is from.
func (s Source) String() string { return fmt.Sprintf("%s (%s, %s)", s.Package, s.Suite, s.Arch) }

// Released reports whether the suite's packages stay what they are.
func (s Source) Released() bool { return s.Suite != "sid" }

// Object is a BPF object that a package carries.
type Object struct {
	Name string // the package's file, the file in it, which of those in the file: "libxdp1_1.3.1-1_amd64.deb:usr/…/xdp-dispatcher.o#0"
	ELF  []byte
}

// Fetch downloads the package, unless the cache has it, and takes the objects out of
// it. The cache is a folder for package debian; empty means its own. The error is
// [debian.ErrUnavailable] or [debian.ErrNoPackage] if the package cannot be had.
func (s Source) Fetch(ctx context.Context, cache string) ([]Object, error) {
	c, err := debian.Open(ctx, debian.Options{Suite: s.Suite, Arch: s.Arch, Cache: cache})
	if err != nil {
		return nil, err
	}
	deb, err := c.Download(ctx, s.Package)
	if err != nil {
		return nil, err
	}
	var all []Object
	err = debian.Walk(ctx, deb, func(name string, _ fs.FileMode, r io.Reader) error {
		b, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		n := 0
		for o := range Embedded(b) {
			all = append(all, Object{fmt.Sprintf("%s:%s#%d", filepath.Base(deb), name, n), o})
			n++
		}
		return nil
	})
	return all, err
}
