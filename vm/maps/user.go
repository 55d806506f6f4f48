package maps

// User is a map as bpf(2) shows it to user space. It differs from a program's view:
// values of a per-CPU map are those of all CPUs, objects are numbers, a lookup does
// not count as use of an LRU's key, and access flags and freezing are obeyed.
type User struct{ Map Map }

// What types do otherwise than a program's view would have it.
type (
	userLooker  interface{ userLookup(key, value []byte) error }
	userUpdater interface {
		userUpdate(key, value []byte, flags uint64) error
	}
	userTaker interface{ userTake(key, value []byte) error }
	iterator  interface{ nextKey(key, next []byte) error }
	holder    interface{ obj() *object }
)

// userValue is the size of a value in user space.
func (s *Spec) userValue(cpus uint32) uint32 {
	switch {
	case s.Type.PerCPU():
		return round8(s.ValueSize) * cpus
	case s.Type.Objects():
		return 4
	}
	return s.ValueSize
}

func (u User) obj() *object { return u.Map.(holder).obj() }

// ValueSize is the size of a value here, in bytes.
func (u User) ValueSize() int { return int(u.Map.Spec().userValue(u.obj().cpus)) }

func (u User) may(read, write bool) error {
	o := u.obj()
	o.mu.Lock()
	defer o.mu.Unlock()
	if read && o.spec.Flags&UserWriteOnly != 0 || write && (o.frozen || o.spec.Flags&UserReadOnly != 0) {
		return EPERM
	}
	return nil
}

func (u User) key(key []byte) error {
	if len(key) != int(u.Map.Spec().KeySize) {
		return EINVAL
	}
	return nil
}

// Lookup copies a value to value, which has ValueSize bytes. Of a bloom filter,
// value is the question, and the answer nil or ENOENT. No flags are known.
func (u User) Lookup(key, value []byte, flags uint64) error {
	if flags&^Lock != 0 {
		return EINVAL
	}
	if err := u.may(true, false); err != nil {
		return err
	}
	if flags != 0 || u.key(key) != nil || len(value) != u.ValueSize() {
		return EINVAL
	}
	if x, ok := u.Map.(userLooker); ok {
		return x.userLookup(key, value)
	}
	addr, ok := u.Map.Lookup(key)
	if !ok {
		return ENOENT
	}
	o := u.obj()
	o.mu.Lock()
	defer o.mu.Unlock()
	copy(value, o.mem.Bytes(addr, o.spec.ValueSize))
	return nil
}

// Update writes a value of ValueSize bytes. Flags are Any, NoExist or Exist.
func (u User) Update(key, value []byte, flags uint64) error {
	if err := u.may(false, true); err != nil {
		return err
	}
	if flags&Lock != 0 || u.key(key) != nil || len(value) != u.ValueSize() {
		return EINVAL
	}
	return update(u.Map, key, value, flags)
}

func update(m Map, key, value []byte, flags uint64) error {
	if x, ok := m.(userUpdater); ok {
		return x.userUpdate(key, value, flags)
	}
	return m.Update(key, value, flags)
}

// Delete removes a key.
func (u User) Delete(key []byte) error {
	if err := u.may(false, true); err != nil {
		return err
	}
	if err := u.key(key); err != nil {
		return err
	}
	return u.Map.Delete(key)
}

// LookupAndDelete is both at once; of a queue or stack it is pop.
func (u User) LookupAndDelete(key, value []byte, flags uint64) error {
	if flags&^Lock != 0 {
		return EINVAL
	}
	if err := u.may(true, true); err != nil {
		return err
	}
	if flags != 0 || u.key(key) != nil || len(value) != u.ValueSize() {
		return EINVAL
	}
	if x, ok := u.Map.(userTaker); ok {
		return x.userTake(key, value)
	}
	return ENOTSUPP
}

// NextKey writes to next the key that comes after key: the first one if key is nil
// or (arrays, hashes, tries) not there. After the last it is ENOENT.
func (u User) NextKey(key, next []byte) error {
	if err := u.may(true, false); err != nil {
		return err
	}
	if key != nil && u.key(key) != nil {
		return EINVAL
	}
	if x, ok := u.Map.(iterator); ok {
		return x.nextKey(key, next)
	}
	return ENOTSUPP
}

// Freeze ends all changes from user space.
func (u User) Freeze() error {
	if err := u.may(false, true); err != nil {
		return err
	}
	o := u.obj()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.frozen {
		return EBUSY
	}
	o.frozen = true
	return nil
}
