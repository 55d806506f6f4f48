package public

import (
	"bytes"
	"crypto/sha256"
	"slices"

	"github.com/cilium/ebpf"

	"github.com/lockstep-ebpf/lockstep/host/object"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Tally counts objects and their programs.
type Tally struct {
	Objects   int                 // a copy of one is not counted
	Programs  int                 // in objects that can be read
	Different int                 // programs whose instructions no other has
	Insns     []int               // slots of each program, its subprograms included
	Types     map[string]int      // programs of each type
	Unread    map[string]int      // objects that cannot be read, by why
	Runnable  int                 // programs that run here as they are
	Obstacles map[string]Obstacle // why the others do not

	objects, programs map[[sha256.Size]byte]bool
}

// Obstacle counts the programs that something stands in the way of. Of what the reader
// cannot resolve only the first counts, so behind a CO-RE relocation there may be more.
type Obstacle struct {
	Programs int
	Alone    int // those that nothing else stands in the way of
}

// Add counts an object, unless a copy of it is counted already, and gives the number
// of its programs. A program is runnable if load says so of its case, too.
func (t *Tally) Add(o Object, load func(*vm.Case) error) (programs int) {
	if t.objects == nil {
		*t = Tally{
			Types: map[string]int{}, Unread: map[string]int{}, Obstacles: map[string]Obstacle{},
			objects: map[[sha256.Size]byte]bool{}, programs: map[[sha256.Size]byte]bool{},
		}
	}
	if !first(t.objects, o.ELF) {
		return 0
	}
	t.Objects++
	obj, err := object.Read(bytes.NewReader(o.ELF))
	if err != nil {
		t.Unread[brief(err)]++
		return 0
	}
	for _, p := range obj.Programs {
		t.Programs++
		t.Types[ebpf.ProgramType(p.Type.Prog()).String()]++
		t.Insns = append(t.Insns, len(p.Insns))
		if first(t.programs, spec.Encode(p.Insns, spec.Little)) {
			t.Different++
		}
		t.judge(obj, p, load)
	}
	return len(obj.Programs)
}

func (t *Tally) judge(o *object.Object, p *object.Program, load func(*vm.Case) error) {
	found := obstacles(o, p)
	if len(found) == 0 {
		c, err := o.Case(p.Name)
		if err == nil {
			err = load(c)
		}
		if err != nil {
			found = []string{brief(err)}
		}
	}
	slices.Sort(found)
	found = slices.Compact(found)
	if len(found) == 0 {
		t.Runnable++
	}
	for _, f := range found {
		n := t.Obstacles[f]
		n.Programs++
		if len(found) == 1 {
			n.Alone++
		}
		t.Obstacles[f] = n
	}
}

// first reports whether bytes are seen for the first time.
func first(seen map[[sha256.Size]byte]bool, b []byte) bool {
	sum := sha256.Sum256(b)
	was := seen[sum]
	seen[sum] = true
	return !was
}
