// Package corpus is the project's stock of programs to run.
//
// programs/ holds small, real C programs with the objects that clang made of them,
// once for each byte order:
//
//	firewall    xdp         parses Ethernet, VLAN, IPv4, TCP and UDP; drops by rules in a hash
//	checksum    sched_cls   verifies and mends the IPv4 header checksum in the packet
//	ratelimit   xdp         a token bucket for every source; .rodata, .bss and a settable clock
//
// programs/testdata holds the packets that the tests send through them. The tests
// compare every target with plain Go that states what each program is to do.
//
// regress/ holds cases that some implementation once got wrong, each with what is
// right and, in its comment, who was wrong and how. A bug of a kernel that may be
// exploitable is reported to its security contact and is not here.
//
// public/ has no objects but a list of Debian packages that carry some; its tests
// fetch them by the package client.
//
// A changed program is compiled again by
//
//	go test ./corpus -run Objects -generate     (clang-19 and llvm-strip-19)
package corpus
