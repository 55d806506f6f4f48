package bench

import (
	"errors"
	"fmt"
	"time"

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

// start makes the entries: program by program, and for each all engines and peers.
// On an error, what was started is returned with it.
func start(programs []Program, subjects []Subject, peers []peer) (entries []*entry, notes []string, err error) {
	for _, p := range programs {
		for _, s := range subjects {
			e, err := startEngine(p, s)
			if err != nil {
				return entries, nil, err
			}
			entries = append(entries, e)
		}
		for _, x := range peers {
			e, err := x.start(p)
			if wrong := (*WrongResult)(nil); errors.As(err, &wrong) {
				return entries, nil, err
			} else if err != nil {
				notes = append(notes, fmt.Sprintf("no figure of %s for %s: %v", x.name, p.Name, err))
			} else if e != nil {
				entries = append(entries, e)
			}
		}
	}
	return entries, notes, nil
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
