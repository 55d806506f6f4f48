//go:build linux

package kernelcmp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/commands"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/sysbpf"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// The tests of this file do random operations on a map of ours and one of the
// kernel, and compare every answer: error number, bytes, next key. The kernel is
// called directly and not through a library, which would put its own words between.

var sequences = flag.Int("sequences", 120, "random operation sequences for each map type")

// mapKernel skips where there is no bpf(2).
func mapKernel(t *testing.T) {
	t.Helper()
	if err := permitted(); err != nil {
		if os.Getenv("CI") == "true" && os.Getuid() == 0 {
			t.Fatal(err)
		}
		t.Skipf("needs bpf(2): %v", err)
	}
}

// pair is one map, twice.
type pair struct {
	spec  maps.Spec
	ours  maps.User
	fd    int
	stand *stand
}

func (p *pair) kernelFD() int { return p.fd }

// result is what both said.
type result struct {
	ours, kernel       error
	gotOurs, gotKernel []byte
}

// code is the error number, or 0.
func code(err error) int {
	var ours maps.Errno
	var theirs syscall.Errno
	switch {
	case err == nil:
		return 0
	case errors.As(err, &ours):
		return int(ours)
	case errors.As(err, &theirs):
		return int(theirs)
	}
	return -1
}

// mapOp is one call.
type mapOp struct {
	do         string
	key, value []byte
	flags      uint64
}

func (o mapOp) String() string {
	return fmt.Sprintf("%s(%x, %x, %d)", o.do, o.key, o.value, o.flags)
}

func (o mapOp) Run(sut commands.SystemUnderTest) commands.Result {
	p := sut.(*pair)
	var r result
	switch o.do {
	case "update":
		r.ours = p.ours.Update(o.key, o.value, o.flags)
		r.kernel = sysbpf.Update(p.fd, o.key, p.stand.toKernel(&p.spec, o.value), o.flags)
	case "delete":
		r.ours = p.ours.Delete(o.key)
		r.kernel = sysbpf.Delete(p.fd, o.key)
	case "lookup", "take":
		a, b := bytes.Clone(o.value), bytes.Clone(o.value)
		if o.do == "lookup" {
			r.ours = p.ours.Lookup(o.key, a, o.flags)
			r.kernel = sysbpf.Lookup(p.fd, o.key, b, o.flags)
		} else {
			r.ours = p.ours.LookupAndDelete(o.key, a, o.flags)
			r.kernel = sysbpf.LookupAndDelete(p.fd, o.key, b, o.flags)
		}
		if r.ours == nil && r.kernel == nil {
			r.gotOurs, r.gotKernel = a, p.stand.fromKernel(&p.spec, b)
		}
	case "next":
		r.gotOurs, r.gotKernel = make([]byte, p.spec.KeySize), make([]byte, p.spec.KeySize)
		r.ours = p.ours.NextKey(o.key, r.gotOurs)
		r.kernel = sysbpf.NextKey(p.fd, o.key, r.gotKernel)
		if !ordered(&p.spec) {
			r.gotOurs, r.gotKernel = nil, nil
			if o.key != nil { // whether it is the last depends on the order
				r.ours, r.kernel = nil, nil
			}
		}
	case "freeze":
		r.ours, r.kernel = p.ours.Freeze(), sysbpf.Freeze(p.fd)
	case "dump":
		r.gotOurs = dump(&p.spec, p.ours.NextKey, p.ours.Lookup, p.ours.ValueSize(), func(b []byte) []byte { return b })
		r.gotKernel = dump(&p.spec, func(key, next []byte) error { return sysbpf.NextKey(p.fd, key, next) },
			func(key, value []byte, flags uint64) error { return sysbpf.Lookup(p.fd, key, value, flags) },
			p.ours.ValueSize(), func(b []byte) []byte { return p.stand.fromKernel(&p.spec, b) })
	}
	p.stand.ops.Add(1)
	if r.kernel == nil {
		p.stand.good.Add(1)
	}
	return r
}

