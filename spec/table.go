package spec

// Table is every instruction form, in the order of the specification.
// It is read-only.
var Table = buildTable()

// byOp indexes Table by opcode: the rows that share it, in table order.
var byOp = func() (x [256][]*Row) {
	for i := range Table {
		x[Table[i].Op] = append(x[Table[i].Op], &Table[i])
	}
	return x
}()

var byName = func() map[string]*Row {
	m := make(map[string]*Row, len(Table))
	for i := range Table {
		m[Table[i].Name] = &Table[i]
	}
	return m
}()

func buildTable() []Row {
	var t []Row
	t = append(t, aluRows()...)
	t = append(t, jumpRows()...)
	t = append(t, memRows()...)
	t = append(t, atomicRows()...)
	t = append(t, internalRows()...)
	for i := range t {
		t[i].ID = i
	}
	return t
}

// ByName finds a row by its unique name, or nil.
func ByName(name string) *Row { return byName[name] }

// ByOpcode lists the rows that share an opcode.
func ByOpcode(op uint8) []*Row { return byOp[op] }

// Lookup finds the row that an instruction belongs to, or nil: its selecting
// fields fit. The other fields may still be wrong; Check says.
func Lookup(i Insn) *Row {
	if r := fitting(i); r != nil {
		return r
	}
	rows := byOp[i.Op]
	if len(rows) == 1 {
		return rows[0]
	}
	for _, r := range rows {
		if r.selected(i) {
			return r
		}
	}
	return nil
}

// selected compares the fields that tell rows of one opcode apart.
func (r *Row) selected(i Insn) bool {
	return (!r.Src.Selects() || r.Src.Lo == int64(i.Src)) &&
		(!r.Off.Selects() || r.Off.Lo == int64(i.Off)) &&
		(!r.Imm.Selects() || r.Imm.Lo == int64(i.Imm))
}
