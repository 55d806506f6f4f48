package state

import "strings"

// Trust is how far a pointer into the kernel's objects may be relied on. The zero value is
// the old kind: loads through it are safe, for they read 0 where there is nothing, and some
// helpers take it.
type Trust uint8

// Trusts, some of which go together.
const (
	Trusted   Trust = 1 << iota // the object is there as long as the program runs
	RCU                         // as long as the read lock is held
	Untrusted                   // nothing is known: to be read through, and no more
	PerCPU                      // an offset, not an address
	User                        // of user space
)

var trustWords = []string{"trusted_", "rcu_", "untrusted_", "percpu_", "user_"}

// String is the prefixes that Linux writes in front of the pointer's kind.
func (t Trust) String() string {
	var s strings.Builder
	for i, word := range trustWords {
		if t&(1<<i) != 0 {
			s.WriteString(word)
		}
	}
	return s.String()
}

// Firm reports whether the pointer is trusted without reserve (Linux's is_trusted_reg).
func (r *Reg) Firm() bool {
	return r.Kind == BTF && !r.Null && (r.Ref != 0 || r.Trust == Trusted)
}

// btfName is the pointer's kind in Linux's words.
func (r *Reg) btfName() string {
	if r.Null {
		return r.Trust.String() + "ptr_or_null_"
	}
	return r.Trust.String() + "ptr_"
}
