package debian

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestUnpack(t *testing.T) {
	deb := pack(t, "./boot/vmlinuz-1", "./boot/config-1", "./lib/modules/1/kernel/net/a.ko", "./lib/modules/1/kernel/fs/b.ko")
	for _, tt := range []struct{ want, files []string }{
		{nil, []string{"boot/config-1", "boot/vmlinuz-1", "lib/modules/1/kernel/fs/b.ko", "lib/modules/1/kernel/net/a.ko"}},
		{[]string{"boot/vmlinuz-*"}, []string{"boot/vmlinuz-1"}},
		{[]string{"lib/modules/*/kernel/net", "none"}, []string{"lib/modules/1/kernel/net/a.ko"}},
		{[]string{"lib/*/net"}, nil},
	} {
		dir := filepath.Join(t.TempDir(), "new")
		err := Unpack(t.Context(), deb, dir, tt.want...)
		if (err == nil) != (tt.files != nil) {
			t.Errorf("%q: %v", tt.want, err)
		}
		var got []string
		err = fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(filepath.Join(dir, name))
			if string(b) != "./"+name {
				t.Errorf("%s holds %q", name, b)
			}
			got = append(got, name)
			return err
		})
		if err != nil || !slices.Equal(got, tt.files) {
			t.Errorf("%q: got %q, %v; want %q", tt.want, got, err, tt.files)
		}
	}
}

func TestUnpackErrors(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.deb")
	if err := os.WriteFile(text, []byte("no archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ deb, pattern, want string }{
		{pack(t, "./a", "../b"), "a", `a file is named "../b"`},
		{pack(t, "/etc/passwd"), "*", `a file is named "/etc/passwd"`},
		{pack(t, "./a"), "[", `pattern "["`},
		{pack(t, "./a"), "b", "has no file that matches"},
		{text, "*", "dpkg-deb"},
		{"nonesuch.deb", "*", "dpkg-deb"},
	} {
		if err := Unpack(t.Context(), tt.deb, t.TempDir(), tt.pattern); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s, %s: got %v, want %q", tt.deb, tt.pattern, err, tt.want)
		}
	}
}

// pack makes a .deb (an ar archive) whose files hold their names. It has a link, too.
func pack(t *testing.T, names ...string) string {
	t.Helper()
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("there is no dpkg-deb here")
	}
	var data bytes.Buffer
	w := tar.NewWriter(&data)
	for _, name := range names {
		if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(name)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(w, name)
	}
	if err := w.WriteHeader(&tar.Header{Name: "./link", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	deb := bytes.NewBufferString("!<arch>\n")
	for _, m := range []struct {
		name string
		data []byte
	}{{"debian-binary", []byte("2.0\n")}, {"control.tar", make([]byte, 1024)}, {"data.tar", data.Bytes()}} {
		fmt.Fprintf(deb, "%-16s%-12d%-6d%-6d%-8o%-10d`\n%s", m.name, 0, 0, 0, 0o644, len(m.data), m.data)
		if len(m.data)%2 == 1 {
			deb.WriteByte('\n')
		}
	}
	path := filepath.Join(t.TempDir(), "test.deb")
	if err := os.WriteFile(path, deb.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
