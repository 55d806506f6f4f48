package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstep-ebpf/lockstep/conform/plugin"
	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/fuzz/claims"
	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// engines are the targets in this process, the reference first.
var engines = []struct {
	name string
	make func() vm.Engine
}{
	{"refvm", func() vm.Engine { return &refvm.Engine{} }},
	{"fastvm", func() vm.Engine { return fastvm.Engine{} }},
	{"jit", func() vm.Engine { return jitEngine }},
}

const targetHelp = "refvm, fastvm, jit, claims (refvm, and what the verifier says of each step), kernel, kernel:NAME (of lockstep kernels list), plugin:PATH (a bpf_conformance plugin), jsonl:PATH (a server of the line protocol)"

// openTarget makes a target of its name on the command line. journal is where the
// kernel's cases are written down before they run; "" is a place for all runs.
func openTarget(name, journal string) (vm.Target, error) {
	kind, path, ok := strings.Cut(name, ":")
	switch {
	case ok && kind == "plugin":
		return plugin.NewProcess(name, path)
	case ok && kind == "jsonl":
		return plugin.StartServer(name, path)
	case ok && kind == "kernel":
		return openGuest(path, journal)
	case name == "kernel":
		return openKernel(journal)
	case name == "claims":
		return claims.New(claims.Options{})
	}
	for _, e := range engines {
		if e.name == name {
			return engineTarget(e.make())
		}
	}
	return nil, fmt.Errorf("unknown target %q: want %s", name, targetHelp)
}

// openEngine makes a target in this process.
func openEngine(name string) (vm.Target, error) {
	var names []string
	for _, e := range engines {
		names = append(names, e.name)
	}
	if !slices.Contains(names, name) {
		return nil, fmt.Errorf("unknown engine %q: want %s", name, strings.Join(names, ", "))
	}
	return openTarget(name, "")
}

func engineTarget(e vm.Engine) (*vm.EngineTarget, error) {
	m, err := mem.New()
	if err != nil {
		return nil, fmt.Errorf("guest memory: %w", err)
	}
	return vm.NewTarget(e, m), nil
}

// journalFolder is the one given, or the one for all runs.
func journalFolder(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("there is no place for the journal of what kernels are given: %w", err)
	}
	return filepath.Join(cache, "lockstep", "journal"), nil
}

func openKernel(journal string) (vm.Target, error) {
	journal, err := journalFolder(journal)
	if err != nil {
		return nil, err
	}
	k, err := kernelcmp.Open(kernelcmp.Options{Journal: journal})
	if errors.Is(err, kernelcmp.ErrNotPermitted) {
		return nil, fmt.Errorf("%w\nrun as root, or name other targets: refvm, fastvm", err)
	}
	if err != nil {
		return nil, fmt.Errorf("target kernel: %w", err)
	}
	return k, nil
}
