package fastvm

// class numbers the ops that occur in fused runs, from 1; 0 is any other.
var class, classes = func() (of [firstFused]uint8, n int) {
	n = 1
	for _, run := range fusions {
		for _, op := range run {
			if of[op] == 0 {
				of[op] = uint8(n)
				n++
			}
		}
	}
	return of, n
}()

// pair is what two ops in a row begin.
type pair struct {
	op      uint16 // the run of these two alone, or 0
	triples []triple
}

type triple struct {
	third, op uint16
}

// pairs is indexed by the class of the first op, times classes, plus that of the
// second: a program's every slot is looked up here when it is loaded.
var pairs = func() []pair {
	table := make([]pair, classes*classes)
	for i, run := range fusions {
		p := &table[int(class[run[0]])*classes+int(class[run[1]])]
		if op := firstFused + uint16(i); len(run) == 2 {
			p.op = op
		} else {
			p.triples = append(p.triples, triple{run[2], op})
		}
	}
	return table
}()

// fuse marks runs, and longer ones first. It changes the op of first slots only: the
// others stay what they are, for jumps to them and for the handler, which reads
// their fields. Runs may overlap: what counts is where execution enters.
//
// It goes forward, so that the slots ahead still have their plain ops. The last
// slot must be padding.
func fuse(code []insn) {
	last := len(code) - 1
	this := int(class[code[0].op])
	for pc := range last {
		that := int(class[code[pc+1].op])
		if p := &pairs[this*classes+that]; p.op != 0 || p.triples != nil {
			op := p.op
			for _, t := range p.triples {
				if pc+2 < last && code[pc+2].op == t.third {
					op = t.op
				}
			}
			if op != 0 {
				code[pc].op = op
			}
		}
		this = that
	}
}

// first is what the first slot of a fused run does on its own.
func first(op uint16) uint16 {
	if op < firstFused {
		return op
	}
	return fusions[op-firstFused][0]
}
