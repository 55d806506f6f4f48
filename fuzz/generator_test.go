package fuzz_test

import "github.com/lockstep-ebpf/lockstep/fuzz"

func generator() fuzz.Generator { return random() }
