module github.com/lockstep-ebpf/lockstep

go 1.26
