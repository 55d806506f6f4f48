package vm

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Helpers that make and read text (Linux's kernel/bpf/helpers.c and kernel/trace/bpf_trace.c).
var textHelpers = map[int32]*Helper{
	HelperTracePrintk: {Name: "trace_printk", Args: 2, Call: tracePrintk},
	105:               {Name: "strtol", Args: 4, Call: func(m *Machine, a *[5]uint64) (uint64, Fault) { return parseNumber(m, a, true) }},
	106:               {Name: "strtoul", Args: 4, Call: func(m *Machine, a *[5]uint64) (uint64, Fault) { return parseNumber(m, a, false) }},
	165:               {Name: "snprintf", Args: 5, Call: snprintf},
	177:               {Name: "trace_vprintk", Args: 4, Call: traceVprintk},
	182:               {Name: "strncmp", Args: 3, Call: strncmp},
}

// maxPrintfArgs is how many words a format may take (MAX_BPRINTF_VARARGS).
const maxPrintfArgs = 12

// tracePrintk is bpf_trace_printk(fmt, fmt_size, ...): at most three arguments. It returns
// the length.
func tracePrintk(m *Machine, a *[5]uint64) (uint64, Fault) {
	return tracef(m, a[0], uint32(a[1]), a[2:])
}

// traceVprintk is bpf_trace_vprintk(fmt, fmt_size, data, data_len).
func traceVprintk(m *Machine, a *[5]uint64) (uint64, Fault) {
	args, ok, f := m.words(a[2], a[3])
	if f.Kind != NoFault {
		return 0, f
	}
	if !ok {
		return Errno(maps.EINVAL), Fault{}
	}
	return tracef(m, a[0], uint32(a[1]), args)
}

func tracef(m *Machine, at uint64, size uint32, args []uint64) (uint64, Fault) {
	format, f := m.Bytes(at, size, mem.Read)
	if f.Kind != NoFault {
		return 0, f
	}
	if len(format) == 0 || format[len(format)-1] != 0 {
		return Errno(maps.EINVAL), Fault{}
	}
	text, ok := formatTrace(m, cString(format), args)
	if !ok {
		return Errno(maps.EINVAL), Fault{}
	}
	m.Trace = append(m.Trace, text)
	return uint64(len(text)), Fault{}
}

// snprintf is bpf_snprintf(str, str_size, fmt, data, data_len). It returns how long the
// text is with its NUL, cut or not.
func snprintf(m *Machine, a *[5]uint64) (uint64, Fault) {
	to, f := m.Bytes(a[0], uint32(a[1]), mem.Write)
	if uint32(a[1]) == 0 {
		to, f = nil, Fault{}
	}
	if f.Kind != NoFault {
		return 0, f
	}
	args, ok, f := m.words(a[3], a[4])
	if f.Kind != NoFault {
		return 0, f
	}
	format, f := m.cStringAt(a[2])
	if f.Kind != NoFault {
		return 0, f
	}
	text := ""
	if ok {
		text, ok = formatTrace(m, format, args)
	}
	if !ok {
		return Errno(maps.EINVAL), Fault{}
	}
	if len(to) > 0 {
		n := copy(to[:len(to)-1], text)
		to[n] = 0
		m.define(a[0], to[:n+1])
	}
	return uint64(len(text)) + 1, Fault{}
}

// words reads the arguments of a format; ok is false if they are too many, or no words.
func (m *Machine) words(at, size uint64) (args []uint64, ok bool, f Fault) {
	n := uint32(size)
	if n == 0 {
		return nil, true, Fault{}
	}
	if n%8 != 0 || n > maxPrintfArgs*8 {
		return nil, false, Fault{}
	}
	b, f := m.Bytes(at, n, mem.Read)
	if f.Kind != NoFault {
		return nil, false, f
	}
	for ; len(b) > 0; b = b[8:] {
		args = append(args, m.Mem.Order.Binary().Uint64(b))
	}
	return args, true, Fault{}
}

// cString is the text before the first NUL.
func cString(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(b)
}

// cStringAt reads a text that ends with a NUL.
func (m *Machine) cStringAt(addr uint64) (string, Fault) {
	var b strings.Builder
	for {
		c, f := m.Bytes(addr, 1, mem.Read)
		if f.Kind != NoFault {
			return "", f
		}
		if c[0] == 0 {
			return b.String(), Fault{}
		}
		b.WriteByte(c[0])
		addr++
	}
}

// directive is one of a format: %[flags][width][length]verb.
type directive struct {
	flags  string
	width  int
	long   int // how many l
	verb   byte
	suffix string // of %p and %s: what kind
}

// parseDirective reads what follows a % sign, as bpf_bprintf_prepare does.
func parseDirective(s string) (d directive, rest string, ok bool) {
	i := 0
	for i < len(s) && strings.IndexByte("0+- ", s[i]) >= 0 {
		i++
	}
	d.flags = s[:i]
	digits := i
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	d.width, _ = strconv.Atoi(s[digits:i])
	for i < len(s) && s[i] == 'l' && d.long < 2 {
		d.long++
		i++
	}
	if i == len(s) || strings.IndexByte("diuxXcsp", s[i]) < 0 {
		return d, "", false
	}
	d.verb = s[i]
	i++
	rest = s[i:]
	if d.verb == 'p' || d.verb == 's' && d.long == 0 {
		for _, suffix := range []string{"ks", "us", "i4", "I4", "i6", "I6", "x", "K", "B", "s", "S"} {
			if d.verb == 'p' && strings.HasPrefix(rest, suffix) {
				d.suffix = suffix
				return d, rest[len(suffix):], true
			}
		}
	}
	plain := d.verb == 'p' || d.verb == 's' || d.verb == 'c'
	return d, rest, !plain || d.long == 0
}

// formatTrace formats as bpf_bprintf_prepare lets programs do: %d %i %u %x %X %c with flags,
// width, l and ll; %s, %pks and %pus of guest memory; %pi4 %pI4 %pi6 %pI6 of addresses
// there; %p and its kin. A format of other than printable text or with too few arguments
// is refused.
func formatTrace(m *Machine, format string, args []uint64) (string, bool) {
	var b strings.Builder
	for len(format) > 0 {
		c := format[0]
		if c != '%' {
			if c >= 0x80 || c < ' ' && (c < '\t' || c > '\r') {
				return "", false
			}
			b.WriteByte(c)
			format = format[1:]
			continue
		}
		if strings.HasPrefix(format, "%%") {
			b.WriteByte('%')
			format = format[2:]
			continue
		}
		d, rest, ok := parseDirective(format[1:])
		if !ok || len(args) == 0 {
			return "", false
		}
		b.WriteString(d.format(m, args[0]))
		format, args = rest, args[1:]
	}
	return b.String(), true
}

func (d *directive) format(m *Machine, v uint64) string {
	if d.verb != 'p' && d.verb != 's' && d.long == 0 {
		v = uint64(uint32(v))
	}
	pad := func(verb string) string {
		width := ""
		if d.width > 0 {
			width = strconv.Itoa(d.width)
		}
		return "%" + d.flags + width + verb
	}
	switch d.verb {
	case 'd', 'i':
		if d.long == 0 {
			v = uint64(int64(int32(v)))
		}
		return fmt.Sprintf(pad("d"), int64(v))
	case 'u':
		return fmt.Sprintf(strings.ReplaceAll(pad("d"), "+", ""), v)
	case 'x', 'X':
		return fmt.Sprintf(strings.ReplaceAll(pad(string(d.verb)), "+", ""), v)
	case 'c':
		return string([]byte{byte(v)})
	case 's':
		return fmt.Sprintf(pad("s"), m.textAt(v))
	}
	switch d.suffix {
	case "ks", "us":
		return m.textAt(v)
	case "i4", "I4", "i6", "I6":
		return m.addressAt(v, d.suffix)
	}
	return fmt.Sprintf("%016x", v)
}

// textAt is the text at an address, as far as it can be read.
func (m *Machine) textAt(v uint64) string {
	var b strings.Builder
	for m.Mem.Can(v, 1, mem.Read) {
		c := m.Mem.Bytes(uint32(v), 1)[0]
		if c == 0 {
			break
		}
		b.WriteByte(c)
		v++
	}
	return b.String()
}

// addressAt formats an IP address in memory; with i instead of I it has leading zeros, and
// of IPv6 no colons.
func (m *Machine) addressAt(v uint64, kind string) string {
	n := uint32(4)
	if kind[1] == '6' {
		n = 16
	}
	if !m.Mem.Can(v, n, mem.Read) {
		return strings.Repeat("0", int(n))
	}
	b := m.Mem.Bytes(uint32(v), n)
	switch kind {
	case "I4":
		return netip.AddrFrom4([4]byte(b)).String()
	case "i4":
		return fmt.Sprintf("%03d.%03d.%03d.%03d", b[0], b[1], b[2], b[3])
	case "i6":
		return fmt.Sprintf("%x", b)
	}
	var parts []string
	for i := 0; i < 16; i += 2 {
		parts = append(parts, fmt.Sprintf("%x", b[i:i+2]))
	}
	return strings.Join(parts, ":")
}

// parseNumber is bpf_strtol and bpf_strtoul(buf, buf_len, flags, res): white space, a sign,
// digits in base 8, 10, 16 or, by their prefix, 0. It returns how many bytes it used.
func parseNumber(m *Machine, a *[5]uint64, signed bool) (uint64, Fault) {
	text, f := m.Bytes(a[0], uint32(a[1]), mem.Read)
	if f.Kind != NoFault {
		return 0, f
	}
	to, f := m.Bytes(a[3], 8, mem.Write)
	if f.Kind != NoFault {
		return 0, f
	}
	v, used, err := scanNumber(text, a[2], signed)
	m.Mem.Order.Binary().PutUint64(to, v) // 0 with an error
	m.define(a[3], to)
	if err != nil {
		return status(err), Fault{}
	}
	return uint64(used), Fault{}
}

// scanNumber follows __bpf_strtoull. A number ends where the digits do.
func scanNumber(text []byte, flags uint64, signed bool) (v uint64, used int, err error) {
	base := int(flags & 0x1f)
	if len(text) == 0 || base != 0 && base != 8 && base != 10 && base != 16 || flags&^0x1f != 0 {
		return 0, 0, maps.EINVAL
	}
	i := 0
	for i < len(text) && strings.IndexByte(" \t\n\v\f\r\xa0", text[i]) >= 0 {
		i++
	}
	negative := i < len(text) && text[i] == '-'
	if negative {
		i++
	}
	if i == len(text) {
		return 0, 0, maps.EINVAL
	}
	prefixed := len(text)-i > 1 && text[i] == '0' && text[i+1]|0x20 == 'x'
	if base == 0 {
		switch {
		case prefixed && len(text)-i > 2 && digit(text[i+2]) < 16:
			base = 16
		case text[i] == '0':
			base = 8
		default:
			base = 10
		}
	}
	if base == 16 && prefixed {
		i += 2
	}
	start := i
	for i < len(text) && digit(text[i]) < base {
		i++
	}
	if i == start {
		return 0, 0, maps.EINVAL
	}
	v, err = strconv.ParseUint(string(text[start:i]), base, 64)
	switch {
	case err != nil:
		return 0, 0, maps.ERANGE
	case !signed && negative:
		return 0, 0, maps.EINVAL
	case signed && negative && v > 1<<63, signed && !negative && v > 1<<63-1:
		return 0, 0, maps.ERANGE
	case negative:
		v = -v
	}
	return v, i, nil
}

// digit is a digit's value, or a large number.
func digit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return 99
}

// strncmp is bpf_strncmp(s1, s1_sz, s2), which gives -1, 0 or 1.
func strncmp(m *Machine, a *[5]uint64) (uint64, Fault) {
	s1, f := m.Bytes(a[0], uint32(a[1]), mem.Read)
	if f.Kind != NoFault {
		return 0, f
	}
	s2, f := m.cStringAt(a[2])
	if f.Kind != NoFault {
		return 0, f
	}
	for i, c := range s1 {
		d := byte(0)
		if i < len(s2) {
			d = s2[i]
		}
		switch {
		case c < d:
			return ^uint64(0), Fault{}
		case c > d:
			return 1, Fault{}
		case c == 0:
			return 0, Fault{}
		}
	}
	return 0, Fault{}
}
