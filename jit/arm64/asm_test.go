package arm64

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"testing"

	"golang.org/x/arch/arm64/arm64asm"
)

// The hex is what llvm-mc 19 makes of the text; the decoder of golang.org/x/arch is
// another source.
var encodings = []struct {
	build func(a *Asm)
	text  string // as arm64asm prints it, GNU syntax
	hex   string
}{
	{func(a *Asm) { a.op(8, opADD, X0, X1, X2) }, "add x0, x1, x2", "2000028b"},
	{func(a *Asm) { a.op(4, opADD, X26, X17, X9) }, "add w26, w17, w9", "3a02090b"},
	{func(a *Asm) { a.op(8, opADDS, X3, X4, X5) }, "adds x3, x4, x5", "830005ab"},
	{func(a *Asm) { a.op(8, opSUB, X0, X1, X2) }, "sub x0, x1, x2", "200002cb"},
	{func(a *Asm) { a.op(4, opSUB, X7, ZR, X7) }, "neg w7, w7", "e703074b"},
	{func(a *Asm) { a.op(8, opSUBS, ZR, X1, X2) }, "cmp x1, x2", "3f0002eb"},
	{func(a *Asm) { a.op(4, opAND, X0, X1, X2) }, "and w0, w1, w2", "2000020a"},
	{func(a *Asm) { a.op(8, opORR, X0, X1, X2) }, "orr x0, x1, x2", "200002aa"},
	{func(a *Asm) { a.op(8, opEOR, X0, X1, X2) }, "eor x0, x1, x2", "200002ca"},
	{func(a *Asm) { a.op(4, opANDS, ZR, X1, X2) }, "tst w1, w2", "3f00026a"},
	{func(a *Asm) { a.op(8, opORN, X12, ZR, X2) }, "mvn x12, x2", "ec0322aa"},
	{func(a *Asm) { a.mov(8, X3, X4) }, "mov x3, x4", "e30304aa"},
	{func(a *Asm) { a.mov(4, X3, X3) }, "mov w3, w3", "e303032a"},
	{func(a *Asm) { a.opShifted(8, opADD, X0, X1, X2, shiftLSL, 63) }, "add x0, x1, x2, lsl #63", "20fc028b"},
	{func(a *Asm) { a.opShifted(8, opORR, X12, X12, X11, shiftLSR, 32) }, "orr x12, x12, x11, lsr #32", "8c814baa"},
	{func(a *Asm) { a.addMasked(X11, X20, X5) }, "add x11, x20, w5, uxtw", "8b42258b"},
	// Immediates of 12 bits, shifted or not; negative ones are the opposite's.
	{func(a *Asm) { a.addImm(8, X0, X1, 4095, X11) }, "add x0, x1, #0xfff", "20fc3f91"},
	{func(a *Asm) { a.addImm(8, X0, X1, -4095, X11) }, "sub x0, x1, #0xfff", "20fc3fd1"},
	{func(a *Asm) { a.addImm(4, X0, X1, 0xfff000, X11) }, "add w0, w1, #0xfff, lsl #12", "20fc7f11"},
	{func(a *Asm) { a.cmpImm(8, X1, 17, X11) }, "cmp x1, #0x11", "3f4400f1"},
	{func(a *Asm) { a.cmpImm(8, X1, 0, X11) }, "cmp x1, #0x0", "3f0000f1"},
	{func(a *Asm) { a.cmpImm(4, X1, -17, X11) }, "cmn w1, #0x11", "3f440031"},
	{func(a *Asm) { a.cmpImm(8, X1, -0x1000, X11) }, "cmn x1, #0x1, lsl #12", "3f0440b1"},
	{func(a *Asm) { a.add12(8, opSUBS, X22, X22, 5) }, "subs x22, x22, #0x5", "d61600f1"},
	{func(a *Asm) { a.logicalImm(8, opAND, X0, X1, 0xff) }, "and x0, x1, #0xff", "201c4092"},
	{func(a *Asm) { a.logicalImm(8, opEOR, X12, X12, 0x0303030303030303) }, "eor x12, x12, #0x303030303030303", "8cc500d2"},
	{func(a *Asm) { a.logicalImm(4, opEOR, X12, X12, 0x03030303) }, "eor w12, w12, #0x3030303", "8cc50052"},
	{func(a *Asm) { a.logicalImm(4, opORR, X12, X12, 0x80000001) }, "orr w12, w12, #0x80000001", "8c050132"},
	{func(a *Asm) { a.logicalImm(8, opANDS, ZR, X11, 7) }, "tst x11, #0x7", "7f0940f2"},
	{func(a *Asm) { a.movImm(X1, 0) }, "mov w1, #0x0", "01008052"},
	{func(a *Asm) { a.movImm(X1, 0xffff) }, "mov w1, #0xffff", "e1ff9f52"},
	{func(a *Asm) { a.movImm(X1, 0x12340000) }, "mov w1, #0x12340000", "8146a252"},
	{func(a *Asm) { a.movImm(X1, 0xffffffff) }, "mov w1, #0xffffffff", "01008012"},
	{func(a *Asm) { a.movImm(X1, ^uint64(0)) }, "mov x1, #0xffffffffffffffff", "01008092"},
	{func(a *Asm) { a.movImm(X1, 0xffffffff12345678|0xffff0000) }, "mov x1, #0xffffffffffff5678", "e1309592"},
	{func(a *Asm) { a.movImm(X11, 0x0303030303030303) }, "mov x11, #0x303030303030303", "ebc700b2"},
	{func(a *Asm) { a.shl(8, X0, X1, 63) }, "lsl x0, x1, #63", "200041d3"},
	{func(a *Asm) { a.shl(4, X0, X1, 1) }, "lsl w0, w1, #1", "20781f53"},
	{func(a *Asm) { a.shr(8, opUBFM, X0, X1, 32) }, "lsr x0, x1, #32", "20fc60d3"},
	{func(a *Asm) { a.shr(4, opSBFM, X0, X1, 31) }, "asr w0, w1, #31", "207c1f13"},
	{func(a *Asm) { a.extend(8, opSBFM, X0, X1, 1) }, "sxtb x0, w1", "201c4093"},
	{func(a *Asm) { a.extend(4, opSBFM, X0, X1, 2) }, "sxth w0, w1", "203c0013"},
	{func(a *Asm) { a.extend(8, opSBFM, X0, X1, 4) }, "sxtw x0, w1", "207c4093"},
	{func(a *Asm) { a.extend(4, opUBFM, X0, X1, 2) }, "uxth w0, w1", "203c0053"},
	{func(a *Asm) { a.op(8, opUDIV, X0, X1, X2) }, "udiv x0, x1, x2", "2008c29a"},
	{func(a *Asm) { a.op(4, opSDIV, X0, X1, X2) }, "sdiv w0, w1, w2", "200cc21a"},
	{func(a *Asm) { a.op(8, opLSLV, X0, X1, X2) }, "lsl x0, x1, x2", "2020c29a"},
	{func(a *Asm) { a.op(4, opLSRV, X0, X1, X2) }, "lsr w0, w1, w2", "2024c21a"},
	{func(a *Asm) { a.op(8, opASRV, X0, X1, X2) }, "asr x0, x1, x2", "2028c29a"},
	{func(a *Asm) { a.op(8, opMUL, X0, X1, X2) }, "mul x0, x1, x2", "207c029b"},
	{func(a *Asm) { a.op(8, opUMULH, X0, X1, X2) }, "umulh x0, x1, x2", "207cc29b"},
	{func(a *Asm) { a.op(8, opSMULH, X0, X1, X2) }, "smulh x0, x1, x2", "207c429b"},
	{func(a *Asm) { a.msub(4, X0, X1, X2, X3) }, "msub w0, w1, w2, w3", "208c021b"},
	{func(a *Asm) { a.madd(8, X0, X1, X2, X3) }, "madd x0, x1, x2, x3", "200c029b"},
	{func(a *Asm) { a.csel(8, X0, X11, ZR, condLO) }, "csel x0, x11, xzr, cc", "60319f9a"},
	{func(a *Asm) { a.rev(8, X0, X1) }, "rev x0, x1", "200cc0da"},
	{func(a *Asm) { a.rev(4, X0, X1) }, "rev w0, w1", "2008c05a"},
	{func(a *Asm) { a.rev16(X0, X1) }, "rev16 w0, w1", "2004c05a"},
	// Accesses: scaled, unscaled, and with an index.
	{func(a *Asm) { a.access(8, loading, X0, at(X1, 32760), X13) }, "ldr x0, [x1,#32760]", "20fc7ff9"},
	{func(a *Asm) { a.access(8, loading, X0, at(X1, -8), X13) }, "ldur x0, [x1,#-8]", "20805ff8"},
	{func(a *Asm) { a.access(8, storing, X0, at(X1, 255), X13) }, "stur x0, [x1,#255]", "20f00ff8"},
	{func(a *Asm) { a.access(4, loading, X0, at(X1, 16380), X13) }, "ldr w0, [x1,#16380]", "20fc7fb9"},
	{func(a *Asm) { a.access(2, loading, X0, at(X1, 8190), X13) }, "ldrh w0, [x1,#8190]", "20fc7f79"},
	{func(a *Asm) { a.access(1, loading, X0, at(X1, 4095), X13) }, "ldrb w0, [x1,#4095]", "20fc7f39"},
	{func(a *Asm) { a.access(1, storing, X0, at(X1, 0), X13) }, "strb w0, [x1]", "20000039"},
	{func(a *Asm) { a.access(1, storing, ZR, at(X1, -256), X13) }, "sturb wzr, [x1,#-256]", "3f001038"},
	{func(a *Asm) { a.access(1, signedLd, X0, at(X1, 1), X13) }, "ldrsb x0, [x1,#1]", "20048039"},
	{func(a *Asm) { a.access(2, signedLd, X0, masked(X20, X1), X13) }, "ldrsh x0, [x20,w1,uxtw]", "804aa178"},
	{func(a *Asm) { a.access(4, signedLd, X0, indexed(X20, X1), X13) }, "ldrsw x0, [x20,x1]", "806aa1b8"},
	{func(a *Asm) { a.access(8, loading, X0, masked(X20, X1), X13) }, "ldr x0, [x20,w1,uxtw]", "804a61f8"},
	{func(a *Asm) { a.access(2, storing, X0, indexed(X20, X1), X13) }, "strh w0, [x20,x1]", "806a2178"},
	{func(a *Asm) { a.pairAt(opLDP, X6, X7, X24, 24) }, "ldp x6, x7, [x24,#24]", "069f41a9"},
	{func(a *Asm) { a.pairAt(opSTP, X11, X11, X12, -512) }, "stp x11, x11, [x12,#-512]", "8b2d20a9"},
	{func(a *Asm) { a.ordered(1, opLDAR, X0, X1) }, "ldarb w0, [x1]", "20fcdf08"},
	{func(a *Asm) { a.ordered(8, opLDAR, X0, X1) }, "ldar x0, [x1]", "20fcdfc8"},
	{func(a *Asm) { a.ordered(2, opSTLR, X0, X1) }, "stlrh w0, [x1]", "20fc9f48"},
	{func(a *Asm) { a.ordered(4, opSTLR, X0, X1) }, "stlr w0, [x1]", "20fc9f88"},
	{func(a *Asm) { a.ordered(4, opLDXR, X0, X1) }, "ldxr w0, [x1]", "207c5f88"},
	{func(a *Asm) { a.storeX(8, opSTXR, X14, X0, X1) }, "stxr w14, x0, [x1]", "207c0ec8"},
	{func(a *Asm) { a.storeX(4, opSTLXR, X14, X0, X1) }, "stlxr w14, w0, [x1]", "20fc0e88"},
	{func(a *Asm) { a.barrier() }, "dmb ish", "bf3b03d5"},
	// Jumps, over two instructions each.
	{func(a *Asm) { a.setDistance(a.jump(opB), 8) }, "b .+0x8", "02000014"},
	{func(a *Asm) { a.setDistance(a.jump(bcond(condHI)), 8) }, "b.hi .+0x8", "48000054"},
	{func(a *Asm) { a.setDistance(a.jump(opposite(bcond(condHI))), -8) }, "b.ls .+0xfffffffffffffff8", "c9ffff54"},
	{func(a *Asm) { a.setDistance(a.jump(cbz(8, X1)), 8) }, "cbz x1, .+0x8", "410000b4"},
	{func(a *Asm) { a.setDistance(a.jump(opposite(cbz(4, X1))), 1<<20-4) }, "cbnz w1, .+0xffffc", "e1ff7f35"},
	{func(a *Asm) { a.setDistance(a.jump(opB), 1<<27-4) }, "b .+0x7fffffc", "ffffff15"},
	{func(a *Asm) { a.jumpReg(X16) }, "br x16", "00021fd6"},
	{func(a *Asm) { a.ret(LR) }, "ret", "c0035fd6"},
}

