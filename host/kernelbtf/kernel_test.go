package kernelbtf

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-ebpf/lockstep/verifier/btf"
)

// TestObjectTypes reads the types of global.o as if they were a kernel's. What they are is in
// global.c.
func TestObjectTypes(t *testing.T) {
	k, err := Open("../../verifier/testdata/global/global.o")
	if err != nil {
		t.Fatal(err)
	}
	pair := k.Type(k.Find(btf.Struct, "pair"))
	if pair == nil || pair.Size != 8 || len(pair.Members) != 2 || pair.Members[1].Name != "b" || pair.Members[1].Bit != 32 {
		t.Errorf("struct pair is %+v", pair)
	}
	if u := k.Type(k.Typedef("u64")); u == nil || u.Kind != btf.Int || u.Size != 8 {
		t.Errorf("u64 is %+v", u)
	}
	fn := k.Type(k.Find(btf.Func, "picked"))
	if fn == nil || fn.Kind != btf.Func {
		t.Fatalf("picked is %+v", fn)
	}
	proto := k.Type(fn.Elem)
	if proto == nil || len(proto.Params) != 2 || proto.Params[1].Name != "n" {
		t.Fatalf("picked's type is %+v", proto)
	}
	if p := k.Type(proto.Params[0].Type); p.Kind != btf.Pointer || k.Type(p.Elem) != pair {
		t.Errorf("picked's first parameter is %+v", p)
	}
	if k.Find(btf.Struct, "nothing of the name") != 0 || k.Type(1<<30) != nil {
		t.Error("there are types that there are not")
	}
}

func TestVersion(t *testing.T) {
	for text, want := range map[string]uint32{
		"6.18.44-rc1": 6<<16 | 18<<8 | 44, "5.10.300": 5<<16 | 10<<8 | 255, "6.1": 6<<16 | 1<<8, "unknown": 0,
	} {
		if got := version(text); got != want {
			t.Errorf("%s is %#x, want %#x", text, got, want)
		}
	}
}

// TestConfig reads what a kernel was built with, written as kernels have it.
func TestConfig(t *testing.T) {
	if _, err := os.Stat(hostConfig); err != nil {
		t.Skipf("SKIPPED: the kernel does not say what it was built with: %v", err)
	}
	config := readConfig(hostConfig)
	if diff := cmp.Diff("y", config["CONFIG_BPF"]); diff != "" {
		t.Error(diff)
	}
	if readConfig("/nonexistent") != nil {
		t.Error("a file that is not there has options")
	}
}
