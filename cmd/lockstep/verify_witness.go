package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/lockstep-ebpf/lockstep/fuzz/oracle"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/witness"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
)

// witnessFlags are those of verify that concern what a refused program does when it runs.
type witnessFlags struct {
	Witness bool   `help:"Where the programs are refused as unsafe, look for an input on which they do harm."`
	Tries   int    `help:"Runs to look for a witness with." default:"4000" placeholder:"N"`
	Seed    uint64 `help:"What the search for a witness draws from." placeholder:"S"`
	Out     string `help:"Write the witness to this case file: lockstep run FILE shows what it does." placeholder:"FILE"`
}

// witnessReport is its part of the JSON object.
type witnessReport struct {
	Answer string       `json:"answer"`         // confirmed, not_found, unknown
	Harm   string       `json:"harm,omitempty"` // fault, undefined, endless
	Tries  int          `json:"tries"`
	Reason string       `json:"reason,omitempty"` // of unknown
	Fault  *faultReport `json:"fault,omitempty"`
	Case   string       `json:"case,omitempty"` // the file
}

type faultReport struct {
	Kind string `json:"kind"`
	Prog int    `json:"prog"`
	PC   int    `json:"pc"`
	Addr string `json:"addr"`
}

func (w *witnessFlags) check() error {
	switch {
	case w.Out != "" && !w.Witness:
		return errors.New("--out is the file for a witness: it wants --witness")
	case w.Tries < 1:
		return fmt.Errorf("--tries %d: want 1 or more", w.Tries)
	}
	return nil
}

// search looks for a witness, says what came of it, and writes the file. It is nil where
// nothing was to be looked for.
func (w *witnessFlags) search(out io.Writer, f *casefile.File, res *verifier.Result) (*witnessReport, error) {
	if !w.Witness || res.Failure == nil || res.Verdict == verifier.Unsupported {
		return nil, nil
	}
	ref, err := oracle.NewReference()
	if err != nil {
		return nil, err
	}
	defer ref.Close()
	found := witness.Search(&f.Case, res.Failure, witness.Options{Machine: ref, Tries: w.Tries, Seed: w.Seed})
	fmt.Fprintf(out, "witness: %s\n", &found)
	r := &witnessReport{Answer: found.Answer.String(), Tries: found.Tries, Reason: found.Reason}
	if found.Answer != witness.Confirmed {
		return r, nil
	}
	r.Harm = found.Harm.String()
	if x := found.Outcome.Fault; found.Harm == witness.Faults {
		r.Fault = &faultReport{x.Kind.String(), x.Prog, x.PC, fmt.Sprintf("%#x", x.Addr)}
	}
	if w.Out == "" {
		return r, nil
	}
	r.Case = w.Out
	if err := w.write(f, res.Failure, &found); err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "next: lockstep run %s\n", quoted(w.Out))
	return r, nil
}

// write makes the case file.
func (w *witnessFlags) write(f *casefile.File, x *verifier.Failure, found *witness.Result) error {
	file := &casefile.File{Case: *found.Case, Comment: []string{
		fmt.Sprintf("Refused by rule %s at insn %d: an input on which the program does harm.", x.Rule, x.Insn),
		fmt.Sprintf("Found by lockstep verify --witness --seed %d in %d tries.", w.Seed, found.Tries),
	}}
	file.Name = f.Name
	if x.Prog != 0 {
		file.Comment = append(file.Comment, fmt.Sprintf("Program %d of the case is the first one here.", x.Prog))
	}
	expect := &casefile.Expect{Kind: found.Outcome.Kind}
	if o := found.Outcome.Fault; found.Harm == witness.Faults {
		expect.Fault = &casefile.Fault{Kind: o.Kind, Prog: &o.Prog, PC: &o.PC, Addr: &o.Addr}
	}
	if found.Harm != witness.Undefined || found.Outcome.Kind == vm.Faulted {
		file.Expect = make([]*casefile.Expect, len(file.Inputs))
		file.Expect[len(file.Inputs)-1] = expect
	}
	b, err := casefile.Format(file)
	if err != nil {
		return fmt.Errorf("the witness has no text form: %w", err)
	}
	return os.WriteFile(w.Out, b, 0o644)
}