func TestEncodings(t *testing.T) {
	for _, tt := range encodings {
		var a Asm
		tt.build(&a)
		if got, want := hex.EncodeToString(a.Buf), tt.hex; got != want {
			t.Errorf("%s: %s, want %s", tt.text, got, want)
		}
		if got := decode(t, a.Buf); got != tt.text {
			t.Errorf("%x decodes to %q, want %q", a.Buf, got, tt.text)
		}
	}
}

// decode gives the one instruction that code has to be.
func decode(t *testing.T, code []byte) string {
	t.Helper()
	in, err := arm64asm.Decode(code)
	if err != nil || len(code) != 4 {
		t.Errorf("%x: %v", code, err)
		return ""
	}
	return arm64asm.GNUSyntax(in)
}

// TestLSE: arm64asm knows nothing beyond Armv8.0, so the second source are the bytes
// that an assembler gives (llvm-mc 19).
func TestLSE(t *testing.T) {
	for _, tt := range []struct {
		build     func(a *Asm)
		text, hex string
	}{
		{func(a *Asm) { a.step(8, opLDADD, X1, ZR, X11) }, "stadd x1, [x11]", "7f0121f8"},
		{func(a *Asm) { a.step(4, opLDADD|acqRel, X1, X1, X11) }, "ldaddal w1, w1, [x11]", "6101e1b8"},
		{func(a *Asm) { a.step(8, opLDCLR, X12, ZR, X11) }, "stclr x12, [x11]", "7f112cf8"},
		{func(a *Asm) { a.step(8, opLDCLR|acqRel, X12, X3, X11) }, "ldclral x12, x3, [x11]", "6311ecf8"},
		{func(a *Asm) { a.step(4, opLDEOR|acqRel, X1, X1, X11) }, "ldeoral w1, w1, [x11]", "6121e1b8"},
		{func(a *Asm) { a.step(4, opLDEOR, X1, ZR, X11) }, "steor w1, [x11]", "7f2121b8"},
		{func(a *Asm) { a.step(8, opLDSET|acqRel, X9, X9, X11) }, "ldsetal x9, x9, [x11]", "6931e9f8"},
		{func(a *Asm) { a.step(8, opLDSET, X9, ZR, X11) }, "stset x9, [x11]", "7f3129f8"},
		{func(a *Asm) { a.step(8, opSWP|acqRel, X9, X9, X11) }, "swpal x9, x9, [x11]", "6981e9f8"},
		{func(a *Asm) { a.step(4, opSWP|acqRel, X9, X9, X11) }, "swpal w9, w9, [x11]", "6981e9b8"},
		{func(a *Asm) { a.step(8, opCASAL, X0, X5, X11) }, "casal x0, x5, [x11]", "65fde0c8"},
		{func(a *Asm) { a.step(4, opCASAL, X0, X0, X11) }, "casal w0, w0, [x11]", "60fde088"},
	} {
		var a Asm
		tt.build(&a)
		if got := hex.EncodeToString(a.Buf); got != tt.hex {
			t.Errorf("%s: %s, want %s", tt.text, got, tt.hex)
		}
	}
}

