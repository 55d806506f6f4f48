package bpftest_test

import (
	"fmt"
	"testing"

	"github.com/lockstep-ebpf/lockstep/bpftest"
)

// standIn is what go test would give.
type standIn struct{ testing.TB }

func (standIn) Helper()                   {}
func (standIn) Cleanup(func())            {}
func (standIn) Errorf(f string, a ...any) { fmt.Printf(f+"\n", a...) }
func (standIn) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }

func Example() {
	var t testing.TB = standIn{} // in a test it is the *testing.T

	o := bpftest.Load(t, "../corpus/programs/firewall.o")
	arp := append(make([]byte, 12), 8, 6)
	r := o.Run("firewall", bpftest.Packet(arp)).Returns(2) // XDP_PASS
	fmt.Println("steps:", r.Steps > 0)
	o.Map("outcomes").Wants(uint32(3), uint64(1)) // one packet that is not IPv4
	o.Map("outcomes").Wants(uint32(0), uint64(9)) // a mistake
	// Output:
	// steps: true
	// map outcomes has 0000000000000000 under 0, want 0900000000000000 (9)
}
