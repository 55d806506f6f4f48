package plugin

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockstep-ebpf/lockstep/vm"
)

// FuzzRequest feeds lines to the reader of requests. What makes a case must come
// out of the client's side again as the same case.
func FuzzRequest(f *testing.F) {
	f.Add([]byte(`{"id":1,"program":"` + five + `","memory":"00"}`))
	f.Add([]byte(`{"id":"x","programs":["18010000000000000000000000000000"],"ctx":"skb","maps":[{"type":3,"fixups":[[0,0]],"entries":[["",""]]}],"inputs":[{"seed":7}],"want":["r0"]}`))
	f.Add([]byte(`{"op":"verify","verify":"unprivileged","release":"linux-6.12","ctx":"xdp","program":"bf30000000000000 9500000000000000"}`))
	f.Add([]byte(`{"verify":"none","load_only":true,"fuel":1,"mode":"trusted","byte_order":"big"}`))
	target := reference()
	f.Fuzz(func(t *testing.T, line []byte) {
		req, err := ParseRequest(line)
		if err != nil {
			if _, err := json.Marshal(wrong(req.ID, err)); err != nil {
				t.Fatalf("the error cannot be written: %v", err)
			}
			return
		}
		c, err := req.Case()
		if err != nil {
			return
		}
		if (&Server{}).beyond(c) == "" {
			line, err := json.Marshal(requestFor("5", c))
			if err != nil {
				t.Fatal(err)
			}
			again, err := ParseRequest(line)
			if err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			c2, err := again.Case()
			if err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			if d := cmp.Diff(c, c2, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("(-first +second):\n%s", d)
			}
		}
		if req.Fuel == 0 || req.Fuel > 1000 {
			req.Fuel = 1000
		}
		small, err := json.Marshal(req)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Inputs) < 8 && small != nil {
			if _, err := json.Marshal(Answer(target, small)); err != nil {
				t.Fatalf("the answer cannot be written: %v", err)
			}
		}
	})
}

// FuzzReply feeds lines to the reader of replies.
func FuzzReply(f *testing.F) {
	f.Add([]byte(`{"id":1,"kind":"exit","r0":"0x5","regs":["0x1"],"undef":{"regs":[0],"memory":"ff"},"memory":"00"}`))
	f.Add([]byte(`{"id":1,"runs":[{"kind":"fault","fault":{"kind":"read","pc":1,"addr":"0x10"},"maps":[[["00","01","ff"]]]}]}`))
	f.Add([]byte(`{"hello":{"protocol":1}}`))
	c := &vm.Case{Inputs: make([]vm.Input, 1)}
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := ParseReply(line)
		if err != nil {
			return
		}
		out, err := r.Outcomes(c)
		if err == nil && len(out) != 1 {
			t.Fatalf("%d outcomes", len(out))
		}
	})
}
