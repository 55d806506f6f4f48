// Package opens tests a tracing program: probes of a kernel function that measure it.
package opens

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/bpftest"
)

type open struct {
	NS   uint64
	PID  uint32
	FD   int32
	Comm [16]byte
	Name [64]byte
}

func TestOpens(t *testing.T) {
	o := bpftest.Load(t, "../../bpftest/testdata/opens.o")
	now := uint64(1000)
	o.Env().Now = func() uint64 { return now }
	o.Env().Task.TGID, o.Env().Task.Comm = 77, "cat"

	o.Run("enter", bpftest.Args(-100, "/etc/passwd"))
	now += 250
	var got, want open
	o.Run("leave", bpftest.Return(3)).Record("opens", &got)

	want = open{NS: 250, PID: 77, FD: 3}
	copy(want.Comm[:], "cat")
	copy(want.Name[:], "/etc/passwd")
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
