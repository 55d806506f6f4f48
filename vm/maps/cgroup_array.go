package maps

// cgroupArray names control groups by index; a value is a group's id.
type cgroupArray struct{ objects }

func newCgroupArray(s *Spec, at Place) *cgroupArray {
	c := &cgroupArray{}
	c.setup(s, at)
	return c
}

// Cgroup is the id of the group at index i.
func (c *cgroupArray) Cgroup(i uint32) (id uint32, ok bool) { return c.element(i) }

func (c *cgroupArray) userLookup(_, _ []byte) error { return ENOTSUPP }

// Cgroups is a Map of control groups.
type Cgroups interface {
	Cgroup(i uint32) (id uint32, ok bool)
}
