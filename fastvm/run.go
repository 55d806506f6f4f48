package fastvm

import (
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Run runs the program on m. It allocates nothing.
func (in *instance) Run(m *vm.Machine) vm.Result {
	s := states.Get().(*state)
	s.begin(m, in)
	res := vm.Result{Kind: s.drive()}
	switch res.Kind {
	case vm.Faulted:
		res.Fault = s.fault
		res.Fault.Prog, res.Fault.PC = s.inst.loaded.ID, s.pc
	case vm.FuelSpent:
		res.Next = vm.Next{Known: true, Prog: s.inst.loaded.ID, PC: s.pc}
	}
	res.R0, res.Regs, res.Steps = s.r[0], [11]uint64(s.r[:11]), s.steps
	for ; s.depth > 0; s.depth-- {
		s.close(s.depth)
	}
	s.m, s.inst = nil, nil
	states.Put(s)
	return res
}

// loop enters the loop for the run's mode.
func (s *state) loop() leave {
	switch {
	case s.careful:
		return s.loopCareful()
	case s.steps*size > s.limit:
		return leaveFuel
	case s.trusted:
		return s.loopTrusted()
	}
	return s.loopChecked()
}

// drive alternates between the loop and what the loop cannot do.
func (s *state) drive() vm.Kind {
	for {
		switch s.loop() {
		case leaveFault:
			return vm.Faulted
		case leaveFuel:
			if s.careful || !s.exact {
				return vm.FuelSpent
			}
			s.careful = true
			s.setLimit()
			continue
		}
		after, ok := s.step(&s.inst.code[s.pc])
		switch {
		case after == ended:
			return vm.Exit
		case !ok:
			return vm.Faulted
		}
		s.pc = after
	}
}

// ended is the slot after the last exit.
const ended = -1

// step executes an instruction that is not the loop's. It gives the slot to go on
// at, which may be in another program; ok is false if there was a fault.
func (s *state) step(i *insn) (next int, ok bool) {
	next = s.pc + 1
	switch i.op {
	case callHelper:
		return s.callHelper(i)
	case callLocal:
		return s.callLocal(next+int(i.off)/int(size), next)
	case exit:
		return s.exit(), true
	case mayGoto:
		if s.m.Budget == 0 {
			return next + int(i.off)/int(size), true
		}
		s.m.Budget--
		return next, true
	case packetLoad:
		if !s.packetLoad(&s.inst.loaded.Insns[s.pc]) {
			s.r[0] = 0
			return s.exit(), true
		}
		return next, true
	case atomicStep:
		return next, s.atomic(&s.inst.loaded.Insns[s.pc])
	}
	return next, s.fail(vm.FaultTrap, 0)
}

// fail records a fault of the instruction at pc, and is false.
func (s *state) fail(k vm.FaultKind, addr uint64) bool {
	s.fault = vm.Fault{Kind: k, Addr: addr}
	return false
}

// packetLoad is LD_ABS and LD_IND: n bytes of the packet in network byte order.
// It reports whether the packet has them.
func (s *state) packetLoad(x *spec.Insn) bool {
	at := x.Imm
	if x.Op&0xe0 == spec.ModeIND {
		at += int32(s.r[x.Src])
	}
	b, ok := s.m.Packet(int64(at), uint32(x.Bytes()))
	if !ok {
		return false
	}
	v := uint64(0)
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	s.r[0] = v
	return true
}
