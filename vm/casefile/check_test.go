package casefile

import (
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

func TestCheck(t *testing.T) {
	exit := func(change func(o *vm.Outcome)) *vm.Outcome {
		o := &vm.Outcome{
			Result: vm.Result{R0: 0x1_0000_0005, Steps: 3},
			Packet: vm.Blob{Data: []byte{1, 2}},
			Maps:   [][]maps.Entry{{{Key: []byte{1}, Value: []byte{7}}}},
			Trace:  []string{"hi"},
		}
		if change != nil {
			change(o)
		}
		return o
	}
	fault := &vm.Outcome{Result: vm.Result{Kind: vm.Faulted, Fault: vm.Fault{Kind: vm.FaultRead, PC: 3, Addr: 16}}}
	rejected := &vm.Outcome{Result: vm.Result{Kind: vm.LoadRejected, Reason: "insn 3: no"}}
	for _, x := range []struct {
		name   string
		expect Expect
		o      *vm.Outcome
		obs    vm.Observable
		want   string // "": fine
	}{
		{"nothing more than exit", Expect{}, exit(nil), vm.ObsAll, ""},
		{"kind", Expect{}, fault, vm.ObsAll, "kind: want exit, got read fault at insn 3"},
		{"kind with reason", Expect{}, rejected, vm.ObsAll, "kind: want exit, got rejected (insn 3: no)"},
		{"message", Expect{Kind: vm.LoadRejected, Message: "no"}, rejected, vm.ObsAll, ""},
		{"other message", Expect{Kind: vm.LoadRejected, Message: "yes"}, rejected, vm.ObsAll, `message: want "yes" in "insn 3: no"`},
		{"r0", Expect{R0: ptr(uint64(0x1_0000_0005))}, exit(nil), vm.ObsAll, ""},
		{"other r0", Expect{R0: ptr(uint64(5))}, exit(nil), vm.ObsAll, "r0: want 0x5, got 0x100000005"},
		{"r0 of 32 bits", Expect{R0: ptr(uint64(5))}, exit(nil), vm.ObsR0Low32, ""},
		{"r0 unseen", Expect{R0: ptr(uint64(6))}, exit(nil), vm.ObsPacket, ""},
		{"r0 undefined", Expect{R0: ptr(uint64(5))}, exit(func(o *vm.Outcome) { o.Undef = 1 }), vm.ObsAll, "r0: want 0x5, but its value is undefined"},
		{"steps", Expect{Steps: ptr(uint64(4))}, exit(nil), vm.ObsAll, "steps: want 4, got 3"},
		{"packet", Expect{Packet: []byte{1, 2}}, exit(nil), vm.ObsAll, ""},
		{"other packet", Expect{Packet: []byte{}}, exit(nil), vm.ObsAll, "packet: want , got 0102"},
		{"packet unseen", Expect{Packet: []byte{}}, exit(nil), vm.ObsR0, ""},
		{"map", Expect{Maps: []Element{{0, []byte{1}, []byte{7}, false}, {0, []byte{2}, nil, true}}}, exit(nil), vm.ObsAll, ""},
		{"map value", Expect{Maps: []Element{{0, []byte{1}, []byte{8}, false}}}, exit(nil), vm.ObsAll, "map 0 key 01: want 08, got 07"},
		{"map present", Expect{Maps: []Element{{0, []byte{1}, nil, true}}}, exit(nil), vm.ObsAll, "map 0 key 01: want nothing, got 07"},
		{"map absent", Expect{Maps: []Element{{0, []byte{2}, []byte{8}, false}}}, exit(nil), vm.ObsAll, "map 0 key 02: want 08, got nothing"},
		{"no map", Expect{Maps: []Element{{1, []byte{2}, []byte{8}, false}}}, exit(nil), vm.ObsAll, "map 1: the outcome has 1 maps"},
		{"trace", Expect{Trace: []string{"ho"}}, exit(nil), vm.ObsAll, `trace: want ["ho"], got ["hi"]`},
		{"fault kind", Expect{Kind: vm.Faulted, Fault: &Fault{Kind: vm.FaultRead}}, fault, vm.ObsAll, ""},
		{"fault place", Expect{Kind: vm.Faulted, Fault: &Fault{Kind: vm.FaultRead, PC: ptr(4)}}, fault, vm.ObsAll, "fault: want read pc=4, got read fault at insn 3"},
		{"fault program", Expect{Kind: vm.Faulted, Fault: &Fault{Kind: vm.FaultRead, Prog: ptr(1)}}, fault, vm.ObsAll, "fault: want read prog=1, got"},
		{"fault address", Expect{Kind: vm.Faulted, Fault: &Fault{Kind: vm.FaultRead, Addr: ptr(uint64(17))}}, fault, vm.ObsAll, "fault: want read addr=0x11, got"},
	} {
		err := x.expect.Check(x.o, x.obs)
		switch {
		case x.want == "" && err != nil:
			t.Errorf("%s: %v", x.name, err)
		case x.want != "" && (err == nil || !strings.HasPrefix(err.Error(), x.want)):
			t.Errorf("%s: got %v, want %s", x.name, err, x.want)
		}
	}
}
