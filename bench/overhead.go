package bench

import (
	"errors"
	"time"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

const (
	loadInsns   = 60  // of the program whose loading is measured
	helperCalls = 250 // of the one that calls helpers
)

// overheads are programs that do nothing but what their names say.
func overheads() map[string][]spec.Insn {
	zero, exit := spec.Insn{Op: spec.MOV}, spec.Insn{Op: spec.EXIT}
	var long []spec.Insn
	for range loadInsns - 1 {
		long = append(long, zero)
	}
	return map[string][]spec.Insn{
		"call": {zero, exit},
		"load": append(long, exit),
		"helper": {
			{Op: spec.MOV, Dst: 6, Imm: helperCalls},
			{Op: spec.CALL, Imm: getSMPProcessorID},
			{Op: spec.ClassALU64 | spec.OpADD, Dst: 6, Imm: -1},
			{Op: spec.ClassJMP | spec.OpJNE, Dst: 6, Off: -3},
			zero, exit,
		},
	}
}

// getSMPProcessorID is a helper that does next to nothing.
const getSMPProcessorID = 8

// measureOverheads measures what a call, a helper and a load cost.
func (r *Report) measureOverheads(o Options) error {
	r.CallNS, r.HelperNS, r.CompileNSPerInsn = map[string]float64{}, map[string]float64{}, map[string]float64{}
	entries := []*entry{startIndirect()}
	defer func() {
		for _, e := range entries {
			e.close()
		}
	}()
	for name, insns := range overheads() {
		p := Program{Name: name, Case: &vm.Case{Programs: []*vm.Program{{Insns: insns}}, Inputs: []vm.Input{{}}, Fuel: 1000}}
		for _, s := range o.Subjects {
			begin := startEngine
			if name == "load" {
				begin = startLoad
			}
			e, err := begin(p, s)
			if err != nil {
				return err
			}
			entries = append(entries, e)
		}
	}
	if err := measure(entries, o); err != nil {
		return err
	}
	for _, e := range entries {
		switch ns := median(e.ns); e.program.Name {
		case "call":
			r.CallNS[e.name] = ns
		case "helper":
			r.HelperNS[e.name] = ns / helperCalls
		case "load":
			r.CompileNSPerInsn[e.name] = ns / loadInsns
		default:
			r.IndirectNS = ns
		}
	}
	return nil
}

// indirect is called through this variable, so that the compiler cannot know it.
var indirect = func(m *vm.Machine) uint64 { return m.R1 }

// startIndirect calls a Go function that does nothing, as an engine's Run is called.
func startIndirect() *entry {
	m := &vm.Machine{}
	return &entry{
		name: "go", close: func() error { return nil },
		run: func(times int) (time.Duration, error) {
			from := cpuTime()
			for range times {
				indirect(m)
			}
			return cpuTime() - from, nil
		},
	}
}

// startLoad is an entry that loads the program instead of running it.
func startLoad(p Program, s Subject) (*entry, error) {
	w, err := vm.NewWorld()
	if err != nil {
		return nil, err
	}
	l, _, err := load(w, p.Case, s)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return &entry{
		name: s.Name, program: p, close: w.Close,
		run: func(times int) (time.Duration, error) {
			from := cpuTime()
			for range times {
				in, err := s.Engine.Load(l)
				if err != nil {
					return 0, err
				}
				if err := in.Close(); err != nil {
					return 0, err
				}
			}
			return cpuTime() - from, nil
		},
	}, nil
}
