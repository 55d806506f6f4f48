package fastvm_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

const (
	minS64 = 1 << 63
	minS32 = 1 << 31
	m1     = math.MaxUint64
	m1w    = math.MaxUint32
	junk   = 0xdead_beef << 32
)

// TestALU has results worked out from RFC 9669 section 4.1 and 4.2. Every case
// runs with the operand in a register, and with it in the immediate where it fits
// and the form may hold it.
func TestALU(t *testing.T) {
	type row struct{ x, y, want uint64 }
	for _, group := range []struct {
		name  string
		class int
		code  int
		off   int16
		rows  []row
	}{
		{"add64", alu64, spec.OpADD, 0, []row{{1, 2, 3}, {m1, 1, 0}, {minS64, minS64, 0}, {5, m1, 4}}},
		{"add32", spec.ClassALU, spec.OpADD, 0, []row{{1, 2, 3}, {m1, 1, 0}, {junk | 1, junk | 1, 2}, {5, m1, 4}, {m1w, 2, 1}}},
		{"sub64", alu64, spec.OpSUB, 0, []row{{1, 2, m1}, {0, minS64, minS64}, {7, m1, 8}}},
		{"sub32", spec.ClassALU, spec.OpSUB, 0, []row{{1, 2, m1w}, {junk, 0, 0}, {7, m1, 8}}},
		{"mul64", alu64, spec.OpMUL, 0, []row{{3, 5, 15}, {1 << 32, 1 << 31, minS64}, {1 << 32, 1 << 32, 0}, {3, m1, ^uint64(2)}}},
		{"mul32", spec.ClassALU, spec.OpMUL, 0, []row{{3, 5, 15}, {1 << 16, 1 << 16, 0}, {junk | 3, junk | 5, 15}, {3, m1, m1w - 2}}},
		{"div64", alu64, spec.OpDIV, 0, []row{{7, 2, 3}, {7, 0, 0}, {m1, 10, 1844674407370955161}, {m1, m1, 1}, {5, m1, 0}, {minS64, m1, 0}}},
		{"div32", spec.ClassALU, spec.OpDIV, 0, []row{{7, 2, 3}, {7, 0, 0}, {junk | 7, 1 << 40, 0}, {junk | 8, junk | 4, 2}, {m1, m1, 1}, {junk | 5, m1, 0}}},
		{"mod64", alu64, spec.OpMOD, 0, []row{{7, 2, 1}, {junk | 7, 0, junk | 7}, {m1, 10, 5}, {5, m1, 5}}},
		{"mod32", spec.ClassALU, spec.OpMOD, 0, []row{{7, 2, 1}, {junk | 7, 0, 7}, {junk | 7, 1 << 40, 7}, {junk | 9, junk | 4, 1}, {junk | 5, m1, 5}}},
		{"sdiv64", alu64, spec.OpDIV, 1, []row{{7, 2, 3}, {7, 0, 0}, {-7 & m1, 2, -3 & m1}, {7, -2 & m1, -3 & m1}, {-7 & m1, -2 & m1, 3}, {minS64, m1, minS64}, {5, m1, -5 & m1}}},
		{"sdiv32", spec.ClassALU, spec.OpDIV, 1, []row{{junk | 7, 2, 3}, {7, 1 << 32, 0}, {-7 & m1, 2, -3 & m1w}, {7, -2 & m1, -3 & m1w}, {minS32, m1, minS32}, {junk | 5, m1, -5 & m1w}, {junk | 6, junk | 3, 2}}},
		{"smod64", alu64, spec.OpMOD, 1, []row{{7, 2, 1}, {junk | 7, 0, junk | 7}, {-7 & m1, 2, m1}, {7, -2 & m1, 1}, {-7 & m1, -2 & m1, m1}, {minS64, m1, 0}}},
		{"smod32", spec.ClassALU, spec.OpMOD, 1, []row{{junk | 7, 2, 1}, {junk | 7, 1 << 32, 7}, {-7 & m1, 2, m1w}, {7, -2 & m1, 1}, {minS32, m1, 0}, {junk | 7, junk | 4, 3}}},
		{"or64", alu64, spec.OpOR, 0, []row{{0xf0, 0x0f, 0xff}, {1, m1, m1}, {0, minS32, minS32}}},
		{"or32", spec.ClassALU, spec.OpOR, 0, []row{{junk | 0xf0, junk | 0x0f, 0xff}, {1, m1, m1w}}},
		{"and64", alu64, spec.OpAND, 0, []row{{0xff, 0x0f, 0x0f}, {junk, m1, junk}, {m1, -16 & m1, -16 & m1}}},
		{"and32", spec.ClassALU, spec.OpAND, 0, []row{{junk | 0xff, junk | 0x0f, 0x0f}, {m1, m1, m1w}}},
		{"xor64", alu64, spec.OpXOR, 0, []row{{0xff, 0x0f, 0xf0}, {junk, m1, ^uint64(junk)}}},
		{"xor32", spec.ClassALU, spec.OpXOR, 0, []row{{junk | 0xff, 0x0f, 0xf0}, {junk, m1, m1w}}},
		{"mov64", alu64, spec.OpMOV, 0, []row{{1, 2, 2}, {1, m1, m1}, {1, junk, junk}}},
		{"mov32", spec.ClassALU, spec.OpMOV, 0, []row{{m1, 2, 2}, {m1, m1, m1w}, {m1, junk | 1, 1}}},
		{"lsh64", alu64, spec.OpLSH, 0, []row{{1, 63, minS64}, {1, 64, 1}, {3, 65, 6}, {1, m1, minS64}, {junk | 1, 4, 0xeadb_eef0_0000_0010}}},
		{"lsh32", spec.ClassALU, spec.OpLSH, 0, []row{{1, 31, minS32}, {1, 32, 1}, {3, 33, 6}, {1, m1, minS32}, {junk | minS32, 1, 0}}},
		{"rsh64", alu64, spec.OpRSH, 0, []row{{minS64, 63, 1}, {2, 64, 2}, {m1, m1, 1}}},
		{"rsh32", spec.ClassALU, spec.OpRSH, 0, []row{{junk | minS32, 31, 1}, {2, 32, 2}, {m1, 4, 0x0fff_ffff}, {m1, m1, 1}}},
		{"arsh64", alu64, spec.OpARSH, 0, []row{{minS64, 63, m1}, {minS64, 64, minS64}, {16, 2, 4}, {m1, m1, m1}}},
		{"arsh32", spec.ClassALU, spec.OpARSH, 0, []row{{junk | minS32, 31, m1w}, {minS32, 32, minS32}, {junk | 16, 2, 4}, {minS32, 4, 0xf800_0000}}},
		{"movsx8to32", spec.ClassALU, spec.OpMOV, 8, []row{{m1, 0x80, 0xffff_ff80}, {0, junk | 0x17f, 0x7f}}},
		{"movsx16to32", spec.ClassALU, spec.OpMOV, 16, []row{{m1, 0x8000, 0xffff_8000}, {0, junk | 0x17fff, 0x7fff}}},
		{"movsx8to64", alu64, spec.OpMOV, 8, []row{{0, 0x80, -0x80 & m1}, {m1, 0x17f, 0x7f}}},
		{"movsx16to64", alu64, spec.OpMOV, 16, []row{{0, 0x8000, -0x8000 & m1}, {m1, 0x17fff, 0x7fff}}},
		{"movsx32to64", alu64, spec.OpMOV, 32, []row{{0, minS32, -minS32 & m1}, {m1, junk | 5, 5}}},
	} {
		for _, r := range group.rows {
			code := group.class | group.code
			check := func(how string, insns []spec.Insn) {
				t.Helper()
				checkR0(t, fmt.Sprintf("%s %#x, %#x (%s)", group.name, r.x, r.y, how), insns, r.want)
			}
			check("register", prog(lddw(1, r.x), lddw(2, r.y), op(code|spec.SrcX, 1, 2, group.off, 0), movx(0, 1), exit()))
			check("same source and result", prog(lddw(1, r.x), lddw(0, r.y), movx(3, 0), movx(0, 1), op(code|spec.SrcX, 0, 3, group.off, 0), exit()))
			if fits := uint64(int64(int32(r.y))) == r.y; fits {
				k := op(code, 1, 0, group.off, int32(r.y))
				if _, err := spec.Check([]spec.Insn{k}, 0); err == nil {
					check("immediate", prog(lddw(1, r.x), k, movx(0, 1), exit()))
				}
			}
		}
	}
}

