// Package gen writes refvm/zexec.go from spec.Table. It is a test: plain go test
// fails if the file and the table have drifted apart, -generate rewrites it.
package gen
