package smtlib

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// Solver asks z3.
type Solver struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Scanner
	limit time.Duration
}

// Answer is whether the constants can be chosen such that a term is true.
type Answer string

// Answers. Unknown is what is left when the time is up.
const (
	Sat     Answer = "sat"
	Unsat   Answer = "unsat"
	Unknown Answer = "unknown"
)

// ErrNoSolver says that z3 is not installed.
var ErrNoSolver = errors.New("needs z3 (Debian package z3) in PATH")

// Start runs z3, which gets limit for each question.
func Start(limit time.Duration) (*Solver, error) {
	path, err := exec.LookPath("z3")
	if err != nil {
		return nil, ErrNoSolver
	}
	s := &Solver{cmd: exec.Command(path, "-in"), limit: limit}
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.out = bufio.NewScanner(out)
	return s, s.cmd.Start()
}

// ForTest starts a solver that ends with the test. Where z3 is missing the test is
// skipped, and fails in CI, which installs it.
func ForTest(t testing.TB, limit time.Duration) *Solver {
	t.Helper()
	s, err := Start(limit)
	if errors.Is(err, ErrNoSolver) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// Close ends the process.
func (s *Solver) Close() error {
	_ = s.in.Close()
	return s.cmd.Wait()
}

// Question is a term that may become true, and what it is made of.
type Question struct {
	Defs   []Term           // define-fun commands; those that the term does not need are left out
	Consts map[string]uint  // the constants to choose, and their bits
	Values map[string]Value // those that are chosen already
	Term   Term
}

// String is the question in SMT-LIB.
func (q Question) String() string {
	var b strings.Builder
	b.WriteString("(set-logic QF_BV)\n")
	for _, d := range needed(q.Defs, q.Term) {
		fmt.Fprintln(&b, d)
	}
	for _, name := range slices.Sorted(maps.Keys(q.Consts)) {
		fmt.Fprintf(&b, "(declare-const %s %s)\n", name, sortOf(q.Consts[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(q.Values)) {
		fmt.Fprintf(&b, "(assert (= %s %v))\n", name, q.Values[name])
	}
	fmt.Fprintf(&b, "(assert %v)\n", q.Term)
	return b.String()
}

// needed are the definitions that t calls, and those that these call.
func needed(defs []Term, t Term) (keep []Term) {
	called := map[string]bool{}
	mark := func(atom string) { called[atom] = true }
	t.atoms(mark)
	for i := len(defs) - 1; i >= 0; i-- {
		if d := defs[i]; d.head() == "define-fun" && called[d.List[1].Atom] {
			d.atoms(mark)
			keep = append([]Term{d}, keep...)
		}
	}
	return keep
}

// Ask looks for values of the constants that make the term true. The model is
// there if the answer is Sat.
func (s *Solver) Ask(q Question) (Answer, map[string]Value, error) {
	s.say("(reset)(set-option :timeout %d)\n%s(check-sat)\n", s.limit.Milliseconds(), q)
	lines, err := s.hear()
	if err != nil {
		return "", nil, err
	}
	answer := Answer(strings.Join(lines, " "))
	switch answer {
	case Unsat, Unknown:
		return answer, nil, nil
	case Sat:
		model, err := s.model(q)
		return answer, model, err
	}
	return "", nil, fmt.Errorf("z3 says %q to %v", lines, q.Term)
}

// model is the values that made the last term true.
func (s *Solver) model(q Question) (map[string]Value, error) {
	model := map[string]Value{}
	for name := range q.Consts {
		s.say("(get-value (%s))\n", name)
		lines, err := s.hear()
		if err != nil {
			return nil, err
		}
		reply, err := ParseOne(strings.Join(lines, " ")) // ((x #x01))
		if err != nil || len(reply.List) != 1 || len(reply.List[0].List) != 2 {
			return nil, fmt.Errorf("z3 says %q of %s: %w", lines, name, err)
		}
		v, ok := literal(reply.List[0].List[1].Atom)
		if !ok {
			return nil, fmt.Errorf("z3 says %v", reply)
		}
		model[name] = v
	}
	return model, nil
}

const over = "that-is-all"

func (s *Solver) say(format string, args ...any) {
	// An error here shows as silence in hear.
	fmt.Fprintf(s.in, format+"(echo \""+over+"\")\n", args...)
}

// hear returns what z3 says to the last command. One that is stuck beyond its own
// limit is killed.
func (s *Solver) hear() (lines []string, err error) {
	watch := time.AfterFunc(s.limit+10*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer watch.Stop()
	for s.out.Scan() {
		if s.out.Text() == over {
			return lines, nil
		}
		lines = append(lines, s.out.Text())
	}
	return nil, fmt.Errorf("z3 fell silent after %q: %w", lines, errors.Join(s.out.Err(), io.ErrUnexpectedEOF))
}
