package yardstick

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Process is a running program: native code, or the interpreter with eBPF in it.
type Process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// Start runs the interpreter at path with the case's first program and input.
func Start(path string, c *vm.Case) (*Process, error) { return start(describe(c), path) }

// StartNative runs the benchmark of a name natively, on a memory.
func StartNative(path, name string, memory []byte) (*Process, error) {
	return start(sized(nil, memory), path, name)
}

// start runs a command and feeds it the beginning of its input.
func start(head []byte, path string, args ...string) (*Process, error) {
	cmd := exec.Command(path, args...)
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
	if _, err := in.Write(head); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

var number = binary.NativeEndian.AppendUint32

// sized appends a number of bytes, and the bytes.
func sized(b, memory []byte) []byte { return append(number(b, uint32(len(memory))), memory...) }

func describe(c *vm.Case) []byte {
	code := spec.Encode(c.Programs[0].Insns, spec.Little)
	b := append(number(nil, uint32(len(code)/spec.SlotSize)), code...)
	b = number(sized(b, c.Inputs[0].Memory), uint32(len(c.Maps)))
	for _, m := range c.Maps {
		b = number(number(b, m.ValueSize), m.MaxEntries)
	}
	return b
}

// Run runs the program n times. It gives the last result and the CPU time of all.
func (p *Process) Run(n uint32) (r0 uint64, took time.Duration, err error) {
	if _, err := p.in.Write(number(nil, n)); err != nil {
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
