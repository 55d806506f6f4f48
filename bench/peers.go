package bench

import (
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/lockstep-ebpf/lockstep/bench/internal/yardstick"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Goto is the name of the interpreter in C in reports. The benchmarks in C have
// their compilers' names, gcc and clang.
const Goto = "goto"

// peer is somebody else who can run benchmarks.
type peer struct {
	name  string
	start func(p Program) (*entry, error) // nil, nil: it has no such program
	close func() error
}

// findPeers finds who is there, and says who is not, and why.
func findPeers() (peers []peer, notes []string) {
	missing := func(name string, err error) { notes = append(notes, fmt.Sprintf("no %s column: %v", name, err)) }
	none := func() error { return nil }
	if at, err := yardstick.Build(); err != nil {
		missing(Goto, err)
	} else {
		peers = append(peers, peer{Goto, func(p Program) (*entry, error) { return startGoto(p, at) }, none})
	}
	folder, err := fs.Sub(inC, "programs")
	if err != nil {
		panic(err) // the name is a constant
	}
	for _, c := range yardstick.Compilers {
		at, err := c.Build(folder)
		if err != nil {
			missing(c.Name, err)
			continue
		}
		peers = append(peers, peer{c.Name, func(p Program) (*entry, error) { return startNative(p, c.Name, at) }, none})
	}
	if empty, err := emptyKernel(); err != nil {
		missing(Kernel, err)
	} else {
		peers = append(peers, peer{Kernel, func(p Program) (*entry, error) { return startKernel(p, empty) }, empty.close})
	}
	return peers, notes
}

func closePeers(peers []peer) {
	for _, x := range peers {
		x.close()
	}
}

func startGoto(p Program, at string) (*entry, error) {
	x, err := yardstick.Start(at, p.Case)
	if err != nil {
		return nil, err
	}
	return ofProcess(Goto, p, x), nil
}

func startNative(p Program, compiler, at string) (*entry, error) {
	if _, err := fs.Stat(inC, path.Join("programs", p.Name+".c")); err != nil {
		return nil, nil
	}
	x, err := yardstick.StartNative(at, p.Name, p.Case.Inputs[0].Memory)
	if err != nil {
		return nil, err
	}
	return ofProcess(compiler, p, x), nil
}

// ofProcess is the entry of a process that runs the program.
func ofProcess(name string, p Program, x *yardstick.Process) *entry {
	return &entry{
		name: name, program: p, close: x.Close,
		run: func(times int) (time.Duration, error) {
			r0, took, err := x.Run(uint32(times))
			if err == nil && r0 != p.Want {
				err = &WrongResult{name, p.Name, r0, p.Want, vm.Exit}
			}
			return took, err
		},
	}
}
