package corpus

import (
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// TestSockredirCilium has the kernel route the messages between sockets that this test
// opens: nothing of kernelcmp or host/object takes part.
func TestSockredirCilium(t *testing.T) {
	coll := loadCollection(t, "sockredir")
	router, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.SockMap, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer router.Close()
	err = link.RawAttachProgram(link.RawAttachProgramOptions{
		Target: router.FD(), Program: coll.Programs["sockredir"], Attach: ebpf.AttachSkSKBStreamVerdict,
	})
	if err != nil {
		t.Fatal(err)
	}
	pairs := map[uint32][2]int{0: pair(t)}
	if err := router.Put(uint32(0), uint32(pairs[0][0])); err != nil {
		t.Fatalf("an AF_UNIX socket into a sockmap, which is possible since Linux 5.15: %v", err)
	}
	place := func(m *ebpf.Map, key any, n uint32) {
		if _, ok := pairs[n]; !ok {
			pairs[n] = pair(t)
		}
		if err := m.Put(key, uint64(pairs[n][0])); err != nil {
			t.Fatal(err)
		}
	}
	for index, n := range services {
		place(coll.Maps["services"], index, n)
	}
	for name, n := range sessions {
		place(coll.Maps["sessions"], []byte(name), n)
	}
	steps := routeSteps()
	for i, c := range routeCases {
		if err := unix.Sendto(pairs[0][1], []byte(c.message), 0, nil); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if c.outcome <= srService {
			end := 1 // the peer: it gets what the socket sends
			if c.flags == received || c.outcome == srLocal {
				end = 0
			}
			if got := receive(t, pairs[uint32(c.socket)][end], 5*time.Second); got != string(c.routed()) {
				t.Errorf("%s: socket %d got %q, want %q", c.name, c.socket, got, c.routed())
			}
		}
		for n, p := range pairs {
			for _, fd := range p {
				if got := receive(t, fd, 0); got != "" {
					t.Errorf("%s: socket %d got %q", c.name, n, got)
				}
			}
		}
		want := steps[i].maps(spec.Little)["outcomes"]
		if diff := differ(want, contentsOf(t, coll.Maps["outcomes"])); diff != "" {
			t.Errorf("%s: outcomes (-want +got):\n%s", c.name, diff)
		}
	}
}

func pair(t *testing.T) [2]int {
	t.Helper()
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(p[0]); unix.Close(p[1]) })
	return p
}

// receive takes a message that is there within a time, or gives "".
func receive(t *testing.T, fd int, within time.Duration) string {
	t.Helper()
	b := make([]byte, 1000)
	for end := time.Now().Add(within); ; {
		n, _, err := unix.Recvfrom(fd, b, 0)
		switch {
		case err == nil:
			return string(b[:n])
		case err != unix.EAGAIN && err != unix.EINTR:
			t.Fatal(err)
		case err == unix.EAGAIN && !time.Now().Before(end):
			return ""
		}
		time.Sleep(min(within, time.Millisecond))
	}
}
