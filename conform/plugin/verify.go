package plugin

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/render"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// options are whose verifier is asked, and for whom; asked is false if none is.
func (r *Request) options() (o verifier.Options, asked bool, err error) {
	switch r.Op {
	case "", "run":
	case "verify":
		asked = true
	default:
		return o, false, fmt.Errorf("op %q: want run or verify", r.Op)
	}
	switch r.Verify {
	case "":
	case "none":
		if asked {
			return o, false, errors.New(`op verify with "verify":"none"`)
		}
	case "privileged", "unprivileged":
		asked = true
		if r.Verify == "unprivileged" {
			o.Lacks = release.Root
		}
	default:
		return o, false, fmt.Errorf("verify %q: want none, privileged or unprivileged", r.Verify)
	}
	if r.Release == "" {
		return o, asked, nil
	}
	if !asked {
		return o, false, errors.New(`release without "verify" and without "op":"verify"`)
	}
	o.Release, err = release.ByName(r.Release)
	return o, asked, err
}

// verify is the reply of a verifier, or nil if none is asked, or if it has nothing against
// what is to be done next.
func (r *Request) verify(c *vm.Case) (*Reply, error) {
	o, asked, err := r.options()
	if err != nil || !asked {
		return nil, err
	}
	res := verifier.Verify(c, o)
	if r.Op == "verify" {
		return &Reply{ID: r.ID, Verify: render.NewReport(c, o, &res, render.Explain(c, o, &res))}, nil
	}
	switch res.Verdict {
	case verifier.Accepted:
		return nil, nil
	case verifier.Unsupported:
		return refused(r.ID, &vm.Unsupported{What: "verify: " + res.Failure.Text}), nil
	}
	text, _, _ := strings.Cut(res.Failure.Text, "\n")
	return refused(r.ID, &vm.Rejected{Insn: res.Failure.Insn, Reason: text}), nil
}
