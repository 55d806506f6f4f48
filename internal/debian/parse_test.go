package debian

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseStanzas(t *testing.T) {
	got, err := parseStanzas(strings.NewReader("\n\nPackage: a\nVersion: 1:2.3-4\nDescription: short\n long\n .\n\t more: \nHomepage:\n\n\nPackage: b\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []stanza{
		{"Package": "a", "Version": "1:2.3-4", "Description": "short\nlong\n.\nmore:", "Homepage": ""},
		{"Package": "b"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for text, complaint := range map[string]string{
		"Package: a\nVersion\n":      `line 2 is no field: "Version"`,
		": a\n":                      "line 1 is no field",
		" a\n":                       "line 1 continues no field",
		"Package: a\n\n b\n":         "line 3 continues no field",
		"Package: a\nPackage: b\n":   `line 2: field "Package" is there twice`,
		strings.Repeat("x", 1<<24+1): "after 0 paragraphs",
	} {
		if _, err := parseStanzas(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), complaint) {
			t.Errorf("%.20q: got %v, want %q", text, err, complaint)
		}
	}
}

func TestParseDepends(t *testing.T) {
	got := parseDepends("linux-image-6.1.0-1-amd64 (= 6.1.1-1), kmod, linux-base (>= 4.3~) | other, libc6:any (>= 2), python3:any,\n")
	want := []string{"linux-image-6.1.0-1-amd64", "kmod", "linux-base", "libc6", "python3"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzParse: whatever apt prints, there is a reading of it or an error, and a field
// of a reading can be written and read again.
func FuzzParse(f *testing.F) {
	f.Add("Package: a\nDepends: b (>= 1) | c, d:any\nDescription: x\n y\n\nPackage: e\n")
	f.Add(" a\n")
	f.Add("a:\r\n\x00: \n")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := parseStanzas(strings.NewReader(text))
		if err != nil {
			return
		}
		choose(all)
		var b strings.Builder
		for _, s := range all {
			for name, value := range s {
				parseDepends(value)
				b.WriteString(name + ": " + strings.ReplaceAll(value, "\n", "\n .") + "\n")
			}
			b.WriteString("\n")
		}
		again, err := parseStanzas(strings.NewReader(b.String()))
		if err != nil || len(again) != len(all) {
			t.Fatalf("%d paragraphs are %d when they are read again, %v", len(all), len(again), err)
		}
	})
}

func TestChoose(t *testing.T) {
	target := func(uri, release, component, origin string) stanza {
		s := stanza{"Repo-URI": uri, "Release": release, "Component": component}
		if origin != "" {
			s["Origin"], s["Label"] = origin, origin
		}
		return s
	}
	for _, tt := range []struct {
		name    string
		targets []stanza
		want    []string
	}{
		{"none", nil, nil},
		{"never updated", []stanza{
			target("https://a.example/debian-security/", "bookworm-security", "main", ""),
			target("https://b.example/debian/", "bookworm", "main", ""),
			target("https://b.example/debian/", "bookworm-updates", "main", ""),
		}, []string{"https://b.example/debian/"}},
		{"others beside it", []stanza{
			target("https://a.example/linux/debian/", "bookworm", "main", "Somebody"),
			target("https://b.example/debian/", "bookworm", "contrib", "Debian"),
			target("https://c.example/apt/", "bookworm", "main", "Debian"),
			target("https://d.example/debian/", "bookworm", "main", ""),
		}, []string{"https://c.example/apt/", "https://d.example/debian/"}},
		{"a derivative", []stanza{target("https://a.example/ubuntu/", "noble", "main", "Ubuntu")}, nil},
		{"what would break a line of sources", []stanza{target("https://a.example/debian [trusted=yes]", "bookworm", "main", "")}, nil},
	} {
		if got := choose(tt.targets); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestRelease(t *testing.T) {
	file := filepath.Join(t.TempDir(), "os-release")
	for text, want := range map[string]string{
		"ID=debian\nVERSION_CODENAME=bookworm\n":          "bookworm",
		"ID=\"debian\"\n# x\nVERSION_CODENAME='trixie'\n": "trixie",
		"ID=ubuntu\nVERSION_CODENAME=noble\n":             "",
		"":                                                "",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := release(file); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v; want %q", text, got, err, want)
		}
	}
}
