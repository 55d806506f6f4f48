package spec

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// The ALU and ALU64 classes: RFC 9669 section 4.1 and 4.2.

// aluOp is what four rows (two widths, two sources) have in common.
type aluOp struct {
	code    uint8
	off     Field
	name    string
	effect  string // with X and Y for the operands and W for the width
	group32 Group
	group64 Group
	since   string
	cpu     int
	do      func(w Width, x, y Expr) Expr
	imm     func(w Width) Field // nil: any
}

var aluOps = []aluOp{
	{code: OpADD, name: "add", effect: "X + Y", do: operator(Add)},
	{code: OpSUB, name: "sub", effect: "X - Y", do: operator(Sub)},
	{code: OpMUL, name: "mul", effect: "X * Y", do: operator(Mul), group32: Divmul32, group64: Divmul64},
	{code: OpDIV, name: "div", effect: "Y != 0 ? X / Y : 0", do: udiv, imm: divisor, group32: Divmul32, group64: Divmul64},
	{code: OpDIV, off: Is(1), name: "sdiv", effect: "Y != 0 ? X s/ Y : 0", do: sdiv, imm: divisor, group32: Divmul32, group64: Divmul64, since: "6.6", cpu: 4},
	{code: OpOR, name: "or", effect: "X | Y", do: operator(Or)},
	{code: OpAND, name: "and", effect: "X & Y", do: operator(And)},
	{code: OpLSH, name: "lsh", effect: "X << (Y mod W)", do: operator(Shl), imm: shiftCount},
	{code: OpRSH, name: "rsh", effect: "X >> (Y mod W)", do: operator(Lshr), imm: shiftCount},
	{code: OpMOD, name: "mod", effect: "Y != 0 ? X % Y : X", do: umod, imm: divisor, group32: Divmul32, group64: Divmul64},
	{code: OpMOD, off: Is(1), name: "smod", effect: "Y != 0 ? X s% Y : X", do: smod, imm: divisor, group32: Divmul32, group64: Divmul64, since: "6.6", cpu: 4},
	{code: OpXOR, name: "xor", effect: "X ^ Y", do: operator(Xor)},
	{code: OpARSH, name: "arsh", effect: "X s>> (Y mod W)", do: operator(Ashr), imm: shiftCount},
}

func operator(op BinaryOp) func(Width, Expr, Expr) Expr {
	return func(w Width, x, y Expr) Expr { return Binary{op, w, x, y} }
}

func isZero(w Width, y Expr) Expr { return Compare{Eq, w, y, Const(0)} }

func udiv(w Width, x, y Expr) Expr {
	return Cond{isZero(w, y), Const(0), Binary{Udiv, w, x, y}}
}

func umod(w Width, x, y Expr) Expr {
	return Cond{isZero(w, y), Unary{Trunc, w, x}, Binary{Umod, w, x, y}}
}

// sdiv and smod by -1 are a negation and 0: MIN / -1 wraps to MIN (erratum S3).
func sdiv(w Width, x, y Expr) Expr {
	return Cond{
		isZero(w, y), Const(0),
		Cond{Compare{Eq, w, y, Const(-1)}, Unary{Neg, w, x}, Binary{Sdiv, w, x, y}},
	}
}

func smod(w Width, x, y Expr) Expr {
	return Cond{
		isZero(w, y),
		Unary{Trunc, w, x},
		Cond{Compare{Eq, w, y, Const(-1)}, Const(0), Binary{Smod, w, x, y}},
	}
}

func divisor(Width) Field { return NonZero }

func shiftCount(w Width) Field {
	if w == W32 {
		return Shift5
	}
	return Shift6
}

// aluRows expands the operations: ALU before ALU64, immediate before register.
func aluRows() []Row {
	var rows []Row
	for _, op := range aluOps {
		for _, w := range []Width{W32, W64} {
			for _, x := range []bool{false, true} {
				rows = append(rows, op.row(w, x))
			}
		}
	}
	rows = append(rows, negRows()...)
	rows = append(rows, movRows()...)
	return append(rows, endRows()...)
}

func (op *aluOp) row(w Width, fromReg bool) Row {
	r := Row{
		Op: op.code | ClassALU64, Dst: WReg, Off: op.off, Mnemonic: op.name,
		Group: cmp.Or(op.group64, Base64), Section: "4.1", Since: cmp.Or(op.since, "3.18"), CPU: cmp.Or(op.cpu, 1),
	}
	dst, operand, form, src := "dst", "imm", "k", Expr(Imm{})
	if w == W32 {
		r.Op = op.code | ClassALU
		r.Mnemonic += "32"
		r.Group = cmp.Or(op.group32, Base32)
		dst = "(u32)dst"
	}
	if fromReg {
		r.Op |= SrcX
		r.Src = AnyReg
		form, operand, src = "x", "src", RegSrc
	} else {
		r.Imm = Any
		if op.imm != nil {
			r.Imm = op.imm(w)
		}
	}
	if w == W32 {
		operand = "(u32)" + operand
	}
	r.Name = fmt.Sprintf("%s%d.%s", op.name, w, form)
	r.Effect = "dst = " + strings.NewReplacer("X", dst, "Y", operand, "W", strconv.Itoa(int(w))).Replace(op.effect)
	r.Do = Seq{Set{Dst, op.do(w, RegDst, src)}}
	return r
}

