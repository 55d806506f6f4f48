package corpus

import (
	"bytes"
	"embed"
	"fmt"
	"strings"

	"github.com/lockstep-ebpf/lockstep/host/object"
	"github.com/lockstep-ebpf/lockstep/spec"
)

//go:embed programs/*.o
var objects embed.FS

// Objects are the names that Object takes.
func Objects() []string {
	return []string{
		"balancer", "blocklist", "cgroup", "checksum", "conntrack", "control", "dedup", "dns", "entropy", "firewall",
		"histogram", "latency", "pipeline", "ratelimit", "sampler", "sockredir", "syscalls", "tcpopts", "tenants",
	}
}

// Object reads one of the compiled programs, in a byte order.
func Object(name string, order spec.ByteOrder) (*object.Object, error) {
	file := fileOf(name, order)
	b, err := objects.ReadFile("programs/" + file)
	if err != nil {
		return nil, fmt.Errorf("no program %q in the corpus: it has %s", name, strings.Join(Objects(), ", "))
	}
	o, err := object.Read(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	o.Name = file
	return o, nil
}

func fileOf(name string, order spec.ByteOrder) string {
	if order == spec.Big {
		return name + ".be.o"
	}
	return name + ".o"
}
