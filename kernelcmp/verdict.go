package kernelcmp

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/sysbpf"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Verdict is what the kernel's verifier says of a case.
type Verdict struct {
	Kind   vm.Kind // Exit: accepted; else LoadRejected, LoadUnsupported, Hang or Crash
	Reason string  // the last line of the log that says something; empty if accepted
	Log    string  // the log's end, at most 1 MiB; without states if the verifier took long

	// Programs are what the kernel made of each program of an accepted case.
	Programs []ProgramInfo
}

// ProgramInfo is what a kernel tells of a program that it has loaded.
type ProgramInfo struct {
	Xlated   []byte // instructions after the verifier's rewriting, in the kernel's byte order
	JIT      []byte // native code; nil if the kernel does not show it: that takes root's right to see its addresses
	JITLen   uint32 // bytes of native code; 0: the interpreter runs it
	Verified uint32 // instructions that the verifier has looked at, counted on every path; 0 before Linux 5.16
}

// Accepted reports whether all programs of the case were loaded.
func (v *Verdict) Accepted() bool { return v.Kind == vm.Exit }

var errnoNames = map[syscall.Errno]string{
	syscall.EPERM: "EPERM", syscall.ENOENT: "ENOENT", syscall.E2BIG: "E2BIG", syscall.EBADF: "EBADF", syscall.EAGAIN: "EAGAIN",
	syscall.ENOMEM: "ENOMEM", syscall.EACCES: "EACCES", syscall.EFAULT: "EFAULT", syscall.EINVAL: "EINVAL", syscall.ENOSPC: "ENOSPC",
	syscall.ENOSYS: "ENOSYS", syscall.ENODEV: "ENODEV", syscall.ERANGE: "ERANGE", sysbpf.ENOTSUPP: "ENOTSUPP",
}

// describe names an error of bpf(2) as kernel people do.
func describe(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		if name, ok := errnoNames[errno]; ok {
			return name
		}
		return fmt.Sprintf("errno %d", int(errno))
	}
	return err.Error()
}

// noise are beginnings of lines of a log that say nothing about the verdict.
var noise = []string{"processed ", "insns processed ", "verification time", "stack depth", "peak_states", "mark_precise:"}

// isNoise knows what Linux says in any case, and what 7.3 says of each function.
func isNoise(line string) bool {
	for _, n := range noise {
		if strings.HasPrefix(line, n) {
			return true
		}
	}
	return strings.HasPrefix(line, "subprog ") && strings.Contains(line, " insns_self ")
}

// lastLine is the last line of a log that says why.
func lastLine(log string) string {
	lines := strings.Split(strings.TrimRight(log, "\n"), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if line := strings.TrimSpace(lines[i]); line != "" && !isNoise(line) {
			return line
		}
	}
	return ""
}

// processed is the number of instructions that the verifier says it has looked at.
func processed(log string) (n int) {
	if i := strings.LastIndex(log, "processed "); i >= 0 {
		fmt.Sscanf(log[i:], "processed %d insns", &n)
	}
	return n
}

// logTail is how many lines of the log go into a Reason.
const logTail = 20

// rejection makes the result of a program that was not loaded. messages is the log
// without states, log the one to show. What the kernel could not do, for want of
// memory, rights or an instruction in its JIT, is no verdict; but the verifier too
// says ENOMEM or EPERM, and then it says why.
func rejection(n int, err error, messages, log string) error {
	text := describe(err)
	if n > 0 {
		text = fmt.Sprintf("program %d: %s", n, text)
	}
	line := lastLine(messages)
	if bug := lastLine(log); line == "" && strings.HasPrefix(bug, "verifier bug") {
		line = bug // 7.3 says so only in a log of states
	}
	if line != "" && !errors.Is(err, syscall.EAGAIN) {
		tail := strings.Split(strings.TrimRight(log, "\n"), "\n")
		tail = tail[max(0, len(tail)-logTail):]
		return &vm.Rejected{Insn: -1, Reason: text + ": " + line + "\n" + strings.Join(tail, "\n")}
	}
	for _, e := range []error{syscall.ENOMEM, syscall.EPERM, syscall.EAGAIN, sysbpf.ENOTSUPP, errors.ErrUnsupported} {
		if errors.Is(err, e) {
			return &vm.Unsupported{What: "load: " + text}
		}
	}
	return &vm.Rejected{Insn: -1, Reason: text + ", and the verifier's log is empty"}
}
