package corpus

import (
	"maps"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
	vmmaps "github.com/lockstep-ebpf/lockstep/vm/maps"
)

// command is struct command of control.c.
type command struct {
	op, key, to, n uint32
	status         int64
	value          uint64
	done           uint32
}

func (c command) encode(o spec.ByteOrder) []byte {
	b := make([]byte, 40)
	for i, v := range []uint32{c.op, c.key, c.to, c.n} {
		o.Binary().PutUint32(b[4*i:], v)
	}
	o.Binary().PutUint64(b[16:], uint64(c.status))
	o.Binary().PutUint64(b[24:], c.value)
	o.Binary().PutUint32(b[32:], c.done)
	return b
}

// Operations of control.c, and Linux's numbers of errors.
const (
	opGet, opPut, opDelete, opSum, opMove, opFill = 0, 1, 2, 3, 4, 5

	enoent, e2big, einval = -2, -7, -22
)

// change is what a command does to the table: a value, or nothing.
type change struct {
	key   uint32
	value *uint64
}

func becomes(key uint32, value uint64) change { return change{key, &value} }
func goes(key uint32) change                  { return change{key: key} }

// controlCases are commands in order, with the answer and the changes to the table,
// which holds eight keys. Status is -99 before, and so is done where nothing sets it.
var controlCases = []struct {
	name    string
	ask     command
	status  int64
	value   uint64
	done    uint32
	changes []change
}{
	{"get from an empty table", command{op: opGet, key: 1, value: 5}, enoent, 5, 99, nil},
	{"put", command{op: opPut, key: 1, value: 100}, 0, 100, 99, []change{becomes(1, 100)}},
	{"get", command{op: opGet, key: 1, value: 5}, 0, 100, 99, nil},
	{"put over it", command{op: opPut, key: 1, value: 1 << 40}, 0, 1 << 40, 99, []change{becomes(1, 1<<40)}},
	{"delete nothing", command{op: opDelete, key: 2}, enoent, 0, 99, nil},
	{"fill", command{op: opFill, key: 10, n: 3, value: 7}, 0, 10, 3, []change{becomes(10, 7), becomes(11, 8), becomes(12, 9)}},
	{"fill nothing", command{op: opFill, key: 10, n: 0, value: 7}, 0, 7, 0, nil},
	{"sum", command{op: opSum, key: 10, n: 3, value: 77}, 0, 24, 3, nil},
	{"sum over gaps", command{op: opSum, key: 0, n: 12}, 0, 1<<40 + 15, 3, nil},
	{"sum of many", command{op: opSum, key: 0, n: 10_000}, 0, 1<<40 + 24, 4, nil},
	{"keys wrap", command{op: opSum, key: 0xffff_ffff, n: 3}, 0, 1 << 40, 1, nil},
	{"more keys than a loop may have", command{op: opSum, key: 0, n: 1<<23 + 1, value: 3}, e2big, 0, 0, nil},
	{"move", command{op: opMove, key: 10, to: 20}, 0, 0, 99, []change{goes(10), becomes(20, 7)}},
	{"move it again: it is gone", command{op: opMove, key: 10, to: 21}, enoent, 0, 99, nil},
	{"move to itself", command{op: opMove, key: 20, to: 20}, 0, 0, 99, nil},
	{"move over another", command{op: opMove, key: 11, to: 12}, 0, 0, 99, []change{goes(11), becomes(12, 8)}},
	{"delete", command{op: opDelete, key: 12}, 0, 0, 99, []change{goes(12)}},
	{"fill until there is no room", command{op: opFill, key: 30, n: 10, value: 1}, e2big, 7, 6, []change{
		becomes(30, 1), becomes(31, 2), becomes(32, 3), becomes(33, 4), becomes(34, 5), becomes(35, 6),
	}},
	{"no room for one either", command{op: opPut, key: 9, value: 1}, e2big, 1, 99, nil},
	{"but for one that is there", command{op: opPut, key: 35, value: 1}, 0, 1, 99, []change{becomes(35, 1)}},
	{"a full table can move", command{op: opMove, key: 35, to: 36}, 0, 0, 99, []change{goes(35), becomes(36, 1)}},
	{"no such operation", command{op: 6, key: 1, value: 2}, einval, 2, 99, nil},
	{"nor this", command{op: 0xffff_ffff}, einval, 0, 99, nil},
}

func TestControl(t *testing.T) {
	table := map[uint32]uint64{}
	var calls [6]uint64
	var steps []step
	for _, c := range controlCases {
		for _, x := range c.changes {
			if x.value == nil {
				delete(table, x.key)
			} else {
				table[x.key] = *x.value
			}
		}
		if c.ask.op < 6 {
			calls[c.ask.op]++
		}
		ask, answer := c.ask, c.ask
		ask.status, ask.done = -99, 99
		answer.status, answer.value, answer.done = c.status, c.value, c.done
		s := step{
			name: c.name, program: "control", context: ask.encode,
			fields: func(o spec.ByteOrder) map[int][]byte { return map[int][]byte{0: answer.encode(o)} },
		}
		if c.status != 0 {
			s.r0 = 1
		}
		table, calls := maps.Clone(table), calls
		s.maps = func(o spec.ByteOrder) entries {
			var all []vmmaps.Entry
			for k, v := range table {
				all = append(all, entry(word(o, k), numbers(o, v)))
			}
			return entries{"table": all, "calls": array(o, calls[:]...)}
		}
		steps = append(steps, s)
	}
	checkSteps(t, "control", steps)
	checkStepsKernel(t, "control", steps)
}
