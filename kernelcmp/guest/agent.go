package guest

import (
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

const agentPackage = "github.com/lockstep-ebpf/lockstep/kernelcmp/agent"

// goArch is Go's name of an architecture of Debian's.
var goArch = map[string]string{"amd64": "amd64", "arm64": "arm64", "s390x": "s390x", "riscv64": "riscv64", "ppc64el": "ppc64le"}

// agents are those that this process has built.
var agents struct {
	sync.Mutex
	path map[string]string
}

// agent gives the path of an executor for a processor: built from this module's
// source where there is a Go compiler, else this program itself, if that will do.
func agent(ctx context.Context, arch, cache string) (string, error) {
	agents.Lock()
	defer agents.Unlock()
	if p := agents.path[arch]; p != "" {
		return p, nil
	}
	p, err := build(ctx, arch, filepath.Join(cache, "agents"))
	if err != nil {
		var ok bool
		if p, ok = ourselves(arch); !ok {
			return "", fmt.Errorf("%w: no executor for %s guests: run from the source tree with Go installed%s (%w)", ErrUnavailable, arch, staticHint(arch), err)
		}
	}
	if agents.path == nil {
		agents.path = map[string]string{}
	}
	agents.path[arch] = p
	return p, nil
}

func build(ctx context.Context, arch, dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	// Processes that build at the same time each rename a whole file into place.
	temp, err := os.MkdirTemp(dir, ".build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp)
	out := filepath.Join(temp, "agent")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out, agentPackage)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+goArch[arch], "GOFLAGS=-mod=readonly")
	if text, err := cmd.CombinedOutput(); err != nil {
		line, _, _ := bytes.Cut(bytes.TrimSpace(text), []byte("\n"))
		return "", fmt.Errorf("go build: %w: %s", err, line)
	}
	sum, err := checksum(out)
	if err != nil {
		return "", err
	}
	final := filepath.Join(dir, arch+"-"+sum[:16])
	return final, os.Rename(out, final)
}

// staticHint: a lockstep for the guest's processor that needs no C library can be its
// executor itself.
func staticHint(arch string) string {
	if goArch[arch] == runtime.GOARCH {
		return ", or with a lockstep built with CGO_ENABLED=0"
	}
	return ""
}

// ourselves is this program's file, if it is a static one of the architecture whose
// main calls kernelcmp.ExecutorMain, as lockstep's does.
func ourselves(arch string) (string, bool) {
	exe, err := os.Executable()
	if err != nil || runtime.GOOS != "linux" || goArch[arch] != runtime.GOARCH || !strings.HasPrefix(filepath.Base(exe), "lockstep") {
		return "", false
	}
	f, err := elf.Open(exe)
	if err != nil {
		return "", false
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return "", false
		}
	}
	return exe, true
}
