package spec

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A second machine: it runs the meaning column of testdata/rfc9669.tsv as text, so
// that the trees are checked against something that nobody derived from them.
// Every value is a u64, imm is sign-extended, a cast truncates or sign-extends, and
// operators work on all 64 bits, as the appendix has it. The machine is little-endian.

// state is what one instruction can see and change.
type state struct {
	in    Insn
	next  Insn
	dst   uint64
	src   uint64
	r0    uint64
	mem   [64]byte // at memBase
	order ByteOrder
	taken bool  // whether a branch was taken
	to    int64 // and how far
}

const memBase = 0x1000

func (s *state) load(addr uint64, n int) (v uint64) {
	for i := range n {
		v |= uint64(s.mem[addr-memBase+uint64(s.order.at(i, n))]) << (8 * i)
	}
	return v
}

func (s *state) store(addr uint64, n int, v uint64) {
	for i := range n {
		s.mem[addr-memBase+uint64(s.order.at(i, n))] = byte(v >> (8 * i))
	}
}

// at is the place of the i-th byte of n from the low end.
func (o ByteOrder) at(i, n int) int {
	if o == Big {
		return n - 1 - i
	}
	return i
}

var formulaTokens = regexp.MustCompile(`s(>>=|>>|>=|<=|>|<|/|%)|<<=|>>=|<<|>>|==|!=|>=|<=|[-+*|&^]=|[-()<>?:*/%+|&^,=]|\w+`)

type formula struct {
	*state
	toks []string
}

// runFormula does what the formula says to s.
func runFormula(s *state, toks []string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%q: %v", toks, r)
		}
	}()
	f := &formula{s, toks}
	f.statement()
	if len(f.toks) != 0 {
		return fmt.Errorf("%q: %q left over", toks, f.toks)
	}
	return nil
}

func (f *formula) peek(want ...string) bool {
	for i, w := range want {
		if i >= len(f.toks) || f.toks[i] != w {
			return false
		}
	}
	return true
}

func (f *formula) take() string { t := f.toks[0]; f.toks = f.toks[1:]; return t }

func (f *formula) accept(want ...string) bool {
	if !f.peek(want...) {
		return false
	}
	f.toks = f.toks[len(want):]
	return true
}

func (f *formula) expect(want ...string) {
	if !f.accept(want...) {
		panic(fmt.Sprintf("want %q at %q", want, f.toks))
	}
}

func (f *formula) statement() {
	switch {
	case f.accept("if"):
		f.taken = f.expr(0) != 0
		f.goTo()
	case f.peek("goto"):
		f.taken = true
		f.goTo()
	case f.accept("lock"):
		addr, n := f.place()
		op := strings.TrimSuffix(f.take(), "=")
		f.store(addr, n, formulaBinary(op, f.load(addr, n), f.expr(0)))
	case f.peek("*"):
		addr, n := f.place()
		f.expect("=")
		f.store(addr, n, f.expr(0))
	default:
		reg := f.register(f.take())
		op := f.take()
		v := f.expr(0)
		if op != "=" {
			v = formulaBinary(strings.TrimSuffix(op, "="), *reg, v)
		}
		*reg = v
	}
}

func (f *formula) goTo() {
	f.expect("goto", "+")
	to := f.name(f.take())
	if f.taken {
		f.to = int64(to)
	}
}

// place reads `*(u32 *)(dst + offset)`.
func (f *formula) place() (addr uint64, n int) {
	f.expect("*", "(")
	_, bits := cast(f.take())
	f.expect("*", ")")
	return f.expr(9), bits / 8
}

func (f *formula) register(name string) *uint64 {
	switch name {
	case "dst":
		return &f.dst
	case "src":
		return &f.src
	case "r0":
		return &f.r0
	}
	return nil
}

func (f *formula) name(name string) uint64 {
	if r := f.register(name); r != nil {
		return *r
	}
	switch name {
	case "imm":
		return uint64(int64(f.in.Imm))
	case "next_imm":
		return uint64(int64(f.next.Imm))
	case "offset":
		return uint64(int64(f.in.Off))
	}
	v, err := strconv.ParseUint(name, 0, 64)
	if err != nil {
		panic("what is " + name)
	}
	return v
}

func cast(t string) (signed bool, bits int) {
	if t[0] != 'u' && t[0] != 's' {
		return false, 0
	}
	bits, _ = strconv.Atoi(t[1:])
	return t[0] == 's', bits
}

