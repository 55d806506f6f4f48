package verifier_test

import (
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/lockstep-ebpf/lockstep/host/kernelbtf"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/btf"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// selftest is one of the kernel's old-style verifier tests. They are GPL-2.0 and stay
// where they are: outside of this repository.
type selftest struct {
	File, Name string
	ProgType   uint32 `json:"prog_type"`
	Attach     uint32 `json:"expected_attach_type"`
	Flags      uint32
	Insns      string
	Fixups     map[string][]int
	Expect     string                              `json:"expect_priv"` // in 7.2
	Kernel     map[string]struct{ Verdict string } `json:"kernel_6_18"`
}

// suites is where the tests of others are, beside the checkout.
var suites = []string{"../../shared/suites", "../../../shared/suites"}

func readSelftests(t *testing.T) []selftest {
	t.Helper()
	for _, dir := range suites {
		f, err := os.Open(filepath.Join(dir, "test_verifier.json.gz"))
		if err != nil {
			continue
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		var all []selftest
		if err := json.NewDecoder(z).Decode(&all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	t.Skipf("test_verifier.json.gz is in none of %v", suites)
	return nil
}

// suiteMaps are the maps that the tests ask for, by the names that the suite has for them.
var suiteMaps = map[string]*maps.Spec{
	"fixup_map_array_48b":    {Type: maps.Array, KeySize: 4, ValueSize: 48, MaxEntries: 1},
	"fixup_map_array_small":  {Type: maps.Array, KeySize: 4, ValueSize: 1, MaxEntries: 1},
	"fixup_map_hash_8b":      {Type: maps.Hash, KeySize: 8, ValueSize: 8, MaxEntries: 1},
	"fixup_map_hash_48b":     {Type: maps.Hash, KeySize: 8, ValueSize: 48, MaxEntries: 1},
	"fixup_map_event_output": {Type: maps.PerfEventArray, KeySize: 4, ValueSize: 4, MaxEntries: 1},
	"fixup_map_ringbuf":      {Type: maps.RingBuf, MaxEntries: 4096},
}

// suiteTargets are what tests attach to. This kernel refuses all fentry, fexit and fmod_ret
// programs with EPERM, which is no verdict, so those three count as unequal.
var suiteTargets = map[string]string{
	"sleepable fentry accept": "bpf_fentry_test1", "sleepable fexit accept": "bpf_fentry_test1", "sleepable fmod_ret accept": "bpf_fentry_test1",
	"sleepable iter accept": "task", "sleepable lsm accept": "bpf",
	"sleepable raw tracepoint accept": "sys_enter", "sleepable raw tracepoint reject non-faultable": "sched_switch",
	"Can't use ATM_FETCH_ADD on kernel memory": "bpf_fentry_test7",
}

// toCase is false if the test needs something that a case cannot say.
func (x *selftest) toCase(t *testing.T) (*vm.Case, bool) {
	code, err := hex.DecodeString(x.Insns)
	if err != nil {
		t.Fatal(err)
	}
	insns, err := spec.Split(code, spec.Little)
	if err != nil {
		t.Fatal(err)
	}
	if make1 := largePrograms[x.Name]; make1 != nil {
		insns = make1()
	}
	c := &vm.Case{Programs: []*vm.Program{{Type: hook.Type(x.ProgType), Insns: insns}}}
	for kind, at := range x.Fixups {
		m := suiteMaps[kind]
		if m == nil {
			return nil, false
		}
		for _, pc := range at {
			insns[pc].Imm = int32(len(c.Maps))
		}
		c.Maps = append(c.Maps, m)
	}
	return c, true
}

// hostTypes are the types of the host's kernel, or nothing where it does not show them.
func hostTypes(t *testing.T) btf.Kernel {
	types, err := kernelbtf.Host()
	if err != nil {
		t.Logf("tests about the kernel's own types and functions are not judged: %v", err)
		return nil
	}
	return types
}

// selftestFloor is how many of the tests have to come out as on Linux 6.18, needTypes how many
// of them ask for the types of the host's kernel. Raise it.
const selftestFloor, needTypes = 503, 18

func TestSelftests(t *testing.T) {
	kernel := hostTypes(t)
	equal, newer, unsupported, total := 0, 0, 0, 0
	for _, x := range readSelftests(t) {
		want, ok := x.Kernel["priv"]
		if !ok {
			continue
		}
		total++
		got := "UNSUPPORTED"
		text := ""
		if c, ok := x.toCase(t); ok {
			res := verifier.Verify(c, verifier.Options{
				Attach: x.Attach, StrictAlign: x.Flags&2 != 0, Kernel: kernel,
				Programs: []*btf.Program{{Attach: suiteTargets[x.Name], Sleepable: x.Flags&sleepable != 0}},
			})
			switch res.Verdict {
			case verifier.Accepted:
				got = "ACCEPT"
			case verifier.Unsupported:
			default:
				got = "REJECT"
			}
			if res.Failure != nil {
				text = res.Failure.Error()
			}
		}
		if got == x.Expect {
			newer++
		}
		switch {
		case got == want.Verdict:
			equal++
		case got == "UNSUPPORTED":
			unsupported++
			if *logs {
				t.Logf("unsupported: %s %q (type %d): %s", x.File, x.Name, x.ProgType, text)
			}
		default:
			t.Logf("%s %q: ours %s %s, Linux 6.18 %s, 7.2 %s", x.File, x.Name, got, text, want.Verdict, x.Expect)
		}
	}
	t.Logf("%d of %d as on Linux 6.18 (%.1f%%), %d of them as in 7.2's expectations; %d unsupported, which count as unequal",
		equal, total, 100*float64(equal)/float64(total), newer, unsupported)
	floor := selftestFloor
	if kernel == nil {
		floor -= needTypes
	}
	if equal < floor {
		t.Errorf("%d are equal; there were %d", equal, floor)
	}
}
