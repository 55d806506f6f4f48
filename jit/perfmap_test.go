package jit_test

import (
	"bufio"
	"bytes"
	"fmt"
	"testing"

	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// TestPerfMap: each piece of code gets a line, with its name and its size.
func TestPerfMap(t *testing.T) {
	var b bytes.Buffer
	x := target(t, jit.Engine{PerfMap: &b})
	c := caseOf(t, programs[0].text)
	c.Programs[0].Name = "first"
	if o := x.Run(c)[0]; o.Kind != vm.Exit {
		t.Fatalf("%+v", o.Result)
	}
	l, err := x.Load(c)
	if err != nil {
		t.Fatal(err)
	}
	want := len(jit.CodeOf(l, vm.Checked, false))
	lines := 0
	for s := bufio.NewScanner(&b); s.Scan(); lines++ {
		var addr, size uint64
		var name string
		if _, err := fmt.Sscanf(s.Text(), "%x %x %s", &addr, &size, &name); err != nil || addr == 0 || size != uint64(want) || name != "bpf_prog_0_first" {
			t.Errorf("%q: %v, want %d bytes", s.Text(), err, want)
		}
	}
	if lines != 2 {
		t.Errorf("%d lines, want 2: it was loaded twice", lines)
	}
}
