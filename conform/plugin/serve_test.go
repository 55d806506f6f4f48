package plugin

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"testing"
)

// mov r0, 5; exit
const five = "b700000005000000 9500000000000000"

func TestAnswer(t *testing.T) {
	target := reference()
	defer target.Close()
	for _, x := range []struct{ name, in, want string }{
		{"one input", `{"id":1,"program":"` + five + `","want":["r0"]}`, `{"id":1,"kind":"exit","r0":"0x5"}`},
		{"the id may be anything", `{"id":{"a":[1]},"program":"` + five + `","want":["steps"]}`, `{"id":{"a":[1]},"kind":"exit","steps":2}`},
		{"memory", `{"id":1,"program":"7110010000000000 9500000000000000","memory":"aabb","want":["r0","memory"]}`, `{"id":1,"kind":"exit","r0":"0xbb","memory":"aabb"}`},
		{
			"runs", `{"id":1,"program":"7110000000000000 9500000000000000","inputs":[{"memory":"01"},{"memory":"02"},{}],"want":["r0","fault"]}`,
			`{"id":1,"runs":[{"kind":"exit","r0":"0x1"},{"kind":"exit","r0":"0x2"},{"kind":"fault","fault":{"kind":"read","pc":0,"addr":"0x38000000"}}]}`,
		},
		{"no inputs", `{"id":1,"program":"` + five + `","inputs":[]}`, `{"id":1,"runs":[]}`},
		{"32 bits of r0", `{"id":1,"program":"18000000ffffffff 00000000ffffffff 9500000000000000","want":["r0_low32"]}`, `{"id":1,"kind":"exit","r0":"0xffffffff"}`},
		{
			// r0 = *(u32 *)(r1 + 4) (data_end) - *(u32 *)(r1 + 0) (data)
			"xdp", `{"id":1,"program":"6112000000000000 6110040000000000 1f20000000000000 9500000000000000","ctx":"xdp","inputs":[{"packet":"001122"}],"want":["r0","packet"]}`,
			`{"id":1,"runs":[{"kind":"exit","r0":"0x3","packet":"001122"}]}`,
		},
		{
			// *(u32 *)(r10 - 4) = 1; r1 = map; r2 = r10; r2 += -4; call map_delete_elem; exit: with a fixup at 1
			"maps", `{"id":1,"program":"620afcff01000000 1801000000000000 0000000000000000 bfa2000000000000 07020000fcffffff 8500000003000000 9500000000000000",` +
				`"maps":[{"type":"array","key_size":4,"value_size":1,"max_entries":1},{"type":1,"key_size":4,"value_size":1,"max_entries":4,"fixups":[1],"entries":[["01000000","07"],["02000000","08"]]}],` +
				`"want":["r0","maps"]}`,
			`{"id":1,"kind":"exit","r0":"0x0","maps":[[["00000000","00"]],[["02000000","08"]]]}`,
		},
		{"fuel", `{"id":1,"program":"0500ffff00000000","fuel":9,"want":["steps"]}`, `{"id":1,"kind":"fuel","steps":9}`},
		{"undefined", `{"id":1,"program":"bf30000000000000 9500000000000000","want":["r0"]}`, `{"id":1,"kind":"exit","r0":"0x0","undef":{"regs":[0]}}`},
		{"big-endian", `{"id":1,"byte_order":"big","program":"b700000000000005 9500000000000000","want":["r0"]}`, `{"id":1,"kind":"exit","r0":"0x5"}`},
		{"loads", `{"id":1,"program":"` + five + `","load_only":true}`, `{"id":1,"accepted":true}`},
		{"does not load", `{"id":1,"program":"9500000000000001","load_only":true}`, `{"id":1,"rejected":"insn 0: imm 16777216 of exit must be 0"}`},
		{"rejected", `{"id":1,"program":"9500000000000001"}`, `{"id":1,"rejected":"insn 0: imm 16777216 of exit must be 0"}`},
		{"unsupported", `{"id":1,"program":"8500000095000000 9500000000000000"}`, `{"id":1,"unsupported":"helper 149"}`},
		{"verify", `{"id":1,"program":"` + five + `","verify":"privileged","want":["r0"]}`, `{"id":1,"kind":"exit","r0":"0x5"}`},
		{"verify rejects", `{"id":1,"program":"bf30000000000000 9500000000000000","verify":"privileged"}`, `{"id":1,"rejected":"insn 0: R3 !read_ok"}`},
		{"verify and load", `{"id":1,"program":"` + five + `","verify":"unprivileged","ctx":"skb","load_only":true}`, `{"id":1,"rejected":"a program of type sched_cls takes CAP_BPF and CAP_NET_ADMIN, which the caller lacks"}`},
		{"verify cannot judge", `{"id":1,"program":"8520000001000000 9500000000000000","ctx":"xdp","verify":"privileged"}`, `{"id":1,"unsupported":"verify: kernel functions (kfunc) without the types of a kernel (BTF)"}`},
		{
			"op verify", `{"id":1,"op":"verify","program":"` + five + `","ctx":"xdp","release":"linux-6.12"}`,
			`{"id":1,"verify":{"schema":1,"release":"linux-6.12","verdict":"accepted","processed":2,"states":0}}`,
		},
		{
			"op verify rejects", `{"id":1,"op":"verify","program":"bf30000000000000 9500000000000000","ctx":"xdp"}`,
			`{"id":1,"verify":{"schema":1,"verdict":"unsafe","rule":"unwritten-register","message":"R3 !read_ok","prog":0,"insn":0,"text":"r0 = r3",` +
				`"register":"r3","have":"unwritten","need":"a register that was written on every path","processed":1,"states":0,"registers":{"r1":"ctx","r10":"fp[0]"}}}`,
		},
		{"verify none", `{"id":1,"program":"` + five + `","verify":"none","want":["r0"]}`, `{"id":1,"kind":"exit","r0":"0x5"}`},

		{"op", `{"id":7,"program":"` + five + `","op":"walk"}`, `{"id":7,"error":"op \"walk\": want run or verify"}`},
		{"verify whom", `{"id":7,"program":"` + five + `","verify":"x"}`, `{"id":7,"error":"verify \"x\": want none, privileged or unprivileged"}`},
		{"op verify nothing", `{"id":7,"program":"` + five + `","op":"verify","verify":"none"}`, `{"id":7,"error":"op verify with `},
		{"release alone", `{"id":7,"program":"` + five + `","release":"linux-6.12"}`, `{"id":7,"error":"release without `},
		{"release", `{"id":7,"program":"` + five + `","op":"verify","release":"x"}`, `{"id":7,"error":"unknown release \"x\": want one of linux-5.10`},
		{"no JSON", `hello`, `{"error":"not a request: `},
		{"half", `{"id":7,"program":`, `{"error":"not a request: `},
		{"a list", `[]`, `{"error":"not a request: `},
		{"two values", `{"id":7} 5`, `{"id":7,"error":"not a request: more than one JSON value`},
		{"misspelt", `{"id":7,"programm":"00"}`, `{"id":7,"error":"not a request: json: unknown field \"programm\""}`},
		{"odd hex", `{"id":7,"program":"000"}`, `{"id":7,"error":"not a request: want bytes in hex`},
		{"no program", `{"id":7}`, `{"id":7,"error":"there is no program`},
		{"both programs", `{"id":7,"program":"","programs":[]}`, `{"id":7,"error":"both program and programs`},
		{"both inputs", `{"id":7,"program":"","memory":"","inputs":[]}`, `{"id":7,"error":"both memory and inputs`},
		{"part of a slot", `{"id":7,"program":"95"}`, `{"id":7,"error":"program 0: insn 0: length 1 must be`},
		{"ctx", `{"id":7,"program":"","ctx":"xmas"}`, `{"id":7,"error":"ctx \"xmas\": want one of mem, xdp, skb, buffer, args"}`},
		{"type", `{"id":7,"program":"","type":"xmas"}`, `{"id":7,"error":"type \"xmas\": unknown program type"}`},
		{"type and ctx", `{"id":7,"program":"","type":"xdp","ctx":"skb"}`, `{"id":7,"error":"type \"xdp\" does not have ctx \"skb\""}`},
		{"order", `{"id":7,"program":"","byte_order":"x"}`, `{"id":7,"error":"byte_order \"x\": want little or big"}`},
		{"mode", `{"id":7,"program":"","mode":"x"}`, `{"id":7,"error":"mode \"x\": want checked or trusted"}`},
		{"want", `{"id":7,"program":"","want":["x"]}`, `{"id":7,"error":"want \"x\": there are [`},
		{"much fuel", `{"id":7,"program":"","fuel":1000000001}`, `{"id":7,"error":"fuel 1000000001: at most 1000000000"}`},
		{"map type", `{"id":7,"program":"","maps":[{"type":"tree"}]}`, `{"id":7,"error":"not a request: unknown map type \"tree\""}`},
		{"fixup", `{"id":7,"program":"` + five + `","maps":[{"type":1,"fixups":[0]}]}`, `{"id":7,"error":"map 0: fixup: instruction 0 of program 0 is no 64-bit`},
		{"fixup program", `{"id":7,"program":"` + five + `","maps":[{"type":1,"fixups":[[1,0]]}]}`, `{"id":7,"error":"map 0: fixup: there is no program 1"}`},
		{"fixup shape", `{"id":7,"program":"` + five + `","maps":[{"type":1,"fixups":[[1]]}]}`, `{"id":7,"error":"not a request: want an instruction's number`},
		{"entry shape", `{"id":7,"program":"","maps":[{"type":1,"entries":[["00"]]}]}`, `{"id":7,"error":"not a request: want [key, value], not 1 parts"}`},
		{"bad map", `{"id":7,"program":"` + five + `","maps":[{"type":"hash"}]}`, `{"id":7,"rejected":"map : max_entries is 0: EINVAL"}`},
	} {
		b, err := json.Marshal(Answer(target, []byte(x.in)))
		if err != nil {
			t.Fatal(err)
		}
		got := string(b)
		if got != x.want && !(strings.Contains(x.want, "error") && strings.HasPrefix(got, x.want)) {
			t.Errorf("%s: %s\ngot  %s\nwant %s", x.name, x.in, got, x.want)
		}
	}
}

