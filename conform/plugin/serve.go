package plugin

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Limits of our own server.
const (
	maxLine = 64 << 20 // bytes of a line
	maxFuel = 1_000_000_000
)

// loader is a target that can load without running.
type loader interface {
	Load(c *vm.Case) (*vm.Loaded, error)
}

// Serve answers requests from in with what t does, until in ends. The error is
// that of reading or writing; requests that are wrong are answered.
func Serve(t vm.Target, in io.Reader, out io.Writer) error {
	r, w := bufio.NewReaderSize(in, 1<<16), bufio.NewWriterSize(out, 1<<16)
	enc := json.NewEncoder(w) // ends each value with a newline
	enc.SetEscapeHTML(false)
	if err := enc.Encode(Reply{Hello: helloOf(t)}); err != nil {
		return err
	}
	for {
		if r.Buffered() == 0 { // the client may wait for what is not yet flushed
			if err := w.Flush(); err != nil {
				return err
			}
		}
		line, err := readLine(r)
		var reply *Reply
		switch {
		case errors.Is(err, errLongLine):
			reply = wrong(nil, err)
		case err != nil && len(line) == 0:
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return errors.Join(err, w.Flush())
		case blank(line):
			continue
		default:
			reply = Answer(t, line)
		}
		if err := enc.Encode(reply); err != nil {
			return err
		}
	}
}

func helloOf(t vm.Target) *Hello {
	order := "both"
	big := &vm.Program{Order: spec.Big, Insns: []spec.Insn{{Op: spec.MOV}, {Op: spec.EXIT}}}
	if t.Run(&vm.Case{Programs: []*vm.Program{big}, Inputs: []vm.Input{{}}})[0].Kind == vm.LoadUnsupported {
		order = spec.Little.String()
	}
	return &Hello{
		Protocol: Protocol, Name: t.Name(),
		Groups:      []spec.Group{spec.Base32, spec.Base64, spec.Atomic32, spec.Atomic64, spec.Divmul32, spec.Divmul64, spec.Packet, spec.Linux},
		Observables: t.Observables(&vm.Case{}).Names(), ByteOrder: order,
		Limits: Limits{vm.MaxInsns, vm.MaxInput, maxFuel},
	}
}

var errLongLine = fmt.Errorf("the line is longer than %d bytes", maxLine)

// readLine reads up to a newline. Of a line that is too long nothing is kept.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	long := false
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			line, long = nil, true
		}
		if !long {
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if long && (err == nil || errors.Is(err, io.EOF)) {
			err = errLongLine
		}
		return line, err
	}
}

func blank(line []byte) bool {
	for _, c := range line {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return false
		}
	}
	return true
}

func wrong(id json.RawMessage, err error) *Reply {
	text := err.Error()
	return &Reply{ID: id, Error: &text}
}

func refused(id json.RawMessage, err error) *Reply {
	r := vm.FromError(err)
	if r.Kind == vm.LoadUnsupported {
		return &Reply{ID: id, Unsupported: &r.Reason}
	}
	return &Reply{ID: id, Rejected: &r.Reason}
}

// Answer is what the server replies to a line.
func Answer(t vm.Target, line []byte) *Reply {
	req, err := ParseRequest(line)
	if err != nil {
		return wrong(req.ID, err)
	}
	want := vm.Observable(math.MaxUint16)
	if req.Want != nil {
		want = 0
		for _, n := range req.Want {
			o, ok := vm.ObservableByName(n)
			if !ok {
				return wrong(req.ID, fmt.Errorf("want %q: there are %q", n, vm.ObsAll.Names()))
			}
			want |= o
		}
	}
	if req.Fuel > maxFuel {
		return wrong(req.ID, fmt.Errorf("fuel %d: at most %d", req.Fuel, maxFuel))
	}
	c, err := req.Case()
	if err != nil {
		return wrong(req.ID, err)
	}
	if reply, err := req.verify(c); err != nil {
		return wrong(req.ID, err)
	} else if reply != nil {
		return reply
	}
	if req.LoadOnly {
		l, ok := t.(loader)
		if !ok {
			return refused(req.ID, &vm.Unsupported{What: "load_only"})
		}
		if _, err := l.Load(c); err != nil {
			return refused(req.ID, err)
		}
		return &Reply{ID: req.ID, Accepted: true}
	}
	return replyFor(req, t.Run(c), want&t.Observables(c))
}

func replyFor(req *Request, out []vm.Outcome, want vm.Observable) *Reply {
	switch kind, reason := common(out); kind {
	case vm.LoadRejected:
		return &Reply{ID: req.ID, Rejected: &reason}
	case vm.LoadUnsupported:
		return &Reply{ID: req.ID, Unsupported: &reason}
	}
	runs := make([]Run, len(out))
	for i := range out {
		runs[i] = RunOf(&out[i], want)
	}
	if req.Inputs == nil {
		return &Reply{ID: req.ID, Run: &runs[0]}
	}
	return &Reply{ID: req.ID, Runs: runs}
}

// common is the kind that all outcomes have; where they differ, Exit.
func common(out []vm.Outcome) (vm.Kind, string) {
	for i := range out {
		if out[i].Kind != out[0].Kind {
			return vm.Exit, ""
		}
	}
	if len(out) == 0 {
		return vm.Exit, ""
	}
	return out[0].Kind, out[0].Reason
}
