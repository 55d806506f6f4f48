package spec

import "fmt"

// The JMP and JMP32 classes: RFC 9669 section 4.3.

var jumpOps = []struct {
	code   uint8
	name   string
	symbol string
	rel    CompareOp
	since  string
	cpu    int
}{
	{OpJEQ, "jeq", "==", Eq, "3.18", 1},
	{OpJGT, "jgt", ">", Ugt, "3.18", 1},
	{OpJGE, "jge", ">=", Uge, "3.18", 1},
	{OpJSET, "jset", "&", Test, "3.18", 1},
	{OpJNE, "jne", "!=", Ne, "3.18", 1},
	{OpJSGT, "jsgt", "s>", Sgt, "3.18", 1},
	{OpJSGE, "jsge", "s>=", Sge, "3.18", 1},
	{OpJLT, "jlt", "<", Ult, "4.14", 2},
	{OpJLE, "jle", "<=", Ule, "4.14", 2},
	{OpJSLT, "jslt", "s<", Slt, "4.14", 2},
	{OpJSLE, "jsle", "s<=", Sle, "4.14", 2},
}

func jumpRows() []Row {
	var rows []Row
	for _, op := range jumpOps {
		for _, w := range []Width{W64, W32} {
			for _, x := range []bool{false, true} {
				r := Row{
					Name: fmt.Sprintf("%s%d.k", op.name, w), Op: op.code | ClassJMP, Dst: AnyReg, Off: Any, Imm: Any,
					Mnemonic: op.name, Group: Base64, Section: "4.3", Since: op.since, CPU: op.cpu,
				}
				cast, operand, y := "", "imm", Expr(Imm{})
				if w == W32 {
					r.Op = op.code | ClassJMP32
					r.Mnemonic, r.Group, r.Since, r.CPU = op.name+"32", Base32, "5.1", 3
					cast = "(u32)"
					if op.symbol[0] == 's' {
						cast = "(s32)"
					}
				}
				if x {
					r.Name = fmt.Sprintf("%s%d.x", op.name, w)
					r.Op |= SrcX
					r.Src, r.Imm = AnyReg, Zero
					operand, y = "src", RegSrc
				}
				r.Effect = fmt.Sprintf("if %sdst %s %s%s goto +off", cast, op.symbol, cast, operand)
				r.Do = Seq{Branch{Compare{op.rel, w, RegDst, y}, Off{}}}
				rows = append(rows, r)
			}
		}
	}
	return append(rows,
		Row{
			Name: "ja", Op: JA, Off: Any, Mnemonic: "ja", Group: Base32, Section: "4.3", Since: "3.18", CPU: 1,
			Effect: "goto +off", Do: Seq{Branch{Const(1), Off{}}},
		},
		Row{
			Name: "ja32", Op: JA32, Imm: Any, Mnemonic: "ja32", Group: Base32, Section: "4.3", Since: "6.6", CPU: 4,
			Effect: "goto +imm", Do: Seq{Branch{Const(1), Imm{}}},
		},
		Row{
			Name: "may_goto", Op: JCOND, Off: Any, Mnemonic: "may_goto", Group: Linux, Section: "linux/bpf.h BPF_JCOND", Since: "6.9", CPU: 0,
			Effect: "goto +off once the loop budget is spent", Do: Seq{Branch{BudgetSpent{}, Off{}}},
		},
		Row{
			Name: "call.helper", Op: CALL, Imm: Any, Mnemonic: "call", Group: Base32, Section: "4.3.1", Since: "3.18", CPU: 1,
			Effect: "r0 = helper imm(r1, r2, r3, r4, r5); r1 to r5 become undefined",
			Do:     Seq{Call{HelperCall}, Clobber{1, 5}},
		},
		Row{
			Name: "call.local", Op: CALL, Src: Is(CallLocal), Imm: Any, Mnemonic: "call", Group: Base32, Section: "4.3.2", Since: "4.16", CPU: 1,
			Effect: "call the subprogram at +imm in a new frame; r6 to r10 are preserved, r1 to r5 become undefined",
			Do:     Seq{Call{LocalCall}, Clobber{1, 5}},
		},
		Row{
			Name: "call.kfunc", Op: CALL, Src: Is(CallKfunc), Off: Any, Imm: Any, Mnemonic: "call", Group: Base32, Section: "4.3.1", Since: "5.13", CPU: 1,
			Effect: "r0 = kernel function of BTF id imm(r1, r2, r3, r4, r5), off an index of BTF objects; r1 to r5 become undefined",
			Do:     Seq{Call{KfuncCall}, Clobber{1, 5}},
		},
		Row{
			Name: "exit", Op: EXIT, Mnemonic: "exit", Group: Base32, Section: "4.3", Since: "3.18", CPU: 1,
			Effect: "return r0", Do: Seq{Exit{}},
		},
	)
}
