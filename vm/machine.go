package vm

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Limits of Linux that programs can observe.
const (
	MaxTailCalls = 33      // MAX_TAIL_CALL_CNT
	MaxLoops     = 1 << 23 // BPF_MAX_LOOPS: of bpf_loop, and of may_goto
)

// Machine is one CPU in a World. Set it up with an input, run an Instance on it,
// observe. One run at a time; several Machines of a World may run at once.
type Machine struct {
	World *World
	Mem   *mem.Memory // the World's
	CPU   uint32
	Mode  Mode

	// Fuel is how many instructions a run may start. With ExactFuel it ends before
	// the one too many, in all engines alike; without, an engine may charge in bulk
	// at back-edges and calls, and end later.
	Fuel      uint64
	ExactFuel bool

	R1, R2 uint64   // registers at entry
	R2Def  bool     // r2 has a defined value at entry
	Trace  []string // what trace_printk printed
	Events []Event  // what the program put out

	TailCalls int    // made in this run; engines count here
	Budget    uint64 // of may_goto; engines count down here

	// TracksUndef is set by an engine that keeps the Undef marks of guest memory,
	// while it runs: helpers then mark what they leave unspecified.
	TracksUndef bool
	// ReadUndef is set when a helper reads memory that the reference VM has marked
	// undefined: the outcome is then not comparable.
	ReadUndef bool

	// Env is what the program finds out about the system around it. NewMachine sets
	// DefaultEnv; callers change it between runs.
	Env Env

	context, packet, memory area
	front                   uint32 // how far before and behind its first place the packet has been
	back                    uint32
	meta                    uint32 // bytes of metadata in front of the packet
	skb                     skbState
	socks                   int // sockets laid out in this run
	found                   [maxSocks]*Socket
	assigned                bool   // a socket has been chosen for the packet
	retval                  int32  // of bpf_set_retval
	lock                    uint64 // the spin lock that the program holds
	rng                     rand.PCG
	clock                   uint64
	framesUsed              int
	redirected              redirection
	hook                    *hook.Info // of the program that runs
	first                   mem.Perm   // what frame 0 allows; it stays open between runs
}

// area is a place for input, as long as the input.
type area struct{ base, size uint32 }

// maxMachines is how many input areas fit between two bases of the layout.
const maxMachines = (mem.DataBase - mem.PacketBase) / mem.InputStride

// NewMachine adds a CPU to the World.
func (w *World) NewMachine() *Machine {
	cpu := uint32(len(w.machines))
	if cpu == maxMachines {
		panic("vm: too many machines in one World")
	}
	m := &Machine{World: w, Mem: w.Mem, CPU: cpu, ExactFuel: true, Fuel: DefaultFuel, Env: DefaultEnv()}
	m.context.base = mem.ContextBase + cpu*mem.InputStride
	m.packet.base = m.packetBase()
	m.memory.base = mem.DataBase + cpu*mem.InputStride
	m.reserve()
	w.machines = append(w.machines, m)
	w.CPUs = max(w.CPUs, cpu+1)
	return m
}

// MaxInput is the largest packet, memory or context, in bytes.
const MaxInput = mem.InputStride - 4096

func (m *Machine) reserve() {
	for _, a := range []*area{&m.context, &m.memory} {
		m.Mem.Reserve(a.base, mem.InputStride)
	}
	m.Mem.Reserve(m.packetBase()-mem.Headroom, mem.InputStride)
	m.Mem.Reserve(m.kernel(), mem.KernelStride)
	m.Mem.Reserve(m.stack(), mem.FrameStride*mem.MaxFrames)
}

func (m *Machine) stack() uint32 { return mem.StackBase + m.CPU*mem.StackStride }

// clear leaves nothing of the last run in guest memory.
func (m *Machine) clear() {
	for _, a := range []*area{&m.context, &m.memory} {
		m.Mem.Clear(a.base, a.size)
		a.size = 0
	}
	m.clearPacket()
	m.clearKernel()
	m.unlock()
	for i := range m.framesUsed {
		m.Mem.Clear(m.stack()+uint32(i)*mem.FrameStride, mem.FrameSize)
	}
	m.framesUsed, m.first = 0, 0
	clear(m.Trace)
	m.Trace = m.Trace[:0]
	clear(m.Events)
	m.Events = m.Events[:0]
}

// Setup clears the machine and lays out an input for a program of type t.
func (m *Machine) Setup(t hook.Type, in *Input) error {
	info := hook.Lookup(t)
	if info == nil {
		return &Unsupported{t.String()}
	}
	m.clear()
	m.hook = info
	m.World.trusted = m.World.trusted || m.Mode == Trusted
	m.TailCalls, m.Budget, m.ReadUndef, m.redirected = 0, MaxLoops, false, redirection{}
	m.assigned, m.retval = false, 0
	m.skb = skbState{network: m.macLength(), checksum: noChecksum}
	m.rng.Seed(in.Seed, 0x10c5_7e9)
	m.clock = 1_000_000_000 + in.Seed%1_000_000_007
	if err := m.putPacket(in.Packet); err != nil {
		return err
	}
	m.R1, m.R2, m.R2Def = uint64(m.context.base), 0, false
	if info.Pointers {
		if err := m.put(&m.memory, in.Memory, "memory", mem.Read); err != nil {
			return err
		}
	}
	return m.putContext(info, in)
}

