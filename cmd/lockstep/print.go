package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// printOutcome shows how input i of a case ended, and what it changed.
func printOutcome(w io.Writer, f *casefile.File, i int, o *vm.Outcome, obs vm.Observable) {
	switch o.Kind {
	case vm.Exit:
		fmt.Fprint(w, "exit", r0Text(o, obs))
	case vm.Faulted:
		fmt.Fprint(w, o.Fault)
	case vm.FuelSpent:
		fmt.Fprint(w, "out of fuel")
	default:
		fmt.Fprintf(w, "%s: %s", o.Kind, o.Reason)
	}
	if obs&vm.ObsSteps != 0 && o.Kind <= vm.FuelSpent {
		fmt.Fprintf(w, ", %s", count(o.Steps, "instruction"))
	}
	fmt.Fprintln(w)
	if o.Kind > vm.FuelSpent {
		return
	}
	if o.Tainted {
		fmt.Fprintln(w, "  the run depends on an undefined value")
	}
	for _, text := range o.Trace {
		fmt.Fprintf(w, "  printed  %q\n", text)
	}
	for _, e := range o.Events {
		fmt.Fprintf(w, "  put out  %s\n", &e)
	}
	in := &f.Inputs[i]
	printBytes(w, "memory", in.Memory, &o.Memory, obs&vm.ObsMemory)
	printBytes(w, "packet", in.Packet, &o.Packet, obs&vm.ObsPacket)
	if info := hook.Lookup(f.Programs[0].Type); info != nil && info.Context == hook.Buffer {
		printBytes(w, "context", in.Context, &o.Context, obs&vm.ObsContext)
	}
	printMaps(w, f, o, obs)
}

func r0Text(o *vm.Outcome, obs vm.Observable) string {
	switch {
	case obs&(vm.ObsR0|vm.ObsR0Low32) == 0:
		return ""
	case o.Undef&1 != 0:
		return ", r0 is undefined"
	case int64(o.R0) < 0:
		return fmt.Sprintf(", r0 = %#x (%d)", o.R0, int64(o.R0))
	case o.R0 > 9:
		return fmt.Sprintf(", r0 = %#x (%d)", o.R0, o.R0)
	}
	return fmt.Sprintf(", r0 = %d", o.R0)
}

// printBytes shows bytes that a run changed.
func printBytes(w io.Writer, name string, before []byte, b *vm.Blob, shown vm.Observable) {
	if shown == 0 || bytes.Equal(before, b.Data) {
		return
	}
	fmt.Fprintf(w, "  %s ", name)
	const most = 64
	for i, x := range b.Data {
		switch {
		case i == most:
			fmt.Fprintf(w, " … %d bytes", len(b.Data))
		case i > most:
		case b.Undef != nil && b.Undef[i]:
			fmt.Fprint(w, " ??")
		default:
			fmt.Fprintf(w, " %02x", x)
		}
	}
	fmt.Fprintln(w)
}

// printMaps shows the contents of maps; of arrays what is not zero.
func printMaps(w io.Writer, f *casefile.File, o *vm.Outcome, obs vm.Observable) {
	if obs&vm.ObsMaps == 0 {
		return
	}
	for fd, entries := range o.Maps {
		if fd >= len(f.Maps) {
			break
		}
		m := f.Maps[fd]
		const most = 16
		shown, left := 0, 0
		for _, e := range entries {
			if len(bytes.Trim(e.Value, "\x00")) == 0 && strings.HasSuffix(m.Type.String(), "array") {
				continue
			}
			if shown == most {
				left++
				continue
			}
			shown++
			fmt.Fprintf(w, "  map %s  %x = %x\n", m.Name, e.Key, e.Value)
		}
		if left > 0 {
			fmt.Fprintf(w, "  map %s  and %s more\n", m.Name, count(uint64(left), "entry"))
		}
	}
}

// count is "1 instruction", "2 instructions", "12,345 instructions".
func count(n uint64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if what[len(what)-1] == 'y' {
		return thousands(n) + " " + what[:len(what)-1] + "ies"
	}
	return thousands(n) + " " + what + "s"
}

// thousands groups digits.
func thousands(n uint64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
