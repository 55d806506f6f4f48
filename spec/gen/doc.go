// Package gen writes what is derived from the table of package spec: spec/ISA.md,
// the specification for people, and spec/isa.json, for tools in other languages.
//
// Its tests are the generators: plain go test fails if a file and the table have
// drifted apart, `go test ./spec/gen -generate` rewrites both.
package gen
