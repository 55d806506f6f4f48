// Package release says, as data, what differs between releases of Linux in the eyes of the verifier:
// which helpers a program may call and with what, which bytes of its context it may touch, what it
// may return, which maps helpers take, and switches for what verifiers learned over the years.
//
//	r, err := release.ByName("linux-6.12")
//	h, ok := r.HelperFor(1, release.XDP, 0)              // map value or null bpf_map_lookup_elem#1(const map, map key)
//	f := r.Field(release.SchedCLS, 0, 76, 4, false)      // {OK: true, Kind: "pkt"}
//	lo, hi, ok := r.Return(release.CgroupSKB, 1)         // 0, 3: control group egress
//	r.TakesMap(51, 14)                                   // bpf_redirect_map takes a devmap
//	r.Has(release.UnwrittenStack)                        // privileged programs may load stack that was not written
//
// # Hooks
//
// What a verifier allows depends on the type of a program and, for some types, on what it will be
// attached to: [Hooks] are the pairs that make a difference. Numbers are those of
// include/uapi/linux/bpf.h, so types and helpers that package vm does not simulate have them too.
//
// # The tables, and where they are from
//
//	zallowed_6_12.go   helpers by hook           asked: a call without arguments
//	zcontext_6_12.go   loads and stores by hook  asked: every aligned offset and size
//	zcaps_6_12.go      helpers by capability     asked: the same calls without CAP_PERFMON, and without any
//	zfacts_6_12.go     results, maps, switches   asked: r0 of which nothing is known; a call with each type of
//	                                             map; the programs of testdata/switches.txtar
//	helpers_*.go       prototypes                by hand, from bpf-helpers(7) and the UAPI header; a test has
//	                                             kernels judge them
//	helpers_variant.go prototypes that depend on the hook
//	helpers_older.go   arguments that older releases see differently
//	refused.go         helpers that are offered and then forbidden
//	caps.go            types of programs and maps by capability, by hand; a test has kernels judge them
//	limits.go          sizes, by hand
//
// Asked means: of a kernel that runs, the host's or a guest's. Plain go test asks the host if its
// release has a table, and fails where the table says otherwise. The others are asked with
//
//	go test ./verifier/release -kernels amd64-5.10,amd64-6.1,amd64-6.12,amd64-7.3
//
// and -generate rewrites the tables of the kernels that are named. Tables so describe the stable
// kernel that was asked, as Debian ships it, and not the first of its series: stable kernels have
// features of later ones. What a kernel cannot be asked is left as it is in its table; for 6.18,
// which was locked down, [Release.Asked] says so, and 7.3 lends its row.
//
// # Switches
//
// What is no list is a [Switch]: whether a quotient has a range, whether stack may be read that was not
// written, whether there is may_goto. testdata/switches.txtar has a program for each, which a verifier
// accepts exactly where the switch is on, so kernels answer for themselves, and package verifier's mirror of
// each release has to answer alike. Some switches are mistakes ([Unsafe]). A kernel's answer may
// surprise: 6.12's stable kernel has lost a mistake that 6.18's still has.
//
// The test of prototypes makes a call that is good by the table, and then calls in which one thing
// differs: a scalar, 0, the context, the stack, a map, a map value, one that programs may only read or
// only write, a packet pointer, another licence. The kernel has to accept and to refuse as the table
// says, and its log has to call the result what the table calls it.
//
// # Reading a table
//
// A context's row is four [Set]s for loads and four for stores, of 1, 2, 4 and 8 bytes. Their
// numbers are offsets in units of the size: in
//
//	read:  [4]string{"", "", "0-4", ""},
//	kinds: "0:pkt 4:pkt_end 8:pkt_meta",
//
// 4-byte loads at 0, 4, 8, 12 and 16 are allowed and none else; at 0 a load gives a packet pointer. What
// is not named gives a scalar.
//
// # What is not here
//
// Contexts that the kernel's BTF describes (tracing and LSM programs, iterators, struct_ops), kfuncs, and
// limits of values: a helper whose flags must be 0 is not known for it.
package release
