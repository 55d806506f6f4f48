package release

// A patch is an argument as releases before some other have it. That other is the first one with a
// table that was found to differ; where between the two it changed was not asked.
type patch struct {
	id     int32
	arg    int // 1 to 5
	before [2]int
	was    Arg
}

// patches are what older releases think of arguments.
var patches = []patch{
	// These helpers write to memory that the verifier took for read only, so that a program could
	// have read-only maps changed. Releases that do so are unsound, see [Release.Unsound].
	{69, 2, [2]int{6, 18}, memIn},
	{101, 2, [2]int{6, 18}, memIn},
	{119, 2, [2]int{6, 18}, memInOrNull},
	{147, 2, [2]int{6, 18}, memIn},
	{149, 1, [2]int{6, 18}, memIn},
	{165, 1, [2]int{6, 18}, memInOrNull},
	{105, 4, [2]int{6, 1}, longIn},
	{106, 4, [2]int{6, 1}, longIn},
	{142, 2, [2]int{6, 1}, memIn},

	{187, 1, [2]int{7, 3}, anything},

	{163, 3, [2]int{6, 12}, fixed(4, Out)},
	{84, 3, [2]int{6, 12}, size},
	{85, 3, [2]int{6, 12}, size},
	{99, 3, [2]int{6, 12}, size},
	{204, 3, [2]int{6, 12}, size},
	{205, 3, [2]int{6, 12}, size},
	{181, 1, [2]int{6, 12}, anything},
	{145, 2, [2]int{6, 12}, pointerTo("inode")},
	{146, 2, [2]int{6, 12}, pointerTo("inode")},
	{156, 2, [2]int{6, 12}, pointerTo("task_struct")},
	{157, 2, [2]int{6, 12}, pointerTo("task_struct")},
}

// patched is a helper as the release has it.
func (r *Release) patched(h *Helper) *Helper {
	r.once.Do(func() {
		r.older = map[*Helper]*Helper{}
		for _, p := range patches {
			if r.AtLeast(p.before[0], p.before[1]) {
				continue
			}
			rows := []*Helper{byID[p.id]}
			for i := range variants {
				if variants[i].helper.ID == p.id {
					rows = append(rows, &variants[i].helper)
				}
			}
			for _, row := range rows {
				if r.older[row] == nil {
					old := *row
					r.older[row] = &old
				}
				r.older[row].Args[p.arg-1] = p.was
			}
		}
	})
	if old := r.older[h]; old != nil {
		return old
	}
	return h
}

// Unsound reports whether the release takes memory that a helper writes to for memory that it
// reads, by number of the argument from 1.
func (r *Release) Unsound(id int32, arg int) bool {
	h := byID[id]
	return h != nil && h.Args[arg-1].Access != In && r.patched(h).Args[arg-1].Access == In
}
