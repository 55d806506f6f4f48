package kernelcmp

import (
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// A full case survives the journal, and what another Target writes, or a crash
// left, is not written over.
func TestJournal(t *testing.T) {
	dir := t.TempDir()
	j, err := openJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	other, err := openJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	if other.dir == j.dir {
		t.Error("two journals in one folder")
	}
	c := one(prog(hook.SchedCLS, mapFD(1, 0), mov(0, -1), exit), vm.Input{Packet: []byte{1, 2}, Context: []byte{3}, Memory: []byte{4}, Seed: 1<<63 + 1})
	c.Name, c.Fuel, c.Mode = "full", 77, vm.Trusted
	c.Programs[0].Name = "p"
	c.Programs = append(c.Programs, prog(99, exit), prog(13|3<<16, exit))
	c.Maps = []*maps.Spec{{Name: "h", Type: maps.Hash, KeySize: 1, ValueSize: 2, MaxEntries: 3, Flags: 1, Fields: []maps.Field{{Kind: maps.SpinLock, Off: 4}}, Entries: []maps.Entry{{Key: []byte{5}, Value: []byte{6, 7}}}}}
	for i := range journalFiles + 2 {
		c := *c
		c.Fuel = uint64(i)
		if err := j.write([]*vm.Case{&c, &c}); err != nil {
			t.Fatal(err)
		}
	}
	batches, err := ReadJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(batches) != journalFiles {
		t.Fatalf("%d batches, want %d", len(batches), journalFiles)
	}
	c.Fuel = journalFiles + 1
	if diff := cmp.Diff([]*vm.Case{c, c}, batches[journalFiles-1].Cases); diff != "" {
		t.Error(diff)
	}
	// A batch that was not written to its end is left out.
	path := j.files[(journalFiles+1)%journalFiles].Name()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 5, len(b) / 2, len(b) - 2} {
		if err := os.WriteFile(path, b[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		batches, err := ReadJournal(dir)
		if err != nil || len(batches) != journalFiles-1 {
			t.Errorf("cut at %d of %d bytes: %d batches, %v", n, len(b), len(batches), err)
		}
	}
	if err := errors.Join(j.close(), other.close()); err != nil {
		t.Error(err)
	}
}

func FuzzParseBatch(f *testing.F) {
	f.Add([]byte(`{"batch":1,"cases":1}` + "\n" + `{"programs":[{"type":"xdp","insns":"b7000000000000009500000000000000"}]}` + "\n"))
	f.Add([]byte(`{"batch":1,"cases":-1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, cases, err := parseBatch(b)
		if err != nil && cases != nil {
			t.Errorf("cases and an error: %v", err)
		}
	})
}
