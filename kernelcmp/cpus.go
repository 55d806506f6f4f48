package kernelcmp

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/sysbpf"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// cpus is how many values the kernel keeps under a key of a per-CPU map: one for
// every CPU that there could be, or 0 if that cannot be found out. In a guest /sys is
// there only when main has begun.
var cpus = sync.OnceValue(func() uint32 {
	b, err := os.ReadFile("/sys/devices/system/cpu/possible")
	if err != nil {
		return 0
	}
	list := strings.TrimSpace(string(b)) // "0-3", or "0"
	n, err := strconv.ParseUint(list[strings.LastIndexByte(list, '-')+1:], 10, 16)
	if err != nil {
		return 0
	}
	return uint32(n) + 1
})

// pin keeps the calling goroutine on CPU 0, which is where our machines run a case.
// Where that is not allowed, per-CPU maps cannot be compared.
func pin() (ok bool) {
	runtime.LockOSThread()
	return sysbpf.Pin(0) == nil
}

// kernelValue is the size of a map's value in the kernel's user space.
func kernelValue(s *maps.Spec) uint32 {
	if s.Type.PerCPU() {
		return round8(s.ValueSize) * cpus()
	}
	return s.ValueSize
}

// shownValue is the size of a value in an outcome, where a World has fewer CPUs
// than the host.
func shownValue(s *maps.Spec) uint32 {
	if s.Type.PerCPU() {
		return round8(s.ValueSize) * vm.DefaultCPUs
	}
	return s.ValueSize
}

func round8(n uint32) uint32 { return (n + 7) &^ 7 }

// shown cuts a value of the kernel down to what an outcome shows of it.
func shown(s *maps.Spec, value []byte) []byte {
	value = value[:shownValue(s)]
	if s.Type.PerCPU() {
		for at := s.ValueSize; at < uint32(len(value)); at += round8(s.ValueSize) {
			clear(value[at : at+round8(s.ValueSize)-s.ValueSize]) // between two CPUs' values
		}
	}
	return value
}

// perCPUValue is an initial value as the kernel wants it: one becomes every CPU's.
func perCPUValue(s *maps.Spec, value []byte) []byte {
	one := round8(s.ValueSize)
	out := make([]byte, one*cpus())
	if len(value) != int(s.ValueSize) {
		copy(out, value)
		return out
	}
	for cpu := range cpus() {
		copy(out[cpu*one:], value)
	}
	return out
}
