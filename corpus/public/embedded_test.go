package public

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// whole are the objects of the corpus, in both byte orders.
func whole(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("../programs/*.o")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d objects, %v", len(files), err)
	}
	objects := map[string][]byte{}
	for _, f := range files {
		if objects[f], err = os.ReadFile(f); err != nil {
			t.Fatal(err)
		}
	}
	return objects
}

func collect(file []byte) (found [][]byte) {
	for o := range Embedded(file) {
		found = append(found, o)
	}
	return found
}

// TestEmbedded puts every two of the corpus' objects between bytes that look like the
// beginning of one, and wants both back, whole. Every two, because the header of one
// then points into the other, and what lies there must not be taken for sections.
func TestEmbedded(t *testing.T) {
	objects := whole(t)
	for nameA, a := range objects {
		for nameB, b := range objects {
			file := bytes.Join([][]byte{[]byte("\x7fELF\x7fEL"), a, a[:70], b, b[:70], a[:len(a)-1]}, nil)
			got := collect(file)
			if len(got) != 2 || !bytes.Equal(got[0], a) || !bytes.Equal(got[1], b) {
				t.Errorf("%s, %s: %d objects are found, there are 2", nameA, nameB, len(got))
			}
		}
		if got := collect(a); len(got) != 1 || !bytes.Equal(got[0], a) {
			t.Errorf("%s: %d objects are found in an object", nameA, len(got))
		}
		for range Embedded(a) {
			break // may stop early
		}
	}
}

// TestNotEmbedded: what is no object for BPF is not found.
func TestNotEmbedded(t *testing.T) {
	for what, at := range map[string]int{
		"magic": 0, "class": 4, "byte order": 5, "type": 16, "machine": 18, "section table": 47, "size of a section header": 58, "number of sections": 61,
	} {
		for name, o := range whole(t) {
			b := bytes.Clone(o)
			b[at] ^= 0x40
			if o[5] == 2 && (at == 47 || at == 58 || at == 61) { // big-endian: the other end
				b[at] = o[at]
				b[map[int]int{47: 40, 58: 59, 61: 60}[at]] ^= 0x40
			}
			if n := len(collect(b)); n != 0 {
				t.Errorf("%s, %s changed: %d objects", name, what, n)
			}
		}
	}
	if exe, err := os.ReadFile("/proc/self/exe"); err == nil {
		for _, o := range collect(exe) {
			if !isOurs(t, o) {
				t.Errorf("this test carries an object of %d bytes", len(o))
			}
		}
	}
}

func isOurs(t *testing.T, o []byte) bool {
	for _, w := range whole(t) {
		if bytes.Equal(w, o) {
			return true
		}
	}
	return false
}

// FuzzEmbedded: from any bytes, objects lie in them in order and are found again alone.
func FuzzEmbedded(f *testing.F) {
	for _, o := range whole(f) {
		f.Add(o)
		f.Add(append([]byte("\x7fELF"), o[:len(o)/2]...))
		f.Add(append(bytes.Clone(o), o...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		rest := b
		for o := range Embedded(b) {
			at := bytes.Index(rest, o)
			if at < 0 {
				t.Fatal("an object that is not behind the one before")
			}
			rest = rest[at+len(o):]
			if again := collect(o); len(again) != 1 || !bytes.Equal(again[0], o) {
				t.Fatalf("an object of %d bytes is %d objects", len(o), len(again))
			}
		}
	})
}
