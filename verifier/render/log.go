package render

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/cfg"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/verifier/transfer"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Level is how much the log says, as in bpf(2)'s log_level.
type Level int

// Levels of the log.
const (
	Silent Level = 0 // nothing
	Path   Level = 1 // the path to what is wrong
	Full   Level = 2 // every path, with full states where one is taken up
)

// MaxLog is how many bytes of a program's log are kept: the last ones, as the kernel does
// with a buffer that is too small.
const MaxLog = 16 << 20

// Log writes what Linux 6.18's verifier would write into the log.
//
//	l := render.NewLog(c, render.Full)
//	res := verifier.Verify(c, verifier.Options{Trace: l.Trace()})
//	l.Finish(&res)
//	fmt.Print(l.Program(0))
//
// What the kernel says of itself is left out: its walks back for precision, the
// life of stack slots, numbers of loops, and the time it took.
type Log struct {
	level Level
	c     *vm.Case
	done  []string // by program

	m         *transfer.Machine
	b         []byte
	insnAt    int // where the line of the last instruction begins, and what stood behind it:
	insnEnd   int
	from      int  // the slot that control came from, where a state is due
	due       bool // a full state is due
	regs      uint16
	slots     uint64
	before    []state.Slot // of the frame, in front of the instruction
	depth     int
	demanded  bool   // the kernel walks back behind it, and says so: the state gets a line of its own
	leaving   string // the frame that is about to be left
	line      *vm.Line
	marks     map[*state.State]int
	processed int
	states    int
	perInsn   map[int]int
	most      int
}

// NewLog makes a log of a case.
func NewLog(c *vm.Case, level Level) *Log { return &Log{level: level, c: c} }

// Program is the log of a program, and how many there are Programs.
func (l *Log) Program(n int) string { return l.done[n] }

// Programs is how many programs of the case were looked at.
func (l *Log) Programs() int { return len(l.done) }

// Trace is what Verify is to be given.
func (l *Log) Trace() *verifier.Trace {
	return &verifier.Trace{Begin: l.begin, Insn: l.insn, Fork: l.fork, Keep: l.keep, Covered: l.covered, End: l.end, Resume: l.resume}
}

// Finish ends the log with what was wrong.
func (l *Log) Finish(res *verifier.Result) {
	f := res.Failure
	if f == nil {
		l.accept()
		return
	}
	if l.marks == nil || len(l.done) < f.Prog { // it never began
		l.accept()
		l.open(nil)
	}
	l.printf("%s\n", f.Text)
	l.close()
}

// accept ends the log of a program with which nothing was wrong: then no path is of interest.
func (l *Log) accept() {
	if l.level < Full {
		l.b = l.b[:0]
	}
	l.close()
}

// open starts the log of the next program.
func (l *Log) open(m *transfer.Machine) {
	*l = Log{level: l.level, c: l.c, done: l.done, m: m, regs: allRegs, slots: allSlots, marks: map[*state.State]int{}, perInsn: map[int]int{}}
}

// close puts the log of a program aside.
func (l *Log) close() {
	if l.marks == nil {
		return
	}
	l.marks = nil
	l.printf("processed %d insns (limit 1000000) max_states_per_insn %d total_states %d peak_states %d mark_read 0\n",
		l.processed, l.most, l.states, l.states)
	if l.level == Silent {
		l.b = nil
	}
	l.done = append(l.done, string(l.b))
}

func (l *Log) printf(format string, args ...any) { l.b = fmt.Appendf(l.b, format, args...) }

func (l *Log) begin(prog int, m *transfer.Machine) {
	l.accept()
	l.open(m)
	if l.level < Full {
		return
	}
	for n, f := range m.Graph.Funcs {
		l.printf("func#%d @%d\n", n, f.Start)
	}
	l.printf("Live regs before insn:\n")
	for pc := 0; pc < len(m.Insns); pc++ {
		live := []byte("..........")
		for n := range live {
			if m.Graph.Live[pc]>>n&1 != 0 {
				live[n] = byte('0' + n)
			}
		}
		l.printf("%7d: %s %s\n", pc, live, disasm(m.Release, m.Insns, pc))
		if m.Insns[pc].Wide() {
			pc++
		}
	}
}

