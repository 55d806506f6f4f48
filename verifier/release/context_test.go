package release_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
)

// reach is how far into a context the kernel is asked: beyond its end, by 8 bytes at least.
func reach(t release.ProgType) uint32 {
	switch t {
	case release.XDP, release.CgroupDevice, release.CgroupSysctl:
		return 40
	case release.SKReuseport, release.CgroupSockopt, release.Netfilter, release.LircMode2:
		return 72
	case release.CgroupSock, release.SKMsg, release.CgroupSockAddr, release.SKLookup:
		return 96
	case release.RawTracepoint, release.RawTracepointWritable:
		return 112
	case release.Tracepoint, release.Syscall:
		return 64
	case release.SockOps:
		return 256
	}
	return 208
}

var sizeBits = [4]uint8{spec.SizeB, spec.SizeH, spec.SizeW, spec.SizeDW}

type cell struct {
	off, log uint32
	write    bool
}

// cells are the accesses that a hook is asked about.
func cells(h *release.Hook) (all []cell) {
	for log := range uint32(4) {
		for off := uint32(0); off < reach(h.Type); off += 1 << log {
			all = append(all, cell{off, log, false}, cell{off, log, true})
		}
	}
	return all
}

// program is a load that asks about a cell. Its log shows what a load gives in r2.
func (c cell) program(h *release.Hook, result int32) *kernelcmp.Load {
	l := at(h)
	size := sizeBits[c.log]
	if c.write {
		l.Insns = []spec.Insn{mov(2, 0), {Op: spec.ClassSTX | spec.ModeMEM | size, Dst: 1, Src: 2, Off: int16(c.off)}}
	} else {
		l.Insns = []spec.Insn{{Op: spec.ClassLDX | spec.ModeMEM | size, Dst: 2, Src: 1, Off: int16(c.off)}}
		l.LogLevel = 2
	}
	l.Insns = append(l.Insns, mov(0, result), exit)
	return l
}

// kindInLog finds what a verifier says that r2 is: "R2_w=pkt(r=0)", or as Linux 5.10 has it
// "R2_w=pkt(id=0,off=0,r=0,imm=0)" and "R2_w=inv(id=0)" for a scalar.
var kindInLog = regexp.MustCompile(`R2(?:_[rwDP]+)?=([a-z_]*)`)

func loadedKind(log string) string {
	m := kindInLog.FindStringSubmatch(log)
	switch {
	case m == nil:
		return "?"
	case m[1] == "" || m[1] == "inv" || m[1] == "scalar" || m[1] == "inv-":
		return "scalar"
	}
	return m[1]
}

// goodResult is an r0 that a hook's programs may return.
func (k kernel) goodResult(h *release.Hook) (int32, bool) {
	for n, r := range k.TryLoads([]*kernelcmp.Load{at(h, mov(0, 0), exit), at(h, mov(0, 1), exit)}) {
		if r.Problem == "" && r.Errno == 0 {
			return int32(n), true
		}
	}
	return 0, false
}

// contextOf asks a kernel for a hook's row.
func (k kernel) contextOf(t *testing.T, h *release.Hook, result int32) (row release.CtxRow) {
	all := cells(h)
	loads := make([]*kernelcmp.Load, len(all))
	for i, c := range all {
		loads[i] = c.program(h, result)
	}
	var read, write [4]release.Set
	kinds := map[uint32]string{}
	var offs []uint32
	for i, r := range k.TryLoads(loads) {
		c := all[i]
		if r.Problem != "" {
			t.Fatalf("%s: %+v: %s", h.Name, c, r.Problem)
		}
		if r.Errno != 0 {
			continue
		}
		if c.write {
			write[c.log].Add(int(c.off >> c.log))
			continue
		}
		read[c.log].Add(int(c.off >> c.log))
		if kind := loadedKind(r.Log); kind != "scalar" {
			if kinds[c.off] == "" {
				offs = append(offs, c.off)
			}
			kinds[c.off] = kind
		}
	}
	for i := range 4 {
		row.Read[i], row.Write[i] = read[i].String(), write[i].String()
	}
	var parts []string
	for _, off := range offs {
		parts = append(parts, fmt.Sprintf("%d:%s", off, kinds[off]))
	}
	row.Kinds = strings.Join(parts, " ")
	return row
}

// TestContexts asks the kernel for every aligned load and store.
func TestContexts(t *testing.T) {
	each(t, func(t *testing.T, k kernel) {
		rows := make([]*release.CtxRow, len(release.Hooks))
		for i := range release.Hooks {
			h := &release.Hooks[i]
			rows[i] = k.release.ContextRow(i)
			if h.BTF != "" {
				continue
			}
			result, ok := k.goodResult(h)
			if !ok {
				if rows[i] != nil {
					t.Logf("%s: not asked", h.Name)
				}
				continue
			}
			got := k.contextOf(t, h, result)
			if want := rows[i]; !*generate && (want == nil || got != *want) {
				t.Errorf("%s: the kernel has %+v, the table %+v", h.Name, got, want)
			}
			rows[i] = &got
		}
		if *generate {
			writeContexts(t, k.release, rows)
		}
	})
}

func writeContexts(t *testing.T, r *release.Release, rows []*release.CtxRow) {
	var order []release.CtxRow
	names := map[release.CtxRow][]string{}
	for i, row := range rows {
		if row == nil {
			continue
		}
		if names[*row] == nil {
			order = append(order, *row)
		}
		names[*row] = append(names[*row], release.Hooks[i].Name)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "// contexts%s is what programs may load from and store to their contexts on Linux %d.%d.\nvar contexts%s = []ctxRow{\n", suffix(r), r.Linux[0], r.Linux[1], suffix(r))
	for _, row := range order {
		fmt.Fprintf(&b, "{\nhooks: %s,\n", strings.TrimSpace(wrapped(strings.Join(names[row], " "))))
		for _, f := range []struct {
			name string
			sets [4]string
		}{{"read", row.Read}, {"write", row.Write}} {
			if f.sets != [4]string{} {
				fmt.Fprintf(&b, "%s: [4]string{%q, %q, %q, %q},\n", f.name, f.sets[0], f.sets[1], f.sets[2], f.sets[3])
			}
		}
		if row.Kinds != "" {
			fmt.Fprintf(&b, "kinds: %q,\n", row.Kinds)
		}
		b.WriteString("},\n")
	}
	b.WriteString("}\n")
	writeGo(t, "zcontext_"+suffix(r)+".go", b.String())
}
