package fastvm

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var generate = flag.Bool("generate", false, "rewrite the generated files")

// families say which instructions are fused: each of the first list with each of
// the second, and so on; and the same in 32 bits. They are what compilers emit: copies before a two-operand
// operation, counters with the jump that ends the loop, tests of a bit or a loaded
// value, extensions by a pair of shifts, addresses computed and used.
var families = [][]string{
	{"mov64X", "add64K add64X sub64X and64K or64X xor64X lsh64K rsh64K mul64K mov64X load64 load32 store64X"},
	{"mov64X", "lsh64K rsh64K", "xor64X add64X or64X"},
	{"add64K", "jne64K jne64X jeq64X jlt64K jlt64X jgt64X mov64X add64K load8 ja"},
	{"add64X", "add64K add64X mov64X xor64X load8 load32 jgt64X jge64X"},
	{"and64K", "jeq64K jne64K"},
	{"and64K", "add64X"},
	{"lsh64K", "rsh64K arsh64K add64X or64X"},
	{"rsh64K", "xor64X add64X and64K ja"},
	{"load8 load16 load32 load64", "add64X xor64X or64X jeq64K jne64K lsh64K"},
	{"load8", "load8"},
	{"load32", "load32 mul32X"},
	{"load64", "load64 jle64X add64K"},
	{"load8", "xor64X", "mul64X"},
	{"load16", "add64X", "add64K"},
	{"xor64X", "mov64X mul64X add64X xor64X"},
	{"mul64K mul64X", "add64K add64X"},
	{"mul32X", "add32X"},
	{"mov64K", "mov64K mov64X exit"},
	{"mov32X", "and64K"},
	{"store32X store64X", "mov64X add64K"},
	{"store8K", "ja"},
	{"jeq64K jne64K", "mov64X add64K load8"},
}

// rewrite is one textual step from the careful loop to another.
type rewrite struct {
	what string // for the error if it no longer matches anything
	from *regexp.Regexp
	to   string
}

func re(s string) *regexp.Regexp { return regexp.MustCompile(`(?m)` + s) }

// A load, a store and the dispatch in loop.go, as gofmt leaves them.
var (
	loadText     = re(`^(\t+)if v, ok = s\.load\(a, (\d)\); !ok \{\n\t+goto badRead\n\t+\}\n`)
	storeText    = re(`^(\t+)if !s\.store\(a, (\d), (.*)\) \{\n\t+goto badWrite\n\t+\}\n`)
	dispatchText = re(`^\t\tif pos\(i\)\+acc >= limit \{\n(?:.*\n){3}\t\tswitch first\(i\.op\) \{\n`)
	caseText     = re(`^\t\tcase (\w+):\n((?:\t\t\t.*\n)*)`)
)

var common = []rewrite{
	{"dispatch", dispatchText, "\t\tswitch i.op {\n"},
	{"meeting place of jumps", re(`^\tturned:\n`), "\tturned:\n\t\tif pos(i)+acc > limit {\n\t\t\ts.at(i, pos(i)+acc)\n\t\t\treturn leaveFuel\n\t\t}\n"},
	{"comment", re(`^//\n(//.*\n)+func`), "func"},
	{"variable", re(`^\t\tok .*\n`), ""},
}

var loops = []struct {
	file  string
	steps []rewrite
}{
	{"zloop_checked.go", []rewrite{
		{"name", re(`loopCareful`), `loopChecked`},
		{"loads", loadText, "${1}if a>>32 != 0 || *at$2(shadow, a)&read$2 != read$2 {\n${1}\tgoto badRead\n${1}}\n${1}v = uint64(*at$2(data, a))\n"},
		{"stores", storeText, "${1}if a>>32 != 0 || *at$2(shadow, a)&write$2 != write$2 {\n${1}\tgoto badWrite\n${1}}\n${1}*at$2(data, a) = uint$2($3)\n"},
		{"variables", re(`^\t\tlimit .*\n`), "$0\t\tdata, shadow = s.data, s.shadow\n"},
	}},
	{"zloop_trusted.go", []rewrite{
		{"name", re(`loopCareful`), `loopTrusted`},
		{"loads", loadText, "${1}v = uint64(*at$2(data, uint64(uint32(a))))\n"},
		{"stores", storeText, "${1}*at$2(data, uint64(uint32(a))) = uint$2($3)\n"},
		{"variables", re(`^\t\tlimit .*\n`), "$0\t\tdata = s.data\n"},
		{"label of bad loads", re(`^badRead:\n(\t.+\n)+\n`), ""},
		{"label of bad stores", re(`^badWrite:\n(\t.+\n)+`), ""},
		{"import", re(`^\t".*/vm"\n`), ""},
	}},
}

