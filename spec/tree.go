package spec

// The vocabulary in which rows state their meaning. Two kinds of node: an [Expr]
// has a value, a [Stmt] does something. There is no other way for an instruction
// to act: what a machine cannot do with these nodes, no instruction does.
//
// A value is a number of up to 64 bits. Every operator works at a width: it takes
// its operands' low bits and gives a result of that width, zero-extended. So
// `Binary{Add, W32, RegDst, RegSrc}` is the RFC's `(u32)((u32)dst + (u32)src)`.

// Width is a width in bits on a 64-bit machine. On a scaled machine (see [Env])
// it shrinks in proportion: on an 8-bit machine W32 is 4 bits.
type Width uint8

// The widths that instructions use.
const (
	W8  Width = 8
	W16 Width = 16
	W32 Width = 32
	W64 Width = 64
)

// Size is a number of bytes in memory. It never scales.
type Size uint8

// Expr is a tree with a value.
type Expr interface{ expr() }

type (
	// Const is a number.
	Const int64

	// Reg is the value of a register: one named by the instruction, or a fixed one.
	Reg RegRef

	// Imm is the immediate, sign-extended to 64 bits (RFC 9669 section 4.1).
	Imm struct{}

	// Wide is both immediates of an LDDW joined.
	Wide struct{}

	// Off is the offset, sign-extended.
	Off struct{}

	// Unary applies Op to the low W bits of X.
	Unary struct {
		Op UnaryOp
		W  Width
		X  Expr
	}

	// Binary applies Op to the low W bits of X and Y.
	Binary struct {
		Op   BinaryOp
		W    Width
		X, Y Expr
	}

	// Compare is 1 if the relation holds between the low W bits of X and Y, else 0.
	Compare struct {
		Op   CompareOp
		W    Width
		X, Y Expr
	}

	// Cond is Then if If is not 0, else Else. Only the chosen arm is evaluated.
	Cond struct{ If, Then, Else Expr }

	// Load reads Size bytes of guest memory at Addr in the machine's byte order,
	// zero-extended. It traps if the machine may not read there.
	Load struct {
		Size Size
		Addr Expr
	}

	// Atomic reads Size bytes at Addr, writes back what Op makes of them and X, and
	// its value is what was read, zero-extended; all as one indivisible step. The
	// write of CmpXchg happens only if what was read equals the low Size bytes of
	// Cmp. It traps unless Addr is a multiple of Size and both reading and writing are
	// allowed.
	Atomic struct {
		Op   AtomicOp
		Size Size
		Addr Expr
		X    Expr // the operand; nil for LoadAcquire
		Cmp  Expr // what CmpXchg compares with; nil otherwise
	}

	// PacketHas is 1 if the packet has Size bytes at offset X (a signed 32-bit
	// number), else 0; PacketLoad reads them in network byte order.
	PacketHas struct {
		Size Size
		X    Expr
	}
	// PacketLoad reads the Size bytes of the packet at offset X, big-endian.
	PacketLoad struct {
		Size Size
		X    Expr
	}

	// Address is a value that the loader resolves from the immediate: a map, a
	// place in a map's value, a kernel variable, a callback.
	Address struct{ Kind AddressKind }

	// BudgetSpent uses up one unit of the machine's loop budget and is 1 if none
	// was left, else 0 (may_goto).
	BudgetSpent struct{}

	// ArenaBase is the upper half of the user-space address of the program's arena.
	ArenaBase struct{}
)

// Stmt is a step of an instruction. Steps run in order; Exit and Trap end the
// instruction, and what stands after a Call runs when control comes back.
type Stmt interface{ stmt() }