func TestServe(t *testing.T) {
	target := reference()
	defer target.Close()
	in := "{\"id\":1,\"program\":\"" + five + "\",\"want\":[\"r0\"]}\n\n  \nnonsense\r\n{\"id\":2,\"program\":\"" + five + "\",\"want\":[\"r0\"]}" // no newline at the end
	var out bytes.Buffer
	if err := Serve(target, strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, want := range []string{
		`^{"hello":{"protocol":1,"name":"refvm","groups":\["base32",.*"observables":\["r0",.*"byte_order":"both","limits":{"insns":1000000,"input":258048,"fuel":1000000000}}}$`,
		`^{"id":1,"kind":"exit","r0":"0x5"}$`,
		`^{"error":"not a request: .*"}$`,
		`^{"id":2,"kind":"exit","r0":"0x5"}$`,
	} {
		if i >= len(lines) || !regexp.MustCompile(want).MatchString(lines[i]) {
			t.Fatalf("line %d: want %s in\n%s", i, want, out.String())
		}
	}
	if len(lines) != 4 {
		t.Errorf("%d lines, want 4", len(lines))
	}
}

// TestServeAnswersAtOnce makes sure that a client which waits for one reply before
// it asks again is not kept waiting by a buffer.
func TestServeAnswersAtOnce(t *testing.T) {
	target := reference()
	defer target.Close()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	done := make(chan error)
	go func() {
		done <- Serve(target, inR, outW)
		outW.Close()
	}()
	out := bufio.NewScanner(outR)
	for range 3 {
		if !out.Scan() {
			t.Fatal("no line")
		}
		if _, err := io.WriteString(inW, `{"program":"`+five+`"}`+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	out.Scan()
	inW.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestLongLine(t *testing.T) {
	long := io.MultiReader(&endless{n: maxLine + 1}, strings.NewReader("\nshort\n"))
	r := bufio.NewReader(long)
	if line, err := readLine(r); err != errLongLine || line != nil {
		t.Errorf("got %d bytes, %v", len(line), err)
	}
	if line, err := readLine(r); err != nil || string(line) != "short\n" {
		t.Errorf("got %q, %v", line, err)
	}
}

// endless is n bytes of x.
type endless struct{ n int }

func (e *endless) Read(b []byte) (int, error) {
	if e.n == 0 {
		return 0, io.EOF
	}
	n := min(e.n, len(b))
	for i := range n {
		b[i] = 'x'
	}
	e.n -= n
	return n, nil
}
