package verifier_test

import (
	"math/rand/v2"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// fuzzLimit bounds a verification of what a fuzzer has made.
const fuzzLimit = 20_000

// anyProgram makes a program of bytes: as they are, or with every slot bent into the form
// of some instruction, so that most pass the structural checks.
func anyProgram(b []byte) *vm.Case {
	bent := len(b) > 0 && b[0]&1 != 0
	typ := hook.XDP
	if len(b) > 1 {
		typ = []hook.Type{hook.XDP, hook.SocketFilter, hook.SchedCLS, hook.Syscall, hook.Unspec}[b[1]%5]
	}
	b = b[min(2, len(b)):]
	insns, _ := spec.Split(b[:len(b)/8*8], spec.Little)
	if bent {
		insns = bend(insns)
	}
	return &vm.Case{
		Programs: []*vm.Program{{Type: typ, Insns: insns}},
		Maps: []*maps.Spec{
			{Type: maps.Array, KeySize: 4, ValueSize: 64, MaxEntries: 1},
			{Type: maps.Hash, KeySize: 4, ValueSize: 16, MaxEntries: 4},
			{Type: maps.RingBuf, MaxEntries: 4096},
			{Type: maps.ProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 2},
		},
		Inputs: []vm.Input{{Memory: make([]byte, 64)}},
	}
}

// bend makes each slot an instruction: the row by the opcode byte, fields cut to what the
// row allows, jumps that stay inside. The last slot is an exit.
func bend(insns []spec.Insn) []spec.Insn {
	var out []spec.Insn
	for pc, i := range insns {
		row := &spec.Table[int(i.Op)%len(spec.Table)]
		if row.Internal || row.IsWide() && i.Imm&3 != 0 {
			continue
		}
		fit := func(f spec.Field, v int64) int64 {
			if f.Contains(v) || f.Lo > f.Hi {
				return v
			}
			return f.Lo + (v&0x7fff_ffff)%(f.Hi-f.Lo+1)
		}
		x := spec.Insn{
			Op: row.Op, Dst: uint8(fit(row.Dst, int64(i.Dst))), Src: uint8(fit(row.Src, int64(i.Src))),
			Off: int16(fit(row.Off, int64(i.Off))), Imm: int32(fit(row.Imm, int64(i.Imm))),
		}
		left := len(insns) - pc
		switch {
		case x.Op == spec.CALL && x.Src == spec.CallHelper:
			x.Imm = []int32{1, 2, 3, 5, 7, 12, 131, 132, 181}[uint32(i.Imm)%9]
		case x.Op == spec.CALL, row.JumpsByImm():
			x.Imm = int32(int(uint16(i.Imm))%left) - 1
		case row.Branches():
			x.Off = int16(int(uint16(i.Off))%left) - 1
		case row.IsWide():
			x.Imm = int32(uint32(i.Imm)>>2) % 4
			out = append(out, x)
			x = spec.Insn{}
		}
		out = append(out, x)
	}
	return append(out, spec.Insn{Op: spec.MOV}, spec.Insn{Op: spec.EXIT})
}

// FuzzVerify gives the verifier anything: it comes to an end and never panics. What it
// accepts runs on the reference VM without a fault.
func FuzzVerify(f *testing.F) {
	f.Add([]byte{})
	f.Add(append([]byte{1, 1}, spec.Encode([]spec.Insn{{Op: spec.MOV, Imm: 1}, {Op: spec.EXIT}}, spec.Little)...))
	x := watch(f)
	f.Fuzz(func(t *testing.T, b []byte) { x.never(t, b) })
}

func (x *watched) never(t *testing.T, b []byte) (accepted bool) {
	c := anyProgram(b)
	o := verifier.Options{MaxInsns: fuzzLimit}
	if verifier.Verify(c, o).Verdict != verifier.Accepted {
		return false
	}
	if _, err := vm.Check(c.Programs[0]); err != nil {
		return true // what no path reaches may be malformed, and engines do not take it
	}
	if c.Programs[0].Type != hook.Syscall {
		if _, wrong := x.judge(c); wrong != "" {
			t.Fatalf("%s\n%v", wrong, c.Programs[0].Insns)
		}
	}
	return true
}

// TestAnyProgram is FuzzVerify on random programs, truncated ones and bits of valid ones.
func TestAnyProgram(t *testing.T) {
	t.Logf("seed %d", *firstSeed)
	x := watch(t)
	r := rand.New(rand.NewPCG(*firstSeed, 0))
	structural, accepted, n := 0, 0, 0
	one := func(b []byte) {
		n++
		res := verifier.Verify(anyProgram(b), verifier.Options{MaxInsns: fuzzLimit})
		if res.Processed > 0 {
			structural++
		}
		if x.never(t, b) {
			accepted++
		}
	}
	var src tape.Source
	g := gen.New(gen.Options{})
	for i := range 60 * *runN {
		var b []byte
		if i%4 == 0 {
			src.Seed(*firstSeed + uint64(i))
			c := g.Generate(&src)
			b = append([]byte{0, byte(r.Uint32())}, spec.Encode(c.Programs[0].Insns, spec.Little)...)
			for range r.IntN(4) {
				b[2+r.IntN(len(b)-2)] ^= 1 << r.IntN(8)
			}
			b = b[:len(b)-8*r.IntN(2)]
		} else {
			b = make([]byte, 2+8*(1+r.IntN(24)))
			for j := range b {
				b[j] = byte(r.Uint32())
			}
			b[0] |= 1
		}
		one(b)
	}
	t.Logf("%d programs, %d past the structural checks, %d accepted", n, structural, accepted)
	if structural*10 < n {
		t.Errorf("only %d of %d are past the structural checks", structural, n)
	}
}