// TestLogicalImmediates goes through all there are, by the decoder, and encodes them
// again.
func TestLogicalImmediates(t *testing.T) {
	for _, size := range []int{4, 8} {
		known := map[uint64]bool{}
		for bits := range uint32(1 << (11 + size/4)) { // N is 0 at 4 bytes
			v, ok := logicalValue(sf(size) | 0x12000000 | bits<<10)
			if !ok || v == ^uint64(0)>>(64-8*size) { // all ones: reserved, which the decoder does not know
				continue
			}
			known[v] = true
			got, ok := encodeLogical(size, v)
			if again, _ := logicalValue(sf(size) | 0x12000000 | got<<10); !ok || again != v {
				t.Fatalf("%d bytes, %#x: %#x, %v, which is %#x", size, v, got, ok, again)
			}
		}
		if want := map[int]int{4: 1302, 8: 5334}[size]; len(known) != want {
			t.Errorf("%d bytes: %d immediates, want %d", size, len(known), want)
		}
		rnd := rand.New(rand.NewPCG(*seed, 0))
		for v := range known { // their neighbours have none, most of them
			v ^= 1 << rnd.IntN(8*size)
			if _, ok := encodeLogical(size, v); ok != known[v] {
				t.Errorf("%d bytes, %#x: %v", size, v, ok)
			}
		}
	}
}