// checkR0 runs insns in every form.
func checkR0(t *testing.T, name string, insns []spec.Insn, want uint64) {
	t.Helper()
	for _, f := range sharedForms(t) {
		if o := f.run(of(insns)); o.Kind != vm.Exit || o.R0 != want {
			t.Errorf("%s, %s: %v %#x %s, want %#x", name, f.name, o.Kind, o.R0, o.Reason, want)
		}
	}
}

func TestUnary(t *testing.T) {
	const x = 0x1122_3344_5566_8899
	for _, c := range []struct {
		name string
		code int
		imm  int32
		x    uint64
		want uint64
	}{
		{"neg64", alu64 | spec.OpNEG, 0, 5, -5 & m1},
		{"neg64 of MIN", alu64 | spec.OpNEG, 0, minS64, minS64},
		{"neg32", spec.ClassALU | spec.OpNEG, 0, junk | 5, -5 & m1w},
		{"neg32 of MIN", spec.ClassALU | spec.OpNEG, 0, minS32, minS32},
		{"le16", spec.ClassALU | spec.OpEND, 16, x, 0x8899},
		{"le32", spec.ClassALU | spec.OpEND, 32, x, 0x5566_8899},
		{"le64", spec.ClassALU | spec.OpEND, 64, x, x},
		{"be16", aluX | spec.OpEND, 16, x, 0x9988},
		{"be32", aluX | spec.OpEND, 32, x, 0x9988_6655},
		{"be64", aluX | spec.OpEND, 64, x, 0x9988_6655_4433_2211},
		{"bswap16", alu64 | spec.OpEND, 16, x, 0x9988},
		{"bswap32", alu64 | spec.OpEND, 32, x, 0x9988_6655},
		{"bswap64", alu64 | spec.OpEND, 64, x, 0x9988_6655_4433_2211},
	} {
		checkR0(t, c.name, prog(lddw(0, c.x), op(c.code, 0, 0, 0, c.imm), exit()), c.want)
	}
}