// insn writes what the last instruction left, and the next one.
func (l *Log) insn(s *state.State) {
	l.processed++
	if l.level == Silent {
		return
	}
	l.arrive(s)
	if l.due && l.level >= Full {
		l.printf("\nfrom %d to %d:%s\n", l.from, s.PC, stateText(l.m, s, s.Depth(), allRegs, allSlots))
	}
	l.due = false
	if l.regs != 0 || l.slots != 0 {
		l.touched(s, s.PC)
	}
	l.source(s.PC)
	l.insnAt = len(l.b)
	l.printf("%d: %s\n", s.PC, disasm(l.m.Release, l.m.Insns, s.PC))
	l.insnEnd = len(l.b)
	l.expect(s)
	l.bound()
}

// bound forgets the beginning of a log that is too long.
func (l *Log) bound() {
	if l.level < Full || len(l.b) < 2*MaxLog {
		return
	}
	cut := len(l.b) - MaxLog
	l.b = append(l.b[:0], l.b[cut:]...)
	l.insnAt, l.insnEnd = l.insnAt-cut, l.insnEnd-cut
}

// touched writes the registers and slots that were touched: behind the instruction if its
// line is the last one.
func (l *Log) touched(s *state.State, pc int) {
	text := stateText(l.m, s, s.Depth(), l.regs, l.slots)
	if len(l.b) == l.insnEnd && l.insnEnd > 0 && !l.demanded {
		l.b = l.b[:len(l.b)-1]
		l.printf("%*c;", align(l.insnEnd-l.insnAt), ' ')
	} else {
		l.printf("%d:", pc)
	}
	l.b = append(append(l.b, text...), '\n')
	l.regs, l.slots, l.demanded = 0, 0, false
}

// align is how wide the gap behind an instruction is, so that states stand in columns.
func align(width int) int {
	const column, tab = 40, 8
	return (max(width+tab/2, column)+tab-1)/tab*tab - width - 1
}

// source writes the line of source that begins here.
func (l *Log) source(pc int) {
	x := l.c.Programs[len(l.done)].Line(pc)
	if x == nil || l.line != nil && l.line.File == x.File && l.line.Line == x.Line {
		return
	}
	l.line = x
	l.printf("; %s @ %s:%d\n", strings.TrimLeft(x.Text, " \t"), path.Base(x.File), x.Line)
}

// expect notes what the instruction is going to touch.
func (l *Log) expect(s *state.State) {
	i := l.m.Insns[s.PC]
	reads, writes := cfg.Effect(i, nil)
	l.leaving = ""
	if i.Op == spec.EXIT && s.Depth() > 0 {
		reads = 0
		l.leaving = stateText(l.m, s, s.Depth(), allRegs, allSlots)
	}
	l.regs |= reads | writes
	frame, mask, fixed := l.m.StackSlots(s)
	if frame == s.Depth() && (fixed || i.Class() != spec.ClassLDX) {
		l.slots |= mask
	}
	l.depth, l.from = s.Depth(), s.PC
	l.before = append(l.before[:0], s.Frame().Stack...)
	l.demanded = l.level >= Full && demands(l.m, s)
}

// demands reports whether the kernel marks a number as decisive when it takes the
// instruction, and can only go one way if it is a branch.
func demands(m *transfer.Machine, s *state.State) bool {
	if _, bad := m.Graph.Malformed[s.PC]; bad {
		return false
	}
	i := m.Insns[s.PC]
	isNumber := func(n uint8) bool { return s.Reg(n).Kind == state.Scalar }
	switch class := i.Class(); {
	case class == spec.ClassSTX && i.Op&0xe0 == spec.ModeMEM:
		return s.Reg(i.Dst).Kind == state.Stack && s.Reg(i.Src).IsZero() && (int(s.Reg(i.Dst).Off)+int(i.Off))%8 != 0
	case class == spec.ClassALU64:
		op := i.Op & 0xf0
		return (op == spec.OpADD || op == spec.OpSUB) && i.Op&spec.SrcX != 0 && isNumber(i.Dst) != isNumber(i.Src)
	case i.Op == spec.CALL && i.Src == spec.CallHelper:
		h, ok := m.Release.Helper(i.Imm)
		return i.Imm == mapLookup && constantKey(m, s) || ok && slices.ContainsFunc(h.Args[:], func(a release.Arg) bool { return a.Kind == release.ConstSize || a.Kind == release.AllocSize })
	case class != spec.ClassJMP && class != spec.ClassJMP32, i.Op == spec.CALL, i.Op == spec.EXIT, i.Op == spec.JCOND, cfg.Plain(i):
		return false
	}
	return isNumber(i.Dst) || i.Op&spec.SrcX != 0 && isNumber(i.Src)
}

