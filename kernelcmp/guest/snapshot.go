package guest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// snapshot is a machine that has said hello and waits for its first job.
type snapshot struct {
	path  string // qemu's migration stream
	hello []byte
}

// snapshotPath is where the snapshot of such a machine is. What it depends on is in
// the name, so that a stale one is never found.
func snapshotPath(img *Image, initramfs []byte) (string, error) {
	b := boards[img.Rung.Arch]
	version, err := exec.Command(b.binary, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%w: %s is not installed: apt-get install %s", ErrUnavailable, b.binary, b.pkg)
	}
	h := sha256.New()
	m := machine{board: b}
	fmt.Fprintln(h, string(version), img.Files[img.Kernel], strings.Join(m.arguments(img, "", nil), " "))
	h.Write(initramfs)
	return filepath.Join(img.Dir, "snapshot-"+hex.EncodeToString(h.Sum(nil))[:16]), nil
}

// saved finds a snapshot, or nil.
func saved(path string) *snapshot {
	hello, err := os.ReadFile(path + ".hello")
	if err != nil {
		return nil
	}
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	return &snapshot{path, hello}
}

// save writes a machine to path, and lets it go on. Older snapshots of the kernel
// are removed. The hello comes last: without it there is no snapshot.
func (m *machine) save(path string, hello []byte) error {
	part := fmt.Sprintf("%s.%d.part", path, os.Getpid())
	defer os.Remove(part)
	if err := m.qmp.do("migrate", map[string]any{"uri": "exec:cat > " + quoted(part)}, nil); err != nil {
		return err
	}
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(10 * time.Millisecond) {
		var state struct {
			Status string `json:"status"`
			Error  string `json:"error-desc"`
		}
		if err := m.qmp.do("query-migrate", nil, &state); err != nil {
			return err
		}
		if state.Status == "completed" {
			break
		}
		if state.Status == "failed" || time.Now().After(deadline) {
			return fmt.Errorf("the machine cannot be saved: %s %s", state.Status, state.Error)
		}
	}
	if err := m.qmp.do("cont", nil, nil); err != nil {
		return err
	}
	old, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "snapshot-*"))
	for _, f := range old {
		if !strings.HasPrefix(f, path) && !strings.HasSuffix(f, ".part") {
			_ = os.Remove(f)
		}
	}
	return errors.Join(os.Rename(part, path), os.WriteFile(path+".hello", hello, 0o644))
}