// logicalValue is the immediate of an instruction, if it has one.
func logicalValue(w uint32) (uint64, bool) {
	in, err := arm64asm.Decode(binary.LittleEndian.AppendUint32(nil, w))
	if err != nil {
		return 0, false
	}
	for _, arg := range in.Args {
		switch imm := arg.(type) {
		case arm64asm.Imm64:
			return imm.Imm, true
		case arm64asm.Imm:
			return uint64(imm.Imm), true
		}
	}
	return 0, false
}

// TestConstants adds up what the instructions of movImm do, as they decode.
func TestConstants(t *testing.T) {
	t.Logf("-seed %d", *seed)
	rnd := rand.New(rand.NewPCG(*seed, 0))
	for range 100_000 {
		want := rnd.Uint64() >> rnd.IntN(64)
		for range rnd.IntN(4) {
			want &^= 0xffff << (16 * rnd.IntN(4))
		}
		for range rnd.IntN(4) {
			want |= 0xffff << (16 * rnd.IntN(4))
		}
		var a Asm
		a.movImm(X1, want)
		if got := constant(t, a.Buf); got != want || len(a.Buf) > 16 {
			t.Fatalf("% x: %#x, want %#x", a.Buf, got, want)
		}
	}
}

// constant is what a run of mov and movk puts into a register.
func constant(t *testing.T, code []byte) (v uint64) {
	for at := 0; at < len(code); at += 4 {
		in, err := arm64asm.Decode(code[at:])
		if err != nil {
			t.Fatal(err)
		}
		w := binary.LittleEndian.Uint32(code[at:])
		switch imm := in.Args[1].(type) {
		case arm64asm.Imm64: // mov
			v = imm.Imm
		case arm64asm.Imm:
			v = uint64(imm.Imm)
		case arm64asm.ImmShift: // movk
			shift := w >> 21 & 3 * 16
			v = v&^(0xffff<<shift) | uint64(w>>5&0xffff)<<shift
		default:
			t.Fatalf("%v", in)
		}
		if w>>31 == 0 {
			v &= 0xffffffff
		}
	}
	return v
}

