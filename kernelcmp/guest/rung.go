package guest

import (
	"fmt"
	"strings"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/spec"
)

// Rung is a kernel of the ladder: what to fetch, and how to boot it.
type Rung struct {
	Name    string // how people ask for it: architecture or kind, and release
	Arch    string // of the kernel, as Debian names it
	Suite   string // of Debian
	Package string // has the kernel, or depends on the newest one
	Kind    Kind
	Order   spec.ByteOrder
	Linux   string // the release, as "6.1"
	Aligned bool   // wants loads and stores aligned
	NoJIT   bool   // has an interpreter only
	Shows   string // what this rung has that others do not
}

// Kind is how a rung is booted.
type Kind uint8

// Kinds of rungs.
const (
	QEMU Kind = iota // a machine that qemu emulates
	UML              // User-mode Linux: the kernel is a process of the host
)

// Rungs are the kernels that are known to boot.
var Rungs = []Rung{
	{"amd64-5.10", "amd64", "bullseye", "linux-image-amd64", QEMU, spec.Little, "5.10", false, false, "before syscall programs and bpf_loop"},
	{"amd64-6.1", "amd64", "bookworm", "linux-image-amd64", QEMU, spec.Little, "6.1", false, false, "before the instructions of cpu v4"},
	{"amd64-6.12", "amd64", "trixie", "linux-image-amd64", QEMU, spec.Little, "6.12", false, false, "cpu v4, may_goto, arenas"},
	{"amd64-7.3", "amd64", "trixie-backports", "linux-image-amd64", QEMU, spec.Little, "7.3", false, false, "the newest that Debian 13 offers"},
	{"uml-6.1", "amd64", "bookworm", "user-mode-linux", UML, spec.Little, "6.1", true, true, "the interpreter, in a process of the host"},
	{"s390x-6.1", "s390x", "bookworm", "linux-image-s390x", QEMU, spec.Big, "6.1", false, true, "big-endian; the interpreter"},
}

// Generated are the options for programs that the rung can take.
func (r *Rung) Generated() (gen.Options, error) {
	release, err := gen.ParseRelease(r.Linux)
	return gen.Options{Order: r.Order, Release: release, Aligned: r.Aligned, NoJIT: r.NoJIT}, err
}

// ByName finds a rung.
func ByName(name string) (*Rung, error) {
	for i := range Rungs {
		if Rungs[i].Name == name {
			return &Rungs[i], nil
		}
	}
	return nil, fmt.Errorf("unknown kernel %q: want one of %s", name, strings.Join(Names(), ", "))
}

// Names are the names of all rungs.
func Names() (all []string) {
	for i := range Rungs {
		all = append(all, Rungs[i].Name)
	}
	return all
}
