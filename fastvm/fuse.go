package fastvm

// fuse marks pairs that run as one. Only ops of first slots change.
func fuse([]insn) {}

// first is what the first half of a fused pair does on its own.
func first(op uint16) uint16 {
	if op < firstFused {
		return op
	}
	return firstHalf[op-firstFused]
}

var firstHalf = [...]uint16{0}
