package kernelbtf

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	cilium "github.com/cilium/ebpf/btf"

	"github.com/lockstep-ebpf/lockstep/verifier/btf"
)

// Where Linux has its types and its options.
const (
	hostTypes  = "/sys/kernel/btf/vmlinux"
	hostConfig = "/proc/config.gz"
	hostName   = "/proc/sys/kernel/osrelease"
)

// Kernel is a kernel's types and options. It may be used by several goroutines.
type Kernel struct {
	Spec    *cilium.Spec
	Version uint32            // LINUX_VERSION_CODE; 0: not known
	Config  map[string]string // CONFIG_… to its value, as the file has it; nil: not known

	mu    sync.Mutex
	types map[btf.ID]*btf.Type
	names map[named]btf.ID
}

type named struct {
	kind btf.Kind
	name string
}

// New takes types that were read already.
func New(s *cilium.Spec) *Kernel {
	return &Kernel{Spec: s, types: map[btf.ID]*btf.Type{}, names: map[named]btf.ID{}}
}

// Open reads a file: BTF as it is, or an ELF file that has it.
func Open(path string) (*Kernel, error) {
	s, err := load(path)
	if err != nil {
		return nil, fmt.Errorf("types of a kernel: %s: %w", path, err)
	}
	return New(s), nil
}

// load keeps panics of the reader, which is made for files that a kernel or compiler wrote.
func load(path string) (s *cilium.Spec, err error) {
	defer func() {
		if p := recover(); p != nil {
			s, err = nil, fmt.Errorf("malformed BTF: the reader (cilium/ebpf) panicked: %v", p)
		}
	}()
	return cilium.LoadSpec(path)
}

// Host reads what the kernel that runs says of itself.
func Host() (*Kernel, error) {
	k, err := Open(hostTypes)
	if err != nil {
		return nil, err
	}
	if text, err := os.ReadFile(hostName); err == nil {
		k.Version = version(string(text))
	}
	k.Config = readConfig(hostConfig)
	return k, nil
}

// version makes LINUX_VERSION_CODE of "6.18.44-…".
func version(release string) uint32 {
	var major, minor, patch uint32
	if n, _ := fmt.Sscanf(release, "%d.%d.%d", &major, &minor, &patch); n < 2 {
		return 0
	}
	return major<<16 | minor<<8 | min(patch, 255)
}

// readConfig is nil if there is no such file.
func readConfig(path string) map[string]string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return nil
	}
	config := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && strings.HasPrefix(name, "CONFIG_") {
			config[name] = value
		}
	}
	return config
}