// dump walks over a map by next key and looks up everything.
func dump(s *maps.Spec, next func(key, next []byte) error, lookup func(key, value []byte, flags uint64) error, size int, clean func([]byte) []byte) []byte {
	var lines []string
	var key []byte
	for range 4 * (s.MaxEntries + 1) {
		n := make([]byte, s.KeySize)
		if err := next(key, n); err != nil {
			lines = append(lines, fmt.Sprintf("end: %d", code(err)))
			break
		}
		value := make([]byte, size)
		err := lookup(n, value, 0)
		if err == nil {
			value = clean(value)
		}
		lines = append(lines, fmt.Sprintf("%x: %d %x", n, code(err), value))
		key = n
	}
	if !ordered(s) {
		slices.Sort(lines)
	}
	return []byte(strings.Join(lines, "\n"))
}

// ordered reports whether the kernel's order of iteration is determined.
func ordered(s *maps.Spec) bool {
	switch s.Type {
	case maps.Hash, maps.PerCPUHash, maps.HashOfMaps, maps.LRUHash, maps.LRUPerCPUHash:
		return s.Flags&maps.ZeroSeed != 0
	case maps.SockHash:
		return false
	}
	return true
}

func (mapOp) NextState(s commands.State) commands.State { return s }
func (mapOp) PreCondition(commands.State) bool          { return true }

func (o mapOp) PostCondition(_ commands.State, r commands.Result) *gopter.PropResult {
	x := r.(result)
	if code(x.ours) == code(x.kernel) && bytes.Equal(x.gotOurs, x.gotKernel) {
		return &gopter.PropResult{Status: gopter.PropTrue}
	}
	return &gopter.PropResult{Status: gopter.PropFalse, Labels: []string{
		fmt.Sprintf("%v: ours %v %s, kernel %v %s", o, x.ours, show(x.gotOurs), x.kernel, show(x.gotKernel)),
	}}
}

func show(b []byte) string {
	if bytes.ContainsAny(b, ":") {
		return string(b)
	}
	return fmt.Sprintf("%x", b)
}

// randomSpec draws a small map that the kernel can make.
func randomSpec(r *rand.Rand, t maps.Type) maps.Spec {
	s := maps.Spec{Type: t, KeySize: 4, ValueSize: 4, MaxEntries: uint32(1 + r.Intn(8))}
	free := func() { s.ValueSize = uint32(1 + r.Intn(20)) }
	pick := func(flags ...uint32) {
		for _, f := range flags {
			if r.Intn(3) == 0 {
				s.Flags |= f
			}
		}
	}
	if r.Intn(10) == 0 && t != maps.CPUMap && t != maps.RingBuf {
		s.Flags |= []uint32{maps.UserReadOnly, maps.UserWriteOnly}[r.Intn(2)]
	}
	switch t {
	case maps.Array, maps.PerCPUArray:
		free()
		pick(maps.ReadOnly)
	case maps.Hash, maps.PerCPUHash:
		free()
		s.KeySize = uint32(1 + r.Intn(30))
		pick(maps.NoPrealloc, maps.ZeroSeed, maps.ReadOnly)
	case maps.LRUHash, maps.LRUPerCPUHash:
		free()
		s.KeySize = uint32(1 + r.Intn(6))
		pick(maps.NoCommonLRU)
	case maps.ArrayOfMaps:
		s.Inner = &innerGood
	case maps.HashOfMaps:
		s.Inner = &innerGood
		s.KeySize = uint32(1 + r.Intn(9))
		pick(maps.NoPrealloc, maps.ZeroSeed)
	case maps.LPMTrie:
		free()
		s.KeySize = uint32(5 + r.Intn(3))
		s.MaxEntries *= 3
		s.Flags |= maps.NoPrealloc
	case maps.Queue, maps.Stack:
		free()
		s.KeySize = 0
	case maps.BloomFilter:
		free()
		s.KeySize, s.MaxEntries, s.Extra = 0, uint32(1+r.Intn(60)), uint64(r.Intn(16))
		s.Flags |= maps.ZeroSeed
	case maps.RingBuf:
		s.KeySize, s.ValueSize, s.MaxEntries = 0, 0, 4096
	case maps.StackTrace:
		s.ValueSize = 8 * uint32(1+r.Intn(20))
	case maps.DevMap, maps.DevMapHash, maps.CPUMap:
		s.ValueSize = []uint32{4, 8}[r.Intn(2)]
	case maps.SockMap, maps.SockHash:
		s.ValueSize = []uint32{4, 8}[r.Intn(2)]
	}
	return s
}