func (m *Machine) putContext(info *hook.Info, in *Input) error {
	switch info.Context {
	case hook.Memory:
		m.R1, m.R2, m.R2Def = uint64(m.memory.base), uint64(len(in.Memory)), true
		return m.put(&m.memory, in.Memory, "memory", mem.RW)
	case hook.Buffer:
		return m.put(&m.context, in.Context, "context", mem.RW)
	}
	if len(in.Context) > int(info.Size) {
		return &Rejected{-1, fmt.Sprintf("the context has %d bytes, a %s program's at most %d", len(in.Context), info.Name, info.Size)}
	}
	switch info.Context {
	case hook.Args:
		if err := m.put(&m.context, in.Context, "context", mem.Read); err != nil {
			return err
		}
		m.Mem.Allow(m.context.base, min(info.Skip, m.context.size), 0)
		return nil
	case hook.Registers:
		return m.put(&m.context, append(slices.Clone(in.Context), make([]byte, max(0, int(info.Least)-len(in.Context)))...), "context", mem.Read)
	}
	m.putFields(info, in)
	return nil
}

func (m *Machine) put(a *area, b []byte, what string, p mem.Perm) error {
	if len(b) > MaxInput {
		return &Rejected{-1, fmt.Sprintf("the %s has %d bytes, more than %d", what, len(b), MaxInput)}
	}
	a.size = uint32(len(b))
	copy(m.Mem.Bytes(a.base, a.size), b)
	m.Mem.Allow(a.base, a.size, p)
	return nil
}

// putFields lays out a context of fixed fields, and fills in what the machine knows.
func (m *Machine) putFields(info *hook.Info, in *Input) {
	m.context.size = info.Size
	copy(m.Mem.Bytes(m.context.base, info.Size), in.Context)
	for _, f := range info.Fields {
		m.Mem.Allow(m.context.base+f.Off, f.Size, f.Perm)
	}
	m.point()
}

// OpenFrame makes frame i (0 is the first function's) accessible with p, and gives
// the value of r10 in it. What an earlier call left in the frame stays.
func (m *Machine) OpenFrame(i int, p mem.Perm) (r10 uint64) {
	if i == 0 && m.first == p && p&mem.Undef == 0 { // marks would have changed since
		return uint64(m.stack() + mem.FrameSize)
	}
	return m.openFrame(i, p)
}

func (m *Machine) openFrame(i int, p mem.Perm) (r10 uint64) {
	if i == 0 {
		m.first = p
	}
	addr := m.stack() + uint32(i)*mem.FrameStride
	m.framesUsed = max(m.framesUsed, i+1)
	m.Mem.Allow(addr, mem.FrameSize, p)
	return uint64(addr) + mem.FrameSize
}

// CloseFrame makes frame i inaccessible.
func (m *Machine) CloseFrame(i int) {
	m.Mem.Allow(m.stack()+uint32(i)*mem.FrameStride, mem.FrameSize, 0)
}

// Packet finds n bytes of the packet at a signed offset, for LD_ABS and LD_IND.
func (m *Machine) Packet(off int64, n uint32) ([]byte, bool) {
	if off < 0 || off+int64(n) > int64(m.packet.size) {
		return nil, false
	}
	return m.Mem.Bytes(m.packet.base+uint32(off), n), true
}

// Bytes gives a helper n bytes of guest memory at addr. In checked mode all of
// them must allow need, else the fault is returned.
func (m *Machine) Bytes(addr uint64, n uint32, need mem.Perm) ([]byte, Fault) {
	if m.Mode == Checked && !m.Mem.Can(addr, n, need) {
		kind := FaultRead
		if need&mem.Write != 0 {
			kind = FaultWrite
		}
		return nil, Fault{Kind: kind, Addr: addr}
	}
	if uint64(uint32(addr))+uint64(n) > mem.Size { // trusted: masked, but never out of the window
		return nil, Fault{Kind: FaultRead, Addr: addr}
	}
	b := m.Mem.Bytes(uint32(addr), n)
	if uint32(len(b)) != n { // list form: no region there
		return nil, Fault{Kind: FaultRead, Addr: addr}
	}
	if need&mem.Read != 0 && m.Mem.UndefIn(uint32(addr), n) != nil {
		m.ReadUndef = true
	}
	return b, Fault{}
}

// Write writes to guest memory for a helper that has asked whether it may.
func (m *Machine) Write(addr uint32, b []byte) {
	copy(m.Mem.Bytes(addr, uint32(len(b))), b)
	m.define(uint64(addr), b)
}

// Random is the machine's next random number.
func (m *Machine) Random() uint64 {
	if m.Env.Random != nil {
		return m.Env.Random()
	}
	return m.rng.Uint64()
}

// Now is the machine's clock in nanoseconds; it moves on with every look.
func (m *Machine) Now() uint64 {
	if m.Env.Now != nil {
		return m.Env.Now()
	}
	m.clock += 1000
	return m.clock
}

// Observe collects what a run left behind. The bytes are copies.
func (m *Machine) Observe(r Result, o *Outcome) {
	o.Result = r
	m.unlock()
	o.Result.Tainted = r.Tainted || m.ReadUndef
	o.Memory = m.blob(m.memory, o.Memory.Data)
	if m.hook.Type == hook.FlowDissector {
		o.Memory = m.keys(o.Memory.Data)
	}
	o.Packet = m.blob(m.packet, o.Packet.Data)
	o.Context = m.blob(m.context, o.Context.Data)
	o.Trace = append(o.Trace[:0], m.Trace...)
	o.Events = append(o.Events[:0], m.Events...)
	if m.hook.Verdict {
		m.deliver(o)
	}
	o.Maps = slices.Grow(o.Maps[:0], len(m.World.Maps))[:len(m.World.Maps)] // with the buffers of earlier outcomes
	for i, x := range m.World.Maps {
		o.Maps[i] = x.Entries(o.Maps[i][:0])
	}
}

func (m *Machine) blob(a area, reuse []byte) Blob {
	return Blob{append(reuse[:0], m.Mem.Bytes(a.base, a.size)...), m.Mem.UndefIn(a.base, a.size)}
}