type (
	// Seq is what an instruction does.
	Seq []Stmt

	// Set writes X to a register.
	Set struct {
		R RegRef
		X Expr
	}

	// Store writes the low Size bytes of X to guest memory at Addr, in the machine's
	// byte order. It traps if the machine may not write there.
	Store struct {
		Size Size
		Addr Expr
		X    Expr
	}

	// Do evaluates X for what it does, an Atomic whose old value nobody wants.
	Do struct{ X Expr }

	// Branch adds To to the program counter, which already points at the next slot,
	// if If is not 0.
	Branch struct{ If, To Expr }

	// Call calls what the immediate names. Arguments are r1 to r5, the result r0.
	Call struct{ Kind CallKind }

	// Clobber makes registers undefined: reading one is a mistake of the program
	// that no machine needs to catch, and its value is never compared.
	Clobber struct{ First, Last uint8 }

	// Exit returns from the function, or ends the program in the first one.
	Exit struct{}

	// Trap ends the program with a fault.
	Trap struct{ Why string }

	// If runs Then if Cond is not 0, else Else.
	If struct {
		Cond       Expr
		Then, Else Seq
	}
)

// RegRef names a register: 0 to 10 itself, or by the field that holds its number.
type RegRef uint8

// Registers named by a field of the instruction.
const (
	Dst RegRef = 0x20 + iota
	Src
)

// UnaryOp is an operator of one operand.
type UnaryOp uint8

// Unary operators.
const (
	Trunc UnaryOp = iota // the low W bits
	Sext                 // the low W bits, sign-extended to the whole register
	Neg                  // 0 - x
	Bswap                // the low W bits with their bytes reversed
	ToLE                 // the low W bits, from the machine's byte order to little-endian
	ToBE                 // the low W bits, from the machine's byte order to big-endian
	numUnary
)

// BinaryOp is an operator of two operands.
type BinaryOp uint8

// Binary operators. Division by zero and the signed overflow MIN / -1 have no
// value: rows guard against both with a Cond, so that the rule is visible.
const (
	Add BinaryOp = iota
	Sub
	Mul
	Udiv
	Umod
	Sdiv // truncates towards zero
	Smod // has the sign of the dividend
	And
	Or
	Xor
	Shl // shift counts are taken modulo the width
	Lshr
	Ashr
	numBinary
)

// CompareOp is a relation.
type CompareOp uint8

// Relations. U is unsigned, S signed.
const (
	Eq CompareOp = iota
	Ne
	Ugt
	Uge
	Ult
	Ule
	Sgt
	Sge
	Slt
	Sle
	Test // any common bit set
	numCompare
)

// AtomicOp is what an atomic step makes of the old value and the operand.
type AtomicOp uint8

// Atomic operations.
const (
	AAdd AtomicOp = iota
	AOr
	AAnd
	AXor
	AXchg
	ACmpXchg
	ALoadAcquire
	AStoreRelease
	numAtomic
)

// AddressKind is what the loader resolves.
type AddressKind uint8

// Kinds of address, by the Src of the LDDW.
const (
	MapByFD AddressKind = iota
	MapValueByFD
	KernelVar
	CodeAddr
	MapByIdx
	MapValueByIdx
	numAddress
)

// CallKind is what a CALL calls.
type CallKind uint8

// Kinds of call.
const (
	HelperCall CallKind = iota
	LocalCall
	KfuncCall
	numCall
)

func (Const) expr()       {}
func (Reg) expr()         {}
func (Imm) expr()         {}
func (Wide) expr()        {}
func (Off) expr()         {}
func (Unary) expr()       {}
func (Binary) expr()      {}
func (Compare) expr()     {}
func (Cond) expr()        {}
func (Load) expr()        {}
func (Atomic) expr()      {}
func (PacketHas) expr()   {}
func (PacketLoad) expr()  {}
func (Address) expr()     {}
func (BudgetSpent) expr() {}
func (ArenaBase) expr()   {}

func (Set) stmt()     {}
func (Store) stmt()   {}
func (Do) stmt()      {}
func (Branch) stmt()  {}
func (Call) stmt()    {}
func (Clobber) stmt() {}
func (Exit) stmt()    {}
func (Trap) stmt()    {}
func (If) stmt()      {}

// The registers of an instruction, as expressions.
const (
	RegDst = Reg(Dst)
	RegSrc = Reg(Src)
	R0     = Reg(0)
)
