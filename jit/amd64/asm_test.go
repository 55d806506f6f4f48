package amd64

import (
	"encoding/hex"
	"strings"
	"testing"

	"golang.org/x/arch/x86/x86asm"
)

// The hex is Intel's encoding, worked out from the manual; the decoder of
// golang.org/x/arch is the second source.
var encodings = []struct {
	build func(a *Asm)
	text  string // as x86asm prints it, Intel syntax
	hex   string
}{
	{func(a *Asm) { a.arith(8, digitADD, RAX, RBX) }, "add rax, rbx", "4801d8"},
	{func(a *Asm) { a.arith(4, digitADD, RAX, RBX) }, "add eax, ebx", "01d8"},
	{func(a *Asm) { a.arith(8, digitSUB, R15, R8) }, "sub r15, r8", "4d29c7"},
	{func(a *Asm) { a.arith(8, digitCMP, R10, RDI) }, "cmp r10, rdi", "4939fa"},
	{func(a *Asm) { a.arith(4, digitXOR, R9, R9) }, "xor r9d, r9d", "4531c9"},
	{func(a *Asm) { a.arithImm(8, digitADD, RDX, 127) }, "add rdx, 0x7f", "4883c27f"},
	{func(a *Asm) { a.arithImm(8, digitADD, RDX, 128) }, "add rdx, 0x80", "4881c280000000"},
	{func(a *Asm) { a.arithImm(8, digitAND, R14, -1<<31) }, "and r14, -0x80000000", "4981e600000080"},
	{func(a *Asm) { a.arithImm(4, digitCMP, R13, -1) }, "cmp r13d, -0x1", "4183fdff"},
	{func(a *Asm) { a.arithMemImm(8, digitSUB, at(RSP, 16), 5) }, "sub qword ptr [rsp+0x10], 0x5", "48836c241005"},
	{func(a *Asm) { a.arithMemImm(4, digitCMP, indexed(R9, R10, -4), 0x03030303) }, "cmp dword ptr [r9+r10-0x4], 0x3030303", "43817c11fc03030303"},
	{func(a *Asm) { a.mov(8, RBP, RSI) }, "mov rbp, rsi", "4889f5"},
	{func(a *Asm) { a.mov(4, R10, RAX) }, "mov r10d, eax", "4189c2"},
	{func(a *Asm) { a.movImm(RCX, 0) }, "xor ecx, ecx", "31c9"},
	{func(a *Asm) { a.movImm(R8, 0xffffffff) }, "mov r8d, -0x1", "41b8ffffffff"},
	{func(a *Asm) { a.movImm(RSI, ^uint64(0)) }, "mov rsi, -0x1", "48c7c6ffffffff"},
	{func(a *Asm) { a.movImm(R11, 0x0303_0303_0303_0303) }, "mov r11, 0x303030303030303", "49bb0303030303030303"},
	// A base of rsp or r12 needs a SIB byte, one of rbp or r13 a displacement.
	{func(a *Asm) { a.load(8, RAX, at(R12, 0)) }, "mov rax, qword ptr [r12]", "498b0424"},
	{func(a *Asm) { a.load(8, RAX, at(R13, 0)) }, "mov rax, qword ptr [r13]", "498b4500"},
	{func(a *Asm) { a.load(4, R15, at(RBP, 0)) }, "mov r15d, dword ptr [rbp]", "448b7d00"},
	{func(a *Asm) { a.load(8, RDI, at(RSP, 8)) }, "mov rdi, qword ptr [rsp+0x8]", "488b7c2408"},
	{func(a *Asm) { a.load(8, RDI, at(RBP, -512)) }, "mov rdi, qword ptr [rbp+0xfffffe00]", "488bbd00feffff"},
	{func(a *Asm) { a.load(8, RDX, indexed(R12, R12, 0)) }, "mov rdx, qword ptr [r12+r12]", "4b8b1424"},
	{func(a *Asm) { a.load(8, RDX, indexed(R13, R14, 0)) }, "mov rdx, qword ptr [r13+r14]", "4b8b543500"},
	// The byte registers of rsi, rdi and rbp exist with a REX prefix only.
	{func(a *Asm) { a.store(1, indexed(R12, RAX, 0), RSI) }, "mov byte ptr [r12+rax], sil", "41883404"},
	{func(a *Asm) { a.store(1, at(RAX, 0), RDI) }, "mov byte ptr [rax], dil", "408838"},
	{func(a *Asm) { a.store(1, at(RAX, 0), RBX) }, "mov byte ptr [rax], bl", "8818"},
	{func(a *Asm) { a.store(2, at(RBP, -2), R9) }, "mov word ptr [rbp-0x2], r9w", "6644894dfe"},
	{func(a *Asm) { a.storeImm(1, at(RBP, -1), -1) }, "mov byte ptr [rbp-0x1], 0xff", "c645ffff"},
	{func(a *Asm) { a.storeImm(2, at(RBP, -2), -2) }, "mov word ptr [rbp-0x2], -0x2", "66c745fefeff"},
	{func(a *Asm) { a.storeImm(4, at(R12, 4), 7) }, "mov dword ptr [r12+0x4], 0x7", "41c744240407000000"},
	{func(a *Asm) { a.storeImm(8, at(RBP, -8), -2) }, "mov qword ptr [rbp-0x8], -0x2", "48c745f8feffffff"},
	{func(a *Asm) { a.rm(4, 0x0fb6, RSI, at(RBP, -1)) }, "movzx esi, byte ptr [rbp-0x1]", "0fb675ff"},
	{func(a *Asm) { a.rm(8, 0x0fbf, R8, at(RDI, 2)) }, "movsx r8, word ptr [rdi+0x2]", "4c0fbf4702"},
	{func(a *Asm) { a.rm(8, 0x63, RAX, at(RDI, 2)) }, "movsxd rax, dword ptr [rdi+0x2]", "48634702"},
	{func(a *Asm) { a.rm(1, 0x39, RSI, indexed(R9, RDI, 1)) }, "cmp byte ptr [r9+rdi+0x1], sil", "4138743901"},
	{func(a *Asm) { a.narrow(8, 0x0fbe, RAX, RSI) }, "movsx rax, sil", "480fbec6"},
	{func(a *Asm) { a.narrow(4, 0x0fbe, RBX, RDI) }, "movsx ebx, dil", "400fbedf"},
	{func(a *Asm) { a.narrow(4, 0x0fbe, RBX, RCX) }, "movsx ebx, cl", "0fbed9"},
	{func(a *Asm) { a.rr(8, 0x0faf, RDX, R15) }, "imul rdx, r15", "490fafd7"},
	{func(a *Asm) { a.ext(8, 0xf7, digitNEG, R8) }, "neg r8", "49f7d8"},
	{func(a *Asm) { a.ext(4, 0xf7, digitDIV, R10) }, "div r10d", "41f7f2"},
	{func(a *Asm) { a.ext(8, 0xf7, digitIDIV, R10) }, "idiv r10", "49f7fa"},
	{func(a *Asm) { a.shiftImm(8, digitSHL, RSI, 63) }, "shl rsi, 0x3f", "48c1e63f"},
	{func(a *Asm) { a.shiftImm(4, digitSAR, R13, 1) }, "sar r13d, 0x1", "41c1fd01"},
	{func(a *Asm) { a.ext(8, 0xd3, digitSHR, RAX) }, "shr rax, cl", "48d3e8"},
	{func(a *Asm) { a.bswap(8, R9) }, "bswap r9", "490fc9"},
	{func(a *Asm) { a.bswap(4, RDX) }, "bswap edx", "0fca"},
	{func(a *Asm) { a.testImm(8, RDI, -2) }, "test rdi, -0x2", "48f7c7feffffff"},
	{func(a *Asm) { a.test(4, RBX, R8) }, "test ebx, r8d", "4485c3"},
	{func(a *Asm) { a.lea(8, R10, at(RDI, -8)) }, "lea r10, ptr [rdi-0x8]", "4c8d57f8"},
	{func(a *Asm) { a.lock(); a.rm(8, 0x01, RSI, at(RBP, -8)) }, "lock add qword ptr [rbp-0x8], rsi", "f0480175f8"},
	{func(a *Asm) { a.lock(); a.rm(4, 0x0fc1, R8, at(RBP, -8)) }, "lock xadd dword ptr [rbp-0x8], r8d", "f0440fc145f8"},
	{func(a *Asm) { a.lock(); a.rm(4, 0x0fb1, R8, at(RBP, -8)) }, "lock cmpxchg dword ptr [rbp-0x8], r8d", "f0440fb145f8"},
	{func(a *Asm) { a.rm(8, 0x87, R8, at(RBP, -8)) }, "xchg qword ptr [rbp-0x8], r8", "4c8745f8"},
	{func(a *Asm) { a.signExtendRAX(8) }, "cqo", "4899"},
	{func(a *Asm) { a.signExtendRAX(4) }, "cdq", "99"},
	{func(a *Asm) { a.jmpReg(R11) }, "jmp r11", "41ffe3"},
	{func(a *Asm) { a.jmpTo(0) }, "jmp .-0x2", "ebfe"},
	{func(a *Asm) { a.jccTo(condB, 0) }, "jb .-0x2", "72fe"},
	{func(a *Asm) { a.patch(a.jcc(condG), 6+0x1234) }, "jnle .+0x1234", "0f8f34120000"},
	{func(a *Asm) { a.patch(a.jmp(), 5-0x1234) }, "jmp .-0x1234", "e9ccedffff"},
	{func(a *Asm) { a.ret() }, "ret", "c3"},
	{func(a *Asm) { a.rm(4, 0x0f11, 0, at(R10, -512)) }, "movups xmmword ptr [r10+0xfffffe00], xmm0", "410f118200feffff"},
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
	in, err := x86asm.Decode(code, 64)
	if err != nil || in.Len != len(code) {
		t.Errorf("%x: %v, %d bytes decoded", code, err, in.Len)
		return ""
	}
	return strings.ToLower(x86asm.IntelSyntax(in, 0, nil))
}

