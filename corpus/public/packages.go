package public

// Packages are those whose objects the tests look at: few and small, of releases, one
// of them big-endian.
var Packages = []Source{
	{"bookworm", "amd64", "libbpf-tools", 236, "tracing tools of bcc: kprobe, fentry, tracepoint, CO-RE"},
	{"bookworm", "amd64", "xdp-tools", 98, "xdp-filter, xdp-bench, xdp-monitor: XDP, tracing of XDP"},
	{"bookworm", "amd64", "libxdp1", 17, "the dispatcher of XDP programs"},
	{"bookworm", "amd64", "xdp-tests", 9, "XDP"},
	{"bookworm", "amd64", "golang-github-cilium-ebpf-dev", 58, "test data of a loader: many forms, both byte orders, objects that are to be refused"},
	{"bookworm", "amd64", "pcp", 70, "tracing tools of bcc, as plug-ins"},
	{"bookworm", "amd64", "ir-keytable", 0, "decoders of remote controls: lirc, with undefined symbols that its own loader resolves"},
	{"bookworm", "amd64", "libknot13", 1, "XDP of a name server"},
	{"bookworm", "s390x", "xdp-tools", 98, "big-endian"},
	{"trixie", "amd64", "libbpf-tools", 318, "tracing tools of bcc"},
	{"trixie", "amd64", "opensnitch-ebpf-modules", 17, "kprobe, tracepoint"},
}

// More are further packages, for who has the time: about 40 MB.
var More = []Source{
	{"bullseye", "amd64", "golang-github-cilium-ebpf-dev", 12, "objects of older compilers"},
	{"bullseye", "amd64", "ir-keytable", 9, "lirc"},
	{"bullseye", "amd64", "suricata", 6, "filters and balancers: socket filter, XDP"},
	{"trixie", "amd64", "xdp-tools", 113, "XDP"},
	{"trixie", "amd64", "golang-github-cilium-ebpf-dev", 132, "test data of a loader"},
	{"trixie", "amd64", "pcp", 74, "tracing tools of bcc"},
	{"trixie", "amd64", "pwru", 36, "traces packets through the kernel: kprobe, in a Go program"},
	{"trixie", "amd64", "suricata", 6, "filters and balancers"},
	{"trixie", "amd64", "libsystemd-shared", 5, "cgroup, LSM"},
	{"trixie", "amd64", "systemd-container", 6, "LSM"},
	{"trixie", "amd64", "libbpftune0", 14, "tuning of the network: tracing, cgroup"},
	{"trixie", "amd64", "mimic", 0, "disguises UDP: XDP, tc"},
	{"trixie", "amd64", "qemu-system-x86", 1, "receive-side scaling: socket filter"},
	{"trixie", "amd64", "oar-common", 1, "devices of a cgroup"},
	{"sid", "amd64", "libbpf-tools", 361, "tracing tools of bcc"},
	{"sid", "amd64", "xdp-tools", 103, "XDP"},
	{"sid", "amd64", "udev-hid-bpf", 146, "mends input devices: struct_ops"},
	{"sid", "amd64", "libsystemd-shared", 16, "cgroup, LSM"},
	{"sid", "amd64", "network-manager", 4, "translates addresses: tc"},
	{"sid", "amd64", "nsd", 2, "XDP of a name server"},
	{"sid", "amd64", "rtc-testbench", 7, "XDP for real-time networks"},
	{"sid", "amd64", "bpfilter", 0, "parts of generated filters"},
	{"sid", "amd64", "bpftop", 0, "an iterator over programs"},
	{"sid", "amd64", "rsched", 0, "traces the scheduler"},
	{"sid", "s390x", "udev-hid-bpf", 146, "big-endian"},
}
