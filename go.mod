module github.com/lockstep-ebpf/lockstep

go 1.26

require github.com/leanovate/gopter v0.2.11
