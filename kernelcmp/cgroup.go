package kernelcmp

import (
	"sync"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/sysbpf"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// cgroupUnseen says, if a case needs it, that a test run does not show a program of a
// control group its packet. Linux 6.12 and before leave data_end at 0, which makes
// every packet look empty; 6.18 sets it.
func cgroupUnseen(j *job) error {
	for n := range j.Programs {
		p := j.Programs[n].decode()
		if (p.Type == hook.CgroupSKBIngress || p.Type == hook.CgroupSKBEgress) && readsPacket(p) && !cgroupShown() {
			return &vm.Unsupported{What: p.Type.String() + " with a packet: this kernel's test run sets no data_end (6.12 does not, 6.18 does)"}
		}
	}
	return nil
}

// readsPacket goes by the offsets in the context, so it may take another load for one
// of data_end.
func readsPacket(p *vm.Program) bool {
	for _, i := range p.Insns {
		if i.Op == spec.ClassLDX|spec.ModeMEM|spec.SizeW && i.Off == hook.SkbDataEnd {
			return true
		}
	}
	return false
}

// cgroupShown asks the kernel, once: is there a byte between data and data_end?
var cgroupShown = sync.OnceValue(func() bool {
	ldx := func(dst uint8, off int16) spec.Insn {
		return spec.Insn{Op: spec.ClassLDX | spec.ModeMEM | spec.SizeW, Dst: dst, Src: 1, Off: off}
	}
	code := spec.Encode([]spec.Insn{
		ldx(2, hook.SkbData),
		ldx(3, hook.SkbDataEnd),
		{Op: spec.MOV, Dst: 0, Imm: 0},
		{Op: spec.ClassALU64 | spec.OpADD, Dst: 2, Imm: 1},
		{Op: spec.ClassJMP | spec.SrcX | spec.OpJGT, Dst: 2, Src: 3, Off: 1},
		{Op: spec.MOV, Dst: 0, Imm: 1},
		{Op: spec.EXIT},
	}, hostOrder)
	fd, err := sysbpf.LoadProg(&sysbpf.Prog{Type: hook.CgroupSKBIngress.Prog(), Code: code})
	if err != nil {
		return true // the load of the case will say more
	}
	defer sysbpf.Close(fd)
	run := sysbpf.Run{Data: make([]byte, etherHeader+1)}
	return sysbpf.RunProg(fd, &run) != nil || run.Retval == 1
})
