package yardstick

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

//go:embed c/yardstick.c
var source []byte

// Build compiles the interpreter, unless the cache has it, and gives its path. The
// compiler is $CC, or cc. Where there is none the error wraps exec.ErrNotFound.
func Build() (path string, err error) {
	cc, err := exec.LookPath(cmp.Or(os.Getenv("CC"), "cc"))
	if err != nil {
		return "", fmt.Errorf("the C yardstick needs a C compiler: %w", err)
	}
	dir, err := cacheDir()
	if err != nil {
		return "", err
	}
	version, err := exec.Command(cc, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", cc, err)
	}
	sum := sha256.Sum256(append(version, source...))
	path = filepath.Join(dir, fmt.Sprintf("yardstick-%x", sum[:8]))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	// Under another name first, so that nobody runs half of it.
	work, err := os.MkdirTemp(dir, "build")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	file, out := filepath.Join(work, "yardstick.c"), filepath.Join(work, "yardstick")
	if err := os.WriteFile(file, source, 0o644); err != nil {
		return "", err
	}
	if text, err := exec.Command(cc, "-O2", "-o", out, file).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s -O2 yardstick.c: %w\n%s", cc, err, text)
	}
	return path, os.Rename(out, path)
}

// cacheDir is the user's cache; where there is none that can be written to, the
// user's own folder among the temporary files.
func cacheDir() (string, error) {
	if cache, err := os.UserCacheDir(); err == nil {
		dir := filepath.Join(cache, "lockstep")
		if os.MkdirAll(dir, 0o755) == nil {
			return dir, nil
		}
	}
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("lockstep-%d", os.Getuid()))
	return dir, os.MkdirAll(dir, 0o700)
}

// Process is a running interpreter with a program in it.
type Process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// Start runs the interpreter at path with the case's first program and input.
func Start(path string, c *vm.Case) (*Process, error) {
	cmd := exec.Command(path)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{cmd, in, bufio.NewReader(out)}
	if _, err := in.Write(describe(c)); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func describe(c *vm.Case) []byte {
	number := binary.NativeEndian.AppendUint32
	code := spec.Encode(c.Programs[0].Insns, spec.Little)
	b := append(number(nil, uint32(len(code)/spec.SlotSize)), code...)
	b = append(number(b, uint32(len(c.Inputs[0].Memory))), c.Inputs[0].Memory...)
	b = number(b, uint32(len(c.Maps)))
	for _, m := range c.Maps {
		b = number(number(b, m.ValueSize), m.MaxEntries)
	}
	return b
}

// Run runs the program n times. It gives the last result and the CPU time of all.
func (p *Process) Run(n uint32) (r0 uint64, took time.Duration, err error) {
	if _, err := p.in.Write(binary.NativeEndian.AppendUint32(nil, n)); err != nil {
		return 0, 0, err
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		return 0, 0, fmt.Errorf("the C yardstick ended: %w", err)
	}
	_, err = fmt.Sscan(line, &r0, &took)
	return r0, took, err
}

// Close ends the process.
func (p *Process) Close() error { return errors.Join(p.in.Close(), p.cmd.Wait()) }
