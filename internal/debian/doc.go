// Package debian fetches packages of Debian by Debian's own package client, for tests
// that run what others built: kernels to boot, BPF objects to load.
//
// A [Client] has lists of its own in a cache folder, of a suite and an architecture
// that need not be this system's, and leaves the system's lists, sources and hooks
// as they are. Nothing is installed. The mirror is the one that the system is set up
// for, with only the suite's name replaced; apt verifies the suite's signature with
// Debian's keyring, and what is served from the cache is checked against the
// signed list again.
//
//	c, err := debian.Open(ctx, debian.Options{Suite: "trixie", Arch: "arm64"})
//	if errors.Is(err, debian.ErrUnavailable) { t.Skip(err) }
//	deb, err := c.Download(ctx, "linux-image-arm64")
//	err = debian.Unpack(ctx, deb, dir, "boot/vmlinuz-*")
//
// The cache is the folder "lockstep/packages" of the user's cache folder, or
// LOCKSTEP_CACHE. It can be deleted at any time.
package debian
