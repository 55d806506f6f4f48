package public

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"

	"github.com/lockstep-ebpf/lockstep/host/object"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// counted is a program that the kernel and the verifier accept, with how many instructions
// they looked at and the processor time that they took.
type counted struct {
	name        string
	ours, linux int
	our, load   time.Duration
}

// TestProcessed holds the verifier's count of instructions against the kernel's, program
// by program, and its time against that of a load, which also allocates and compiles.
func TestProcessed(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("CI runs this as root")
		}
		t.Skip("SKIPPED: root is needed to ask the kernel")
	}
	if err := rlimit.RemoveMemlock(); err != nil {
		t.Fatal(err)
	}
	var all []counted
	seen := map[[sha256.Size]byte]bool{}
	for _, objects := range fetch(t).objects {
		for _, o := range objects {
			all = append(all, count(t, o, seen)...)
		}
	}
	ratio := func(c counted) float64 { return float64(c.ours) / float64(c.linux) }
	slices.SortFunc(all, func(a, b counted) int { return cmp.Compare(ratio(b), ratio(a)) })
	var sum float64
	var total counted
	for i, c := range all {
		sum += math.Log(ratio(c))
		total.ours, total.linux, total.our, total.load = total.ours+c.ours, total.linux+c.linux, total.our+c.our, total.load+c.load
		if i < 20 || i >= len(all)-5 {
			t.Logf("%6.2f  %8d  Linux %8d  %10v  Linux %10v  %s", ratio(c), c.ours, c.linux, c.our, c.load, c.name)
		}
	}
	if len(all) == 0 {
		t.Skip("SKIPPED: the kernel loads none of the programs")
	}
	mean := math.Exp(sum / float64(len(all)))
	t.Logf("%d programs: ratio %.3f in the geometric mean; all together %d, Linux %d; %v, Linux %v",
		len(all), mean, total.ours, total.linux, total.our, total.load)
	if mean > 1.2 {
		t.Errorf("%.2f times as many instructions are looked at as by the kernel", mean)
	}
}

func count(t *testing.T, o Object, seen map[[sha256.Size]byte]bool) (all []counted) {
	ours, err := object.Read(bytes.NewReader(o.ELF))
	if err != nil {
		return nil // TestCount names them
	}
	for _, p := range ours.Programs {
		if p.Unready != nil || p.Order == spec.Big || !first(seen, append([]byte(p.Section), spec.Encode(p.Insns, p.Order)...)) {
			continue
		}
		c, err := ours.Case(p.Name, vm.Input{})
		if err != nil {
			continue
		}
		start := cpuTime()
		res := verifier.Verify(c, verifier.Options{})
		x := counted{name: o.Name + ":" + p.Name, ours: res.Processed, our: cpuTime() - start}
		if res.Verdict != verifier.Accepted && res.Verdict != verifier.TooComplex {
			continue
		}
		if x.linux, x.load = verified(t, o, p.Name); x.linux > 0 {
			all = append(all, x)
		}
	}
	return all
}

// verified loads one program of an object; 0 if the kernel does not take it.
func verified(t *testing.T, o Object, program string) (insns int, took time.Duration) {
	c, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(o.ELF))
	if err != nil {
		t.Fatal(o.Name, err)
	}
	c.Programs = map[string]*ebpf.ProgramSpec{program: c.Programs[program]}
	c.Variables = nil
	for _, m := range c.Maps {
		m.Pinning, m.MaxEntries = ebpf.PinNone, max(m.MaxEntries, 1)
		if m.Type == ebpf.ProgramArray {
			m.Contents = nil
		}
	}
	start := cpuTime()
	coll, err := ebpf.NewCollection(c)
	if err != nil {
		return 0, 0
	}
	defer coll.Close()
	took = cpuTime() - start
	info, err := coll.Programs[program].Info()
	if err != nil {
		return 0, 0
	}
	n, _ := info.VerifiedInstructions()
	return int(n), took
}

// cpuTime is the processor time of this process.
func cpuTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
