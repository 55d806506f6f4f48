package bench

import (
	"errors"
	"time"

	"github.com/lockstep-ebpf/lockstep/bench/internal/yardstick"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// entry is one program ready to run on one engine, with what was measured.
type entry struct {
	name    string // of the engine
	program Program
	insns   uint64 // executed in one run; 0: the engine does not count
	times   int    // runs a round
	ns      []float64
	run     func(times int) (time.Duration, error)
	close   func() error
}

// start makes the entries: program by program, and for each all engines. path is
// the C yardstick, or empty. On an error, what was started is returned with it.
func start(programs []Program, subjects []Subject, path string) (entries []*entry, err error) {
	for _, p := range programs {
		for _, s := range subjects {
			e, err := startEngine(p, s)
			if err != nil {
				return entries, err
			}
			entries = append(entries, e)
		}
		if path != "" {
			e, err := startGoto(p, path)
			if err != nil {
				return entries, err
			}
			entries = append(entries, e)
		}
	}
	return entries, nil
}

func startEngine(p Program, s Subject) (*entry, error) {
	w, err := vm.NewWorld()
	if err != nil {
		return nil, err
	}
	l, m, err := load(w, p.Case, s)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	first := l.Instance.Run(m)
	if first.Kind != vm.Exit || first.R0 != p.Want {
		return nil, errors.Join(&WrongResult{s.Name, p.Name, first.R0, p.Want, first.Kind}, w.Close())
	}
	return &entry{
		name: s.Name, program: p, insns: first.Steps, close: w.Close,
		run: func(times int) (time.Duration, error) {
			from := cpuTime()
			for range times {
				l.Instance.Run(m)
			}
			return cpuTime() - from, nil
		},
	}, nil
}

// load builds the case in w, ready to run. The programs leave in memory what the
// next run overwrites, so the machine is set up only once.
func load(w *vm.World, c *vm.Case, s Subject) (*vm.Loaded, *vm.Machine, error) {
	m := w.NewMachine()
	m.Mode, m.Fuel, m.ExactFuel = s.Mode, c.Fuel, s.ExactFuel
	for _, x := range c.Maps {
		if _, err := w.AddMap(x); err != nil {
			return nil, nil, err
		}
	}
	l, err := w.Load(s.Engine, c.Programs[0])
	if err != nil {
		return nil, nil, err
	}
	return l, m, m.Setup(l.Type, &c.Inputs[0])
}

func startGoto(p Program, path string) (*entry, error) {
	c, err := yardstick.Start(path, p.Case)
	if err != nil {
		return nil, err
	}
	return &entry{
		name: Goto, program: p, close: c.Close,
		run: func(times int) (time.Duration, error) {
			r0, took, err := c.Run(uint32(times))
			if err == nil && r0 != p.Want {
				err = &WrongResult{Goto, p.Name, r0, p.Want, vm.Exit}
			}
			return took, err
		},
	}, nil
}

// calibrate finds how many runs take about a slice.
func (e *entry) calibrate(slice time.Duration) error {
	for e.times = 1; ; {
		took, err := e.run(e.times)
		if err != nil {
			return err
		}
		if took > slice/4 {
			e.times = max(1, int(int64(e.times)*int64(slice)/int64(took)))
			return nil
		}
		e.times *= 4
	}
}

// measureOverheads measures what a call and a load cost.
func (r *Report) measureOverheads(o Options) error {
	r.CallNS, r.CompileNSPerInsn = map[string]float64{}, map[string]float64{}
	ret := []spec.Insn{{Op: spec.MOV}, {Op: spec.EXIT}}
	var long []spec.Insn
	for range 59 {
		long = append(long, ret[0])
	}
	long = append(long, ret[1])
	program := func(name string, insns []spec.Insn) Program {
		return Program{Name: name, Case: &vm.Case{Programs: []*vm.Program{{Insns: insns}}, Inputs: []vm.Input{{}}, Fuel: 1000}}
	}
	var entries []*entry
	for _, s := range o.Subjects {
		call, err := startEngine(program("call", ret), s)
		if err != nil {
			return err
		}
		defer call.close()
		compile, err := startLoad(program("compile", long), s)
		if err != nil {
			return err
		}
		defer compile.close()
		entries = append(entries, call, compile)
	}
	if err := measure(entries, o); err != nil {
		return err
	}
	for _, e := range entries {
		if e.program.Name == "call" {
			r.CallNS[e.name] = median(e.ns)
		} else {
			r.CompileNSPerInsn[e.name] = median(e.ns) / float64(len(long))
		}
	}
	return nil
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
