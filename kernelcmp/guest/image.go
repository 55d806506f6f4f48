package guest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-ebpf/lockstep/internal/debian"
)

// ErrUnavailable is in the chain of an error that says what is missing here, and what
// to type about it. A test may skip for it, nothing else.
var ErrUnavailable = errors.New("not available")

// Image is a kernel in the cache.
type Image struct {
	Rung *Rung
	Dir  string
	Manifest
}

// Manifest is what the cache knows of an image. Files are by name, with their SHA-256.
type Manifest struct {
	Packages []string          `json:"packages"` // with versions
	Release  string            `json:"release"`  // as uname -r has it, where the file's name says it
	Fetched  time.Time         `json:"fetched"`
	Kernel   string            `json:"kernel"`
	Modules  []string          `json:"modules,omitempty"` // in the order of loading
	Files    map[string]string `json:"files"`
}

const manifestName = "manifest.json"

// Cache is where kernels are kept: the folder "lockstep/kernels" of the user's cache
// folder, or "kernels" in LOCKSTEP_CACHE.
func Cache() (string, error) {
	if dir := os.Getenv("LOCKSTEP_CACHE"); dir != "" {
		dir, err := filepath.Abs(dir)
		return filepath.Join(dir, "kernels"), err
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder for kernels: set LOCKSTEP_CACHE: %w", err)
	}
	return filepath.Join(dir, "lockstep", "kernels"), nil
}

// Cached gives the image of a rung that has been fetched; its files are as they were.
// The error is ErrUnavailable if there is none.
func Cached(r *Rung, cache string) (*Image, error) {
	img := &Image{Rung: r, Dir: filepath.Join(cache, r.Name)}
	b, err := os.ReadFile(filepath.Join(img.Dir, manifestName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: kernel %s has not been fetched: lockstep kernels fetch %s", ErrUnavailable, r.Name, r.Name)
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &img.Manifest); err != nil {
		return nil, fmt.Errorf("%s: %w: fetch it again: lockstep kernels fetch %s", filepath.Join(img.Dir, manifestName), err, r.Name)
	}
	for name, want := range img.Files {
		if got, err := checksum(filepath.Join(img.Dir, name)); err != nil || got != want {
			return nil, fmt.Errorf("kernel %s: %s is not what was fetched (SHA-256 %.12s, want %.12s): lockstep kernels fetch %s", r.Name, name, got, want, r.Name)
		}
	}
	return img, nil
}

// Fetch puts the newest kernel of a rung into the cache, by Debian's package client.
// The error is ErrUnavailable where there is none, or no way to a mirror.
func Fetch(ctx context.Context, r *Rung, cache string) (*Image, error) {
	img, err := fetch(ctx, r, cache)
	switch {
	case err == nil:
		return img, nil
	case errors.Is(err, debian.ErrUnavailable), errors.Is(err, debian.ErrNoPackage):
		return nil, fmt.Errorf("%w: kernel %s: %w", ErrUnavailable, r.Name, err)
	}
	return nil, fmt.Errorf("kernel %s: %w", r.Name, err)
}

func fetch(ctx context.Context, r *Rung, cache string) (*Image, error) {
	client, err := debian.Open(ctx, debian.Options{Suite: r.Suite, Arch: r.Arch})
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(cache, ".fetch-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	img := &Image{Rung: r, Dir: dir, Manifest: Manifest{Fetched: time.Now().UTC().Truncate(time.Second), Files: map[string]string{}}}
	if err := img.unpack(ctx, client, r.Package); err != nil {
		return nil, err
	}
	if img.Kernel == "" {
		return nil, fmt.Errorf("none of %s has a kernel", strings.Join(img.Packages, ", "))
	}
	slices.SortFunc(img.Modules, func(a, b string) int { return moduleRank(a) - moduleRank(b) })
	b, err := json.MarshalIndent(&img.Manifest, "", "\t")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, manifestName), b, 0o644); err != nil {
		return nil, err
	}
	final := filepath.Join(cache, r.Name)
	if err := errors.Join(os.RemoveAll(final), os.Chmod(dir, 0o755), os.Rename(dir, final)); err != nil {
		return nil, err
	}
	return Cached(r, cache)
}

// parts are the names of the packages that a kernel is spread over, since Linux 6.19.
var parts = []string{"linux-image-", "linux-binary-", "linux-modules-"}

// unpack takes a package, and those that it depends on for the kernel.
func (img *Image) unpack(ctx context.Context, client *debian.Client, pkg string) error {
	version, err := client.Version(ctx, pkg)
	if err != nil {
		return err
	}
	img.Packages = append(img.Packages, pkg+" "+version)
	deb, err := client.Download(ctx, pkg)
	if err != nil {
		return err
	}
	if err := debian.Walk(ctx, deb, img.take); err != nil {
		return err
	}
	needs, err := client.Depends(ctx, pkg)
	if err != nil {
		return err
	}
	for _, n := range needs {
		if slices.ContainsFunc(parts, func(p string) bool { return strings.HasPrefix(n, p) }) {
			if err := img.unpack(ctx, client, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// modules are what the way to the host needs, where it is not built into the kernel,
// in the order of loading.
var modules = []string{"virtio", "virtio_ring", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_console"}

// moduleRank is a module's place in modules, or -1.
func moduleRank(name string) int {
	stem, _, ok := strings.Cut(path.Base(name), ".ko")
	if !ok {
		return -1
	}
	return slices.Index(modules, stem)
}

// take keeps a file of a package if a guest needs it.
func (img *Image) take(name string, _ fs.FileMode, r io.Reader) error {
	base := path.Base(name)
	switch {
	case strings.HasPrefix(name, "boot/vmlinu"), name == "usr/bin/linux.uml":
		img.Kernel = base
		_, img.Release, _ = strings.Cut(base, "-")
	case base == "vmlinuz" && strings.HasPrefix(name, "usr/lib/modules/"): // since Linux 6.19
		img.Kernel, img.Release = base, path.Base(path.Dir(name))
	case img.Rung.Kind == QEMU && moduleRank(name) >= 0:
		img.Modules = append(img.Modules, base)
	default:
		return nil
	}
	f, err := os.OpenFile(filepath.Join(img.Dir, base), os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, h), r)
	img.Files[base] = hex.EncodeToString(h.Sum(nil))
	return errors.Join(err, f.Close())
}

func checksum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), err
}
