package vm

import "fmt"

// Event is an effect of a program on the world outside.
type Event struct {
	Kind  EventKind
	Map   int    // the number of the map that it went through
	Index uint64 // PerfSample: of the perf event; Redirect: the key
	Flags uint64 // as the program gave them
	Data  []byte // RingRecord, PerfSample; behind a sample's data the packet's part, if any
	Undef []bool // which of Data have no defined value; nil: all have
}

// EventKind is what happened.
type EventKind uint8

// Kinds of event.
const (
	RingRecord EventKind = iota // a record of a ring buffer, when it is submitted
	PerfSample                  // bpf_perf_event_output
	Redirect                    // bpf_redirect_map found a target
)

var eventNames = [...]string{"ringbuf", "perf", "redirect"}

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
	return fmt.Sprintf("%s map=%d index=%d flags=%#x data=%x", e.Kind, e.Map, e.Index, e.Flags, e.Data)
}

func (m *Machine) emit(e Event) { m.Events = append(m.Events, e) }

// compareEvents looks for the first difference of two lists.
func compareEvents(a, b []Event) (Difference, bool) {
	for i := range max(len(a), len(b)) {
		where := fmt.Sprintf("event %d", i)
		if i >= len(a) {
			return Difference{"events", where, "absent", b[i].String()}, false
		}
		if i >= len(b) {
			return Difference{"events", where, a[i].String(), "absent"}, false
		}
		x, y := &a[i], &b[i]
		if x.Kind != y.Kind || x.Map != y.Map || x.Index != y.Index || x.Flags != y.Flags {
			return Difference{"events", where, x.String(), y.String()}, false
		}
		if d, ok := compareBlob("events", &Blob{x.Data, x.Undef}, &Blob{y.Data, y.Undef}); !ok {
			d.Where = where + ", " + d.Where
			return d, false
		}
	}
	return Difference{}, true
}