// mapLookup is bpf_map_lookup_elem's number.
const mapLookup = 1

// constantKey reports whether a lookup is one in an array, by a constant that was spilled:
// the kernel looks whether it is in range.
func constantKey(m *transfer.Machine, s *state.State) bool {
	x, key := m.MapOf(s.Reg(1)), s.Reg(2)
	v, fixed := key.Num.Const()
	if x == nil || x.Type != maps.Array && x.Type != maps.PerCPUArray || key.Kind != state.Stack || !fixed {
		return false
	}
	off := int(key.Off) + int(int64(v))
	if off >= 0 || off < -state.FrameSize || off%4 != 0 {
		return false
	}
	slot := s.Frames[key.Frame].At((-off - 1) / 8)
	if slot.Spill == nil || slot.Width() < 4 || off%8 != 0 {
		return false
	}
	_, known := slot.Spill.Const()
	return known
}

// arrive looks at what the instruction did that its form does not show.
func (l *Log) arrive(s *state.State) {
	if l.insnEnd == 0 || l.due {
		return
	}
	i := l.m.Insns[l.from]
	class := i.Class()
	switch {
	case s.Depth() > l.depth:
		l.entered(s)
	case s.Depth() < l.depth:
		if i.Op == spec.EXIT {
			l.printf("returning from callee:\n%s\nto caller at %d:\n%s\n", l.leaving, s.PC, stateText(l.m, s, s.Depth(), allRegs, allSlots))
		}
		l.due = true
		l.regs, l.slots = 0, 0
	case i.Op == spec.CALL:
		for n := range s.Frame().Stack {
			slot := &s.Frame().Stack[n]
			if n >= len(l.before) || slot.Bytes != l.before[n].Bytes || slot.Spill != l.before[n].Spill {
				l.slots |= 1 << n
			}
		}
	case (class == spec.ClassJMP || class == spec.ClassJMP32) && l.regs != 0: // one way was open
		l.touched(s, l.from)
	}
}

// entered writes both frames of a call.
func (l *Log) entered(s *state.State) {
	l.printf("caller:\n%s\ncallee:\n%s\n",
		stateText(l.m, s, s.Depth()-1, allRegs, allSlots), stateText(l.m, s, s.Depth(), allRegs, allSlots))
	l.regs, l.slots = allRegs, allSlots
}

func (l *Log) fork(s, later *state.State) {
	l.marks[later] = len(l.b)
	if l.level == Silent {
		return
	}
	l.demanded = false
	if l.regs != 0 && s.Depth() == l.depth {
		l.touched(s, l.from)
	}
}

func (l *Log) keep(cp *state.Checkpoint) {
	l.states++
	l.perInsn[cp.PC]++
	l.most = max(l.most, l.perInsn[cp.PC]-1)
}

func (l *Log) covered(s *state.State, by *state.Checkpoint) {
	l.processed++
	if by.Open() { // it may go on after all
		l.marks[s] = len(l.b)
	}
	if l.level == Silent {
		return
	}
	l.arrive(s)
	switch {
	case l.due && s.Trail != nil:
		l.printf("\nfrom %d to %d: safe\n", l.from, s.PC)
	default:
		l.printf("%d: safe\n", s.PC)
	}
}

func (l *Log) end(*state.State) {}

// resume goes on with a state that was kept. The path before is forgotten if only one is
// to be seen.
func (l *Log) resume(s *state.State) {
	if at, ok := l.marks[s]; ok && l.level < Full {
		l.b = l.b[:min(at, len(l.b))]
	}
	delete(l.marks, s)
	l.insnEnd, l.demanded = 0, false
	l.due, l.regs, l.slots = true, allRegs, allSlots
	if s.Trail != nil {
		l.from = s.Trail.From
	}
}
