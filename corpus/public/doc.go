// Package public is a stock of BPF programs that others wrote and compiled: what
// packages of Debian carry. Nothing of it is in this repository. The tests fetch the
// packages by the package client ([internal/debian]), take the objects out, and run
// this project's reader, assembler and engines over all of them.
//
//	packages.go   which packages, and how many programs each had
//	fetch.go      a package becomes objects
//	embedded.go   most objects are not files: libbpf's skeletons and Go's embedded
//	              files put them whole into the data of a program
//	count.go      counts programs, and what keeps each from being run here
//
// None of these packages compresses its objects. Light skeletons (`bpftool gen
// skeleton -L`) and programs that are arrays of instructions in C or Go hold no
// object and are not found.
//
//	go test ./corpus/public -v -run Count          a few small packages, with the table
//	go test ./corpus/public -v -run Count -all     all that are listed
//
// Without a package client or its mirror the tests skip and say why.
package public
