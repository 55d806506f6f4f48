package release

// SockKind is what a pointer to a socket points to, for programs: one of three structs of
// include/uapi/linux/bpf.h, or the part of the first that every socket has.
type SockKind uint8

// Kinds of sockets.
const (
	SockCommonFields SockKind = iota // struct bpf_sock, as little of it as a request or a time-wait socket has
	SockFields                       // struct bpf_sock
	TCPSockFields                    // struct bpf_tcp_sock
	XDPSockFields                    // struct bpf_xdp_sock
)

// Offsets in struct bpf_sock.
const (
	sockFamily    = 4
	sockType      = 8
	sockProtocol  = 12
	sockMark      = 16
	sockPriority  = 20
	sockSrcIP4    = 24
	sockSrcPort   = 44
	sockDstPort   = 48 // two bytes, and two of padding
	sockDstIP4    = 52
	sockState     = 72
	sockRxQueue   = 76
	sockEnd       = 80
	tcpSockBytes  = 80 // of struct bpf_tcp_sock: bytes_received and bytes_acked, of 8 bytes each
	tcpSockDsack  = 96 // what follows these two
	tcpSockEnd    = 112
	xdpSockEnd    = 4
	flowKeysBytes = 56
)

// FlowKeys is the size of struct bpf_flow_keys, all of which a flow dissector may touch.
const FlowKeys = flowKeysBytes

// SockField reports whether programs may load size bytes at an offset of a socket. None may
// store (net/core/filter.c: bpf_sock_common_is_valid_access and its like). All releases that have
// a table answer the same.
func (r *Release) SockField(k SockKind, off, size int) bool {
	if off < 0 || size <= 0 || off%size != 0 {
		return false
	}
	switch k {
	case SockCommonFields:
		return (off < sockType || off >= sockPriority+4) && bpfSock(off, size)
	case SockFields:
		return bpfSock(off, size)
	case TCPSockFields:
		if off >= tcpSockBytes && off < tcpSockDsack {
			return size == 8
		}
		return off < tcpSockEnd && size == 4
	case XDPSockFields:
		return off < xdpSockEnd && size == 4
	}
	return false
}

// bpfSock is bpf_sock_is_valid_access. Most fields may be loaded in part.
func bpfSock(off, size int) bool {
	switch {
	case off >= sockEnd:
		return false
	case off >= sockDstPort && off < sockDstPort+2:
		return size <= 2 || size == 4 && off == sockDstPort
	case off >= sockDstPort+2 && off < sockDstIP4:
		return false
	case narrow(off):
		return size <= 4
	}
	return size == 4
}

// narrow reports whether a field of struct bpf_sock may be loaded in part: addresses at any of
// their bytes, others at their beginning.
func narrow(off int) bool {
	if off >= sockSrcIP4 && off < sockSrcPort || off >= sockDstIP4 && off < sockState {
		return true
	}
	switch off {
	case sockFamily, sockType, sockProtocol, sockSrcPort, sockState, sockRxQueue:
		return true
	}
	return false
}