// randomOp draws a call that makes sense more often than not.
func randomOp(r *rand.Rand, s *maps.Spec, valueSize int) mapOp {
	o := mapOp{key: randomKey(r, s), value: make([]byte, valueSize)}
	switch n := r.Intn(20); {
	case n < 8:
		o.do = "update"
		o.value = randomValue(r, s, valueSize)
		if r.Intn(3) == 0 {
			o.flags = uint64(r.Intn(10))
		}
	case n < 12:
		o.do = "lookup"
		if s.Type == maps.BloomFilter {
			o.value = randomValue(r, s, valueSize)
		}
	case n < 14:
		o.do = "delete"
	case n < 16:
		o.do = "take"
	case n < 18:
		o.do = "next"
		if r.Intn(4) == 0 {
			o.key = nil
		}
	default:
		o.do = "dump"
		if s.Type.Keyless() || s.Type == maps.RingBuf {
			o.do = "take"
		}
	}
	if (o.do == "lookup" || o.do == "take") && r.Intn(12) == 0 {
		o.flags = uint64(r.Intn(10))
	}
	if r.Intn(400) == 0 {
		o.do = "freeze"
	}
	return o
}

func randomKey(r *rand.Rand, s *maps.Spec) []byte {
	if s.KeySize == 0 {
		return nil
	}
	key := make([]byte, s.KeySize)
	i := r.Intn(int(s.MaxEntries) + 3)
	switch s.Type {
	case maps.LPMTrie: // few bits differ, so that prefixes part often
		r.Read(key[4:])
		for j := range key[4:] {
			key[4+j] &= 0x91
		}
		binary.NativeEndian.PutUint32(key, uint32(r.Intn(int(s.KeySize-4)*8+2)))
	case maps.Hash, maps.PerCPUHash, maps.LRUHash, maps.LRUPerCPUHash, maps.HashOfMaps, maps.SockHash:
		key[0], key[len(key)-1] = byte(i), byte(3*i)
	default:
		binary.NativeEndian.PutUint32(key, uint32(i))
		if r.Intn(40) == 0 {
			key[3] = 0xff
		}
	}
	return key
}

func randomValue(r *rand.Rand, s *maps.Spec, size int) []byte {
	v := make([]byte, size)
	switch s.Type {
	case maps.ProgArray, maps.PerfEventArray, maps.CgroupArray: // every number is an object of ours
		v[0] = byte(r.Intn(2))
	case maps.XSKMap, maps.SockMap, maps.SockHash:
		v[0] = byte(r.Intn(3))
	case maps.ArrayOfMaps, maps.HashOfMaps:
		v[0] = byte(r.Intn(4))
	case maps.DevMap, maps.DevMapHash:
		v[0] = byte(r.Intn(2))
		if size == 8 {
			v[4] = []byte{0, 0, 0, 200}[r.Intn(4)]
		}
	case maps.CPUMap:
		v[0] = byte(r.Intn(3))
		v[1] = []byte{0, 0, 0x40, 0x41}[r.Intn(4)]
		if size == 8 {
			v[4] = []byte{0, 0, 0, 200}[r.Intn(4)]
		}
	case maps.BloomFilter:
		v[0] = byte(r.Intn(80))
	default:
		r.Read(v)
	}
	return v
}