// TestReach makes jumps of every sort over distances of every sort, and follows
// them.
func TestReach(t *testing.T) {
	const most = 140 << 20 // of bytes
	buf := make([]byte, most+64)
	for _, j := range []uint32{opB, bcond(condHI), cbz(8, X1), cbnz(4, X26)} {
		for _, tt := range []struct {
			reach Reach
			d     int // forward
			ok    bool
		}{
			{Near, 1<<20 - 4, true},
			{Near, 1 << 20, j == opB},
			{Near, 1<<27 - 4, j == opB},
			{Near, 1 << 27, false},
			{Far, 8, true},
			{Far, 1 << 20, true},
			{Far, 1<<27 - 4, true},
			{Far, 1<<27 + 4, false},
			{Distant, 1 << 27, true},
			{Distant, most, true},
		} {
			a := Asm{Buf: buf[:0], reach: tt.reach}
			at := a.jump(j)
			a.patch(at, at+tt.d)
			if a.short == tt.ok {
				t.Errorf("%#x, reach %d, %d bytes: short %v", j, tt.reach, tt.d, a.short)
			} else if to := follow(t, a.Buf, j); tt.ok && to != at+tt.d {
				t.Errorf("%#x, reach %d, %d bytes: goes to %d", j, tt.reach, tt.d, to-at)
			}
		}
		for _, d := range []int{4, 1 << 20, 1<<20 + 4, 1 << 27, 1<<27 + 4, most} { // back
			a := Asm{Buf: buf[:d]}
			a.jumpTo(j, 0)
			if to := d + follow(t, a.Buf[d:], j); to != 0 {
				t.Errorf("%#x, %d bytes back: goes to %d", j, d, to)
			}
		}
	}
}

// follow gives the place that the code of a jump ends at when the jump is made, by
// the decoder.
func follow(t *testing.T, code []byte, j uint32) (to int) {
	pc, wanted := 0, true
	if !unconditional(j) {
		in, _ := arm64asm.Decode(code)
		first, _ := arm64asm.Decode(binary.LittleEndian.AppendUint32(nil, j))
		wanted = in.Op == first.Op && in.Args[0] == first.Args[0] // else it is the opposite, over the rest
		for _, arg := range in.Args {
			if rel, ok := arg.(arm64asm.PCRel); ok {
				if wanted {
					return int(rel)
				}
				if int(rel) != len(code) {
					t.Errorf("% x: the contrary goes to %d", code, rel)
				}
			}
		}
		pc = 4
	}
	in, err := arm64asm.Decode(code[pc:])
	if err != nil {
		t.Fatal(err)
	}
	switch in.Op {
	case arm64asm.B:
		return pc + int(in.Args[0].(arm64asm.PCRel))
	case arm64asm.ADR:
		return pc + int(int32(constant(t, code[pc+4:pc+12])))
	}
	t.Fatalf("%v", in)
	return 0
}
