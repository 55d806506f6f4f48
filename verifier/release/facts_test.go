package release_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	kinds "github.com/lockstep-ebpf/lockstep/vm/maps"
)

// TestFacts asks about what zfacts_*.go has.
func TestFacts(t *testing.T) {
	each(t, func(t *testing.T, k kernel) {
		had := k.release.Facts()
		got := release.Facts{Returns: k.returns(had), Switches: k.switches(t), MapTypes: k.mapTypes().String()}
		got.Lookup, got.Update, got.Delete = k.sockmaps(1, had.Lookup), k.sockmaps(2, had.Update), k.sockmaps(3, had.Delete)
		got.Maps, got.Sleepable = k.mapsOfHelpers(), k.sleepableMaps().String()
		if *generate {
			writeFacts(t, k.release, &got)
			return
		}
		for _, f := range []struct{ what, got, want string }{
			{"ranges of results", sorted(got.Returns), sorted(had.Returns)},
			{"switches", got.Switches, had.Switches},
			{"types of maps", got.MapTypes, had.MapTypes},
			{"types of maps by helper", sorted(got.Maps), sorted(had.Maps)},
			{"lookups in sockmaps", got.Lookup, had.Lookup},
			{"updates of sockmaps", got.Update, had.Update},
			{"deletes from sockmaps", got.Delete, had.Delete},
			{"types of maps for the sleepable", got.Sleepable, had.Sleepable},
		} {
			if f.got != f.want {
				t.Errorf("%s: the kernel has\n%s\nthe table\n%s", f.what, f.got, f.want)
			}
		}
	})
}

func sorted(m map[string]string) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		lines = append(lines, name+": "+m[name])
	}
	return strings.Join(lines, "\n")
}

// ranges are how verifiers say in what range a result has to be: as [0, 1] since Linux 6.8, before
// as a tnum.
var (
	newRange = regexp.MustCompile(`should have been in \[(-?\d+), (-?\d+)\]`)
	oldRange = regexp.MustCompile(`should have been in \(0x([0-9a-f]+); 0x([0-9a-f]+)\)`)
)

// returns asks with a result of which nothing is known. What had says of hooks that cannot be
// asked stays.
func (k kernel) returns(had release.Facts) map[string]string {
	rows := map[string]string{}
	for i := range release.Hooks {
		h := &release.Hooks[i]
		if k.cannotLoad(h) != "" {
			if had.Returns[h.Name] != "" {
				rows[h.Name] = had.Returns[h.Name]
			}
			continue
		}
		log := k.TryLoads([]*kernelcmp.Load{at(h, call(7), exit)})[0].Log
		if m := newRange.FindStringSubmatch(log); m != nil {
			rows[h.Name] = m[1] + " " + m[2]
		} else if m := oldRange.FindStringSubmatch(log); m != nil {
			lo, _ := strconv.ParseInt(m[1], 16, 64)
			mask, _ := strconv.ParseInt(m[2], 16, 64)
			rows[h.Name] = fmt.Sprint(lo, " ", lo+mask)
		}
	}
	return rows
}

