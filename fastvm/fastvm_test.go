package fastvm_test

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// op writes one instruction.
func op(code int, dst, src uint8, off int16, imm int32) spec.Insn {
	return spec.Insn{Op: uint8(code), Dst: dst, Src: src, Off: off, Imm: imm}
}

// prog joins instructions and pieces of several.
func prog(parts ...any) []spec.Insn {
	var out []spec.Insn
	for _, p := range parts {
		switch p := p.(type) {
		case spec.Insn:
			out = append(out, p)
		case []spec.Insn:
			out = append(out, p...)
		}
	}
	return out
}

const (
	aluX  = spec.ClassALU | spec.SrcX
	alu64 = spec.ClassALU64
	jmp   = spec.ClassJMP
	jmp32 = spec.ClassJMP32
	stx   = spec.ClassSTX | spec.ModeMEM
	st    = spec.ClassST | spec.ModeMEM
	ldx   = spec.ClassLDX | spec.ModeMEM
	ldsx  = spec.ClassLDX | spec.ModeMEMSX
	atom  = spec.ClassSTX | spec.ModeATOMIC
)

func mov(dst uint8, imm int32) spec.Insn { return op(spec.MOV, dst, 0, 0, imm) }
func movx(dst, src uint8) spec.Insn      { return op(spec.MOVX, dst, src, 0, 0) }
func add(dst uint8, imm int32) spec.Insn { return op(alu64|spec.OpADD, dst, 0, 0, imm) }
func exit() spec.Insn                    { return op(spec.EXIT, 0, 0, 0, 0) }
func helper(id int32) spec.Insn          { return op(spec.CALL, 0, 0, 0, id) }
func call(off int32) spec.Insn           { return op(spec.CALL, 0, spec.CallLocal, 0, off) }

func lddw(dst uint8, v uint64) []spec.Insn {
	return []spec.Insn{op(spec.LDDW, dst, 0, 0, int32(v)), {Imm: int32(v >> 32)}}
}

func lddwOf(dst, what uint8, imm int32) []spec.Insn {
	return []spec.Insn{op(spec.LDDW, dst, what, 0, imm), {}}
}

// form is a way to run: where guest memory is, and what is checked.
type form struct {
	name   string
	target *vm.EngineTarget
	mode   vm.Mode
}

// forms gives every form that this host has.
func forms(t testing.TB) []form {
	t.Helper()
	var fs []form
	for _, f := range []struct {
		name string
		open func() (*mem.Memory, error)
	}{
		{"list", func() (*mem.Memory, error) { return mem.NewList(), nil }},
		{"window", mem.NewWindow},
	} {
		m, err := f.open()
		if err != nil {
			t.Logf("no %s form: %v", f.name, err)
			continue
		}
		target := vm.NewTarget(fastvm.Engine{}, m)
		t.Cleanup(func() { target.Close() })
		fs = append(fs, form{f.name + "/checked", target, vm.Checked}, form{f.name + "/trusted", target, vm.Trusted})
	}
	return fs
}

// run runs a case of one input.
func (f form) run(c *vm.Case) *vm.Outcome {
	c.Mode = f.mode
	if c.Inputs == nil {
		c.Inputs = []vm.Input{{}}
	}
	return &f.target.Run(c)[0]
}

func of(insns []spec.Insn) *vm.Case { return &vm.Case{Programs: []*vm.Program{{Insns: insns}}} }

func TestReturn(t *testing.T) {
	for _, f := range forms(t) {
		o := f.run(of(prog(mov(0, 7), exit())))
		if o.Kind != vm.Exit || o.R0 != 7 || o.Steps != 2 {
			t.Errorf("%s: %+v", f.name, o.Result)
		}
	}
}

// TestLoop sums 1 to n, with fuel that ends anywhere.
func TestLoop(t *testing.T) {
	const n = 100
	insns := prog(mov(0, 0), mov(1, n),
		op(alu64|spec.OpADD|spec.SrcX, 0, 1, 0, 0), add(1, -1), op(jmp|spec.OpJNE, 1, 0, -3, 0),
		exit())
	const all = 2 + 3*n + 1
	for _, f := range forms(t) {
		for fuel := uint64(1); fuel <= all+2; fuel++ {
			c := of(insns)
			c.Fuel = fuel
			o := f.run(c)
			switch {
			case fuel >= all:
				if o.Kind != vm.Exit || o.R0 != n*(n+1)/2 || o.Steps != all {
					t.Fatalf("%s, fuel %d: %+v", f.name, fuel, o.Result)
				}
			case o.Kind != vm.FuelSpent || o.Steps != fuel:
				t.Fatalf("%s, fuel %d: %+v", f.name, fuel, o.Result)
			}
		}
	}
}

var kept []form

// sharedForms is forms made once, for tests of very many small programs.
func sharedForms(t testing.TB) []form {
	if kept == nil {
		kept = forms(new(leaky))
	}
	return kept
}

// leaky keeps what a test would clean up, until the process ends.
type leaky struct{ testing.TB }

func (*leaky) Helper()             {}
func (*leaky) Cleanup(func())      {}
func (*leaky) Logf(string, ...any) {}
