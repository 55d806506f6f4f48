package hook

import (
	"slices"
	"strings"

	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Offsets of fields of struct __sk_buff and struct xdp_md that machines and helpers use.
const (
	SkbLen, SkbProtocol, SkbData, SkbDataEnd, SkbDataMeta = 0, 16, 76, 80, 140
	SkbPktType, SkbHash, SkbTstamp                        = 4, 68, 152
	SkbVLANPresent, SkbVLANTCI, SkbVLANProto              = 20, 24, 28
	SkbFlowKeys, SkbSocket                                = 144, 168
	XdpData, XdpDataEnd, XdpDataMeta                      = 0, 4, 8

	skbSize = 192
)

// skb is what some type may touch of struct __sk_buff, as little as it is that all
// types may do with it. Addresses and ports of the socket are not simulated.
var skb = []Field{
	{"len", SkbLen, 4, mem.Read},
	{"pkt_type", SkbPktType, 4, mem.Read},
	{"mark", 8, 4, mem.Read},
	{"queue_mapping", 12, 4, mem.Read},
	{"protocol", SkbProtocol, 4, mem.Read},
	{"vlan_present", SkbVLANPresent, 4, mem.Read},
	{"vlan_tci", SkbVLANTCI, 4, mem.Read},
	{"vlan_proto", SkbVLANProto, 4, mem.Read},
	{"priority", 32, 4, mem.Read},
	{"ingress_ifindex", 36, 4, mem.Read},
	{"ifindex", 40, 4, mem.Read},
	{"tc_index", 44, 4, mem.Read},
	{"cb", 48, 20, mem.Read},
	{"hash", SkbHash, 4, mem.Read},
	{"tc_classid", 72, 4, mem.Read},
	{"data", SkbData, 4, mem.Read},
	{"data_end", SkbDataEnd, 4, mem.Read},
	{"napi_id", 84, 4, mem.Read},
	{"data_meta", SkbDataMeta, 4, mem.Read},
	{"tstamp", SkbTstamp, 8, mem.Read},
	{"wire_len", 160, 4, mem.Read},
	{"gso_segs", 164, 4, mem.Read},
	{"sk", SkbSocket, 8, mem.Read},
	{"gso_size", 176, 4, mem.Read},
	{"tstamp_type", 180, 1, mem.Read},
	{"hwtstamp", 184, 8, mem.Read},
}

// skbFields gives a type's fields: all but those that are hidden from it, by name, and
// writable the ones that it may write.
func skbFields(writable, hidden string) []Field {
	var out []Field
	for _, f := range skb {
		switch {
		case slices.Contains(strings.Fields(hidden), f.Name):
			continue
		case slices.Contains(strings.Fields(writable), f.Name):
			f.Perm = mem.RW
		}
		out = append(out, f)
	}
	return out
}

var (
	filterFields    = skbFields("cb", "tc_classid data data_end data_meta tstamp wire_len tstamp_type hwtstamp")
	classFields     = skbFields("mark queue_mapping priority tc_index cb tc_classid tstamp", "")
	cgroupFields    = skbFields("mark priority cb tstamp", "tc_classid data_meta wire_len tstamp_type")
	lwtFields       = skbFields("mark priority cb", "tc_classid data_meta tstamp wire_len tstamp_type hwtstamp")
	verdictFields   = skbFields("priority tc_index", "mark tc_classid data_meta tstamp wire_len tstamp_type hwtstamp")
	dissectorFields = []Field{{"data", SkbData, 4, mem.Read}, {"data_end", SkbDataEnd, 4, mem.Read}, {"flow_keys", SkbFlowKeys, 8, mem.Read}}
	xdpFields       = fields(0, "data:4 data_end:4 data_meta:4 ingress_ifindex:4 rx_queue_index:4")
	devmapFields    = fields(0, "data:4 data_end:4 data_meta:4 ingress_ifindex:4 rx_queue_index:4 egress_ifindex:4")
)

var (
	skbPoints = []Point{
		{SkbLen, 4, Length}, {SkbData, 4, Data}, {SkbDataEnd, 4, DataEnd}, {SkbDataMeta, 4, DataMeta}, {SkbSocket, 8, Socket},
	}
	dissectorPoints = []Point{{SkbData, 4, Data}, {SkbDataEnd, 4, DataEnd}, {SkbFlowKeys, 8, FlowKeys}}
	xdpPoints       = []Point{{XdpData, 4, Data}, {XdpDataEnd, 4, DataEnd}, {XdpDataMeta, 4, DataMeta}}
)
