package maps

// cpuMap is an array of CPUs to send packets to (Linux's kernel/bpf/cpumap.c). A
// value is the length of the CPU's queue and, with 8 bytes, a program to run there
// (see devmap.go). Only CPUs that the World has can stand in it.
type cpuMap struct {
	sparse
	possible uint32
}

// maxQueue is the longest queue of a CPU.
const maxQueue = 16384

func newCPUMap(s *Spec, at Place) *cpuMap {
	c := &cpuMap{possible: at.CPUs}
	c.setup(s, at)
	return c
}

func (c *cpuMap) Update(key, value []byte, flags uint64) error {
	cpu := c.index(key)
	length := c.mem.Order.Binary().Uint32(value)
	switch {
	case flags > Exist:
		return EINVAL
	case cpu >= c.spec.MaxEntries:
		return E2BIG
	case flags == NoExist:
		return EEXIST
	case length > maxQueue:
		return EOVERFLOW
	case cpu >= c.possible:
		return ENODEV
	case length == 0: // as good as deleting
		c.place(cpu, nil)
		return nil
	case len(value) == 8 && int32(c.mem.Order.Binary().Uint32(value[4:])) > 0: // no such program: Linux says only that the entry cannot be made
		return ENOMEM
	}
	v := make([]byte, len(value))
	copy(v, value[:4])
	c.place(cpu, v)
	return nil
}
