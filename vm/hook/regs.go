package hook

import "strings"

// Arch says where a processor's struct pt_regs has what a function was called with
// (arch/x86/include/asm/ptrace.h, arch/arm64/include/asm/ptrace.h). Offsets and sizes
// are in bytes.
type Arch struct {
	Name   string
	Size   uint32
	Params []uint32 // of the function's arguments, in order
	Return uint32   // of its result
	SP, IP uint32

	names []string // of the registers, 8 bytes each, from the first
}

// Processors.
var (
	AMD64 = &Arch{
		Name: "amd64", Size: 168, Params: []uint32{112, 104, 96, 88, 72, 64}, Return: 80, SP: 152, IP: 128,
		names: strings.Fields("r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip cs flags sp ss"),
	}
	ARM64 = &Arch{
		Name: "arm64", Size: 336, Params: []uint32{0, 8, 16, 24, 32, 40, 48, 56}, Return: 0, SP: 248, IP: 256,
		names: strings.Fields("x0 x1 x2 x3 x4 x5 x6 x7 x8 x9 x10 x11 x12 x13 x14 x15 x16 x17 x18 x19 x20 x21 x22 x23 x24 x25 " +
			"x26 x27 x28 x29 x30 sp pc pstate"),
	}
)

// The context of a perf_event program: registers, then period and address. On arm64 it
// has struct user_pt_regs, which is shorter than struct pt_regs.
const (
	userARM64  = 272
	sampleSize = 16
)

// Register is the offset of a register by its name.
func (a *Arch) Register(name string) (off uint32, ok bool) {
	for i, n := range a.names {
		if n == name {
			return uint32(i) * 8, true
		}
	}
	return 0, false
}
