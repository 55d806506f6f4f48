//go:build !linux

package kernelcmp

import (
	"errors"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/sysbpf"
)

func without(uint64) (restore func(), err error) { return func() {}, nil }

func loadWithout(attr *sysbpf.Prog, _ uint64) (fd int, err error) { return sysbpf.LoadProg(attr) }

func denial(uint64) error { return errors.ErrUnsupported }
