package vm

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Difference is one observable in which two outcomes of the same input differ.
type Difference struct {
	Observable string // "kind", or a name of Observable.Names
	Where      string // what in it: "r3", "byte 12", "map 0 key 01000000"
	A, B       string // the two values, for people
}

func (d Difference) String() string {
	if d.Where == "" {
		return fmt.Sprintf("%s: %s, %s", d.Observable, d.A, d.B)
	}
	return fmt.Sprintf("%s, %s: %s, %s", d.Observable, d.Where, d.A, d.B)
}

// Compare looks for the first difference of two outcomes in the observables of
// obs, in the order kind, fault, r0, registers, bytes, maps, trace, events, steps. Values
// marked undefined on either side are passed over. ok is true if there is none.
func Compare(a, b *Outcome, obs Observable) (d Difference, ok bool) {
	if a.Tainted || b.Tainted {
		return Difference{}, true
	}
	if a.Kind != b.Kind {
		return Difference{"kind", "", describe(a), describe(b)}, false
	}
	switch a.Kind {
	case Faulted:
		if obs&ObsFault != 0 && a.Fault != b.Fault {
			return Difference{"fault", "", a.Fault.String(), b.Fault.String()}, false
		}
	case FuelSpent:
		if obs&ObsSteps == 0 { // stopped at different places: nothing else is comparable
			return Difference{}, true
		}
	case Exit:
		if d, ok := compareRegs(a, b, obs); !ok {
			return d, false
		}
	default:
		return Difference{}, true
	}
	return compareState(a, b, obs)
}

func describe(o *Outcome) string {
	switch o.Kind {
	case Faulted:
		return o.Fault.String()
	case LoadRejected, LoadUnsupported, Crash, Hang:
		return fmt.Sprintf("%s (%s)", o.Kind, o.Reason)
	}
	return o.Kind.String()
}

func compareRegs(a, b *Outcome, obs Observable) (Difference, bool) {
	undef := a.Undef | b.Undef
	mask := uint64(0)
	switch {
	case obs&ObsR0 != 0:
		mask = ^uint64(0)
	case obs&ObsR0Low32 != 0:
		mask = 0xffff_ffff
	}
	if undef&1 == 0 && (a.R0^b.R0)&mask != 0 {
		return Difference{"r0", "", hex(a.R0 & mask), hex(b.R0 & mask)}, false
	}
	if obs&ObsRegs == 0 {
		return Difference{}, true
	}
	for r := range a.Regs {
		if undef>>r&1 == 0 && a.Regs[r] != b.Regs[r] {
			return Difference{"regs", fmt.Sprintf("r%d", r), hex(a.Regs[r]), hex(b.Regs[r])}, false
		}
	}
	return Difference{}, true
}

func hex(v uint64) string { return fmt.Sprintf("%#x", v) }

func compareState(a, b *Outcome, obs Observable) (Difference, bool) {
	for _, x := range [...]struct {
		obs  Observable
		name string
		a, b *Blob
	}{
		{ObsMemory, "memory", &a.Memory, &b.Memory},
		{ObsPacket, "packet", &a.Packet, &b.Packet},
		{ObsContext, "ctx", &a.Context, &b.Context},
	} {
		if obs&x.obs == 0 {
			continue
		}
		if d, ok := compareBlob(x.name, x.a, x.b); !ok {
			return d, false
		}
	}
	if obs&ObsMaps != 0 {
		if len(a.Maps) != len(b.Maps) {
			return Difference{"maps", "", fmt.Sprintf("%d maps", len(a.Maps)), fmt.Sprintf("%d maps", len(b.Maps))}, false
		}
		for i := range a.Maps {
			if d, ok := compareMap(i, a.Maps[i], b.Maps[i]); !ok {
				return d, false
			}
		}
	}
	if obs&ObsTrace != 0 && !slices.Equal(a.Trace, b.Trace) {
		return Difference{"trace", "", fmt.Sprintf("%q", a.Trace), fmt.Sprintf("%q", b.Trace)}, false
	}
	if d, ok := compareEvents(a, b, obs); !ok {
		return d, false
	}
	if obs&ObsSteps != 0 && a.Steps != b.Steps {
		return Difference{"steps", "", fmt.Sprint(a.Steps), fmt.Sprint(b.Steps)}, false
	}
	return Difference{}, true
}

func compareBlob(name string, a, b *Blob) (Difference, bool) {
	if a.Undef == nil && b.Undef == nil && bytes.Equal(a.Data, b.Data) {
		return Difference{}, true
	}
	if len(a.Data) != len(b.Data) {
		return Difference{name, "length", fmt.Sprint(len(a.Data)), fmt.Sprint(len(b.Data))}, false
	}
	for i := range a.Data {
		if a.Data[i] != b.Data[i] && !(a.Undef != nil && a.Undef[i]) && !(b.Undef != nil && b.Undef[i]) {
			return Difference{name, fmt.Sprintf("byte %d", i), fmt.Sprintf("%#02x", a.Data[i]), fmt.Sprintf("%#02x", b.Data[i])}, false
		}
	}
	return Difference{}, true
}

func compareMap(fd int, a, b []maps.Entry) (Difference, bool) {
	for i := range max(len(a), len(b)) {
		switch {
		case i >= len(b), i < len(a) && bytes.Compare(a[i].Key, b[i].Key) < 0:
			return Difference{"maps", fmt.Sprintf("map %d key %x", fd, a[i].Key), fmt.Sprintf("%x", a[i].Value), "absent"}, false
		case i >= len(a), bytes.Compare(a[i].Key, b[i].Key) > 0:
			return Difference{"maps", fmt.Sprintf("map %d key %x", fd, b[i].Key), "absent", fmt.Sprintf("%x", b[i].Value)}, false
		}
		if d, ok := compareBlob("maps", &Blob{a[i].Value, a[i].Undef}, &Blob{b[i].Value, b[i].Undef}); !ok {
			d.Where = fmt.Sprintf("map %d key %x, %s", fd, a[i].Key, d.Where)
			return d, false
		}
	}
	return Difference{}, true
}
