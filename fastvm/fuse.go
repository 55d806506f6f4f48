package fastvm

// fusion is a run of two or three ops that a loop executes at once.
type fusion struct {
	op   uint16
	rest []uint16 // the ops that must follow the first
}

// fusionsOf lists, by first op, the runs that begin with it, longer ones first.
var fusionsOf = func() (by [firstFused][]fusion) {
	for n := range 2 {
		for i, run := range fusions {
			if len(run) == 3-n {
				by[run[0]] = append(by[run[0]], fusion{firstFused + uint16(i), run[1:]})
			}
		}
	}
	return by
}()

// fuse marks runs. It changes the op of first slots only: the others stay what they
// are, for jumps to them and for the handler, which reads their fields. Runs may
// overlap: what counts is where execution enters.
//
// Going forward, so that the slots ahead still have their plain ops.
func fuse(code []insn) {
	for pc := range code {
		for _, f := range fusionsOf[code[pc].op] {
			if f.follows(code[pc+1:]) {
				code[pc].op = f.op
				break
			}
		}
	}
}

func (f *fusion) follows(code []insn) bool {
	if len(code) < len(f.rest) {
		return false
	}
	for i, op := range f.rest {
		if code[i].op != op {
			return false
		}
	}
	return true
}

// first is what the first slot of a fused run does on its own.
func first(op uint16) uint16 {
	if op < firstFused {
		return op
	}
	return fusions[op-firstFused][0]
}
