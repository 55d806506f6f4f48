package spec

// The names of operators: as words in the JSON and SMT forms, as symbols in text.

type opName struct{ word, symbol string }

var unaryNames = [numUnary]opName{
	Trunc: {"trunc", "u"}, Sext: {"sext", "s"}, Neg: {"neg", "neg"}, Bswap: {"bswap", "bswap"}, ToLE: {"to_le", "le"}, ToBE: {"to_be", "be"},
}

var binaryNames = [numBinary]opName{
	Add: {"add", "+"}, Sub: {"sub", "-"}, Mul: {"mul", "*"}, Udiv: {"udiv", "/"}, Umod: {"umod", "%"}, Sdiv: {"sdiv", "s/"}, Smod: {"smod", "s%"},
	And: {"and", "&"}, Or: {"or", "|"}, Xor: {"xor", "^"}, Shl: {"shl", "<<"}, Lshr: {"lshr", ">>"}, Ashr: {"ashr", "s>>"},
}

var compareNames = [numCompare]opName{
	Eq: {"eq", "=="}, Ne: {"ne", "!="}, Ugt: {"ugt", ">"}, Uge: {"uge", ">="}, Ult: {"ult", "<"}, Ule: {"ule", "<="},
	Sgt: {"sgt", "s>"}, Sge: {"sge", "s>="}, Slt: {"slt", "s<"}, Sle: {"sle", "s<="}, Test: {"test", "&"},
}

var atomicNames = [numAtomic]string{
	AAdd: "atomic_add", AOr: "atomic_or", AAnd: "atomic_and", AXor: "atomic_xor", AXchg: "atomic_xchg", ACmpXchg: "atomic_cmpxchg",
	ALoadAcquire: "load_acquire", AStoreRelease: "store_release",
}

var addressNames = [numAddress]string{
	MapByFD: "map_by_fd", MapValueByFD: "map_value_by_fd", KernelVar: "kernel_var", CodeAddr: "code_addr", MapByIdx: "map_by_idx", MapValueByIdx: "map_value_by_idx",
}

var callNames = [numCall]string{HelperCall: "helper", LocalCall: "local", KfuncCall: "kfunc"}

func (o UnaryOp) String() string     { return unaryNames[o].word }
func (o BinaryOp) String() string    { return binaryNames[o].word }
func (o CompareOp) String() string   { return compareNames[o].word }
func (o AtomicOp) String() string    { return atomicNames[o] }
func (k AddressKind) String() string { return addressNames[k] }
func (k CallKind) String() string    { return callNames[k] }

func (r RegRef) String() string {
	switch {
	case r == Dst:
		return "dst"
	case r == Src:
		return "src"
	case r < 10:
		return "r" + string('0'+rune(r))
	}
	return "r10"
}
