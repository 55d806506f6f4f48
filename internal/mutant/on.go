//go:build mutants

package mutant

import "sync/atomic"

// Built reports whether this binary can have bugs on purpose.
const Built = true

var enabled atomic.Uint32

// On reports whether bug id is switched on.
func On(id ID) bool { return enabled.Load() == uint32(id) }

// Enable switches bug id on, and every other off; None switches all off.
func Enable(id ID) { enabled.Store(uint32(id)) }
