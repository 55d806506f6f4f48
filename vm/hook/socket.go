package hook

import (
	"fmt"
	"strings"

	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// fields reads a list of fields that follow one another: "name:size", with a w behind the
// size of one that may be written. A name that is - leaves a gap.
func fields(off uint32, list string) (all []Field) {
	for _, item := range strings.Fields(list) {
		name, text, _ := strings.Cut(item, ":")
		f := Field{Name: name, Off: off, Perm: mem.Read}
		if strings.HasSuffix(text, "w") {
			f.Perm = mem.RW
		}
		if _, err := fmt.Sscanf(text, "%d", &f.Size); err != nil {
			panic("hook: " + item) // the lists are constants
		}
		if off += f.Size; name != "-" {
			all = append(all, f)
		}
	}
	return all
}

// without leaves out fields, by name.
func without(all []Field, names string) (kept []Field) {
	for _, f := range all {
		if !strings.Contains(" "+names+" ", " "+f.Name+" ") {
			kept = append(kept, f)
		}
	}
	return kept
}

// SockSize is the size of struct bpf_sock in bytes.
const SockSize = 80

// sock is struct bpf_sock.
const sock = "bound_dev_if:4 family:4 type:4 protocol:4 mark:4 priority:4 src_ip4:4 src_ip6:16 src_port:4 dst_port:4 " +
	"dst_ip4:4 dst_ip6:16 state:4 rx_queue_mapping:4"

var (
	// SockFields is what programs may read of a socket that they have a pointer to.
	SockFields   = fields(0, sock)
	createFields = without(fields(0, strings.NewReplacer("if:4", "if:4w", "mark:4", "mark:4w", "priority:4", "priority:4w").Replace(sock)),
		"src_ip4 src_ip6 src_port")

	sockOpsFields = fields(0, "op:4 reply:4w args:12 family:4 remote_ip4:4 local_ip4:4 remote_ip6:16 local_ip6:16 remote_port:4 "+
		"local_port:4 is_fullsock:4 snd_cwnd:4 srtt_us:4 bpf_sock_ops_cb_flags:4 state:4 rtt_min:4 snd_ssthresh:4 rcv_nxt:4 "+
		"snd_nxt:4 snd_una:4 mss_cache:4 ecn_flags:4 rate_delivered:4 rate_interval_us:4 packets_out:4 retrans_out:4 "+
		"total_retrans:4 segs_in:4 data_segs_in:4 segs_out:4 data_segs_out:4 lost_out:4 sacked_out:4 sk_txhash:4w "+
		"bytes_received:8 bytes_acked:8 sk:8 skb_data:8 skb_data_end:8 skb_len:4 skb_tcp_flags:4")
	sockOpsPoints = []Point{{184, 8, Socket}, {192, 8, Data}, {200, 8, DataEnd}, {208, 4, Length}}

	skMsgFields = fields(0, "data:8 data_end:8 family:4 remote_ip4:4 local_ip4:4 remote_ip6:16 local_ip6:16 remote_port:4 "+
		"local_port:4 size:4 sk:8")
	skMsgPoints = []Point{{0, 8, Data}, {8, 8, DataEnd}, {68, 4, Length}, {72, 8, Socket}}

	reuseportFields = fields(0, "data:8 data_end:8 len:4 eth_protocol:4 ip_protocol:4 bind_inany:4 hash:4 -:4 sk:8 migrating_sk:8")
	reuseportPoints = []Point{{0, 8, Data}, {8, 8, DataEnd}, {16, 4, Length}, {40, 8, Socket}}

	lookupFields = fields(0, "sk:8 family:4 protocol:4 remote_ip4:4 remote_ip6:16 remote_port:4 local_ip4:4 local_ip6:16 "+
		"local_port:4 ingress_ifindex:4")

	getSockoptFields = fields(0, "sk:8 optval:8 optval_end:8 level:4 optname:4 optlen:4w retval:4w")
	setSockoptFields = fields(0, "sk:8 optval:8 optval_end:8 level:4w optname:4w optlen:4w")
	sockoptPoints    = []Point{{0, 8, Socket}, {8, 8, Data}, {16, 8, DataEnd}}
)

// socketTypes are those of cgroup_sock, whose context is struct bpf_sock.
func socketTypes() []Info {
	row := func(attach Type, name string, f []Field) Info {
		return Info{Type: 9 | attach<<attachShift, Name: "cgroup_sock/" + name, Context: Struct, Size: SockSize, Fields: f}
	}
	const noBind = "bound_dev_if mark priority"
	return []Info{
		row(2, "create", createFields),
		row(12, "post_bind4", without(SockFields, noBind+" src_ip6")),
		row(13, "post_bind6", without(SockFields, noBind+" src_ip4")),
		row(34, "release", createFields),
	}
}

// addressTypes are those of cgroup_sock_addr, whose context is struct bpf_sock_addr. What
// is for IPv4 sees no address of IPv6, and the other way about.
func addressTypes() (all []Info) {
	const ip4, ip6, none = "user_ip6 msg_src_ip6", "user_ip4 msg_src_ip4", "user_ip4 user_ip6 msg_src_ip4 msg_src_ip6"
	layout := fields(0, "user_family:4 user_ip4:4w user_ip6:16w user_port:4w family:4 type:4 protocol:4 msg_src_ip4:4w msg_src_ip6:16w -:4 sk:8")
	for _, t := range []struct {
		attach Type
		name   string
		hidden string
	}{
		{8, "bind4", ip4}, {9, "bind6", ip6}, {10, "connect4", ip4}, {11, "connect6", ip6}, {14, "sendmsg4", ip4}, {15, "sendmsg6", ip6},
		{19, "recvmsg4", ip4}, {20, "recvmsg6", ip6}, {29, "getpeername4", ip4}, {30, "getpeername6", ip6},
		{31, "getsockname4", ip4}, {32, "getsockname6", ip6},
		{49, "connect_unix", none}, {50, "sendmsg_unix", none}, {51, "recvmsg_unix", none}, {52, "getpeername_unix", none}, {53, "getsockname_unix", none},
	} {
		hidden := t.hidden
		if !strings.HasPrefix(t.name, "sendmsg") {
			hidden += " msg_src_ip4 msg_src_ip6"
		}
		all = append(all, Info{
			Type: 18 | t.attach<<attachShift, Name: "cgroup_sock_addr/" + t.name, Context: Struct, Size: 72,
			Fields: without(layout, hidden), Points: []Point{{64, 8, Socket}},
		})
	}
	return all
}
