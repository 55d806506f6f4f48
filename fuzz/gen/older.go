package gen

import (
	"fmt"
	"math"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// Release is a release of Linux that programs are made for. The zero value is any: every
// instruction there is.
type Release struct{ Major, Minor int }

// ParseRelease reads "6.1", and what uname -r says.
func ParseRelease(s string) (r Release, err error) {
	if _, err := fmt.Sscanf(s, "%d.%d", &r.Major, &r.Minor); err != nil || r.Major <= 0 || r.Minor < 0 {
		return Release{}, fmt.Errorf("%q is no release of Linux: want one as 6.1", s)
	}
	return r, nil
}

// has reports whether the release has what came with Linux major.minor.
func (r Release) has(major, minor int) bool {
	return r == Release{} || r.Major > major || r.Major == major && r.Minor >= minor
}

// Before reports whether r came before o. Any release is the last one.
func (r Release) Before(o Release) bool { return r != o && r != Release{} && !r.has(o.Major, o.Minor) }

// older replaces the instructions of the program that its release has not, each by an
// old one that leaves the same registers readable:
//
//	movsx, sdiv, smod      the same without sign
//	bswap                  be, which swaps on half of all machines
//	memsx, load_acquire    a plain load
//	store_release          a plain store
//	gotol                  goto, if it reaches
//	atomic with fetch      atomic add without
//
// What cannot be replaced stays, and is refused.
func (g *Generator) older() {
	if g.opt.Release == (Release{}) {
		return
	}
	for pc := range g.code {
		i := &g.code[pc]
		if i.Op == 0 { // the second slot of an LDDW
			continue
		}
		row, err := spec.Check(g.code, pc)
		if err != nil {
			continue
		}
		since, err := ParseRelease(row.Since)
		if err != nil || g.opt.Release.has(since.Major, since.Minor) {
			continue
		}
		switch class := i.Class(); {
		case class == spec.ClassLDX:
			i.Op = i.Op&^0xe0 | spec.ModeMEM
		case class == spec.ClassALU64 && i.Op&0xf0 == spec.OpEND:
			i.Op = spec.ClassALU | spec.OpEND | spec.SrcX
		case class == spec.ClassALU || class == spec.ClassALU64:
			i.Off = 0
		case i.Op == spec.JA32 && i.Imm == int32(int16(i.Imm)) && i.Imm != math.MinInt16:
			*i = spec.Insn{Op: spec.JA, Off: int16(i.Imm)}
		case class == spec.ClassSTX && i.Imm == spec.AtomicLoadAcq:
			*i = spec.Insn{Op: spec.ClassLDX | spec.ModeMEM | i.Op&0x18, Dst: i.Dst, Src: i.Src, Off: i.Off}
		case class == spec.ClassSTX && i.Imm == spec.AtomicStoreRel:
			*i = spec.Insn{Op: spec.ClassSTX | spec.ModeMEM | i.Op&0x18, Dst: i.Dst, Src: i.Src, Off: i.Off}
		case class == spec.ClassSTX:
			i.Imm = spec.AtomicAdd
		}
	}
}
