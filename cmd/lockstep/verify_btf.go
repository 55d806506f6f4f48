package main

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/lockstep-ebpf/lockstep/host/kernelbtf"
	"github.com/lockstep-ebpf/lockstep/host/object"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/btf"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
)

// typesFlag names a kernel whose types programs refer to.
type typesFlag struct {
	BTF string `name:"btf" help:"Relocate the object (CO-RE) for a kernel and judge it by the kernel's types: a file with BTF, as /sys/kernel/btf/vmlinux or a vmlinux with debugging information, or host." placeholder:"FILE"`
}

// kernel is nil if none is named.
func (f *typesFlag) kernel() (*kernelbtf.Kernel, error) {
	var k *kernelbtf.Kernel
	var err error
	switch f.BTF {
	case "":
		return nil, nil
	case "host":
		k, err = kernelbtf.Host()
	default:
		k, err = kernelbtf.Open(f.BTF)
	}
	if err != nil {
		return nil, fmt.Errorf("--btf: %w", err)
	}
	return k, nil
}

// load reads what `verify` is asked to judge. A program of an object needs to be of no type and
// use no map that can be run here.
func (f *typesFlag) load(t *terminal, arg string, o *verifier.Options) (*casefile.File, error) {
	k, err := f.kernel()
	if err != nil {
		return nil, err
	}
	if k != nil {
		o.Kernel = k
	} else if c, err := loadCase(t, arg); !cannotRun(err) {
		return c, err
	}
	path, prog := splitObject(arg)
	b, err := t.read(path)
	if err != nil {
		return nil, err
	}
	path = fileName(path)
	if !isELF(b) {
		return loadCase(t, arg)
	}
	obj, err := object.ReadFor(bytes.NewReader(b), k)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	obj.Name = path
	c, about, err := obj.CaseToVerify(prog)
	if err != nil {
		return nil, err
	}
	o.Programs = []*btf.Program{about}
	return &casefile.File{Case: *c}, nil
}

// cannotRun reports whether an error is about running a program, not about the program.
func cannotRun(err error) bool {
	var u *vm.Unsupported
	return errors.As(err, &u)
}
