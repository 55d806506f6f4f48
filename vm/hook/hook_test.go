package hook

import "testing"

// TestOf: the numbers are those of enum bpf_prog_type and enum bpf_attach_type in
// include/uapi/linux/bpf.h.
func TestOf(t *testing.T) {
	for _, tt := range []struct {
		name         string
		prog, attach uint32
		want         Type
		text         string
	}{
		{"a place that matters not", 6, 37, XDP, "xdp"}, // BPF_XDP
		{"no place", 3, 0, SchedCLS, "sched_cls"},
		{"ingress is 0", 8, 0, CgroupSKBIngress, "cgroup_skb/ingress"},
		{"egress", 8, 1, CgroupSKBEgress, "cgroup_skb/egress"},
		{"a stream's verdict", 14, 5, StreamVerdict, "sk_skb/stream_verdict"},
		{"a verdict", 14, 38, SKBVerdict, "sk_skb/verdict"},
		{"a parser", 14, 4, StreamParser, "sk_skb/stream_parser"},
		{"no place of sk_skb", 14, 0, 14, "program type 14"},
		{"a type that is not simulated", 20, 0, 20, "program type 20"},
		{"a place of a type that is not simulated", 20, 16, 20 | 16<<16, "program type 20 for attach type 16"},
		{"raw tracepoint", 17, 0, RawTracepoint, "raw_tracepoint"},
	} {
		got := Of(tt.prog, tt.attach)
		if got != tt.want || got.String() != tt.text || got.Prog() != tt.prog {
			t.Errorf("%s: %s (%#x), prog %d; want %s (%#x)", tt.name, got, uint32(got), got.Prog(), tt.text, uint32(tt.want))
		}
		if i := Lookup(got); i != nil && i.Type.Attach() != 0 && i.Type.Attach() != tt.attach {
			t.Errorf("%s: attach type %d", tt.name, i.Type.Attach())
		}
	}
	for _, name := range Names() {
		if typ, ok := ByName(name); !ok || typ.String() != name {
			t.Errorf("%q is the name of %s", name, typ)
		}
	}
}
