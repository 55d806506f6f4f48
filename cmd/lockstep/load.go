package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/gopacket/gopacket/pcapgo"

	"github.com/lockstep-ebpf/lockstep/conform/plugin"
	"github.com/lockstep-ebpf/lockstep/host/object"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
)

// splitObject cuts FILE.o:PROG. A colon in the name of a file that exists is part
// of the name.
func splitObject(arg string) (path, prog string) {
	if _, err := os.Stat(arg); err == nil {
		return arg, ""
	}
	if at := strings.LastIndexByte(arg, ':'); at > 0 {
		return arg[:at], arg[at+1:]
	}
	return arg, ""
}

// loadCase reads what `run` is asked to run: a case file or a program of an object.
func loadCase(t *terminal, arg string) (*casefile.File, error) {
	path, prog := splitObject(arg)
	b, err := t.read(path)
	if err != nil {
		return nil, err
	}
	path = fileName(path)
	if isELF(b) {
		o, err := object.Read(bytes.NewReader(b))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		o.Name = path
		c, err := o.Case(prog, vm.Input{})
		if err != nil {
			return nil, err
		}
		return &casefile.File{Case: *c}, nil
	}
	if prog != "" {
		return nil, fmt.Errorf("%s is no ELF object: it has no program %q", path, prog)
	}
	return casefile.Parse(path, b)
}

// inputFlags replace the inputs of a case.
type inputFlags struct {
	Packet []string `help:"Packet to run on; repeat for more than one." placeholder:"HEX" sep:"none" xor:"input"`
	Pcap   string   `help:"Run on every packet of a capture (pcap or pcapng)." placeholder:"FILE" xor:"input"`
	Mem    string   `help:"Memory that r1 points to, for programs of type mem." placeholder:"HEX" xor:"input"`
	Ctx    []string `help:"Context that r1 points to: a command, arguments, fields of a struct __sk_buff; repeat for one an input." placeholder:"HEX" sep:"none"`
}

// given reports whether there is any.
func (f *inputFlags) given() bool {
	return len(f.Packet) > 0 || f.Pcap != "" || f.Mem != "" || len(f.Ctx) > 0
}

func (f *inputFlags) inputs() ([]vm.Input, error) {
	var all []vm.Input
	for _, h := range f.Packet {
		b, err := plugin.ParseHex(h)
		if err != nil {
			return nil, fmt.Errorf("--packet: %w", err)
		}
		all = append(all, vm.Input{Packet: b})
	}
	if f.Mem != "" {
		b, err := plugin.ParseHex(f.Mem)
		if err != nil {
			return nil, fmt.Errorf("--mem: %w", err)
		}
		all = append(all, vm.Input{Memory: b})
	}
	if f.Pcap != "" {
		packets, err := readCapture(f.Pcap)
		if err != nil {
			return nil, fmt.Errorf("--pcap %s: %w", f.Pcap, err)
		}
		for _, b := range packets {
			all = append(all, vm.Input{Packet: b})
		}
	}
	return f.contexts(all)
}

// contexts gives every input its context: the same one if there is only one. Without
// other inputs each context is one.
func (f *inputFlags) contexts(all []vm.Input) ([]vm.Input, error) {
	switch {
	case len(all) == 0:
		all = make([]vm.Input, len(f.Ctx))
	case len(f.Ctx) > 1 && len(f.Ctx) != len(all):
		return nil, fmt.Errorf("--ctx: %d contexts for %d inputs: want one, or one each", len(f.Ctx), len(all))
	}
	for i := range all {
		if len(f.Ctx) == 0 {
			break
		}
		b, err := plugin.ParseHex(f.Ctx[min(i, len(f.Ctx)-1)])
		if err != nil {
			return nil, fmt.Errorf("--ctx: %w", err)
		}
		all[i].Context = b
	}
	return all, nil
}

// readCapture reads the packets of a pcap or pcapng file.
func readCapture(path string) (packets [][]byte, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseCapture(b)
}

func parseCapture(b []byte) (packets [][]byte, err error) {
	next, err := captureReader(b)
	if err != nil {
		return nil, fmt.Errorf("neither pcap nor pcapng: %w", err)
	}
	for {
		p, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("packet %d: %w", len(packets)+1, err)
		}
		packets = append(packets, p)
	}
	if len(packets) == 0 {
		return nil, errors.New("there is no packet in it")
	}
	return packets, nil
}

func captureReader(b []byte) (next func() ([]byte, error), err error) {
	if bytes.HasPrefix(b, []byte{0x0a, 0x0d, 0x0d, 0x0a}) { // a pcapng section header
		r, err := pcapgo.NewNgReader(bytes.NewReader(b), pcapgo.DefaultNgReaderOptions)
		if err != nil {
			return nil, err
		}
		return func() ([]byte, error) {
			p, _, err := r.ReadPacketData()
			return p, err
		}, nil
	}
	r, err := pcapgo.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return func() ([]byte, error) {
		p, _, err := r.ReadPacketData()
		return p, err
	}, nil
}
