// Command lockstep is the project's one command: it fuzzes implementations of eBPF
// against each other, runs cases, assembles, and answers questions about the
// instruction set. `lockstep --help` lists the verbs; each has a file here.
//
// # Exit status
//
//	0  nothing wrong was found
//	1  something was found: a divergence, a rejection, an expectation not met
//	2  the command could not do what was asked
//
// With --json the last thing on standard output is one JSON object, and what is
// for people goes to standard error.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
)

// verbs are the command line.
type verbs struct {
	Fuzz    fuzzCmd    `cmd:"" help:"Run random programs on several implementations and compare."`
	Run     runCmd     `cmd:"" help:"Run a case, or a program of an object file."`
	Verify  verifyCmd  `cmd:"" help:"Decide whether a kernel would load a program, and say why not."`
	Asm     asmCmd     `cmd:"" help:"Assemble a program."`
	Disasm  disasmCmd  `cmd:"" help:"Disassemble a program."`
	Spec    specCmd    `cmd:"" help:"Show what instructions mean."`
	Kernels kernelsCmd `cmd:"" help:"Fetch and boot other kernels."`
	Ladder  ladderCmd  `cmd:"" help:"Run a case on every kernel at hand, and compare."`
	Bench   benchCmd   `cmd:"" help:"Measure the engines."`
	Plugin  pluginCmd  `cmd:"" help:"Be a plugin of another test suite, or a server for one."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

const description = `The reference specification and differential-fuzzing testbed for eBPF.

Exit status: 0 nothing wrong found, 1 something found, 2 could not do what was asked.`

// errFound means exit status 1. What was found has been printed.
var errFound = errors.New("something was found")

// terminal is where a verb reads and writes.
type terminal struct {
	in       io.Reader
	out, err io.Writer
	json     bool
}

// human is where text for people goes.
func (t *terminal) human() io.Writer {
	if t.json {
		return t.err
	}
	return t.out
}

// object writes the one JSON object, if it was asked for.
func (t *terminal) object(v any) error {
	if !t.json {
		return nil
	}
	enc := json.NewEncoder(t.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func main() {
	kernelcmp.ExecutorMain() // the kernel target runs programs in a child process
	os.Exit(lockstep(os.Args[1:]))
}

func lockstep(args []string) int {
	t := &terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr}
	var v verbs
	parser := kong.Must(
		&v,
		kong.Name("lockstep"), kong.Description(description),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 100}),
		kong.Vars{"mixes": mixNames(), "perfmap": perfMapHelp, "blind": blindHelp, "releases": releaseNames()},
		kong.Bind(t),
	)
	if len(args) == 0 {
		args = []string{"--help"}
	}
	args = pluginArgs(args)
	k, err := parser.Parse(args)
	if err == nil {
		err = k.Run()
	} else {
		err = fmt.Errorf("%w (lockstep --help, lockstep VERB --help)", err)
	}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errFound):
		return 1
	}
	fmt.Fprintf(os.Stderr, "lockstep: %v\n", err)
	return 2
}
