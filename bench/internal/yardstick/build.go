package yardstick

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

var (
	//go:embed c/yardstick.c
	interpreter []byte
	//go:embed c/native.c
	driver []byte
)

// Build compiles the interpreter, unless the cache has it, and gives its path. The
// compiler is $CC, or cc. Where there is none the error wraps exec.ErrNotFound.
func Build() (path string, err error) {
	return compile(cmp.Or(os.Getenv("CC"), "cc"), "yardstick", []string{"-O2"}, []file{{"yardstick.c", interpreter}})
}

// Compiler is a C compiler that makes native code of the benchmarks.
type Compiler struct {
	Name     string   // in reports
	Commands []string // the first that exists is taken
	Flags    []string
}

// Compilers are -O2 without vectors: what a JIT that takes one instruction at a time
// can hope for. Clang would unroll as well.
var Compilers = []Compiler{
	{"gcc", []string{"gcc"}, []string{"-O2", "-fno-tree-vectorize", "-fno-tree-slp-vectorize"}},
	{"clang", []string{"clang", "clang-21", "clang-20", "clang-19"}, []string{"-O2", "-fno-vectorize", "-fno-slp-vectorize", "-fno-unroll-loops"}},
}

// Build compiles the C files of a folder of benchmarks and the driver, unless the
// cache has them, and gives the path of what runs any of them. name.c has a function
// of that name.
func (c *Compiler) Build(folder fs.FS) (string, error) {
	files := []file{{"native.c", driver}}
	list := ""
	for _, pattern := range []string{"*.c", "*.h"} {
		names, err := fs.Glob(folder, pattern)
		if err != nil {
			return "", err
		}
		for _, name := range names {
			text, err := fs.ReadFile(folder, name)
			if err != nil {
				return "", err
			}
			files = append(files, file{name, text})
			if program, ok := strings.CutSuffix(path.Base(name), ".c"); ok {
				list += "P(" + program + ") "
			}
		}
	}
	command := c.Commands[0]
	for _, name := range c.Commands {
		if _, err := exec.LookPath(name); err == nil {
			command = name
			break
		}
	}
	return compile(command, "native-"+c.Name, append(slices.Clone(c.Flags), "-DPROGRAMS="+list), files)
}

// file is a source file.
type file struct {
	name string
	text []byte
}

// compile compiles and links files, unless the cache has the result.
func compile(cc, name string, flags []string, files []file) (path string, err error) {
	cc, err = exec.LookPath(cc)
	if err != nil {
		return "", fmt.Errorf("a C yardstick needs a C compiler: %w", err)
	}
	dir, err := cacheDir()
	if err != nil {
		return "", err
	}
	version, err := exec.Command(cc, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", cc, err)
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s%q", version, flags)
	for _, f := range files {
		fmt.Fprintf(sum, "%s %d\n%s", f.name, len(f.text), f.text)
	}
	path = filepath.Join(dir, fmt.Sprintf("%s-%x", name, sum.Sum(nil)[:8]))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	// Under another name first, so that nobody runs half of it.
	work, err := os.MkdirTemp(dir, "build")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	out := filepath.Join(work, name)
	args := append(slices.Clone(flags), "-o", out)
	for _, f := range files {
		at := filepath.Join(work, f.name)
		if err := os.WriteFile(at, f.text, 0o644); err != nil {
			return "", err
		}
		if filepath.Ext(at) == ".c" {
			args = append(args, at)
		}
	}
	if text, err := exec.Command(cc, args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s %q: %w\n%s", cc, args, err, text)
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