// inBits turns sizes in bytes, behind the names of the access functions, into bits.
var inBits = strings.NewReplacer(
	"at1(", "at8(", "at2(", "at16(", "at4(", "at32(", "at8(", "at64(",
	"read1 ", "read8 ", "read2 ", "read16 ", "read4 ", "read32 ", "read8 ", "read64 ",
	"write1 ", "write8 ", "write2 ", "write16 ", "write4 ", "write32 ", "write8 ", "write64 ",
	"= uint1(", "= uint8(", "= uint2(", "= uint16(", "= uint4(", "= uint32(", "= uint8(", "= uint64(",
)

// runs lists every fused run as the names of its ops.
func runs() (all [][]string) {
	for _, f := range families {
		parts := [][]string{nil}
		for _, choice := range f {
			var longer [][]string
			for _, p := range parts {
				for _, name := range strings.Fields(choice) {
					longer = append(longer, append(p[:len(p):len(p)], name))
				}
			}
			parts = longer
		}
		for _, p := range parts {
			for _, run := range [][]string{p, narrow(p)} {
				if !slices.ContainsFunc(all, func(have []string) bool { return slices.Equal(have, run) }) {
					all = append(all, run)
				}
			}
		}
	}
	return all
}

// narrow is a run with its arithmetic and jumps in 32 bits.
func narrow(run []string) []string {
	run = slices.Clone(run)
	for i, name := range run {
		if !strings.HasPrefix(name, "load") && !strings.HasPrefix(name, "store") {
			run[i] = strings.Replace(name, "64", "32", 1)
		}
	}
	return run
}

func fusedName(run []string) string { return strings.Join(run, "_") }

// fusedOps is the text of zfused.go: a name for each run, and what it consists of.
func fusedOps() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "// Code generated by gen_test.go. DO NOT EDIT.\n\npackage fastvm\n\n// Ops of fused runs.\nconst (\n")
	for i, run := range runs() {
		fmt.Fprintf(&b, "%s = firstFused + %d\n", fusedName(run), i)
	}
	fmt.Fprintf(&b, ")\n\n// fusions is what they consist of, by op less firstFused.\nvar fusions = [...][]uint16{\n")
	for _, run := range runs() {
		fmt.Fprintf(&b, "{%s},\n", strings.Join(run, ", "))
	}
	b.WriteString("}\n")
	return b.Bytes()
}

// fusedCases joins the handlers of a run's parts.
func fusedCases(t *testing.T, src []byte) []byte {
	handlers := map[string]string{}
	for _, m := range caseText.FindAllSubmatch(src, -1) {
		handlers[string(m[1])] = string(m[2])
	}
	var b bytes.Buffer
	for _, run := range runs() {
		fmt.Fprintf(&b, "\t\tcase %s:\n", fusedName(run))
		for n, name := range run {
			h, ok := handlers[name]
			if !ok {
				t.Fatalf("loop.go has no case %s", name)
			}
			if n > 0 {
				b.WriteString("\t\t\ti = after(i, size)\n")
			}
			b.WriteString(h)
		}
	}
	return b.Bytes()
}

// TestGenerated makes the fast loops from the careful one, so that the meaning of an
// instruction is written once.
func TestGenerated(t *testing.T) {
	careful, err := os.ReadFile("loop.go")
	if err != nil {
		t.Fatal(err)
	}
	checkFile(t, "zfused.go", fusedOps())
	for _, l := range loops {
		src := append([]byte("// Code generated by gen_test.go from loop.go. DO NOT EDIT.\n\n"), careful...)
		for _, s := range append(common, l.steps...) {
			if !s.from.Match(src) {
				t.Errorf("%s: no %s found in loop.go", l.file, s.what)
			}
			src = s.from.ReplaceAll(src, []byte(s.to))
		}
		src = []byte(inBits.Replace(string(src)))
		before, rest, _ := bytes.Cut(src, []byte("\n\t\tdefault:\n"))
		src = bytes.Join([][]byte{before, fusedCases(t, src), []byte("\n\t\tdefault:\n"), rest}, nil)
		checkFile(t, l.file, src)
	}
}

func checkFile(t *testing.T, file string, src []byte) {
	src, err := format.Source(src)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if *generate {
		if err := os.WriteFile(file, src, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if have, err := os.ReadFile(file); err != nil || !bytes.Equal(have, src) {
		t.Errorf("%s is stale (%v): run go test -run TestGenerated -generate", file, err)
	}
}