// TestJumps: RFC 9669 section 4.3. Each relation is given by the pairs for which
// it holds; the other pairs of the list must not jump.
func TestJumps(t *testing.T) {
	pairs := [][2]uint64{{1, 1}, {1, 2}, {2, 1}, {m1, 1}, {1, m1}, {minS64, 0}, {junk | 1, 1}, {m1, m1}, {0x10, 0x11}, {junk | minS32, 1}}
	u64 := func(f func(x, y uint64) bool) func(x, y uint64) bool { return f }
	u32 := func(f func(x, y uint32) bool) func(x, y uint64) bool {
		return func(x, y uint64) bool { return f(uint32(x), uint32(y)) }
	}
	s64 := func(f func(x, y int64) bool) func(x, y uint64) bool {
		return func(x, y uint64) bool { return f(int64(x), int64(y)) }
	}
	s32 := func(f func(x, y int32) bool) func(x, y uint64) bool {
		return func(x, y uint64) bool { return f(int32(x), int32(y)) }
	}
	for _, c := range []struct {
		name  string
		code  int
		holds func(x, y uint64) bool
	}{
		{"jeq", jmp | spec.OpJEQ, u64(func(x, y uint64) bool { return x == y })},
		{"jne", jmp | spec.OpJNE, u64(func(x, y uint64) bool { return x != y })},
		{"jgt", jmp | spec.OpJGT, u64(func(x, y uint64) bool { return x > y })},
		{"jge", jmp | spec.OpJGE, u64(func(x, y uint64) bool { return x >= y })},
		{"jlt", jmp | spec.OpJLT, u64(func(x, y uint64) bool { return x < y })},
		{"jle", jmp | spec.OpJLE, u64(func(x, y uint64) bool { return x <= y })},
		{"jset", jmp | spec.OpJSET, u64(func(x, y uint64) bool { return x&y != 0 })},
		{"jsgt", jmp | spec.OpJSGT, s64(func(x, y int64) bool { return x > y })},
		{"jsge", jmp | spec.OpJSGE, s64(func(x, y int64) bool { return x >= y })},
		{"jslt", jmp | spec.OpJSLT, s64(func(x, y int64) bool { return x < y })},
		{"jsle", jmp | spec.OpJSLE, s64(func(x, y int64) bool { return x <= y })},
		{"jeq32", jmp32 | spec.OpJEQ, u32(func(x, y uint32) bool { return x == y })},
		{"jne32", jmp32 | spec.OpJNE, u32(func(x, y uint32) bool { return x != y })},
		{"jgt32", jmp32 | spec.OpJGT, u32(func(x, y uint32) bool { return x > y })},
		{"jge32", jmp32 | spec.OpJGE, u32(func(x, y uint32) bool { return x >= y })},
		{"jlt32", jmp32 | spec.OpJLT, u32(func(x, y uint32) bool { return x < y })},
		{"jle32", jmp32 | spec.OpJLE, u32(func(x, y uint32) bool { return x <= y })},
		{"jset32", jmp32 | spec.OpJSET, u32(func(x, y uint32) bool { return x&y != 0 })},
		{"jsgt32", jmp32 | spec.OpJSGT, s32(func(x, y int32) bool { return x > y })},
		{"jsge32", jmp32 | spec.OpJSGE, s32(func(x, y int32) bool { return x >= y })},
		{"jslt32", jmp32 | spec.OpJSLT, s32(func(x, y int32) bool { return x < y })},
		{"jsle32", jmp32 | spec.OpJSLE, s32(func(x, y int32) bool { return x <= y })},
	} {
		for _, p := range pairs {
			want := uint64(0)
			if c.holds(p[0], p[1]) {
				want = 1
			}
			rest := prog(mov(0, 0), exit(), mov(0, 1), exit())
			name := fmt.Sprintf("%s %#x, %#x", c.name, p[0], p[1])
			checkR0(t, name, prog(lddw(1, p[0]), lddw(2, p[1]), op(c.code|spec.SrcX, 1, 2, 2, 0), rest), want)
			if uint64(int64(int32(p[1]))) == p[1] {
				checkR0(t, name+" (immediate)", prog(lddw(1, p[0]), op(c.code, 1, 0, 2, int32(p[1])), rest), want)
			}
		}
	}
	checkR0(t, "ja", prog(mov(0, 1), op(spec.JA, 0, 0, 1, 0), mov(0, 2), exit()), 1)
	checkR0(t, "ja back", prog(op(spec.JA, 0, 0, 2, 0), mov(0, 3), exit(), op(spec.JA, 0, 0, -3, 0)), 3)
	checkR0(t, "ja32", prog(mov(0, 1), op(spec.JA32, 0, 0, 0, 2), mov(0, 2), mov(0, 3), exit()), 1)
	checkR0(t, "over an lddw", prog(mov(0, 1), op(spec.JA, 0, 0, 2, 0), lddw(0, 5), exit()), 1)
}
