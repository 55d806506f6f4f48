package asm

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// spellings are texts that others write, with their bytes. The bytes are those of
// the tool that has the spelling (llvm-mc 19, the bpf_conformance assembler), or
// were put together by hand from RFC 9669 and linux/bpf.h.
var spellings = []struct{ source, text, bytes string }{
	// llvm-mc
	{"llvm", "r9 = 0xffffffff", "b709 0000 ffffffff"},
	{"llvm", "r9 = 8589934591 ll", "1809 0000 ffffffff 0000 0000 01000000"},
	{"llvm", "r9 = -1 ll", "1809 0000 ffffffff 0000 0000 ffffffff"},
	{"llvm", "r0 = *  (u16*)skb[r1] // spaces", "4810 0000 00000000"},
	{"llvm", "r0 = *(u8 *)skb[-4]", "3000 0000 fcffffff"},
	{"llvm", "w3 = *(u8 *)(r1 + 4)", "7113 0400 00000000"},
	{"llvm", "w3 = *(u32*)(r1-4)", "6113 fcff 00000000"},
	{"llvm", "*(u32 *)(r10 - 8) = w5", "635a f8ff 00000000"},
	{"llvm", "*(u8 *)(r10 - 0x8) = 255", "720a f8ff ff000000"},
	{"llvm", "lock *(u32 *)(r1 + 8) += r2", "c321 0800 00000000"},
	{"llvm", "lock *(u32 *)(r1 + 8) |= w2", "c321 0800 40000000"},
	{"llvm", "w2 = atomic_fetch_add((u32 *)(r1 + 0), w2)", "c321 0000 01000000"},
	{"llvm", "w2 = xchg32_32(r1 + 0, w2)", "c321 0000 e1000000"},
	{"llvm", "w0 = cmpxchg32_32(r1 + 0, w0, w2)", "c321 0000 f1000000"},
	{"llvm", "r0 = cmpxchg_64(r1 + 0, r0, r2)", "db21 0000 f1000000"},
	{"llvm", "r1 = addr_space_cast(r1, 0x1, 0x0)", "bf11 0100 00000100"},
	{"llvm", "if w1 == w2 goto -1", "1e21 ffff 00000000"},
	{"llvm", "if r4 s> 0xffffffff goto +10", "6504 0a00 ffffffff"},
	{"llvm", "gotol +100", "0600 0000 64000000"},
	{"llvm", "may_goto +1", "e500 0100 00000000"},
	{"llvm", "r10 s>>= 64", "c70a 0000 40000000"},

	// llvm-mc, one operator a line
	{"llvm", "r1 += r2", "0f21 0000 00000000"},
	{"llvm", "r1 -= r2", "1f21 0000 00000000"},
	{"llvm", "r1 *= r2", "2f21 0000 00000000"},
	{"llvm", "r1 /= r2", "3f21 0000 00000000"},
	{"llvm", "r1 |= r2", "4f21 0000 00000000"},
	{"llvm", "r1 &= r2", "5f21 0000 00000000"},
	{"llvm", "r1 <<= r2", "6f21 0000 00000000"},
	{"llvm", "r1 >>= r2", "7f21 0000 00000000"},
	{"llvm", "r1 %= r2", "9f21 0000 00000000"},
	{"llvm", "r1 ^= r2", "af21 0000 00000000"},
	{"llvm", "r1 = r2", "bf21 0000 00000000"},
	{"llvm", "r1 s>>= r2", "cf21 0000 00000000"},
	{"llvm", "r1 s/= r2", "3f21 0100 00000000"},
	{"llvm", "r1 s%= r2", "9f21 0100 00000000"},
	{"llvm", "if r1 == r2 goto +1", "1d21 0100 00000000"},
	{"llvm", "if r1 > r2 goto +1", "2d21 0100 00000000"},
	{"llvm", "if r1 >= r2 goto +1", "3d21 0100 00000000"},
	{"llvm", "if r1 & r2 goto +1", "4d21 0100 00000000"},
	{"llvm", "if r1 != r2 goto +1", "5d21 0100 00000000"},
	{"llvm", "if r1 s> r2 goto +1", "6d21 0100 00000000"},
	{"llvm", "if r1 s>= r2 goto +1", "7d21 0100 00000000"},
	{"llvm", "if r1 < r2 goto +1", "ad21 0100 00000000"},
	{"llvm", "if r1 <= r2 goto +1", "bd21 0100 00000000"},
	{"llvm", "if r1 s< r2 goto +1", "cd21 0100 00000000"},
	{"llvm", "if r1 s<= r2 goto +1", "dd21 0100 00000000"},
	{"llvm", "lock *(u64 *)(r1 + 8) += r2", "db21 0800 00000000"},
	{"llvm", "r2 = atomic_fetch_add((u64 *)(r1 + 8), r2)", "db21 0800 01000000"},
	{"llvm", "lock *(u64 *)(r1 + 8) |= r2", "db21 0800 40000000"},
	{"llvm", "r2 = atomic_fetch_or((u64 *)(r1 + 8), r2)", "db21 0800 41000000"},
	{"llvm", "lock *(u64 *)(r1 + 8) &= r2", "db21 0800 50000000"},
	{"llvm", "r2 = atomic_fetch_and((u64 *)(r1 + 8), r2)", "db21 0800 51000000"},
	{"llvm", "lock *(u64 *)(r1 + 8) ^= r2", "db21 0800 a0000000"},
	{"llvm", "r2 = atomic_fetch_xor((u64 *)(r1 + 8), r2)", "db21 0800 a1000000"},
	{"llvm", "r1 = le16 r1", "d401 0000 10000000"},
	{"llvm", "r1 = be32 r1", "dc01 0000 20000000"},
	{"llvm", "r1 = bswap64 r1", "d701 0000 40000000"},
	{"llvm", "r1 = (s8)r2", "bf21 0800 00000000"},
	{"llvm", "w1 = (s16)w2", "bc21 1000 00000000"},
	{"llvm", "r1 = (s32)r2", "bf21 2000 00000000"},
	{"llvm", "r3 = *(s8 *)(r1 - 1)", "9113 ffff 00000000"},
	{"llvm", "r0 = -r0", "8700 0000 00000000"},
	{"llvm", "w0 = -w0", "8400 0000 00000000"},

	// the kernel's log
	{"kernel", "if r1 == 0x0 goto pc+3", "1501 0300 00000000"},
	{"kernel", "if w1 s> 0xfffffffb goto pc-3", "6601 fdff fbffffff"},
	{"kernel", "goto pc-2", "0500 feff 00000000"},
	{"kernel", "gotol pc+2", "0600 0000 02000000"},
	{"kernel", "may_goto pc+1", "e500 0100 00000000"},
	{"kernel", "call pc+5", "8510 0000 05000000"},
	{"kernel", "call bpf_map_lookup_elem#1", "8500 0000 01000000"},
	{"kernel", "call unknown#195896080", "8500 0000 1023ad0b"},
	{"kernel", "r1 = *(u32 *)(r2 +4)", "6121 0400 00000000"},
	{"kernel", "*(u64 *)(r10 -8) = r1", "7b1a f8ff 00000000"},
	{"kernel", "r0 = *(u32 *)skb[r1 + -4]", "4010 0000 fcffffff"},
	{"kernel", "r2 = atomic64_fetch_add((u64 *)(r1 +0), r2)", "db21 0000 01000000"},
	{"kernel", "r2 = atomic_fetch_or((u32 *)(r1 +0), r2)", "c321 0000 41000000"},
	{"kernel", "r2 = atomic64_xchg((u64 *)(r1 +8), r2)", "db21 0800 e1000000"},
	{"kernel", "r2 = atomic_xchg((u32 *)(r1 +8), r2)", "c321 0800 e1000000"},
	{"kernel", "r0 = atomic64_cmpxchg((u64 *)(r1 +0), r0, r2)", "db21 0000 f1000000"},
	{"kernel", "r0 = atomic_cmpxchg((u32 *)(r1 +0), r0, r2)", "c321 0000 f1000000"},
	{"kernel", "r1 = load_acquire((u32 *)(r2 +4))", "c321 0400 00010000"},
	{"kernel", "store_release((u8 *)(r1 +0), r2)", "d321 0000 10010000"},
	{"kernel", "r1 = addr_space_cast(r2, 0, 1)", "bf21 0100 01000000"},

	// bpf_conformance, ubpf
	{"conformance", "mov %r0, %r1", "bf10 0000 00000000"},
	{"conformance", "mov32 r0, 0xffffffff", "b400 0000 ffffffff"},
	{"conformance", "add64 r1, 2", "0701 0000 02000000"},
	{"conformance", "sdiv32 r1, -7", "3401 0100 f9ffffff"},
	{"conformance", "smod %r1, %r2", "9f21 0100 00000000"},
	{"conformance", "neg %r0", "8700 0000 00000000"},
	{"conformance", "movsx832 %r0, %r1", "bc10 0800 00000000"},
	{"conformance", "movsx3264 %r0, %r1", "bf10 2000 00000000"},
	{"conformance", "le16 r1", "d401 0000 10000000"},
	{"conformance", "be64 r1", "dc01 0000 40000000"},
	{"conformance", "swap32 %r3", "d703 0000 20000000"},
	{"conformance", "bswap16 %r3", "d703 0000 10000000"},
	{"conformance", "ldxw %r3, [%r1+4]", "6113 0400 00000000"},
	{"conformance", "ldxsh r3, [r1]", "8913 0000 00000000"},
	{"conformance", "stxdw [r10-8], r1", "7b1a f8ff 00000000"},
	{"conformance", "stw [r1+2], 0x44332211", "6201 0200 11223344"},
	{"conformance", "jsgt r1, -5, +3", "6501 0300 fbffffff"},
	{"conformance", "jeq32 %r1, %r2, -1", "1e21 ffff 00000000"},
	{"conformance", "ja32 +2", "0600 0000 02000000"},
	{"conformance", "lddw r1, 0x1122334455667788", "1801 0000 88776655 0000 0000 44332211"},
	{"conformance", "lddw r1, map_by_fd(events)", "1811 0000 01000000 0000 0000 00000000"},
	{"conformance", "call 5", "8500 0000 05000000"},
	{"conformance", "call helper 5", "8500 0000 05000000"},
	{"conformance", "call local -2", "8510 0000 feffffff"},
	{"conformance", "call runtime 6", "8520 0000 06000000"},
	{"conformance", "call bpf_map_update_elem", "8500 0000 02000000"},
	{"conformance", "lock add [r10-8], r1", "db1a f8ff 00000000"},
	{"conformance", "lock fetch xor32 [r10-8], r1", "c31a f8ff a1000000"},
	{"conformance", "lock cmpxchg [%r10-8], %r1", "db1a f8ff f1000000"},

	// ours: what none of them writes in this syntax
	{"rfc9669", "lock fetch_and [r10-8], r1", "db1a f8ff 51000000"},
	{"rfc9669", "ldabsh 14", "2800 0000 0e000000"},
	{"rfc9669", "ldindw r1, 4", "4010 0000 04000000"},
	{"linux", "ldacqw r1, [r2+4]", "c321 0400 00010000"},
	{"linux", "streldw [r1], r2", "db21 0000 10010000"},
	{"linux", "addr_space_cast r1, r2, 1, 0", "bf21 0100 00000100"},
	{"rfc9669", "r1 = map[counts]", "1811 0000 00000000 0000 0000 00000000"},
	{"rfc9669", "r1 = events ll", "1811 0000 01000000 0000 0000 00000000"},
	{"rfc9669", "r1 = map_fd 7", "1811 0000 07000000 0000 0000 00000000"},
	{"rfc9669", "r1 = map[events][0]+8", "1821 0000 01000000 0000 0000 08000000"},
	{"rfc9669", "r1 = map_val(map_by_fd(7)) + 4294967295", "1821 0000 07000000 0000 0000 ffffffff"},
	{"rfc9669", "lddw r1, variable_addr(7)", "1831 0000 07000000 0000 0000 00000000"},
	{"rfc9669", "lddw r1, code_addr(pc-4)", "1841 0000 fcffffff 0000 0000 00000000"},
	{"rfc9669", "r1 = map_by_idx(2) ll", "1851 0000 02000000 0000 0000 00000000"},
	{"rfc9669", "r1 = map_val(map_by_idx(2)) + 8", "1861 0000 02000000 0000 0000 08000000"},
	{"linux", "call kfunc#12 btf 3", "8520 0300 0c000000"},
	{"ours", ".insn 0x8f, 1, 2, -5, 100", "8f21 fbff 64000000"},
	{"ours", ".insn 255, 15, 0, 32767, 0xffffffff", "ff0f ff7f ffffffff"},
}

