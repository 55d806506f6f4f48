module github.com/lockstep-ebpf/lockstep

go 1.26.0

require (
	github.com/leanovate/gopter v0.2.11
	golang.org/x/sys v0.49.0
)

require (
	github.com/rogpeppe/go-internal v1.16.0
	golang.org/x/tools v0.26.0 // indirect
)
