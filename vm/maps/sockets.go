package maps

// Maps of sockets. A value is the number of a simulated socket, little-endian on every
// machine; any but 0 exists. Programs read values and do not write them.
// These maps record where packets were redirected, and know nothing of states or
// protocols of sockets.

// sockets is an array: an xskmap (Linux's net/xdp/xskmap.c) or a sockmap
// (net/core/sock_map.c).
type sockets struct{ sparse }

func newSockets(s *Spec, at Place) *sockets {
	x := &sockets{}
	x.setup(s, at)
	return x
}

func (x *sockets) Update(key, value []byte, flags uint64) error {
	if x.spec.Type == SockMap && number(value) == 0 { // before anything else is looked at
		return EBADF
	}
	i := x.index(key)
	switch {
	case flags > Exist:
		return EINVAL
	case i >= x.spec.MaxEntries:
		return E2BIG
	case number(value) == 0:
		return EBADF
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	there := x.there[i]
	switch {
	case there && x.spec.Type == XSKMap && number(x.mem.Bytes(x.at(i), 4)) == number(value):
		return nil
	case there && flags == NoExist:
		return EEXIST
	case !there && flags == Exist:
		return ENOENT
	}
	x.there[i] = true
	x.put(x.at(i), value)
	return nil
}

// Delete of what is not there is an error in a sockmap, and none in an xskmap.
func (x *sockets) Delete(key []byte) error {
	if x.spec.Type == SockMap && !x.Target(x.index(key)) {
		return EINVAL
	}
	return x.sparse.Delete(key)
}

// Socket finds one in a sockmap or an xskmap.
func (x *sockets) Socket(key []byte) (uint32, bool) { return x.socket(x, key) }

// socket reads the number that a lookup finds.
func (o *object) socket(m Map, key []byte) (uint32, bool) {
	addr, ok := m.Lookup(key)
	if !ok {
		return 0, false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return number(o.mem.Bytes(addr, 4)), true
}

func (x *sockets) userLookup(key, value []byte) error {
	if x.spec.Type == XSKMap {
		return EOPNOTSUPP
	}
	return x.lookupSocket(x, key, value)
}

// lookupSocket: user space gets a cookie of 8 bytes, here the number, or nothing.
func (o *object) lookupSocket(m Map, key, value []byte) error {
	if o.spec.ValueSize != 8 {
		return ENOSPC
	}
	addr, ok := m.Lookup(key)
	if !ok {
		return ENOENT
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	copy(value, o.mem.Bytes(addr, o.spec.ValueSize))
	return nil
}

// sockHash is a hash of sockets.
type sockHash struct{ hash }

func newSockHash(s *Spec, at Place) *sockHash {
	h := &sockHash{}
	h.setup(s, at)
	return h
}

func (h *sockHash) Update(key, value []byte, flags uint64) error {
	if number(value) == 0 {
		return EBADF
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	slot, _, err := h.claim(key, flags, true)
	if err == nil {
		h.put(h.at(slot), value)
	}
	return err
}

// Socket finds one by its key.
func (h *sockHash) Socket(key []byte) (uint32, bool) { return h.socket(h, key) }

func (h *sockHash) userLookup(key, value []byte) error { return h.lookupSocket(h, key, value) }
func (h *sockHash) userTake(_, _ []byte) error         { return ENOTSUPP }
