package kernelcmp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"syscall"
	"time"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/sysbpf"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// socket is one of a case: the end that is in maps, and its peer. What a program
// redirects to the socket's ingress arrives at the end, what it has the socket send
// at the peer.
type socket struct {
	n      uint32 // its number in the case
	end    int
	peer   int
	cookie uint64 // of the end
}

// sockets are those that a case's maps name.
type sockets []socket

// newSocket opens local datagram sockets: nothing leaves this process, and a message
// is one socket buffer whose bytes all are in its linear part.
func newSocket(n uint32) (s socket, err error) {
	s.n = n
	if s.end, s.peer, err = sysbpf.SocketPair(); err != nil {
		return s, &vm.Unsupported{What: "a pair of local sockets: " + describe(err)}
	}
	if s.cookie, err = sysbpf.Cookie(s.end); err != nil {
		s.close()
		return s, &vm.Unsupported{What: "a socket's cookie: " + describe(err)}
	}
	return s, nil
}

func (s *socket) close() {
	sysbpf.Close(s.end)
	sysbpf.Close(s.peer)
}

func (all *sockets) close() {
	for i := range *all {
		(*all)[i].close()
	}
}

// number gives the end of socket n, which is opened if need be. There is no socket 0.
func (all *sockets) number(n uint32) (fd int, err error) {
	if n == 0 {
		return math.MaxInt32, nil // no descriptor, as a kernel's user would have to say it: EBADF
	}
	if i := slices.IndexFunc(*all, func(s socket) bool { return s.n == n }); i >= 0 {
		return (*all)[i].end, nil
	}
	s, err := newSocket(n)
	if err == nil {
		*all = append(*all, s)
	}
	return s.end, err
}

// renumber replaces the cookies in a map that was read by the sockets' numbers, which
// are little-endian on every host.
func (all *sockets) renumber(x *contents) {
	for at := 0; at+8 <= len(x.Values); at += 8 {
		cookie := binary.NativeEndian.Uint64(x.Values[at:])
		for _, s := range *all {
			if s.cookie == cookie {
				binary.LittleEndian.PutUint64(x.Values[at:], uint64(s.n))
			}
		}
	}
}

// router is what runs a program with a verdict, for which there is no test run: a
// sockmap of its own, to which the program is attached, with one socket in it. What
// the peer sends is the program's packet.
type router struct {
	sockmap int
	in      socket
}

func newRouter(l *loaded) (r *router, err error) {
	if !l.fullR0 {
		return nil, &vm.Unsupported{What: l.typ.String() + " with a program that cannot be made to store r0: there is no test run that tells it"}
	}
	r = &router{}
	if r.in, err = newSocket(0); err != nil {
		return nil, err
	}
	r.sockmap, err = sysbpf.CreateMap(&sysbpf.Map{Type: uint32(maps.SockMap), KeySize: 4, ValueSize: 4, MaxEntries: 1})
	if err != nil {
		r.in.close()
		return nil, &vm.Unsupported{What: "a sockmap: " + describe(err)}
	}
	if err = sysbpf.Attach(r.sockmap, l.programs[0], l.typ.Attach()); err == nil {
		err = sysbpf.Update(r.sockmap, make([]byte, 4), binary.NativeEndian.AppendUint32(nil, uint32(r.in.end)), 0)
	}
	if err != nil {
		r.close()
		return nil, &vm.Unsupported{What: fmt.Sprintf("%s: %s: it runs where a kernel has AF_UNIX sockets in a sockmap (Linux 5.15)", l.typ, describe(err))}
	}
	return r, nil
}

func (r *router) close() {
	sysbpf.Close(r.sockmap)
	r.in.close()
}

// deliveryTime is how long a message may take that the program has passed. A kernel
// thread carries it on, so it is there in microseconds, or never.
const deliveryTime = 5 * time.Second

// route sends a message through the program. The program has run when the send
// returns: a sender calls it before the message is queued.
func (e *executor) route(l *loaded, f frame, r *run) error {
	if err := sysbpf.Send(l.router.in.peer, f.data); err != nil {
		return errors.New("send: " + describe(err))
	}
	if r.R0 = binary.NativeEndian.Uint64(e.result.bytes); r.R0 == poison {
		return errors.New("the program did not run")
	}
	places := l.places()
	if uint32(r.R0) == hook.SKPass {
		var fds []int
		for _, p := range places {
			fds = append(fds, p.fd)
		}
		if err := sysbpf.WaitReadable(fds, deliveryTime); err != nil {
			return errors.New("wait for the message: " + describe(err))
		}
	}
	for _, p := range places {
		for {
			b, ok, err := sysbpf.Receive(p.fd, len(f.data)+1)
			if err != nil {
				return fmt.Errorf("receive at socket %d: %s", p.n, describe(err))
			}
			if !ok {
				break
			}
			r.Events = append(r.Events, vm.Event{Kind: vm.Message, Map: -1, Index: uint64(p.n), Flags: p.flags, Data: b})
		}
	}
	return nil
}

// place is where a message can arrive.
type place struct {
	fd    int
	n     uint32 // of the socket
	flags uint64 // of the redirection that leads there
}

func (l *loaded) places() []place {
	const ingress = 1 // BPF_F_INGRESS
	all := []place{{l.router.in.end, 0, 0}}
	for _, s := range l.sockets {
		all = append(all, place{s.end, s.n, ingress}, place{s.peer, s.n, 0})
	}
	return all
}

// socketError says what is missing where a socket does not go into a map.
func socketError(s *maps.Spec, what string, err error) error {
	if errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.EINVAL) {
		return &vm.Unsupported{What: fmt.Sprintf("map %s: %s: %s: it takes a kernel with AF_UNIX sockets in a sockmap (Linux 5.15)", s.Name, what, describe(err))}
	}
	return mapError(s, what, err)
}
