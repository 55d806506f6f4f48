package vm

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Kind is how a run ended.
type Kind uint8

// Kinds of outcome.
const (
	Exit            Kind = iota // the program returned
	Faulted                     // it did what a checked machine forbids
	FuelSpent                   // it ran out of fuel
	LoadRejected                // it was not loaded
	LoadUnsupported             // the target cannot run such programs
	Hang                        // the target did not answer in time
	Crash                       // the target died
	Broken                      // it did what was claimed that it cannot do: of targets that claim something
)

var kindNames = [...]string{"exit", "fault", "fuel", "rejected", "unsupported", "hang", "crash", "broken"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// KindByName is the inverse of String.
func KindByName(name string) (Kind, bool) {
	for k, n := range kindNames {
		if n == name {
			return Kind(k), true
		}
	}
	return 0, false
}

// FaultKind is what a program did wrong.
type FaultKind uint8

// Kinds of fault. Where an access breaks more than one rule, the first of these
// that applies is reported: Align, then Read, then Write.
const (
	NoFault     FaultKind = iota
	FaultAlign            // an atomic access to an address that is no multiple of its size
	FaultRead             // a byte that may not be read
	FaultWrite            // a byte that may not be written
	FaultHelper           // a helper's argument that is not what the helper takes
	FaultDepth            // a call in the eighth frame
	FaultTrap             // the table says so (Trap)
)

var faultNames = [...]string{"none", "align", "read", "write", "helper", "depth", "trap"}

func (k FaultKind) String() string {
	if int(k) < len(faultNames) {
		return faultNames[k]
	}
	return fmt.Sprintf("fault %d", uint8(k))
}

// FaultByName is the inverse of String.
func FaultByName(name string) (FaultKind, bool) {
	for k, n := range faultNames {
		if n == name {
			return FaultKind(k), true
		}
	}
	return 0, false
}

// Fault is a fault with its place.
type Fault struct {
	Kind FaultKind
	Prog int    // the number of the program (a tail call may have left the first)
	PC   int    // the slot of the instruction
	Addr uint64 // the address of the access: its first byte; for FaultHelper the argument
}

func (f Fault) String() string {
	return fmt.Sprintf("%s fault at insn %d of program %d, address %#x", f.Kind, f.PC, f.Prog, f.Addr)
}

// Next is the instruction that a run would have gone on with.
type Next struct {
	Known bool // the engine says
	Prog  int  // the number of the program
	PC    int  // the slot
}

// Result is what an Instance can say of a run.
type Result struct {
	Kind    Kind
	R0      uint64
	Regs    [11]uint64 // r0 to r10 at the exit, where the engine has them
	Undef   uint16     // bit n: rn has no defined value
	Tainted bool       // control or an address depended on an undefined value: nothing can be compared
	Steps   uint64     // instructions started; an LDDW is one
	Fault   Fault
	Next    Next   // of a run out of fuel: the instruction not started
	Reason  string // for people: why rejected, what unsupported, how it crashed
}

// Blob is bytes of which some may have no defined value.
type Blob struct {
	Data  []byte
	Undef []bool // nil: all defined
}

// Outcome is a Result with the state that the run left behind.
type Outcome struct {
	Result
	Memory  Blob // of a flow dissector the struct bpf_flow_keys
	Packet  Blob
	Context Blob
	Maps    [][]maps.Entry // one list a map, in order of keys
	Trace   []string       // what the program printed
	Events  []Event        // what it put out, in order
}

// Observable is a part of an outcome that a target can show.
type Observable uint16

// Observables.
const (
	ObsR0 Observable = 1 << iota
	ObsR0Low32
	ObsRegs
	ObsMemory
	ObsPacket
	ObsContext
	ObsMaps
	ObsSteps // includes running out of fuel at the same instruction
	ObsFault // kind, pc and address
	ObsTrace
	ObsEvents
	ObsRecords // of the events: the bytes put into ring buffers and perf events, map by map, and messages to sockets

	ObsAll = ObsR0 | ObsR0Low32 | ObsRegs | ObsMemory | ObsPacket | ObsContext | ObsMaps | ObsSteps | ObsFault | ObsTrace | ObsEvents | ObsRecords
)

var observableNames = [...]string{"r0", "r0_low32", "regs", "memory", "packet", "ctx", "maps", "steps", "fault", "trace", "events", "records"}

// Names lists the observables of a set.
func (o Observable) Names() []string {
	var names []string
	for i, n := range observableNames {
		if o&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	return names
}

// ObservableByName finds one observable.
func ObservableByName(name string) (Observable, bool) {
	for i, n := range observableNames {
		if n == name {
			return 1 << i, true
		}
	}
	return 0, false
}
