//go:build !(linux && (amd64 || arm64 || loong64 || ppc64 || ppc64le || riscv64 || s390x))

package sysbpf

import "errors"

// CreateMap makes a map.
func CreateMap(*Map) (fd int, err error) { return -1, errors.ErrUnsupported }

// UpdateMap writes one element.
func UpdateMap(int, []byte, []byte) error { return errors.ErrUnsupported }

// LookupBatch reads elements.
func LookupBatch(int, uint32, []byte, []byte, []byte, []byte) (n uint32, err error) {
	return 0, errors.ErrUnsupported
}

// MapMemory maps the values of an array into this process.
func MapMemory(int, int, bool) ([]byte, error) { return nil, errors.ErrUnsupported }

// UnmapMemory ends what MapMemory began.
func UnmapMemory([]byte) error { return errors.ErrUnsupported }

// LoadProg loads a program.
func LoadProg(*Prog) (fd int, err error) { return -1, errors.ErrUnsupported }

// RunProg runs a program once.
func RunProg(int, *Run) error { return errors.ErrUnsupported }

// Close closes a descriptor.
func Close(int) {}

// Release is the kernel's version.
func Release() string { return "" }
