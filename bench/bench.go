package bench

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/lockstep-ebpf/lockstep/bench/internal/yardstick"
	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/vm"
)

var started = time.Now()

// Goto is the name of the C yardstick in reports.
const Goto = "goto"

// Subject is an engine in one way of running it.
type Subject struct {
	Name      string
	Engine    vm.Engine
	Mode      vm.Mode
	ExactFuel bool
}

// Subjects are the engines as reports name them.
func Subjects() []Subject {
	s := []Subject{
		{"refvm", &refvm.Engine{}, vm.Checked, true},
		{"fastvm-go", fastvm.Engine{}, vm.Trusted, false},
		{"fastvm-go-checked", fastvm.Engine{}, vm.Checked, true},
	}
	if (jit.Engine{}).Supports(&vm.Program{}) == nil {
		s = append(s, Subject{"jit", jit.Engine{}, vm.Trusted, false}, Subject{"jit-checked", jit.Engine{}, vm.Checked, true})
	}
	return s
}

// Options choose what is measured.
type Options struct {
	Rounds   int           // 0 means 11
	Slice    time.Duration // CPU time of one engine on one program in one round; 0 means 2 ms
	Programs []string      // by name; nil: all
	Subjects []Subject     // nil: all
	NoGoto   bool          // leave the C yardstick out
}

// Report is the result. Its JSON is a contract.
type Report struct {
	Programs         []Row              `json:"programs"`
	Geomean          map[string]float64 `json:"geomean"`             // of ns_per_insn
	CallNS           map[string]float64 `json:"call_ns"`             // running a program of two instructions
	CompileNSPerInsn map[string]float64 `json:"compile_ns_per_insn"` // the engine's Load of a program of 60 instructions
	Notes            []string           `json:"notes,omitempty"`     // for people: what is missing, and why
}

// Row is the report on one program.
type Row struct {
	Name      string             `json:"name"`
	Insns     uint64             `json:"insns"`       // executed in one run
	NSPerInsn map[string]float64 `json:"ns_per_insn"` // medians, by engine
}

// Run measures. It returns an error if an engine gives a wrong result.
func Run(o Options) (*Report, error) {
	if o.Rounds == 0 {
		o.Rounds = 11
	}
	if o.Slice == 0 {
		o.Slice = 2 * time.Millisecond
	}
	if o.Subjects == nil {
		o.Subjects = Subjects()
	}
	programs, err := Programs()
	if err != nil {
		return nil, err
	}
	if o.Programs != nil {
		programs = slices.DeleteFunc(programs, func(p Program) bool { return !slices.Contains(o.Programs, p.Name) })
	}
	runtime.LockOSThread() // whose CPU time it is
	defer runtime.UnlockOSThread()

	r := &Report{}
	path := ""
	if !o.NoGoto {
		path, err = yardstick.Build()
		if err != nil {
			r.Notes = append(r.Notes, fmt.Sprintf("no %s column: %v", Goto, err))
		}
	}
	entries, err := start(programs, o.Subjects, path)
	defer func() {
		for _, e := range entries {
			e.close()
		}
	}()
	if err != nil {
		return nil, err
	}
	if err := measure(entries, o); err != nil {
		return nil, err
	}
	r.tabulate(programs, entries)
	return r, r.measureOverheads(o)
}

// measure runs the rounds.
func measure(entries []*entry, o Options) error {
	for _, e := range entries {
		if err := e.calibrate(o.Slice); err != nil {
			return err
		}
	}
	for range o.Rounds {
		for _, e := range entries {
			took, err := e.run(e.times)
			if err != nil {
				return err
			}
			e.ns = append(e.ns, float64(took)/float64(e.times))
		}
	}
	return nil
}

// tabulate turns nanoseconds a run into the report's rows.
func (r *Report) tabulate(programs []Program, entries []*entry) {
	logs := map[string][]float64{}
	for _, p := range programs {
		row := Row{Name: p.Name, NSPerInsn: map[string]float64{}}
		for _, e := range entries {
			if e.program.Name == p.Name && e.insns != 0 {
				row.Insns = e.insns
			}
		}
		for _, e := range entries {
			if e.program.Name == p.Name {
				ns := median(e.ns) / float64(row.Insns)
				row.NSPerInsn[e.name] = ns
				logs[e.name] = append(logs[e.name], math.Log(ns))
			}
		}
		r.Programs = append(r.Programs, row)
	}
	r.Geomean = map[string]float64{}
	for name, l := range logs {
		sum := 0.0
		for _, v := range l {
			sum += v
		}
		r.Geomean[name] = math.Exp(sum / float64(len(l)))
	}
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// WrongResult is the error of an engine that computes something else than Go.
type WrongResult struct {
	Subject, Program string
	Got, Want        uint64
	Kind             vm.Kind
}

func (w *WrongResult) Error() string {
	return fmt.Sprintf("%s on %s: %v with r0 %#x, want exit with %#x", w.Program, w.Subject, w.Kind, w.Got, w.Want)
}