var precedence = map[string]int{
	"?": 1, "|": 2, "^": 3, "&": 4, "==": 5, "!=": 5, "<": 6, ">": 6, "<=": 6, ">=": 6, "s<": 6, "s>": 6, "s<=": 6, "s>=": 6,
	"<<": 7, ">>": 7, "s>>": 7, "+": 8, "-": 8, "*": 9, "/": 9, "%": 9, "s/": 9, "s%": 9,
}

func (f *formula) expr(above int) uint64 {
	x := f.unary()
	for len(f.toks) > 0 {
		op := f.toks[0]
		p := precedence[op]
		if p <= above {
			break
		}
		f.take()
		if op == "?" { // both arms are evaluated
			a := f.expr(1)
			f.expect(":")
			b := f.expr(0)
			if x == 0 {
				a = b
			}
			return a
		}
		x = formulaBinary(op, x, f.expr(p))
	}
	return x
}

func (f *formula) unary() uint64 {
	switch {
	case f.accept("-"):
		return -f.unary()
	case f.peek("*"):
		addr, n := f.place()
		return f.load(addr, n)
	case f.accept("("):
		if signed, bits := cast(f.toks[0]); bits != 0 && f.toks[1] == ")" {
			f.expect(f.toks[0], ")")
			if f.peek("*", "(", fmt.Sprint("s", bits)) || f.peek("*") && signed { // (s64)*(s16 *)
				_, from := cast(f.toks[2])
				return uint64(int64(f.unary()<<(64-from)) >> (64 - from))
			}
			v := f.unary() << (64 - bits)
			if signed {
				return uint64(int64(v) >> (64 - bits))
			}
			return v >> (64 - bits)
		}
		v := f.expr(0)
		f.expect(")")
		return v
	}
	name := f.take()
	if f.peek("(") {
		return f.call(name)
	}
	return f.name(name)
}

// call evaluates htole16(dst), bswap32(dst) and the atomic functions.
func (f *formula) call(name string) uint64 {
	bits, _ := strconv.Atoi(name[len(name)-2:])
	f.expect("(")
	if !f.accept("(", fmt.Sprint("u", bits), "*", ")") {
		v := f.expr(0)
		f.expect(")")
		if strings.HasPrefix(name, "htole") { // the machine is little-endian
			return v << (64 - bits) >> (64 - bits)
		}
		var out uint64
		for range bits / 8 {
			out, v = out<<8|v&0xff, v>>8
		}
		return out
	}
	addr, n := f.expr(9), bits/8
	old := f.load(addr, n)
	var args []uint64
	for f.accept(",") {
		args = append(args, f.expr(0))
	}
	f.expect(")")
	ops := map[string]string{"add": "+", "or": "|", "and": "&", "xor": "^"}
	switch op := strings.Split(name, "_"); {
	case op[0] == "xchg":
		f.store(addr, n, args[0])
	case op[0] == "cmpxchg":
		if old == args[0]<<(64-bits)>>(64-bits) {
			f.store(addr, n, args[1])
		}
	default:
		f.store(addr, n, formulaBinary(ops[op[2]], old, args[0]))
	}
	return old
}

func truth(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func formulaBinary(op string, x, y uint64) uint64 {
	sx, sy := int64(x), int64(y)
	if strings.Contains("/ % s/ s%", op) && y == 0 {
		return 0xdeadbeef // in the arm that is not chosen
	}
	switch op {
	case "+":
		return x + y
	case "-":
		return x - y
	case "*":
		return x * y
	case "/":
		return x / y
	case "%":
		return x % y
	case "s/":
		return uint64(sx / sy)
	case "s%":
		return uint64(sx % sy)
	case "|":
		return x | y
	case "&":
		return x & y
	case "^":
		return x ^ y
	case "<<":
		return x << y
	case ">>":
		return x >> y
	case "s>>":
		return uint64(sx >> y)
	case "==":
		return truth(x == y)
	case "!=":
		return truth(x != y)
	case ">":
		return truth(x > y)
	case ">=":
		return truth(x >= y)
	case "<":
		return truth(x < y)
	case "<=":
		return truth(x <= y)
	case "s>":
		return truth(sx > sy)
	case "s>=":
		return truth(sx >= sy)
	case "s<":
		return truth(sx < sy)
	case "s<=":
		return truth(sx <= sy)
	}
	panic("what is " + op)
}