// switches loads the programs of testdata/switches.txtar.
func (k kernel) switches(t *testing.T) string {
	archive, err := txtar.ParseFile("testdata/switches.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var on []string
	for _, f := range archive.Files {
		name, hook, _ := strings.Cut(f.Name, " @")
		if !slices.Contains(release.Switches, release.Switch(name)) {
			t.Errorf("testdata/switches.txtar: there is no switch %s", name)
		}
		made, err := asm.Assemble(string(f.Data), asm.Names{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if hook == "" {
			hook = "socket_filter"
		}
		i := slices.IndexFunc(release.Hooks, func(h release.Hook) bool { return h.Name == hook })
		l := at(&release.Hooks[i], made.Insns...)
		l.Maps, l.Funcs = []kernelcmp.RawMap{arrayMap, readOnly, mapOfType(3)}, functionsOf(made.Insns)
		r := k.TryLoads([]*kernelcmp.Load{l})[0]
		if name == string(release.ReadOnlyMemIn) == (r.Errno != 0) { // this one is on where the program is refused
			on = append(on, name)
		}
		if r.Errno != 0 {
			t.Logf("%s: %s", name, reason(r.Log))
		}
	}
	return strings.Join(on, " ")
}

// functionsOf are the slots at which functions begin, of a program that has more than one: the kernel wants
// to know them, if there are tail calls in them.
func functionsOf(insns []spec.Insn) (starts []uint32) {
	for pc, i := range insns {
		if i.Op == spec.CALL && i.Src == spec.CallLocal {
			starts = []uint32{0, uint32(pc + 1 + int(i.Imm))}
		}
	}
	return starts
}

// mapOfType is a map of any type that can be made with BTF for plain values at most.
func mapOfType(typ uint32) kernelcmp.RawMap {
	m := kernelcmp.RawMap{Type: typ, KeySize: 4, ValueSize: 64, MaxEntries: 4}
	switch typ {
	case 3, 4, 8, 14, 15, 16, 17, 18, 25:
		m.ValueSize = 4
	case 11:
		m.KeySize, m.Flags = 8, 1
	case 12, 13:
		m.ValueSize, m.Inner = 4, 2
	case 19, 21:
		m.KeySize, m.MaxEntries = 16, 0
	case 20:
		m.ValueSize = 8
	case 22, 23, 30:
		m.KeySize = 0
	case 24, 28, 29, 32:
		m = storage(typ)
	case 27, 31:
		m = kernelcmp.RawMap{Type: typ, MaxEntries: 1 << 16}
	case 33:
		m = kernelcmp.RawMap{Type: typ, MaxEntries: 1, Flags: 1 << 10}
	}
	return m
}

const lastMapType = 40

// mapTypes asks which maps can be made: by a program that uses one.
func (k kernel) mapTypes() (set release.Set) {
	for typ := uint32(1); typ < lastMapType; typ++ {
		l := at(&release.Hooks[0], spec.Insn{Op: spec.LDDW, Dst: 1, Src: spec.LDDWMapFD}, spec.Insn{}, mov(0, 0), exit)
		l.Maps = []kernelcmp.RawMap{mapOfType(typ)}
		if r := k.TryLoads([]*kernelcmp.Load{l})[0]; r.Problem == "" {
			set.Add(int(typ))
		}
	}
	return set
}

func (k kernel) sleepableMaps() (set release.Set) {
	i := slices.IndexFunc(release.Hooks, func(h release.Hook) bool { return h.Type == release.Syscall })
	for typ := uint32(1); typ < lastMapType; typ++ {
		l := at(&release.Hooks[i], spec.Insn{Op: spec.LDDW, Dst: 1, Src: spec.LDDWMapFD}, spec.Insn{}, mov(0, 0), exit)
		l.Maps = []kernelcmp.RawMap{mapOfType(typ)}
		if r := k.TryLoads([]*kernelcmp.Load{l})[0]; r.Problem == "" && r.Errno == 0 {
			set.Add(int(typ))
		}
	}
	return set
}

// mapsOfHelpers asks each helper with a map for every type. It takes those with which a call is
// accepted that is good otherwise.
func (k kernel) mapsOfHelpers() map[string]string {
	rows := map[string]string{}
	types := k.mapTypes()
	for id := int32(1); id < lastHelper; id++ {
		row, ok, known := release.Set{}, false, false
		for i := range release.Hooks {
			hook := &release.Hooks[i]
			h, allowed := k.release.HelperFor(id, hook.Type, hook.Attach)
			if !allowed || hook.Type == release.Syscall || h.Args[0].Kind == release.Timer || !slices.ContainsFunc(h.Args[:], func(a release.Arg) bool { return a.Kind == release.ConstMap }) {
				continue
			}
			if row, ok = k.mapsOfHelper(hook, h, types); ok {
				known = true
				break
			}
		}
		if known {
			rows[fmt.Sprint(id)] = row.String()
		}
	}
	return rows
}

func (k kernel) mapsOfHelper(hook *release.Hook, h *release.Helper, types release.Set) (set release.Set, ok bool) {
	result, can := k.goodResult(hook)
	if !can {
		return set, false
	}
	for _, typ := range types.All() {
		b := newBuilder(hook, result)
		b.release = k.release
		if !b.prepare(h) {
			return set, false
		}
		m := mapOfType(uint32(typ))
		switch typ { // they belong to the first type of program that uses them
		case 3:
			m = b.mapFor(12)
		case 14, 16, 25:
			m.MaxEntries += uint32(hook.Type)
		}
		b.instead = &m
		for i, a := range h.Args {
			if a.Kind != release.None {
				b.good(h, i)
			}
		}
		b.emit(call(h.ID))
		b.finish(h)
		if r := k.TryLoads([]*kernelcmp.Load{b.load()})[0]; r.Problem == "" && (r.Errno == 0 || leaks(r.Log)) {
			set.Add(typ) // a lookup of a socket is a reference, which the program does not give back
			ok = true
		}
	}
	return set, ok
}

// sockmaps are the hooks at which a helper takes sockmaps.
func (k kernel) sockmaps(id int32, had string) string {
	var names []string
	var types release.Set
	types.Add(int(kinds.SockMap))
	for i := range release.Hooks {
		hook := &release.Hooks[i]
		if k.cannotLoad(hook) != "" && slices.Contains(strings.Fields(had), hook.Name) {
			names = append(names, hook.Name)
		}
		h, allowed := k.release.HelperFor(id, hook.Type, hook.Attach)
		if !allowed {
			continue
		}
		ok := false
		if id == 2 {
			ok = k.updatesSockmap(hook, h)
		} else {
			_, ok = k.mapsOfHelper(hook, h, types)
		}
		if ok {
			names = append(names, hook.Name)
		}
	}
	return strings.Join(names, " ")
}

// updatesSockmap asks with a socket as the value. Where programs have no socket the answer is no.
func (k kernel) updatesSockmap(hook *release.Hook, h *release.Helper) bool {
	result, _ := k.goodResult(hook)
	b := newBuilder(hook, result)
	b.release = k.release
	_, lookup := k.release.HelperFor(84, hook.Type, hook.Attach)
	if !b.prepareSock(release.Arg{}) && !(lookup && b.prepareSock(release.Arg{Release: true})) {
		return false
	}
	m := mapOfType(uint32(kinds.SockMap))
	b.instead = &m
	for i := range 4 {
		b.good(h, i)
	}
	b.emit(movx(3, 7), call(2))
	b.leave()
	r := k.TryLoads([]*kernelcmp.Load{b.load()})[0]
	return r.Problem == "" && (r.Errno == 0 || leaks(r.Log))
}

func writeFacts(t *testing.T, r *release.Release, f *release.Facts) {
	var b strings.Builder
	fmt.Fprintf(&b, "// facts%s is what Linux %d.%d says of results, maps and switches.\nvar facts%s = facts{\nreturns: []returnRow{\n", suffix(r), r.Linux[0], r.Linux[1], suffix(r))
	for _, g := range grouped(f.Returns) {
		fmt.Fprintf(&b, "{%s, %s},\n", wrapped(g.keys), strings.ReplaceAll(g.value, " ", ", "))
	}
	b.WriteString("},\nmaps: []mapRow{\n")
	for _, g := range grouped(f.Maps) {
		set, err := release.ParseSet(g.keys)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "{%q, %q},\n", set.String(), g.value)
	}
	b.WriteString("},\nsockmaps: map[int32]string{\n")
	for id, hooks := range []string{f.Lookup, f.Update, f.Delete} {
		fmt.Fprintf(&b, "%d: %s,\n", id+1, strings.TrimSpace(wrapped(hooks)))
	}
	fmt.Fprintf(&b, "},\nmapTypes: %q,\nsleepable: %q,\nswitches: %s,\n}\n", f.MapTypes, f.Sleepable, strings.TrimSpace(wrapped(f.Switches)))
	writeGo(t, "zfacts_"+suffix(r)+".go", b.String())
}

type group struct{ keys, value string }

// grouped joins keys that have the same value, in the order of hooks, or of numbers.
func grouped(m map[string]string) (all []group) {
	var order []string
	for i := range release.Hooks {
		order = append(order, release.Hooks[i].Name)
	}
	for id := range lastHelper {
		order = append(order, fmt.Sprint(id))
	}
	for _, key := range order {
		value, ok := m[key]
		if !ok {
			continue
		}
		if i := slices.IndexFunc(all, func(g group) bool { return g.value == value }); i >= 0 {
			all[i].keys += " " + key
		} else {
			all = append(all, group{key, value})
		}
	}
	return all
}
