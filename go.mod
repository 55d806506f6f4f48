module github.com/lockstep-ebpf/lockstep

go 1.26.0

require (
	github.com/google/go-cmp v0.7.0
	github.com/google/gofuzz v1.2.0
	golang.org/x/sys v0.49.0
)

require golang.org/x/tools v0.26.0
