package debian

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

var (
	// ErrUnavailable: there is no package client here, or it reaches no mirror.
	ErrUnavailable = errors.New("no packages can be had here")
	// ErrNoPackage: the suite has no such package for the architecture.
	ErrNoPackage = errors.New("no such package")
)

// fresh is how long lists are used without asking the mirror for new ones.
const fresh = 24 * time.Hour

// Options say what packages are wanted.
type Options struct {
	Suite string // as the mirror names it: bookworm, bookworm-backports, sid; empty: this system's release
	Arch  string // as Debian names it: amd64, arm64, s390x, riscv64; empty: this system's
	Cache string // a folder; empty: DefaultCache
}

// Client is Debian's package client, asked with lists of its own: the system's stay as they are.
type Client struct {
	suite, arch string
	dir         string // apt's files: configuration, sources, lists
	debs        string // packages, of all suites: a version is the same everywhere
}

// DefaultCache is where packages are kept if nothing else is said.
func DefaultCache() (string, error) {
	if dir := os.Getenv("LOCKSTEP_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder: set LOCKSTEP_CACHE: %w", err)
	}
	return filepath.Join(dir, "lockstep", "packages"), nil
}

// Open makes a client, and gets the suite's lists if they are older than a day. Old
// lists do if the mirror cannot be reached. The error is ErrUnavailable if there is
// no client, no mirror of Debian in its sources, or no answer.
func Open(ctx context.Context, o Options) (*Client, error) {
	for _, tool := range []string{"apt-get", "apt-cache", "dpkg", "dpkg-deb"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("%w: %s is not installed", ErrUnavailable, tool)
		}
	}
	c, err := locate(ctx, o)
	if err != nil {
		return nil, err
	}
	unlock, err := c.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	found, err := mirrors(ctx, c.arch)
	if err != nil {
		return nil, err
	}
	var failed error
	for _, m := range found {
		if failed = c.setup(ctx, m, fresh); failed == nil {
			return c, nil
		}
	}
	return nil, fmt.Errorf("%w: suite %s for %s: %w", ErrUnavailable, c.suite, c.arch, failed)
}

// name is what a suite or an architecture may be called: it becomes part of a path
// and of a line of sources.list.
var name = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*$`)

func locate(ctx context.Context, o Options) (c *Client, err error) {
	if o.Cache == "" {
		o.Cache, err = DefaultCache()
	} else {
		o.Cache, err = filepath.Abs(o.Cache)
	}
	if err != nil {
		return nil, err
	}
	if o.Arch == "" {
		out, err := output(ctx, "", "dpkg", "--print-architecture")
		if err != nil {
			return nil, err
		}
		o.Arch = strings.TrimSpace(string(out))
	}
	if o.Suite == "" {
		if o.Suite, err = release("/etc/os-release"); err != nil {
			return nil, err
		}
	}
	for what, s := range map[string]string{"suite": o.Suite, "architecture": o.Arch} {
		if !name.MatchString(s) {
			return nil, fmt.Errorf("%s %q: a name has lower-case letters, digits, dots and dashes", what, s)
		}
	}
	c = &Client{
		suite: o.Suite, arch: o.Arch,
		dir:  filepath.Join(o.Cache, "apt", o.Suite+"-"+o.Arch),
		debs: filepath.Join(o.Cache, "debs"),
	}
	for _, dir := range []string{c.debs, filepath.Join(c.dir, "lists", "partial"), filepath.Join(c.dir, "archives", "partial")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	return c, nil
}
