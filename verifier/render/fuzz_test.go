package render_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/reduce"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/render"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// FuzzRender has everything made of a broken program, with bytes of it changed: nothing
// panics, and what is JSON stays JSON.
func FuzzRender(f *testing.F) {
	f.Add(uint64(1), []byte{})
	f.Add(uint64(2), []byte{8, 0xff, 17, 0x80})
	f.Add(uint64(77), []byte{0, 0x85, 4, 0x0c})
	var generators []*gen.Generator
	for _, mix := range gen.Mixes {
		generators = append(generators, gen.New(gen.Options{Mix: mix}))
	}
	var src tape.Source
	f.Fuzz(func(t *testing.T, seed uint64, changes []byte) {
		src.Seed(seed)
		c := reduce.Clone(generators[seed%uint64(len(generators))].Perturb(&src))
		code := spec.Encode(c.Programs[0].Insns, spec.Little)
		for i := 0; i+1 < len(changes) && len(code) > 0; i += 2 {
			code[int(changes[i])%len(code)] ^= changes[i+1]
		}
		c.Programs[0].Insns, _ = spec.Split(code, spec.Little)
		everything(t, c)
	})
}

func everything(t *testing.T, c *vm.Case) {
	var out bytes.Buffer
	l, p, b := render.NewLog(c, render.Full), render.NewProfile(c), render.NewBrowser(c)
	o := verifier.Options{MaxInsns: 3000, Trace: verifier.Traces(l.Trace(), p.Trace(), b.Trace())}
	res := verifier.Verify(c, o)
	l.Finish(&res)
	p.Write(&out, 10)
	x := render.Explain(c, o, &res)
	r := render.NewReport(c, o, &res, x)
	r.Write(&out, render.Style{Colour: true})
	x.Write(&out, c, res.Failure, render.Style{})
	if err := b.Write(&out, "fuzz", r, &res); err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{r, render.ToSARIF(r, "fuzz.o")} {
		if _, err := json.Marshal(v); err != nil {
			t.Fatal(err)
		}
	}
	if f := res.Failure; f != nil && f.State != nil && len(r.Registers) == 0 {
		t.Error("there is a state and no registers") // r10 is always there
	}
}