// TestShiftX: x86asm knows no VEX prefixes, so the second source are the bytes that
// an assembler gives (GNU as 2.42).
func TestShiftX(t *testing.T) {
	for _, tt := range []struct {
		size        int
		digit       byte
		dst, src, n Reg
		hex         string
	}{
		{8, digitSHL, RAX, RAX, RCX, "c4e2f1f7c0"},
		{4, digitSHL, RAX, RAX, RCX, "c4e271f7c0"},
		{8, digitSHR, R15, R15, RDI, "c442c3f7ff"},
		{8, digitSAR, RBX, RBX, R14, "c4e28af7db"},
		{4, digitSAR, R8, RDX, R10, "c4622af7c2"},
	} {
		var a Asm
		a.shiftX(tt.size, tt.digit, tt.dst, tt.src, tt.n)
		if got := hex.EncodeToString(a.Buf); got != tt.hex {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}

// TestMulX: as TestShiftX.
func TestMulX(t *testing.T) {
	for _, tt := range []struct {
		hi, lo, x Reg
		hex       string
	}{
		{R10, R10, R10, "c442abf6d2"},
		{R10, R10, R11, "c442abf6d3"},
		{RAX, R15, RDI, "c4e283f6c7"},
	} {
		var a Asm
		a.mulx(tt.hi, tt.lo, tt.x)
		if got := hex.EncodeToString(a.Buf); got != tt.hex {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}

func TestAlign(t *testing.T) {
	for n := range 16 {
		a := Asm{Buf: make([]byte, n)}
		a.align(16)
		if len(a.Buf)%16 != 0 {
			t.Errorf("%d bytes", len(a.Buf))
		}
		for at := n; at < len(a.Buf); {
			in, err := x86asm.Decode(a.Buf[at:], 64)
			if err != nil || in.Op != x86asm.NOP {
				t.Fatalf("% x: %v %v", a.Buf[at:], in, err)
			}
			at += in.Len
		}
	}
}
