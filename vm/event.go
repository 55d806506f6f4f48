package vm

import (
	"cmp"
	"fmt"
	"slices"
)

// Event is an effect of a program on the world outside.
type Event struct {
	Kind  EventKind
	Map   int    // the number of the map that it went through; -1: none
	Index uint64 // PerfSample: of the perf event; Redirect: the key, or without a map the device; Message: the socket's number;
	// Clone: the device; Assign: the key, or without a map the socket's cookie; Signal: its number; Override: the result;
	// Option: level in the upper half and name
	Flags uint64 // as the program gave them
	Data  []byte // what was put out; behind a sample's data the packet's part, if any; Redirect: the key in a sockhash
	Undef []bool // which of Data have no defined value; nil: all have
}

// EventKind is what happened.
type EventKind uint8

// Kinds of event.
const (
	RingRecord EventKind = iota // a record of a ring buffer, when it is submitted
	PerfSample                  // bpf_perf_event_output
	Redirect                    // bpf_redirect_map, or one of its kin, found a target
	Message                     // a message got to a socket: see hook.Info.Verdict
	Clone                       // bpf_clone_redirect sent a copy of the packet to a device
	Assign                      // a socket was chosen for the packet: bpf_sk_assign, bpf_sk_select_reuseport
	Signal                      // bpf_send_signal
	Override                    // bpf_override_return
	Option                      // bpf_setsockopt, and what a program set a socket's callbacks to
)

var eventNames = [...]string{"ringbuf", "perf", "redirect", "message", "clone", "assign", "signal", "override", "option"}

func (k EventKind) String() string {
	if int(k) < len(eventNames) {
		return eventNames[k]
	}
	return fmt.Sprintf("event %d", uint8(k))
}

// EventKindByName is the inverse of String.
func EventKindByName(name string) (EventKind, bool) {
	for k, n := range eventNames {
		if n == name {
			return EventKind(k), true
		}
	}
	return 0, false
}

func (e *Event) String() string {
	if e.Kind == Message {
		return fmt.Sprintf("%s socket=%d flags=%#x data=%x", e.Kind, e.Index, e.Flags, e.Data)
	}
	return fmt.Sprintf("%s map=%d index=%d flags=%#x data=%x", e.Kind, e.Map, e.Index, e.Flags, e.Data)
}

func (m *Machine) emit(e Event) { m.Events = append(m.Events, e) }

// compareEvents compares all of the events, or what ObsRecords shows of them.
func compareEvents(a, b *Outcome, obs Observable) (Difference, bool) {
	switch {
	case obs&ObsEvents != 0:
		return compareLists("events", a.Events, b.Events, true)
	case obs&ObsRecords != 0 && len(a.Events)+len(b.Events) > 0:
		return compareLists("records", records(a.Events), records(b.Events), false)
	}
	return Difference{}, true
}

// records picks what was put out, map by map and index by index.
func records(all []Event) []Event {
	var out []Event
	for _, e := range all {
		if e.Kind <= Message && e.Kind != Redirect {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.Map, b.Map), cmp.Compare(a.Index, b.Index))
	})
	return out
}

func compareLists(name string, a, b []Event, flags bool) (Difference, bool) {
	for i := range max(len(a), len(b)) {
		where := fmt.Sprintf("event %d", i)
		if i >= len(a) {
			return Difference{name, where, "absent", b[i].String()}, false
		}
		if i >= len(b) {
			return Difference{name, where, a[i].String(), "absent"}, false
		}
		x, y := &a[i], &b[i]
		withFlags := flags || x.Kind == Message // there they say at which end of a socket it arrived
		if x.Kind != y.Kind || x.Map != y.Map || x.Index != y.Index || withFlags && x.Flags != y.Flags {
			return Difference{name, where, x.String(), y.String()}, false
		}
		dx, dy := &Blob{x.Data, x.Undef}, &Blob{y.Data, y.Undef}
		if x.Kind == PerfSample && padded(len(x.Data)) == padded(len(y.Data)) {
			n := min(len(x.Data), len(y.Data))
			dx, dy = dx.first(n), dy.first(n)
		}
		if d, ok := compareBlob(name, dx, dy); !ok {
			d.Where = where + ", " + d.Where
			return d, false
		}
	}
	return Difference{}, true
}

// padded is how long a perf sample of n bytes is for its reader: Linux adds bytes of
// no meaning until it and its length of 4 bytes fill whole words.
func padded(n int) int { return (n+4+7)&^7 - 4 }

func (b *Blob) first(n int) *Blob {
	c := &Blob{Data: b.Data[:n]}
	if b.Undef != nil {
		c.Undef = b.Undef[:n]
	}
	return c
}
