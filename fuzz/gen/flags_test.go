package gen_test

import "flag"

// All random tests begin at -first; a failure names the seed of its program.
var (
	firstSeed = flag.Uint64("first", 1, "seed of the first program")
	onlyMix   = flag.String("only", "", "only this mix")
	loadN     = flag.Int("loads", 300, "programs of each mix to load into the kernel")
	validN    = flag.Int("valid", 500, "valid programs of each mix")
	brokenN   = flag.Int("broken", 500, "broken programs of each mix")
	flipN     = flag.Int("flips", 700, "flipped bits of each mix")
	failures  = flag.Int("failures", 3, "kinds of rejection to print")
	deadline  = flag.Duration("deadline", 0, "how long the kernel may take over one program")
	logs      = flag.Bool("logs", false, "print more: the verifier's logs, the bits that were lost")
	dump      = flag.Bool("dump", false, "print the case of -only and -first")
)
