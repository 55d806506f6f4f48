// Package plugin is how implementations of eBPF in other processes are driven, and
// how this project's engines are driven by others. There are two protocols; the
// package speaks each in both directions.
//
// # One process a case
//
// The protocol of the bpf_conformance suite. The program goes to standard input as
// hex pairs in one line, the memory that r1 points to is the first argument, and
// absent where there is none. Exit status 0: r0 in hex on standard output. Any
// other: one line that says why. [RunOnce] is the plugin, [Process] drives one.
// All that can be seen is r0, and no maps, packets or second programs can be passed.
//
// # A server, one JSON object a line
//
// The server first says who it is:
//
//	{"hello":{"protocol":1,"name":"refvm","groups":["base32",…],
//	  "observables":["r0","memory",…],"byte_order":"little",
//	  "limits":{"insns":1000000,"input":258048,"fuel":1000000000}}}
//
// Then every line in has one line out, in order. A request is a [Request], a reply
// a [Reply]; the short form has one program and one memory:
//
//	{"id":1,"program":"b700000005000000 9500000000000000","memory":"0102"}
//	{"id":1,"kind":"exit","r0":"0x5","memory":"0102",…}
//
// and the long form has all that a vm.Case has:
//
//	{"id":2,"programs":[hex…],"ctx":"xdp","maps":[{"type":"hash","key_size":4,
//	  "value_size":8,"max_entries":16,"fixups":[3],"entries":[["01000000","…"]]}],
//	  "inputs":[{"packet":"…","seed":7}],"want":["r0","packet","maps"]}
//	{"id":2,"runs":[{"kind":"exit","r0":"0x2","packet":"…","maps":[[["01000000","…"]]]}]}
//
// A request may ask for a verifier in front of the run: "verify":"privileged" or
// "unprivileged", and "release":"linux-6.12" to be judged as that one does. What it does not
// accept is rejected, with its message. With "op":"verify" nothing runs and the reply is the
// verdict, as `lockstep verify --json` has it (package verifier/render, type Report):
//
//	{"id":3,"op":"verify","program":"bf10000000000000 9500000000000000","ctx":"xdp"}
//	{"id":3,"verify":{"schema":1,"verdict":"accepted","processed":2,…}}
//
// A program that is not loaded gives {"id","rejected"}, what the server cannot do
// {"id","unsupported"}, a line that it cannot make sense of {"id","error"}; the
// server goes on. [Serve] is the server, [Server] drives one: many requests are in
// flight at once, and a server that dies or does not answer costs one outcome of
// kind Crash or Hang and is started again.
package plugin
