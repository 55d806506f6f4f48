package errata

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// Claim is a statement about instructions that a solver can prove or refute. Its
// Term speaks of the functions that spec.SMT writes, of what [Prelude] defines, and of
// these constants:
//
//	x y z   any numbers of 64 bits; mostly dst, src and r0
//	i j     any numbers of 32 bits; mostly imm and next_imm
//
// What a form does not use gets some constant all the same: so a claim also says
// that it does not matter.
type Claim struct {
	ID    string
	Of    string // an erratum's ID, or a section of RFC 9669
	Words string
	Over  []string // an instance of Term each: words, which stand for $1, $2, …; nil: one, without
	Term  string   // of sort Bool

	// A claim without a witness says that Term is true whatever the constants are. One
	// with a witness says that it is true for some, such as these; the others are 0.
	Witness map[string]uint64
}

// Constants are the names that a Term may use freely, with their bits.
var Constants = map[string]uint{"x": 64, "y": 64, "z": 64, "i": 32, "j": 32}

// Claims are all claims, those about errata first.
var Claims = append(provedErrata, laws...)

// ClaimsOf are the claims about an erratum or a section.
func ClaimsOf(of string) (claims []Claim) {
	for _, c := range Claims {
		if c.Of == of {
			claims = append(claims, c)
		}
	}
	return claims
}

// Terms are the instances of the claim.
func (c *Claim) Terms() []string {
	if c.Over == nil {
		return []string{c.Term}
	}
	terms := make([]string, len(c.Over))
	for n, line := range c.Over {
		var holes []string
		for at, word := range strings.Fields(line) {
			holes = append(holes, fmt.Sprint("$", at+1), word)
		}
		terms[n] = strings.NewReplacer(holes...).Replace(c.Term)
	}
	return terms
}

// Prelude defines the words in which terms are written, and the forms of a machine.
func Prelude(o spec.ByteOrder) string {
	return spec.SMT(o) + fmt.Sprintf("(define-fun big () Bool %v)\n", o == spec.Big) + `
(define-fun zero () (_ BitVec 64) #x0000000000000000)
(define-fun one () (_ BitVec 64) #x0000000000000001)
(define-fun ones () (_ BitVec 64) #xffffffffffffffff)
(define-fun min64 () (_ BitVec 64) #x8000000000000000)
(define-fun min32 () (_ BitVec 64) #x0000000080000000)
(define-fun lo8 ((v (_ BitVec 64))) (_ BitVec 8) ((_ extract 7 0) v))
(define-fun lo16 ((v (_ BitVec 64))) (_ BitVec 16) ((_ extract 15 0) v))
(define-fun lo32 ((v (_ BitVec 64))) (_ BitVec 32) ((_ extract 31 0) v))
(define-fun lo64 ((v (_ BitVec 64))) (_ BitVec 64) v)
(define-fun hi32 ((v (_ BitVec 64))) (_ BitVec 32) ((_ extract 63 32) v))
(define-fun zext ((v (_ BitVec 32))) (_ BitVec 64) ((_ zero_extend 32) v))
(define-fun sext ((v (_ BitVec 32))) (_ BitVec 64) ((_ sign_extend 32) v))
(define-fun u32 ((v (_ BitVec 64))) (_ BitVec 64) (zext (lo32 v)))
(define-fun u8 ((v (_ BitVec 64))) (_ BitVec 64) ((_ zero_extend 56) (lo8 v)))
(define-fun s8 ((v (_ BitVec 64))) (_ BitVec 64) ((_ sign_extend 56) (lo8 v)))
(define-fun negative64 ((v (_ BitVec 64))) Bool (bvslt v zero))
(define-fun negative32 ((v (_ BitVec 64))) Bool (bvslt (lo32 v) #x00000000))
`
}

// What stands for the star in each.
var (
	widths  = []string{"64", "32"}
	sources = []string{"k", "x"}
	both    = []string{"64.k", "64.x", "32.k", "32.x"}
	masks   = []string{"16 #x000000000000ffff", "32 #x00000000ffffffff", "64 #xffffffffffffffff"}
)

// each writes the words into the patterns, in place of the star.
func each(words []string, patterns ...string) (over []string) {
	for _, p := range patterns {
		for _, w := range words {
			over = append(over, strings.ReplaceAll(p, "*", w))
		}
	}
	return over
}

// forms picks rows of the table.
func forms(of func(*spec.Row) bool) (over []string) {
	for i := range spec.Table {
		if r := &spec.Table[i]; !r.Internal && of(r) {
			over = append(over, r.Name)
		}
	}
	return over
}

// immediates pairs each form that takes an immediate with the one that takes a
// register in its place.
func immediates(classes ...uint8) []string {
	names := forms(func(r *spec.Row) bool {
		return strings.HasSuffix(r.Name, ".k") && slices.Contains(classes, r.Class())
	})
	for n, k := range names {
		names[n] = k + " " + strings.TrimSuffix(k, ".k") + ".x"
	}
	return names
}

// half picks the forms of 32 bits of a class.
func half(class uint8) []string {
	return forms(func(r *spec.Row) bool {
		return r.Class() == class && r.Do != nil && r.Imm != spec.Is(64) && r.Op != spec.JA32
	})
}
