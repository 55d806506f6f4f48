package bench

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/vm"
)

var started = time.Now()

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
	Peers    bool          // measure what is not ours too: see Goto, Native and Kernel
}

// Report is the result. Its JSON is a contract.
type Report struct {
	Programs         []Row              `json:"programs"`
	Geomean          map[string]float64 `json:"geomean"`             // of ns_per_insn, over the programs that all have
	GeomeanAll       map[string]float64 `json:"geomean_all"`         // over all programs, of who has them all
	CallNS           map[string]float64 `json:"call_ns"`             // running a program of two instructions
	HelperNS         map[string]float64 `json:"helper_ns"`           // calling a helper, and going round a loop of two instructions more
	IndirectNS       float64            `json:"indirect_ns"`         // to compare with both: Go calls a function through a variable
	CompileNSPerInsn map[string]float64 `json:"compile_ns_per_insn"` // the engine's Load of a program of 60 instructions
	Notes            []string           `json:"notes,omitempty"`     // for people: what is missing, and why
}

// Row is the report on one program.
type Row struct {
	Name      string             `json:"name"`
	Core      bool               `json:"core"`        // counts in geomean
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
	var peers []peer
	if o.Peers {
		peers, r.Notes = findPeers()
		defer closePeers(peers)
	}
	entries, notes, err := start(programs, o.Subjects, peers)
	r.Notes = append(r.Notes, notes...)
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
	core, all := map[string][]float64{}, map[string][]float64{}
	for _, p := range programs {
		row := Row{Name: p.Name, Core: p.Core, NSPerInsn: map[string]float64{}}
		for _, e := range entries {
			if e.program.Name == p.Name && e.insns != 0 {
				row.Insns = e.insns
			}
		}
		for _, e := range entries {
			if e.program.Name != p.Name {
				continue
			}
			ns := median(e.ns) / float64(row.Insns)
			row.NSPerInsn[e.name] = ns
			all[e.name] = append(all[e.name], ns)
			if p.Core {
				core[e.name] = append(core[e.name], ns)
			}
		}
		r.Programs = append(r.Programs, row)
	}
	r.Geomean = geomeans(core)
	r.GeomeanAll = geomeans(all)
}

// geomeans are the geometric means of those who have as many figures as any other.
func geomeans(figures map[string][]float64) map[string]float64 {
	most := 0
	for _, f := range figures {
		most = max(most, len(f))
	}
	means := map[string]float64{}
	for name, f := range figures {
		if len(f) < most {
			continue
		}
		sum := 0.0
		for _, v := range f {
			sum += math.Log(v)
		}
		means[name] = math.Exp(sum / float64(len(f)))
	}
	return means
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
