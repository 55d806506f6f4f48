package vm

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

func TestCompare(t *testing.T) {
	base := func() Outcome {
		return Outcome{
			Result: Result{Kind: Exit, R0: 5, Regs: [11]uint64{0: 5, 6: 7}, Steps: 10},
			Packet: Blob{Data: []byte{1, 2, 3}},
			Maps:   [][]maps.Entry{{{Key: []byte{1}, Value: []byte{9, 9}}}},
			Trace:  []string{"hello"},
			Events: []Event{{Kind: RingRecord, Flags: 1, Data: []byte{4}}, {Kind: Redirect, Index: 2, Flags: 1}, {Kind: Message, Map: -1, Index: 7, Flags: 1, Data: []byte{5}}},
		}
	}
	for _, tt := range []struct {
		name   string
		change func(a, b *Outcome)
		obs    Observable
		want   string // the observable that differs; empty: none
	}{
		{"equal", func(a, b *Outcome) {}, ObsAll, ""},
		{"kind", func(a, b *Outcome) { b.Kind = Faulted }, ObsAll, "kind"},
		{"fault pc", func(a, b *Outcome) { a.Kind, b.Kind, b.Fault.PC = Faulted, Faulted, 3 }, ObsAll, "fault"},
		{"fault pc unseen", func(a, b *Outcome) { a.Kind, b.Kind, b.Fault.PC = Faulted, Faulted, 3 }, ObsAll &^ ObsFault, ""},
		{"r0", func(a, b *Outcome) { b.R0 = 6 }, ObsAll, "r0"},
		{"upper half of r0", func(a, b *Outcome) { b.R0 |= 1 << 40 }, ObsR0Low32, ""},
		{"undefined r0", func(a, b *Outcome) { b.R0, a.Undef, b.Regs[0] = 6, 1, 6 }, ObsAll, ""},
		{"r6", func(a, b *Outcome) { b.Regs[6] = 6 }, ObsAll, "regs"},
		{"packet byte", func(a, b *Outcome) { b.Packet.Data[2] = 6 }, ObsAll, "packet"},
		{"undefined packet byte", func(a, b *Outcome) { b.Packet.Data[2], a.Packet.Undef = 6, []bool{false, false, true} }, ObsAll, ""},
		{"packet length", func(a, b *Outcome) { b.Packet.Data = b.Packet.Data[:2] }, ObsAll, "packet"},
		{"map value", func(a, b *Outcome) { b.Maps[0][0].Value[1] = 6 }, ObsAll, "maps"},
		{"map key missing", func(a, b *Outcome) { b.Maps[0] = nil }, ObsAll, "maps"},
		{"map missing", func(a, b *Outcome) { b.Maps = nil }, ObsAll, "maps"},
		{"maps unseen", func(a, b *Outcome) { b.Maps = nil }, ObsAll &^ ObsMaps, ""},
		{"trace", func(a, b *Outcome) { b.Trace = nil }, ObsAll, "trace"},
		{"order of events", func(a, b *Outcome) { b.Events[0], b.Events[1] = b.Events[1], b.Events[0] }, ObsAll, "events"},
		{"flags of a record", func(a, b *Outcome) { b.Events[0].Flags = 0 }, ObsAll, "events"},
		{"flags of a record, unseen", func(a, b *Outcome) { b.Events[0].Flags = 0 }, ObsRecords, ""},
		{"redirection unseen", func(a, b *Outcome) { b.Events[1].Index = 1 }, ObsRecords, ""},
		{"record", func(a, b *Outcome) { b.Events[0].Data[0] = 6 }, ObsRecords, "records"},
		{"socket of a message", func(a, b *Outcome) { b.Events[2].Index = 8 }, ObsRecords, "records"},
		{"end of the socket", func(a, b *Outcome) { b.Events[2].Flags = 0 }, ObsRecords, "records"},
		{"bytes of a message", func(a, b *Outcome) { b.Events[2].Data[0] = 6 }, ObsRecords, "records"},
		{"message missing", func(a, b *Outcome) { b.Events = b.Events[:2] }, ObsRecords, "records"},
		{"steps", func(a, b *Outcome) { b.Steps = 11 }, ObsAll, "steps"},
		{"tainted", func(a, b *Outcome) { b.R0, a.Tainted = 6, true }, ObsAll, ""},
		{"fuel, steps unseen", func(a, b *Outcome) { a.Kind, b.Kind, b.R0 = FuelSpent, FuelSpent, 6 }, ObsR0 | ObsPacket, ""},
		{"fuel, other place", func(a, b *Outcome) { a.Kind, b.Kind, b.Steps = FuelSpent, FuelSpent, 11 }, ObsAll, "steps"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := base(), base()
			tt.change(&a, &b)
			for _, swap := range []bool{false, true} {
				x, y := &a, &b
				if swap {
					x, y = y, x
				}
				if d, ok := Compare(x, y, tt.obs); ok != (tt.want == "") || d.Observable != tt.want {
					t.Errorf("swapped %v: %v %v, want %q", swap, d, ok, tt.want)
				}
			}
		})
	}
}