// open makes both maps.
func (st *stand) open(s maps.Spec) *pair {
	p := &pair{spec: s, stand: st, fd: -1}
	base := mem.NewList()
	base.Order = hostOrder
	others := st.others(base)
	ours, err := maps.New(&p.spec, maps.Place{Mem: base, Base: mem.ValueBase + 1<<20, CPUs: st.cpus, Maps: &others})
	if err != nil {
		panic(fmt.Sprintf("%+v: %v", s, err))
	}
	p.ours = maps.User{Map: ours}
	if p.fd, err = st.create(&p.spec); err != nil {
		panic(fmt.Sprintf("%+v: the kernel says %v", s, err))
	}
	return p
}

// TestMapsAnswerAsTheKernel is the comparison of everything whose answers are
// determined.
func TestMapsAnswerAsTheKernel(t *testing.T) {
	mapKernel(t)
	t.Logf("-seed %d", *seed)
	st := newStand(t)
	for typ := range maps.Type(64) {
		if !typ.Simulated() || typ.LRU() {
			continue
		}
		t.Run(typ.String(), func(t *testing.T) {
			if why := st.lacks(typ); why != "" {
				t.Skip(why)
			}
			check(t, st, typ, func(s maps.Spec) commands.SystemUnderTest { return st.open(s) }, func(o mapOp) commands.Command { return o })
		})
	}
}

// check runs random sequences of 50 to 79 operations. Changing a map of maps waits
// for every CPU, so those sequences run beside each other.
func check(t *testing.T, st *stand, typ maps.Type, open func(maps.Spec) commands.SystemUnderTest, command func(mapOp) commands.Command) {
	lanes, each := 1, *sequences
	if typ == maps.ArrayOfMaps || typ == maps.HashOfMaps {
		lanes, each = 32, (*sequences+31)/32
		if !flagged("sequences") {
			each = 2
		}
	}
	cmds := &commands.ProtoCommands{
		InitialStateGen: func(p *gopter.GenParameters) *gopter.GenResult {
			return gopter.NewGenResult(randomSpec(p.Rng, typ), gopter.NoShrinker)
		},
		NewSystemUnderTestFunc:     func(s commands.State) commands.SystemUnderTest { return open(s.(maps.Spec)) },
		DestroySystemUnderTestFunc: func(x commands.SystemUnderTest) { sysbpf.Close(x.(interface{ kernelFD() int }).kernelFD()) },
		GenCommandFunc: func(s commands.State) gopter.Gen {
			spec := s.(maps.Spec)
			return func(p *gopter.GenParameters) *gopter.GenResult {
				return gopter.NewGenResult(command(randomOp(p.Rng, &spec, st.valueSize(&spec))), gopter.NoShrinker)
			}
		},
	}
	st.ops.Store(0)
	st.good.Store(0)
	results := make([]*gopter.TestResult, lanes)
	var wg sync.WaitGroup
	for lane := range lanes {
		wg.Go(func() {
			params := gopter.DefaultTestParametersWithSeed(int64(*seed) + int64(typ)<<32 + int64(lane))
			params.MinSuccessfulTests, params.MinSize, params.MaxSize = each, 50, 80
			results[lane] = commands.Prop(cmds).Check(params)
		})
	}
	wg.Wait()
	n := 0
	for _, r := range results {
		n += r.Succeeded
		if r.Status != gopter.TestPassed {
			t.Errorf("-seed %d: after %d sequences: %v: %v\n%s\n%s", *seed, r.Succeeded, r.Status, r.Error, strings.Join(r.Labels, "\n"), r.Args)
			return
		}
	}
	t.Logf("%d sequences agree", n)
	if st.ops.Load() > 0 {
		t.Logf("of %d operations %d succeed", st.ops.Load(), st.good.Load())
	}
}

// flagged reports whether a flag was given.
func flagged(name string) bool {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	return given
}
