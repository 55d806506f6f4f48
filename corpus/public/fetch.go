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

// Fetcher fetches packages. The zero value is ready.
type Fetcher struct {
	Cache   string // a folder for package debian; empty means its own
	clients map[debian.Options]client
}

// client is a client, or why there is none: that is found out once.
type client struct {
	*debian.Client
	err error
}

// Objects downloads a package, unless the cache has it, and takes the objects out of
// it. The error is [debian.ErrUnavailable] or [debian.ErrNoPackage] if the package
// cannot be had.
func (f *Fetcher) Objects(ctx context.Context, s Source) ([]Object, error) {
	o := debian.Options{Suite: s.Suite, Arch: s.Arch, Cache: f.Cache}
	c, open := f.clients[o]
	if !open {
		c.Client, c.err = debian.Open(ctx, o)
		if f.clients == nil {
			f.clients = map[debian.Options]client{}
		}
		f.clients[o] = c
	}
	if c.err != nil {
		return nil, c.err
	}
	deb, err := c.Download(ctx, s.Package)
	if err != nil {
		return nil, err
	}
	return unpack(ctx, deb)
}

func unpack(ctx context.Context, deb string) (all []Object, err error) {
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
