package debian

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Version is the newest version of a package in the suite.
func (c *Client) Version(ctx context.Context, pkg string) (string, error) {
	s, err := c.lockAndShow(ctx, pkg)
	return s["Version"], err
}

// Depends names what a package needs; of alternatives the first. So the package that
// a metapackage stands for is found.
func (c *Client) Depends(ctx context.Context, pkg string) ([]string, error) {
	s, err := c.lockAndShow(ctx, pkg)
	return parseDepends(s["Depends"]), err
}

func (c *Client) lockAndShow(ctx context.Context, pkg string) (stanza, error) {
	unlock, err := c.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return c.show(ctx, pkg)
}

// Download gives the path of a package's newest .deb in the cache. The file has the
// checksum that the suite's signed list has for it, each time it is asked for.
// The error is ErrUnavailable if the mirror cannot be reached any more.
func (c *Client) Download(ctx context.Context, pkg string) (string, error) {
	unlock, err := c.lock(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	path, err := c.download(ctx, pkg)
	if err == nil || ctx.Err() != nil || errors.Is(err, ErrNoPackage) {
		return path, err
	}
	// A version vanishes from the mirror when the next one comes: ask again.
	if updateErr := c.update(ctx); updateErr != nil {
		return "", fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return c.download(ctx, pkg)
}

func (c *Client) download(ctx context.Context, pkg string) (string, error) {
	s, err := c.show(ctx, pkg)
	if err != nil {
		return "", err
	}
	want := strings.ToLower(s["SHA256"])
	if len(want) != 2*sha256.Size {
		return "", fmt.Errorf("package %s: the list gives no SHA-256 for it", pkg)
	}
	version, arch := s["Version"], s["Architecture"]
	path := filepath.Join(c.debs, fmt.Sprintf("%s_%s_%s.deb", pkg, strings.ReplaceAll(version, ":", "%3a"), arch))
	if check(path, want) == nil {
		return path, nil
	}
	temp, err := os.MkdirTemp(c.debs, "fetch-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp)
	if _, err := c.aptIn(ctx, temp, "apt-get", "download", pkg+"="+version); err != nil {
		return "", err
	}
	debs, _ := filepath.Glob(filepath.Join(temp, "*.deb"))
	if len(debs) != 1 {
		return "", fmt.Errorf("package %s: apt-get download left %d files", pkg, len(debs))
	}
	if err := check(debs[0], want); err != nil {
		return "", fmt.Errorf("package %s: %w", pkg, err)
	}
	return path, os.Rename(debs[0], path)
}

// pkgName is what Debian allows a package to be called.
var pkgName = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]+$`)

// show gives what the list says of a package's newest version.
func (c *Client) show(ctx context.Context, pkg string) (stanza, error) {
	if !pkgName.MatchString(pkg) {
		return nil, fmt.Errorf("%w: %q is no name of a package", ErrNoPackage, pkg)
	}
	missing := fmt.Errorf("%w: %s has no %s for %s", ErrNoPackage, c.suite, pkg, c.arch)
	out, err := c.apt(ctx, "apt-cache", "show", "--no-all-versions", pkg)
	if err != nil {
		if strings.Contains(err.Error(), "No packages found") {
			return nil, missing
		}
		return nil, err
	}
	all, err := parseStanzas(strings.NewReader(string(out)))
	if err != nil {
		return nil, fmt.Errorf("apt-cache show %s: %w", pkg, err)
	}
	for _, s := range all {
		if s["Package"] == pkg && s["Version"] != "" {
			return s, nil
		}
	}
	return nil, missing // a virtual package: others provide it
}

// check compares a file with a SHA-256 in hex.
func check(path, want string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return fmt.Errorf("%s has SHA-256 %s, the suite's list says %s", filepath.Base(path), got, want)
	}
	return nil
}
