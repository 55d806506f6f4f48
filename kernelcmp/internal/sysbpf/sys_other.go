//go:build !(linux && (amd64 || arm64 || loong64 || ppc64 || ppc64le || riscv64 || s390x))

package sysbpf

import "errors"

// CreateMap makes a map.
func CreateMap(*Map) (fd int, err error) { return -1, errors.ErrUnsupported }

// UpdateMap writes one element.
func UpdateMap(int, []byte, []byte) error { return errors.ErrUnsupported }

// Update writes one element.
func Update(int, []byte, []byte, uint64) error { return errors.ErrUnsupported }

// Lookup reads one element.
func Lookup(int, []byte, []byte, uint64) error { return errors.ErrUnsupported }

// LookupAndDelete reads one element and removes it.
func LookupAndDelete(int, []byte, []byte, uint64) error { return errors.ErrUnsupported }

// Delete removes one element.
func Delete(int, []byte) error { return errors.ErrUnsupported }

// NextKey gives the key after key.
func NextKey(int, []byte, []byte) error { return errors.ErrUnsupported }

// Freeze ends changes from user space.
func Freeze(int) error { return errors.ErrUnsupported }

// ID is the number of a map or program.
func ID(int) (uint32, error) { return 0, errors.ErrUnsupported }

// ProgramInfo is what the kernel tells of a program.
func ProgramInfo(int) (Info, error) { return Info{}, errors.ErrUnsupported }

// LookupBatch reads elements.
func LookupBatch(int, uint32, []byte, []byte, []byte, []byte) (n uint32, err error) {
	return 0, errors.ErrUnsupported
}

// MapMemory maps the values of an array into this process.
func MapMemory(int, int, bool) ([]byte, error) { return nil, errors.ErrUnsupported }

// MapRing maps a ring buffer.
func MapRing(int, int) ([]byte, error) { return nil, errors.ErrUnsupported }

// UnmapMemory ends what MapMemory began.
func UnmapMemory([]byte) error { return errors.ErrUnsupported }

// LoadProg loads a program.
func LoadProg(*Prog) (fd int, err error) { return -1, errors.ErrUnsupported }

// RunProg runs a program once.
func RunProg(int, *Run) error { return errors.ErrUnsupported }

// OutputEvent opens a perf event.
func OutputEvent(int) (fd int, err error) { return -1, errors.ErrUnsupported }

// Pin keeps this thread on a CPU.
func Pin(int) error { return errors.ErrUnsupported }

// UnlimitMemlock does nothing.
func UnlimitMemlock() {}

// Close closes a descriptor.
func Close(int) {}

// Release is the kernel's version.
func Release() string { return "" }
