package fuzz

import (
	"errors"
	"runtime"
	"time"

	"github.com/lockstep-ebpf/lockstep/vm"
)

// Options describe a campaign. Targets and Generator must be set.
type Options struct {
	Seed     uint64
	Programs uint64        // how many; 0: no limit
	For      time.Duration // how long; 0: no limit
	Jobs     int           // workers; 0: one a CPU
	Mix      string        // what the generator makes, for the record

	// Targets makes the implementations to compare, for one worker. The first one
	// is the reference. They are closed at the end.
	Targets func() ([]vm.Target, error)

	// Generator makes a generator for one worker.
	Generator func() Generator

	// Out is the folder of findings and of the campaign's state; "" keeps findings
	// in memory only.
	Out string
	// Resume goes on with the campaign whose state is in Out. Seed and Mix are
	// that campaign's.
	Resume bool
	// Budget bounds the reduction of one finding, in evaluations; 0 means
	// reduce.DefaultBudget.
	Budget int
}

// Generator makes the case that a number stands for: the same every time. The case
// may be overwritten by the next call.
type Generator func(stream uint64) *vm.Case

// UnitSize is the number of programs in a unit.
const UnitSize = 256

// Stream is the number that program n of a campaign is made from.
func Stream(seed, n uint64) uint64 {
	// The output function of SplitMix64, so that near seeds give far streams.
	x := seed + (n+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (o *Options) check() error {
	switch {
	case o.Targets == nil || o.Generator == nil:
		return errors.New("fuzz: Targets and Generator must be set")
	case o.Resume && o.Out == "":
		return errors.New("fuzz: to resume, say which folder the campaign is in")
	}
	if o.Jobs <= 0 {
		o.Jobs = runtime.GOMAXPROCS(0)
	}
	return nil
}
