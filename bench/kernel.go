package bench

import (
	"bytes"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Kernel is the name of the host's kernel, with its JIT, in reports.
const Kernel = "kernel"

// verifiable has the programs that a verifier does not follow once more, in a form
// that it does: they count rounds where the others compare pointers.
//
//go:embed programs/verifiable/*.asm
var verifiable embed.FS

// packet is what a socket filter has to be given; nobody reads it.
var packet = make([]byte, 14)

// inKernel is a program in the kernel, with what it needs there.
type inKernel struct {
	prog *ebpf.Program
	maps []*ebpf.Map
}

// loadKernel loads a benchmark as a socket filter. The input memory is the value of an array.
func loadKernel(p Program) (*inKernel, error) {
	k := &inKernel{}
	if err := k.load(p); err != nil {
		return nil, errors.Join(fmt.Errorf("%s in the kernel: %w", p.Name, err), k.close())
	}
	return k, nil
}

func (k *inKernel) load(p Program) error {
	insns := p.Case.Programs[0].Insns
	if text, err := verifiable.ReadFile("programs/verifiable/" + p.Name + ".asm"); err == nil {
		v, err := assemble(string(text), p.Case.Maps)
		if err != nil {
			return err
		}
		insns = v
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	code, err := k.code(insns, p.Case.Maps)
	if err != nil {
		return err
	}
	if memory := p.Case.Inputs[0].Memory; len(memory) > 0 {
		m, err := k.newMap(&maps.Spec{ValueSize: uint32(len(memory)), MaxEntries: 1})
		if err != nil {
			return err
		}
		if err := m.Put(uint32(0), memory); err != nil {
			return err
		}
		code = append(asm.Instructions{
			asm.LoadMapValue(asm.R1, m.FD(), 0),
			asm.Mov.Imm(asm.R2, int32(len(memory))),
		}, code...)
	}
	k.prog, err = ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.SocketFilter, License: "GPL", Instructions: code})
	return err
}

// code makes maps, and instructions that know them.
func (k *inKernel) code(insns []spec.Insn, specs []*maps.Spec) (asm.Instructions, error) {
	for _, x := range specs {
		if _, err := k.newMap(x); err != nil {
			return nil, err
		}
	}
	var order binary.ByteOrder = binary.LittleEndian
	code, err := asm.AppendInstructions(nil, bytes.NewReader(spec.Encode(insns, spec.Little)), order, "linux")
	if err != nil {
		return nil, err
	}
	for n := range code {
		if i := &code[n]; i.IsLoadFromMap() {
			if err := i.AssociateMap(k.maps[i.Constant]); err != nil {
				return nil, err
			}
		}
	}
	return code, nil
}

// newMap makes an array.
func (k *inKernel) newMap(x *maps.Spec) (*ebpf.Map, error) {
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: x.ValueSize, MaxEntries: x.MaxEntries})
	if err == nil {
		k.maps = append(k.maps, m)
	}
	return m, err
}

func (k *inKernel) close() error {
	var errs []error
	if k.prog != nil {
		errs = append(errs, k.prog.Close())
	}
	for _, m := range k.maps {
		errs = append(errs, m.Close())
	}
	return errors.Join(errs...)
}

// run runs the program so many times in one system call. Bits above the lower half
// of r0 are not to be had.
func (k *inKernel) run(times int) (r0 uint32, took time.Duration, err error) {
	from := cpuTime()
	r0, _, err = k.prog.Benchmark(packet, times, func() { from = cpuTime() }) // begins anew after a signal
	return r0, cpuTime() - from, err
}

// startKernel is a benchmark in the kernel. What the empty program takes in as many
// runs, in the same round, is taken off: it is BPF_PROG_TEST_RUN's.
func startKernel(p Program, empty *inKernel) (*entry, error) {
	k, err := loadKernel(p)
	if err != nil {
		return nil, err
	}
	return &entry{
		name: Kernel, program: p, close: k.close,
		run: func(times int) (time.Duration, error) {
			r0, took, err := k.run(times)
			if err != nil {
				return 0, err
			}
			if r0 != uint32(p.Want) {
				return 0, &WrongResult{Kernel, p.Name, uint64(r0), uint64(uint32(p.Want)), vm.Exit}
			}
			_, rest, err := empty.run(times)
			return max(took-rest, 1), err
		},
	}, nil
}

// emptyKernel loads the empty program; the error says why the kernel cannot take part.
func emptyKernel() (*inKernel, error) {
	return loadKernel(Program{Name: "empty", Case: &vm.Case{
		Programs: []*vm.Program{{Insns: []spec.Insn{{Op: spec.MOV}, {Op: spec.EXIT}}}},
		Inputs:   []vm.Input{{}},
	}})
}
