package corpus

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Outcomes of tenants.c.
const (
	letIn, denied, unknown, noTenant, notTenantIP, badTenantIP = 0, 1, 2, 3, 4, 5
)

// policies are the entries of the tenants' tables.
var policies = []struct {
	table    string
	port     uint16
	protocol uint8
	allow    bool
}{
	0: {"red", 80, 6, true},
	1: {"red", 0, 6, false},
	2: {"red", 53, 17, true},
	3: {"blue", 22, 6, false},
	4: {"blue", 0, 0, true},
	5: {"guests", 53, 17, true},
	6: {"guests", 0, 17, false},
	7: {"guests", 0, 1, true},
}

// Whose VLAN is whose: as the object has it, and after a change.
var (
	tenantsAtFirst = map[uint32]string{1: "red", 2: "blue", 7: "guests", 8: "guests"}
	tenantsLater   = map[uint32]string{1: "guests", 2: "blue", 7: "guests", 8: "guests", 9: "red"}
)

// tenantsCase is a packet, what is to become of it, and which policy says so: by hand.
type tenantsCase struct {
	packet
	outcome, policy int
	later           bool // the tenants have changed
}

func tenantsCases() []tenantsCase {
	const ip4, dot1q = layers.EthernetTypeIPv4, layers.EthernetTypeDot1Q
	const noPolicy = -1
	tagged := func(vlan uint16, kind layers.EthernetType, parts ...gopacket.SerializableLayer) []byte {
		return build(append([]gopacket.SerializableLayer{
			ethernet(dot1q), &layers.Dot1Q{VLANIdentifier: vlan, Priority: uint8(vlan % 8), Type: kind},
		}, parts...)...)
	}
	onTCP := func(vlan, port uint16, change ...func(*layers.IPv4)) []byte {
		ip := ipv4(client, server, layers.IPProtocolTCP)
		for _, do := range change {
			do(ip)
		}
		return tagged(vlan, ip4, ip, tcp(1000, port))
	}
	onUDP := func(vlan, port uint16) []byte {
		return tagged(vlan, ip4, ipv4(client, server, layers.IPProtocolUDP), udp(1000, port))
	}
	ping := func(vlan uint16) []byte {
		return tagged(vlan, ip4, ipv4(client, server, layers.IPProtocolICMPv4), &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(8, 0)})
	}
	c := func(name string, frame []byte, outcome, policy int) tenantsCase {
		return tenantsCase{packet{name, frame}, outcome, policy, false}
	}
	fragment := func(ip *layers.IPv4) { ip.FragOffset = 7 }
	options := func(ip *layers.IPv4) { ip.Options = []layers.IPv4Option{{OptionType: 1}, {OptionType: 0}} }
	syn := onTCP(1, 80)
	const change = "red's VLAN is the guests' now, who know no TCP"

	all := []tenantsCase{
		c("red allows the web", syn, letIn, 0),
		c("red: no other TCP", onTCP(1, 81), denied, 1),
		c("red: DNS", onUDP(1, 53), letIn, 2),
		c("red says nothing of other UDP", onUDP(1, 54), unknown, noPolicy),
		c("red says nothing of ping", ping(1), unknown, noPolicy),
		c("red: the web behind IP options", onTCP(1, 80, options), letIn, 0),
		c("red: a last fragment has no port, so it is any TCP", onTCP(1, 80, fragment), denied, 1),
		c("blue denies SSH", onTCP(2, 22), denied, 3),
		c("blue allows all else", onTCP(2, 80), letIn, 4),
		c("blue: ping", ping(2), letIn, 4),
		c("guests: DNS", onUDP(7, 53), letIn, 5),
		c("guests on another VLAN have the same table", onUDP(8, 53), letIn, 5),
		c("guests: no other UDP", onUDP(8, 54), denied, 6),
		c("guests: ping", ping(7), letIn, 7),
		c("guests: nothing of TCP", onTCP(7, 80), unknown, noPolicy),
		c("VLAN 9 is nobody's", onTCP(9, 80), noTenant, noPolicy),
		c("nor VLAN 257", onTCP(257, 80), noTenant, noPolicy),
		c("VLAN 4095, with the highest priority", onTCP(4095, 80), noTenant, noPolicy),
		c("no VLAN", build(ethernet(ip4), ipv4(client, server, layers.IPProtocolTCP), tcp(1000, 80)), noTenant, noPolicy),
		c("ARP on a VLAN", tagged(1, layers.EthernetTypeARP, gopacket.Payload(make([]byte, 28))), notTenantIP, noPolicy),
		c("a VLAN in a VLAN", tagged(1, dot1q, &layers.Dot1Q{VLANIdentifier: 1, Type: ip4}, ipv4(client, server, layers.IPProtocolTCP), tcp(1000, 80)), notTenantIP, noPolicy),
		c("ihl 4", with(syn, 18, 0x44), badTenantIP, noPolicy),
		c("cut in the VLAN tag", syn[:17], badTenantIP, noPolicy),
		c("cut in the IPv4 header", syn[:18+19], badTenantIP, noPolicy),
		c("cut in the ports", syn[:18+20+3], badTenantIP, noPolicy),
		c(change, syn, unknown, noPolicy),
		c("their ping", ping(1), letIn, 7),
		c("red is on VLAN 9", onTCP(9, 80), letIn, 0),
		c("there it has no other TCP either", onTCP(9, 81), denied, 1),
		c("no whole Ethernet header", syn[:13], badTenantIP, noPolicy),
	}
	for i, c := range all {
		all[i].later = c.name == change || i > 0 && all[i-1].later
	}
	return all
}

