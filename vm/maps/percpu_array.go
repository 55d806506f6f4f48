package maps

// perCPUArray is an array with a value for each CPU at every index. A program sees
// its own CPU's, user space all of them.
type perCPUArray struct{ indexed }

func newPerCPUArray(s *Spec, at Place) *perCPUArray {
	a := &perCPUArray{}
	a.init(s, at)
	for i := range s.MaxEntries {
		for cpu := range a.cpus {
			a.mem.Allow(a.on(i, cpu), s.ValueSize, s.perm())
		}
	}
	return a
}

func (a *perCPUArray) Update(key, value []byte, flags uint64) error {
	return a.UpdateCPU(key, value, flags, 0)
}

func (a *perCPUArray) LookupCPU(key []byte, cpu uint32) (uint32, bool) {
	i := a.index(key)
	if i >= a.spec.MaxEntries || cpu >= a.cpus {
		return 0, false
	}
	return a.on(i, cpu), true
}

func (a *perCPUArray) UpdateCPU(key, value []byte, flags uint64, cpu uint32) error {
	i, err := a.slot(key, flags)
	if err != nil {
		return err
	}
	if cpu >= a.cpus {
		return EINVAL
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.put(a.on(i, cpu), value)
	return nil
}

func (a *perCPUArray) userLookup(key, value []byte) error {
	i := a.index(key)
	if i >= a.spec.MaxEntries {
		return ENOENT
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.get(value, i)
	return nil
}

func (a *perCPUArray) userUpdate(key, value []byte, flags uint64) error {
	i, err := a.slot(key, flags)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.set(i, value)
	return nil
}
