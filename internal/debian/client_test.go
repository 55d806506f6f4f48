package debian

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// open gives a client, or skips where none is to be had: the mirror is not ours.
func open(t *testing.T, o Options) (context.Context, *Client) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: nothing is fetched")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	c, err := Open(ctx, o)
	if errors.Is(err, ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return ctx, c
}

var foreign = Options{Suite: "bookworm", Arch: "s390x"}

// TestClient fetches a small package of this system's release, of another release and
// of another architecture. They are those that corpus/public needs, too.
func TestClient(t *testing.T) {
	for _, o := range []Options{{}, {Suite: "trixie"}, foreign} {
		ctx, c := open(t, o)
		version, err := c.Version(ctx, "hostname")
		if err != nil || version == "" {
			t.Fatalf("version %q, %v", version, err)
		}
		path, err := c.Download(ctx, "hostname")
		if err != nil {
			t.Fatal(err)
		}
		if base := filepath.Base(path); base != "hostname_"+version+"_"+c.arch+".deb" {
			t.Errorf("%s holds version %s for %s", base, version, c.arch)
		}
		dir := t.TempDir()
		if err := Unpack(ctx, path, dir, "bin/hostname", "usr/bin/hostname"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNoPackage(t *testing.T) {
	ctx, c := open(t, Options{})
	for _, pkg := range []string{"nonesuch-package", "awk" /* virtual */, "-o=x", ""} {
		if v, err := c.Version(ctx, pkg); !errors.Is(err, ErrNoPackage) {
			t.Errorf("version of %q is %q, %v", pkg, v, err)
		}
	}
	if p, err := c.Download(ctx, "nonesuch-package"); !errors.Is(err, ErrNoPackage) {
		t.Errorf("it is in %q, %v", p, err)
	}
}

// TestDepends: a kernel's metapackage leads to the kernel.
func TestDepends(t *testing.T) {
	ctx, c := open(t, foreign)
	names, err := c.Depends(ctx, "linux-image-s390x")
	if err != nil || !slices.ContainsFunc(names, func(s string) bool {
		return strings.HasPrefix(s, "linux-image-") && strings.HasSuffix(s, "-s390x")
	}) {
		t.Errorf("got %q, %v", names, err)
	}
}

// TestCacheIsChecked: a file in the cache that is not what the list says is fetched
// again, and one that is is not touched.
func TestCacheIsChecked(t *testing.T) {
	ctx, c := open(t, Options{})
	path, err := c.Download(ctx, "hostname")
	if err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := bytes.Clone(good)
	bad[len(bad)/2] ^= 1
	if err := os.WriteFile(path, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Download(ctx, "hostname"); err != nil {
		t.Fatal(err)
	}
	again, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(again, good) {
		t.Errorf("a changed file in the cache was served (%v)", err)
	}
	before, _ := os.Stat(path)
	if _, err := c.Download(ctx, "hostname"); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("what is in the cache was fetched again (%v)", err)
	}
}

// TestOldListsDo: without its mirror a client lives on what it has.
func TestOldListsDo(t *testing.T) {
	ctx, c := open(t, Options{Suite: "bookworm-updates", Cache: t.TempDir()}) // a small one
	sources, err := os.ReadFile(filepath.Join(c.dir, "sources.list"))
	if err != nil {
		t.Fatal(err)
	}
	mirror := strings.Fields(string(sources))[4]
	gone, cancel := context.WithCancel(ctx)
	cancel() // nothing can be run any more
	if err := c.setup(gone, mirror, 0); err != nil {
		t.Errorf("with lists: %v", err)
	}
	if v, err := c.Version(ctx, "nonesuch"); !errors.Is(err, ErrNoPackage) {
		t.Errorf("version %q, %v", v, err)
	}
	if err := c.setup(gone, "https://other.invalid/debian/", fresh); err == nil {
		t.Error("lists of one mirror serve for another")
	}
}

func TestOpenErrors(t *testing.T) {
	for _, o := range []Options{{Suite: "../x"}, {Suite: "a b"}, {Arch: "AMD64"}} {
		if _, err := Open(t.Context(), o); err == nil || errors.Is(err, ErrNoPackage) {
			t.Errorf("%+v: got %v", o, err)
		}
	}
	if _, c := open(t, Options{}); c != nil {
		if _, err := Open(t.Context(), Options{Suite: "nonesuch", Cache: t.TempDir()}); !errors.Is(err, ErrUnavailable) {
			t.Errorf("a suite that is not there: %v", err)
		}
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := Open(t.Context(), Options{}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("no apt: %v", err)
	}
}
