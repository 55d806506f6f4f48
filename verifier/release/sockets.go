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
	tcpSockDsack  = 96
	tcpSockEnd    = 116
	xdpSockEnd    = 4
	flowKeysBytes = 56
)

// FlowKeys is the size of struct bpf_flow_keys, all of which a flow dissector may touch.
const FlowKeys = flowKeysBytes

// SockField reports whether programs may load size bytes at an offset of a socket. None may
// store (net/core/filter.c: bpf_sock_common_is_valid_access and its like).
func (r *Release) SockField(k SockKind, off, size int) bool {
	if off < 0 || size <= 0 || off%size != 0 {
		return false
	}
	switch k {
	case SockCommonFields:
		return (off < sockType || off >= sockPriority+4) && r.bpfSock(off, size)
	case SockFields:
		return r.bpfSock(off, size)
	case TCPSockFields:
		switch off {
		case tcpSockBytes, tcpSockBytes + 8:
			return size == 8
		}
		return off < tcpSockEnd && size == 4
	case XDPSockFields:
		return off < xdpSockEnd && size == 4
	}
	return false
}

// bpfSock is bpf_sock_is_valid_access. Most fields may be loaded in part.
func (r *Release) bpfSock(off, size int) bool {
	end := sockEnd
	if !r.AtLeast(6, 1) { // since 5.11: rx_queue_mapping; since 5.18: dst_port in part
		end = sockRxQueue
	}
	switch {
	case off >= end:
		return false
	case off >= sockDstPort && off < sockDstPort+2 && r.AtLeast(6, 1):
		return size <= 2 || size == 4 && off == sockDstPort
	case off >= sockDstPort+2 && off < sockDstIP4 && r.AtLeast(6, 1):
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