func TestTenants(t *testing.T) {
	counts := make([]uint64, len(policies))
	var outcomes [6]uint64
	var want []expected
	all := frames(t, "tenants.pcap")
	changed := false
	for i, w := range tenantsCases() {
		e := expected{name: w.name, packet: all[i], r0: tenantsVerdict(w.outcome)}
		if w.later && !changed {
			changed = true
			e.set = func(o spec.ByteOrder) entries { return entries{"tables": tenantTables(o, tenantsLater)} }
		}
		outcomes[w.outcome]++
		if w.policy >= 0 {
			counts[w.policy]++
		}
		e.maps = tenantsMaps(outcomes[:], counts)
		want = append(want, e)
	}
	want[0].set = func(o spec.ByteOrder) entries { return tenantPolicies(o, make([]uint64, len(policies))) }
	check(t, "tenants", want)
}

func tenantsVerdict(outcome int) uint64 {
	if outcome == letIn || outcome == notTenantIP {
		return xdpPass
	}
	return xdpDrop
}

func tenantTables(o spec.ByteOrder, tenants map[uint32]string) (all []maps.Entry) {
	for vlan, table := range tenants {
		all = append(all, entry(words(o, vlan), []byte(table)))
	}
	return all
}

func tenantPolicies(o spec.ByteOrder, counts []uint64) entries {
	e := entries{}
	for i, p := range policies {
		key := []byte{byte(p.port >> 8), byte(p.port), p.protocol, 0}
		value := []uint64{0, counts[i]}
		if p.allow {
			value[0] = 1
		}
		e[p.table] = append(e[p.table], entry(key, numbers(o, value...)))
	}
	return e
}

func tenantsMaps(outcomes, counts []uint64) func(spec.ByteOrder) entries {
	outcomes, counts = slices.Clone(outcomes), slices.Clone(counts)
	return func(o spec.ByteOrder) entries {
		e := tenantPolicies(o, counts)
		e["outcomes"] = array(o, outcomes...)
		return e
	}
}

// newTenantsModel looks through one list of everybody's policies.
func newTenantsModel() model {
	outcomes, counts := make([]uint64, 6), make([]uint64, len(policies))
	return model{
		outcomes: outcomes,
		set:      func(o spec.ByteOrder) entries { return tenantPolicies(o, make([]uint64, len(policies))) },
		mutate: func(rng *rand.Rand, frame []byte) []byte {
			f := mutate(rng, frame)
			if rng.IntN(3) == 0 && len(f) > 41 {
				f[15] = byte(rng.IntN(10)) // the VLAN
				f[18+9] = []byte{6, 17, 1}[rng.IntN(3)]
			}
			return f
		},
		step: func(frame []byte) (uint64, []byte) {
			outcome, vlan, protocol, port := tenantsParse(frame)
			if outcome == letIn {
				outcome = judgeTenant(tenantsAtFirst[vlan], protocol, port, counts)
			}
			outcomes[outcome]++
			return tenantsVerdict(outcome), frame
		},
		maps: func() func(spec.ByteOrder) entries { return tenantsMaps(outcomes, counts) },
	}
}

// judgeTenant counts the most exact policy.
func judgeTenant(table string, protocol uint8, port uint16, counts []uint64) (outcome int) {
	if table == "" {
		return noTenant
	}
	best := -1
	for i, p := range policies {
		fits := (p.protocol == protocol && (p.port == port || p.port == 0)) || p.protocol == 0 && p.port == 0
		exact := func(i int) int { return int(min(policies[i].port, 1))*2 + int(min(policies[i].protocol, 1)) }
		if p.table == table && fits && (best < 0 || exact(i) > exact(best)) {
			best = i
		}
	}
	if best < 0 {
		return unknown
	}
	counts[best]++
	if policies[best].allow {
		return letIn
	}
	return denied
}

// tenantsParse gives letIn for IPv4 that is whole as far as it matters.
func tenantsParse(frame []byte) (outcome int, vlan uint32, protocol uint8, port uint16) {
	be := binary.BigEndian
	kind, ip := be.Uint16(frame[12:]), frame[14:]
	if kind == 0x8100 {
		if len(ip) < 4 {
			return badTenantIP, 0, 0, 0
		}
		vlan, kind, ip = uint32(be.Uint16(ip))%0x1000, be.Uint16(ip[2:]), ip[4:]
	}
	head := 0
	switch {
	case kind != 0x0800:
		return notTenantIP, 0, 0, 0
	case len(ip) < 20, ip[0]&15 < 5:
		return badTenantIP, 0, 0, 0
	}
	head, protocol = int(ip[0]&15)*4, ip[9]
	if (protocol == 6 || protocol == 17) && be.Uint16(ip[6:])%0x2000 == 0 {
		if len(ip) < head+4 {
			return badTenantIP, 0, 0, 0
		}
		port = be.Uint16(ip[head+2:])
	}
	return letIn, vlan, protocol, port
}
