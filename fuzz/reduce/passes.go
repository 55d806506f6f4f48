package reduce

import (
	"slices"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

func (w *work) dropInputs() bool {
	any := false
	for i := len(w.best.Inputs) - 1; i >= 0 && len(w.best.Inputs) > 1; i-- {
		if i >= len(w.best.Inputs) {
			continue
		}
		any = w.edit(func(c *vm.Case) bool {
			c.Inputs = slices.Delete(c.Inputs, i, i+1)
			return true
		}) || any
	}
	return any
}

// dropPrograms removes programs; without the first one the second runs. Entries of
// program arrays that named one name the first instead, or are removed too; the
// numbers after it move down.
func (w *work) dropPrograms() bool {
	any := false
	for k := len(w.best.Programs) - 1; k >= 0 && len(w.best.Programs) > 1; k-- {
		for _, first := range []bool{true, false} {
			if w.edit(func(c *vm.Case) bool {
				c.Programs = slices.Delete(c.Programs, k, k+1)
				for _, s := range c.Maps {
					if s.Type == maps.ProgArray {
						s.Entries = renumber(s.Entries, uint32(k), first, c.Programs[0].Order)
					}
				}
				return true
			}) {
				any = true
				break
			}
		}
	}
	return any
}

func renumber(entries []maps.Entry, gone uint32, first bool, o spec.ByteOrder) []maps.Entry {
	out := entries[:0]
	for _, e := range entries {
		if len(e.Value) != 4 {
			continue
		}
		switch v := o.Binary().Uint32(e.Value); {
		case v == gone && !first:
			continue
		case v == gone:
			o.Binary().PutUint32(e.Value, 0)
		case v > gone:
			o.Binary().PutUint32(e.Value, v-1)
		}
		out = append(out, e)
	}
	return out
}

// dropMaps removes maps that no instruction names.
func (w *work) dropMaps() bool {
	any := false
	for fd := len(w.best.Maps) - 1; fd >= 0; fd-- {
		any = w.edit(func(c *vm.Case) bool {
			c.Maps = slices.Delete(c.Maps, fd, fd+1)
			for _, p := range c.Programs {
				for k, i := range p.Insns {
					if !namesMap(i) {
						continue
					}
					if int(i.Imm) == fd {
						return false
					}
					if int(i.Imm) > fd {
						p.Insns[k].Imm--
					}
				}
			}
			return true
		}) || any
	}
	return any
}

func namesMap(i spec.Insn) bool {
	return i.Op == spec.LDDW && (i.Src == spec.LDDWMapFD || i.Src == spec.LDDWMapValue ||
		i.Src == spec.LDDWMapIdx || i.Src == spec.LDDWMapIdxValue)
}

func (w *work) dropEntries() bool {
	any := false
	for fd := range w.best.Maps {
		for size := len(w.best.Maps[fd].Entries); size > 0; size /= 2 {
			for at := 0; at+size <= len(w.best.Maps[fd].Entries); {
				if w.edit(func(c *vm.Case) bool {
					c.Maps[fd].Entries = slices.Delete(c.Maps[fd].Entries, at, at+size)
					return true
				}) {
					any = true
				} else {
					at += size
				}
			}
		}
	}
	return any
}

// bytes shortens the inputs and turns their bytes to zero.
func (w *work) bytes() bool {
	any := false
	for i := range w.best.Inputs {
		for _, field := range []func(*vm.Input) *[]byte{
			func(in *vm.Input) *[]byte { return &in.Memory },
			func(in *vm.Input) *[]byte { return &in.Packet },
			func(in *vm.Input) *[]byte { return &in.Context },
		} {
			any = w.shorten(i, field) || any
			any = w.zero(i, field) || any
		}
		any = w.edit(func(c *vm.Case) bool {
			was := c.Inputs[i].Seed
			c.Inputs[i].Seed = 0
			return was != 0
		}) || any
	}
	return any
}

func (w *work) shorten(i int, field func(*vm.Input) *[]byte) bool {
	any := false
	for cut := len(*field(&w.best.Inputs[i])); cut > 0; {
		if w.edit(func(c *vm.Case) bool {
			b := field(&c.Inputs[i])
			if cut > len(*b) {
				return false
			}
			*b = (*b)[:len(*b)-cut]
			return true
		}) {
			any = true
			continue
		}
		cut /= 2
	}
	return any
}

func (w *work) zero(i int, field func(*vm.Input) *[]byte) bool {
	any := false
	n := len(*field(&w.best.Inputs[i]))
	for size := n; size > 0; size /= 4 {
		for at := 0; at < n; at += size {
			any = w.edit(func(c *vm.Case) bool {
				b := (*field(&c.Inputs[i]))[at:min(at+size, n)]
				if !slices.ContainsFunc(b, func(x byte) bool { return x != 0 }) {
					return false
				}
				clear(b)
				return true
			}) || any
		}
	}
	return any
}
