package corpus

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/host/object"
	"github.com/lockstep-ebpf/lockstep/spec"
)

// TestDispatch runs the object reader's own test object on every target: callbacks,
// tail calls through a prog_array that the object fills, .data.
func TestDispatch(t *testing.T) {
	none := func(spec.ByteOrder) entries { return nil }
	want := []expected{ // limit is 64 bytes; the results follow from the C source
		{name: "small", packet: make([]byte, 63), r0: 0 + 1 + 4 + 9 + 16, maps: none},
		{name: "large", packet: make([]byte, 64), r0: 42, maps: none},
	}
	for _, target := range targets(t) {
		for _, file := range []string{"dispatch.o", "dispatch.be.o"} {
			o, err := object.Open("../host/object/testdata/" + file)
			if err != nil {
				t.Fatal(err)
			}
			t.Run(target.Name()+"/"+o.Order.String(), func(t *testing.T) { checkTarget(t, target, o, "dispatch", want) })
		}
	}
}
