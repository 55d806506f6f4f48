package yardstick

import (
	"errors"
	"os/exec"
	"testing"
	"testing/fstest"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

func TestNoCompiler(t *testing.T) {
	t.Setenv("CC", "no-such-compiler")
	if _, err := Build(); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("Build without a compiler: %v", err)
	}
}

// build skips where there is no compiler; on other errors it fails.
func build(t *testing.T) string {
	path, err := Build()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRuns(t *testing.T) {
	p, err := Start(build(t), &vm.Case{
		Programs: []*vm.Program{{Insns: []spec.Insn{ // the length of the input and its first byte
			{Op: spec.ClassLDX | spec.ModeMEM | spec.SizeB, Src: 1},
			{Op: spec.ClassALU64 | spec.OpADD | spec.SrcX, Src: 2},
			{Op: spec.EXIT},
		}}},
		Inputs: []vm.Input{{Memory: []byte{40, 0}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if r0, _, err := p.Run(3); r0 != 42 || err != nil {
			t.Errorf("r0 %d, %v", r0, err)
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestUnsupported(t *testing.T) {
	p, err := Start(build(t), &vm.Case{
		Programs: []*vm.Program{{Insns: []spec.Insn{{Op: spec.CALL, Imm: 5}, {Op: spec.EXIT}}}},
		Inputs:   []vm.Input{{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stderr = nil
	if _, _, err := p.Run(1); err == nil {
		t.Error("helper 5 is not there, and no error")
	}
	if err := p.Close(); err == nil {
		t.Error("the process ended well")
	}
}

func TestNative(t *testing.T) {
	for _, c := range Compilers {
		path, err := c.Build(fstest.MapFS{
			"width.h": {Data: []byte("#include <stdint.h>\n")},
			"last.c":  {Data: []byte("#include \"width.h\"\nuint64_t last(uint8_t *m, uint64_t n) { return m[n - 1] += 2; }\n")},
			"none.c":  {Data: []byte("long none(void) { return 0; }\n")},
		})
		if errors.Is(err, exec.ErrNotFound) {
			t.Logf("%s: %v", c.Name, err)
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		p, err := StartNative(path, "last", []byte{1, 36})
		if err != nil {
			t.Fatal(err)
		}
		if r0, _, err := p.Run(3); r0 != 42 || err != nil {
			t.Errorf("%s: %d, %v", c.Name, r0, err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		p, err = StartNative(path, "missing", nil)
		if err != nil { // it may have ended before its input came
			continue
		}
		p.cmd.Stderr = nil
		if _, _, err := p.Run(1); err == nil {
			t.Errorf("%s: no program of this name, and no error", c.Name)
		}
		p.Close()
	}
}