func negRows() []Row {
	return []Row{
		{
			Name: "neg32", Op: ClassALU | OpNEG, Dst: WReg, Mnemonic: "neg32", Group: Base32, Section: "4.1", Since: "3.18", CPU: 1,
			Effect: "dst = (u32)-dst", Do: Seq{Set{Dst, Unary{Neg, W32, RegDst}}},
		},
		{
			Name: "neg64", Op: ClassALU64 | OpNEG, Dst: WReg, Mnemonic: "neg", Group: Base64, Section: "4.1", Since: "3.18", CPU: 1,
			Effect: "dst = -dst", Do: Seq{Set{Dst, Unary{Neg, W64, RegDst}}},
		},
	}
}

func movRows() []Row {
	rows := []Row{
		{
			Name: "mov32.k", Op: ClassALU | OpMOV, Dst: WReg, Imm: Any, Mnemonic: "mov32", Group: Base32, Section: "4.1", Since: "3.18", CPU: 1,
			Effect: "dst = (u32)imm", Do: Seq{Set{Dst, Unary{Trunc, W32, Imm{}}}},
		},
		{
			Name: "mov32.x", Op: ClassALU | OpMOV | SrcX, Dst: WReg, Src: AnyReg, Mnemonic: "mov32", Group: Base32, Section: "4.1", Since: "3.18", CPU: 1,
			Effect: "dst = (u32)src", Do: Seq{Set{Dst, Unary{Trunc, W32, RegSrc}}},
		},
		{
			Name: "mov64.k", Op: MOV, Dst: WReg, Imm: Any, Mnemonic: "mov", Group: Base64, Section: "4.1", Since: "3.18", CPU: 1,
			Effect: "dst = imm", Do: Seq{Set{Dst, Imm{}}},
		},
		{
			Name: "mov64.x", Op: MOVX, Dst: WReg, Src: AnyReg, Mnemonic: "mov", Group: Base64, Section: "4.1", Since: "3.18", CPU: 1,
			Effect: "dst = src", Do: Seq{Set{Dst, RegSrc}},
		},
	}
	for _, from := range []Width{W8, W16} {
		rows = append(rows, Row{
			Name: fmt.Sprintf("movsx%d_32", from), Op: ClassALU | OpMOV | SrcX, Dst: WReg, Src: AnyReg, Off: Is(int64(from)),
			Mnemonic: fmt.Sprintf("movsx%d32", from), Group: Base32, Section: "4.1", Since: "6.6", CPU: 4,
			Effect: fmt.Sprintf("dst = (u32)(s32)(s%d)src", from), Do: Seq{Set{Dst, Unary{Trunc, W32, Unary{Sext, from, RegSrc}}}},
		})
	}
	for _, from := range []Width{W8, W16, W32} {
		rows = append(rows, Row{
			Name: fmt.Sprintf("movsx%d_64", from), Op: MOVX, Dst: WReg, Src: AnyReg, Off: Is(int64(from)),
			Mnemonic: fmt.Sprintf("movsx%d64", from), Group: Base64, Section: "4.1", Since: "6.6", CPU: 4,
			Effect: fmt.Sprintf("dst = (s64)(s%d)src", from), Do: Seq{Set{Dst, Unary{Sext, from, RegSrc}}},
		})
	}
	// Linux's arena casts share the opcode: offset 1, the address spaces in imm.
	return append(rows,
		Row{
			Name: "cast_kernel", Op: MOVX, Dst: WReg, Src: AnyReg, Off: Is(1), Imm: Is(1), Mnemonic: "addr_space_cast", Group: Linux,
			Section: "linux/filter.h BPF_ADDR_SPACE_CAST", Since: "6.9", CPU: 0,
			Effect: "dst = src as the kernel's pointer into the arena: (u32)src",
			Do:     Seq{Set{Dst, Unary{Trunc, W32, RegSrc}}},
		},
		Row{
			Name: "cast_user", Op: MOVX, Dst: WReg, Src: AnyReg, Off: Is(1), Imm: Is(1 << 16), Mnemonic: "addr_space_cast", Group: Linux,
			Section: "linux/filter.h BPF_ADDR_SPACE_CAST", Since: "6.9", CPU: 0,
			Effect: "dst = src as user space's pointer into the arena: (u32)src == 0 ? 0 : arena | (u32)src",
			Do: Seq{Set{Dst, Cond{
				isZero(W32, RegSrc), Const(0),
				Binary{Or, W64, ArenaBase{}, Unary{Trunc, W32, RegSrc}},
			}}},
		},
	)
}

func endRows() []Row {
	forms := []struct {
		name, word string
		op         uint8
		un         UnaryOp
		since      string
		cpu        int
	}{
		{"le", "to little-endian", ClassALU | OpEND, ToLE, "3.18", 1},
		{"be", "to big-endian", ClassALU | OpEND | SrcX, ToBE, "3.18", 1},
		{"bswap", "with its bytes reversed", ClassALU64 | OpEND, Bswap, "6.6", 4},
	}
	var rows []Row
	for _, f := range forms {
		for _, w := range []Width{W16, W32, W64} {
			g := Base32
			if w == W64 {
				g = Base64
			}
			rows = append(rows, Row{
				Name: fmt.Sprintf("%s%d", f.name, w), Op: f.op, Dst: WReg, Imm: Is(int64(w)),
				Mnemonic: fmt.Sprintf("%s%d", f.name, w), Group: g, Section: "4.2", Since: f.since, CPU: f.cpu,
				Effect: fmt.Sprintf("dst = (u%d)dst %s", w, f.word), Do: Seq{Set{Dst, Unary{f.un, w, RegDst}}},
			})
		}
	}
	return rows
}
