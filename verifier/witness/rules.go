package witness

import (
	"github.com/lockstep-ebpf/lockstep/verifier/transfer"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// meanings are the rules whose breach leaves no trace in a run of its own, and why. A run may
// still come to harm later on, so that they are searched for too; what is not found then is
// unknown.
var meanings = map[string]string{
	"reference-leak":     "what is not given back does no harm to the run itself",
	"not-a-reference":    "the machine does not keep book of references",
	"result":             "what a program may return is a matter of policy",
	"callback-return":    "what a callback may return is a matter of policy",
	"return-stack":       "an address that outlives its frame is harmless until it is used",
	"stack-escapes":      "an address that outlives its frame is harmless until it is used",
	"pointer-op":         "arithmetic on addresses does no harm by itself",
	"pointer-bits":       "arithmetic on addresses does no harm by itself",
	"pointer-pointer":    "arithmetic on addresses does no harm by itself",
	"pointer-32":         "arithmetic on addresses does no harm by itself",
	"stack-sub":          "arithmetic on addresses does no harm by itself",
	"scalar-pointer":     "arithmetic on addresses does no harm by itself",
	"pointer-kind":       "arithmetic on addresses does no harm by itself",
	"moved-pointer":      "the machine takes addresses that Linux wants as they were given",
	"mixed-pointers":     "Linux rewrites such instructions for one kind of address; the machine need not",
	"misaligned":         "the machine takes addresses that are not aligned, atomics excepted",
	"helper-unknown":     "which helpers there are is a matter of the release",
	"helper-denied":      "which helpers a program may call is a matter of policy",
	"spill-size":         "parts of an address may be stored at run time",
	"fill-size":          "parts of an address may be loaded at run time",
	"ld-abs":             "where LD_ABS may stand is a matter of policy",
	"ld-abs-ctx":         "the machine takes the packet, whatever r6 holds",
	"sleepable":          "which programs may sleep is a matter of policy",
	"sleepable-map":      "which maps a program may use is a matter of policy",
	"direct-value":       "it is found when the program is loaded",
	"callback-main":      "it is found when the program is loaded",
	"form":               "the machine does not load it",
	"map-helper":         "which helpers take which maps is a matter of policy",
	"alloc-size":         "how much may be reserved is a matter of policy",
	"helper-refused":     byPolicy,
	"helper-sleeps":      byPolicy,
	"helper-packet":      byPolicy,
	"storage-flags":      byPolicy,
	"timer-map":          byPolicy,
	"map-field":          byPolicy,
	"two-references":     byPolicy,
	"dynptr":             notSimulated,
	"dynptr-memory":      notSimulated,
	"dynptr-moves":       notSimulated,
	"dynptr-overwritten": notSimulated,
	"dynptr-place":       notSimulated,
	"dynptr-type":        notSimulated,
	"field-moves":        notSimulated,
	"field-offset":       notSimulated,
	"kernel-field":       notSimulated,
	"sock-field":         notSimulated,
	"sock-write":         notSimulated,
	"flow-keys":          notSimulated,
	"tp-buffer":          notSimulated,
	"stack-object":       notSimulated,
	"lock-twice":         notSimulated,
	"unlock":             notSimulated,
	"under-lock":         notSimulated,
	"no-field":           notSimulated,
	"const-string":       notSimulated,
	"frozen-array":       notSimulated,
	"attach-target":      notSimulated,
	"btf-member":         notSimulated,
	"btf-offset":         notSimulated,
	"btf-percpu":         notSimulated,
	"btf-user":           notSimulated,
	"btf-write":          notSimulated,
	"global-args":        notSimulated,
	"global-argument":    notSimulated,
	"global-result":      notSimulated,
	"iterator":           notSimulated,
	"kfunc":              notSimulated,
	"kfunc-argument":     notSimulated,
	"kfunc-cast":         notSimulated,
	"kfunc-denied":       notSimulated,
	"kfunc-release":      notSimulated,
	"kfunc-result":       notSimulated,
	"kfunc-sleeps":       notSimulated,
	"kfunc-trust":        notSimulated,
	"rcu":                notSimulated,
	"variable":           notSimulated,
	"licence":            "the licence is a matter of policy",
	"pointer-leak":       "what an address tells its reader does no harm to the run",
	"pointer-part":       "what an address tells its reader does no harm to the run",
	"pointer-comparison": "what an address tells its reader does no harm to the run",
	"unwritten-stack":    "the machine lets stack be read that nobody has written",
	"spill-corrupt":      "parts of an address may be stored at run time",
	"spectre-bounds":     speculation,
	"spectre-kind":       speculation,
	"spectre-map-value":  speculation,
	"spectre-paths":      speculation,
	"spectre-sign":       speculation,
	"spectre-stack":      speculation,
	"too-many-branches":  "a limit of the verifier's own",
}

const (
	speculation  = "the machine does not run ahead of itself"
	byPolicy     = "which helpers may be called with what is a matter of policy"
	notSimulated = "the machine does not simulate what the rule is about"
)

// pointless is why no run can tell, or "".
func pointless(c *vm.Case, f *transfer.Failure) string {
	switch {
	case f.Class != transfer.Unsafe && f.Class != transfer.TooComplex:
		return "the verifier did not find it unsafe"
	case f.Rule == "stack-depth":
		return "how much stack frames may take together is the verifier's own limit"
	case f.State == nil:
		return "it is refused for its form, before any path is followed"
	}
	for _, p := range c.Programs {
		if _, err := vm.Check(p); err != nil {
			return "the machine does not load it: " + err.Error()
		}
	}
	return ""
}
