package spec

// Row is one instruction form: everything the project knows about it.
//
// Rows that share an opcode differ in a selecting field (Field.Selects): the Src
// of CALL and LDDW, the Off of DIV and MOV, the Imm of END and atomics. At most
// one row fits any slot; a test proves it.
type Row struct {
	Name     string // unique: "add64.x", "atomic_fetch_add32", "lddw.map_fd"
	ID       int    // the row's place in Table
	Op       uint8
	Dst, Src Field
	Off, Imm Field
	Next     Field  // the Imm of an LDDW's second slot
	Mnemonic string // in the mnemonic syntax of spec/asm: "add", "jeq32"
	Group    Group
	Section  string // of RFC 9669, or the kernel header that defines it
	Since    string // first Linux release that runs it
	CPU      int    // LLVM's -mcpu level, 1 to 4; 0 if clang does not emit it
	Internal bool   // exists inside Linux only: refused from user space
	Effect   string // one line, for people
	Do       Seq    // the same, for machines; nil if Internal
}

// Group is a conformance group of RFC 9669 section 2.4, or Linux for what only
// the kernel has.
type Group string

// Conformance groups. An implementation supports whole groups.
const (
	Base32   Group = "base32"
	Base64   Group = "base64"
	Atomic32 Group = "atomic32"
	Atomic64 Group = "atomic64"
	Divmul32 Group = "divmul32"
	Divmul64 Group = "divmul64"
	Packet   Group = "packet"
	Linux    Group = "linux"
)

// Class is the instruction class, 0 to 7.
func (r *Row) Class() uint8 { return r.Op & 7 }

// IsWide reports whether the form takes two slots.
func (r *Row) IsWide() bool { return r.Op == LDDW }

// ScalarOp reports whether the row only computes: it reads and writes registers
// and nothing else. Such rows can be evaluated at any width.
func (r *Row) ScalarOp() bool {
	return !r.Internal && (r.Class() == ClassALU || r.Class() == ClassALU64) && !r.Casts()
}

// Casts reports whether the row moves a pointer between address spaces.
func (r *Row) Casts() bool { return r.Op == MOVX && r.Off == Is(1) }

// Branches reports whether control may go to another place in the same function.
func (r *Row) Branches() bool {
	for _, s := range r.Do {
		if _, ok := s.(Branch); ok {
			return true
		}
	}
	return false
}

// Conditional reports whether the row branches or falls through.
func (r *Row) Conditional() bool {
	for _, s := range r.Do {
		if b, ok := s.(Branch); ok && b.If != Const(1) {
			return true
		}
	}
	return false
}

// JumpsByImm reports whether the branch distance is in Imm and not in Off.
func (r *Row) JumpsByImm() bool { return r.Op == JA32 }

// Falls reports whether control can reach the next slot.
func (r *Row) Falls() bool { return r.Op != EXIT && r.Op != JA && r.Op != JA32 }
