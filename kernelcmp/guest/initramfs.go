package guest

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	"github.com/cavaliergopher/cpio"
)

// initramfs is the guest's root: the agent as /init, the modules with a list of them,
// and folders to mount on. The same inputs give the same bytes.
func (img *Image) initramfs(agent string) ([]byte, error) {
	var b bytes.Buffer
	w := cpio.NewWriter(&b)
	for _, dir := range []string{"proc", "sys", "dev", "tmp", "host"} {
		if err := w.WriteHeader(&cpio.Header{Name: dir, Mode: cpio.TypeDir | 0o755}); err != nil {
			return nil, err
		}
	}
	add := func(name string, contents []byte) error {
		if err := w.WriteHeader(&cpio.Header{Name: name, Mode: cpio.TypeReg | 0o755, Size: int64(len(contents))}); err != nil {
			return err
		}
		_, err := w.Write(contents)
		return err
	}
	init, err := os.ReadFile(agent)
	if err != nil {
		return nil, err
	}
	if err := add("init", init); err != nil {
		return nil, err
	}
	for _, m := range img.Modules {
		code, err := os.ReadFile(filepath.Join(img.Dir, m))
		if err != nil {
			return nil, err
		}
		if err := add(m, code); err != nil {
			return nil, err
		}
	}
	if len(img.Modules) > 0 {
		if err := add("modules", []byte("/"+strings.Join(img.Modules, "\n/")+"\n")); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