func TestSpellings(t *testing.T) {
	for _, x := range spellings {
		b, err := hex.DecodeString(strings.ReplaceAll(x.bytes, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		p, err := Assemble(x.text, someNames)
		if err != nil {
			t.Errorf("%s: %q: %v", x.source, x.text, err)
			continue
		}
		if got := spec.Encode(p.Insns, spec.Little); !slices.Equal(got, b) {
			t.Errorf("%s: %q is % x, want % x", x.source, x.text, got, b)
		}
	}
}

// TestLLVMAgreesOnSpellings keeps the bytes above honest.
func TestLLVMAgreesOnSpellings(t *testing.T) {
	llvm(t, "llvm-mc")
	var texts []string
	for _, x := range spellings {
		if x.source == "llvm" {
			texts = append(texts, x.text)
		}
	}
	text := strings.Join(texts, "\n") + "\n"
	p, err := Assemble(text, Names{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := llvmAssemble(t, text)
	if err != nil || len(got) != len(p.Insns) {
		t.Fatalf("LLVM makes %d slots, want %d: %v", len(got), len(p.Insns), err)
	}
	for i, want := range p.Insns {
		if got[i] != want {
			t.Errorf("%q is %v to LLVM, %v to us", texts[p.Lines[i]-1], got[i], want)
		}
	}
}
