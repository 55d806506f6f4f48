package plugin

import (
	"encoding/json"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/render"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Protocol is the version of the line protocol.
const Protocol = 1

// Hello is the first line of a server.
type Hello struct {
	Protocol    int          `json:"protocol"`
	Name        string       `json:"name"`
	Groups      []spec.Group `json:"groups"`      // whole conformance groups that it supports
	Observables []string     `json:"observables"` // see vm.Observable
	ByteOrder   string       `json:"byte_order"`  // of programs and guest memory: "little", "big" or "both"
	Limits      Limits       `json:"limits"`
}

// Limits are what a request may ask for at most; 0 is unknown.
type Limits struct {
	Insns int    `json:"insns"` // slots a program
	Input int    `json:"input"` // bytes of memory, packet or context
	Fuel  uint64 `json:"fuel"`  // instructions an input
}

// Request is a line to a server.
type Request struct {
	ID json.RawMessage `json:"id,omitempty"` // any JSON; the reply has the same
	Op string          `json:"op,omitempty"` // run (default), or verify: say what a verifier would, and why

	Program  Hex   `json:"program,omitzero"`   // either one program
	Programs []Hex `json:"programs,omitempty"` // or several; the first runs

	Type      string `json:"type,omitempty"`       // program type, by the names of vm/hook; follows from Ctx if absent
	Ctx       string `json:"ctx,omitempty"`        // mem (default), xdp, skb, buffer, args
	ByteOrder string `json:"byte_order,omitempty"` // little (default) or big
	Maps      []Map  `json:"maps,omitempty"`

	Memory Hex     `json:"memory,omitzero"` // short for one input of memory alone
	Inputs []Input `json:"inputs,omitzero"`

	Fuel     uint64   `json:"fuel,omitempty"`      // instructions an input; 0: the default
	Mode     string   `json:"mode,omitempty"`      // checked (default) or trusted
	Verify   string   `json:"verify,omitempty"`    // none (default), unprivileged or privileged
	Release  string   `json:"release,omitempty"`   // of Linux, whose verifier is meant; absent: the best judgement there is
	LoadOnly bool     `json:"load_only,omitempty"` // say whether it loads; do not run it
	Want     []string `json:"want,omitempty"`      // observables to report; absent: all
}

// Map is a map of a request.
type Map struct {
	Name       string    `json:"name,omitempty"`
	Type       MapType   `json:"type"`
	KeySize    uint32    `json:"key_size"`
	ValueSize  uint32    `json:"value_size"`
	MaxEntries uint32    `json:"max_entries"`
	Flags      uint32    `json:"flags,omitempty"`
	Extra      uint64    `json:"extra,omitempty"`  // of a bloom filter: hash functions
	Frozen     bool      `json:"frozen,omitempty"` // user space may change nothing after the start
	Inner      *Map      `json:"inner,omitempty"`  // what the maps in a map of maps look like
	Fixups     []Fixup   `json:"fixups,omitempty"` // the LDDWs that name this map
	Entries    []Element `json:"entries,omitempty"`
}

// Input is an event of a request.
type Input struct {
	Memory Hex    `json:"memory,omitempty"`
	Packet Hex    `json:"packet,omitempty"`
	Ctx    Hex    `json:"ctx,omitempty"`
	Seed   uint64 `json:"seed,omitempty"`
}

// Reply is a line from a server. Exactly one of Hello, Run, Runs, Verify, Accepted,
// Rejected, Unsupported and Error is there.
type Reply struct {
	Hello *Hello          `json:"hello,omitempty"`
	ID    json.RawMessage `json:"id,omitempty"`
	*Run                  // the answer to a request without Inputs
	Runs  []Run           `json:"runs,omitzero"` // one an input

	Verify      *render.Report `json:"verify,omitempty"` // to op verify, whatever the verdict
	Accepted    bool           `json:"accepted,omitempty"`
	Rejected    *string        `json:"rejected,omitempty"`
	Unsupported *string        `json:"unsupported,omitempty"`
	Error       *string        `json:"error,omitempty"`
}

// Run is what came of an input. What was not wanted or cannot be seen is absent.
type Run struct {
	Kind    string      `json:"kind,omitempty"` // by the names of vm.Kind; absent: exit
	R0      *U64        `json:"r0,omitempty"`
	Regs    []U64       `json:"regs,omitempty"` // r0 to r10
	Memory  Hex         `json:"memory,omitzero"`
	Packet  Hex         `json:"packet,omitzero"`
	Ctx     Hex         `json:"ctx,omitzero"`
	Maps    [][]Element `json:"maps,omitzero"` // in the order of the request's maps
	Steps   *uint64     `json:"steps,omitempty"`
	Fault   *Fault      `json:"fault,omitempty"`
	Trace   []string    `json:"trace,omitempty"`
	Events  []Event     `json:"events,omitempty"`
	Undef   *Undef      `json:"undef,omitempty"`
	Tainted bool        `json:"tainted,omitempty"` // nothing of the run can be compared
	Reason  string      `json:"reason,omitempty"`
}

// Undef says what of a run has no defined value: registers by number, and bytes
// by a mask as long as what it masks, ff for undefined.
type Undef struct {
	Regs   []int `json:"regs,omitempty"`
	Memory Hex   `json:"memory,omitempty"`
	Packet Hex   `json:"packet,omitempty"`
	Ctx    Hex   `json:"ctx,omitempty"`
}

// Event is an effect of a program: see vm.Event. The kind is by name.
type Event struct {
	Kind  string `json:"kind"`
	Map   int    `json:"map"`
	Index uint64 `json:"index,omitempty"`
	Flags U64    `json:"flags,omitempty"`
	Data  Hex    `json:"data,omitempty"`
	Undef Hex    `json:"undef,omitempty"` // a mask as long as data
}

// Fault is a fault and its place.
type Fault struct {
	Kind string `json:"kind"` // by the names of vm.FaultKind
	Prog int    `json:"prog,omitempty"`
	PC   int    `json:"pc"`
	Addr U64    `json:"addr"`
}

// observables joins names; what is not known is left out.
func observables(names []string) vm.Observable {
	var all vm.Observable
	for _, n := range names {
		o, _ := vm.ObservableByName(n)
		all |= o
	}
	return all
}
