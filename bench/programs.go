package bench

import (
	"embed"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"sort"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

var (
	//go:embed programs/*.asm
	texts embed.FS

	//go:embed programs/*.c programs/*.h
	inC embed.FS
)

// Program is a benchmark.
type Program struct {
	Name string
	Core bool     // one of the ten that there are in C too, whose mean counts
	Case *vm.Case // of one program and one input
	Want uint64   // r0, worked out in Go
}

// blueprint is a program without its text.
type blueprint struct {
	name   string
	memory func() []byte // nil: none
	maps   []*maps.Spec
	want   func(memory []byte) uint64
}

// core is how many of the blueprints, the first, need nothing but the instruction set. It
// is they whose mean is compared.
const core = 10

var blueprints = []blueprint{
	{name: "alu", want: alu},
	{name: "fnv", memory: func() []byte { return pattern(1500) }, want: fnv},
	{name: "checksum", memory: func() []byte { return pattern(1500) }, want: checksum},
	{name: "collatz", want: collatz},
	{name: "tlv", memory: records, want: tlv},
	{name: "sieve", memory: func() []byte { return make([]byte, 1000) }, want: func([]byte) uint64 { return 168 }}, // π(1000)
	{name: "isort", want: isort},
	{name: "matmul", memory: matrices, want: matmul},
	{name: "divmod", want: divmod},
	{name: "calls", want: calls},
	{name: "map", maps: []*maps.Spec{{Name: "values", Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 64}}, want: squares},
	{name: "callback", want: callback},
	{name: "crc", memory: func() []byte { return pattern(64) }, want: crc},
	{name: "search", memory: sorted, want: search},
	{name: "headers", memory: frames, want: headers},
}

// Programs assembles the benchmarks.
func Programs() ([]Program, error) {
	var all []Program
	for n, b := range blueprints {
		file := "programs/" + b.name + ".asm"
		text, err := texts.ReadFile(file)
		if err != nil {
			return nil, err
		}
		insns, err := assemble(string(text), b.maps)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		var memory []byte
		if b.memory != nil {
			memory = b.memory()
		}
		all = append(all, Program{
			Name: b.name,
			Core: n < core,
			Case: &vm.Case{
				Name:     b.name,
				Programs: []*vm.Program{{Name: b.name, Insns: insns}},
				Maps:     b.maps,
				Inputs:   []vm.Input{{Memory: memory}},
				Fuel:     1 << 40,
			},
			Want: b.want(slices.Clone(memory)),
		})
	}
	return all, nil
}

func assemble(text string, specs []*maps.Spec) ([]spec.Insn, error) {
	var names asm.Names
	for _, m := range specs {
		names.Maps = append(names.Maps, m.Name)
	}
	p, err := asm.Assemble(text, names)
	if err != nil {
		return nil, err
	}
	return p.Insns, nil
}

// pattern is n bytes of no particular meaning.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*i>>3 + 7*i)
	}
	return b
}

// records is input for tlv.
func records() []byte {
	var b []byte
	for i := range 40 {
		switch i % 3 {
		case 0:
			b = binary.LittleEndian.AppendUint32(append(b, 1, 4), uint32(i)*0x01020304)
		case 1:
			b = append(b, 2, 2, byte(i), byte(3*i))
		case 2:
			b = append(append(b, 9, byte(i%5)), make([]byte, i%5)...)
		}
	}
	return b
}

// matrices is input for matmul: two of them, and room for the product.
func matrices() []byte {
	b := make([]byte, 3*1024)
	for i := range 512 {
		binary.LittleEndian.PutUint32(b[4*i:], uint32(i)*2654435761>>8)
	}
	return b
}

// sorted is input for search.
func sorted() []byte {
	var b []byte
	for i := range uint32(256) {
		b = binary.LittleEndian.AppendUint32(b, i*390+i%7)
	}
	return b
}

// frames is input for headers: twenty frames of 64 bytes, some of another kind.
func frames() []byte {
	b := make([]byte, 20*64)
	for i := range 20 {
		f := b[64*i:]
		binary.BigEndian.PutUint16(f[12:], 0x0800)
		words := 5 + i%2
		f[14] = byte(0x40 + words)
		f[23] = 17
		udp := f[14+4*words:]
		binary.BigEndian.PutUint16(udp[2:], 53)
		binary.BigEndian.PutUint16(udp[4:], uint16(8+i))
		switch i % 8 {
		case 3:
			binary.BigEndian.PutUint16(f[12:], 0x86dd)
		case 5:
			f[23] = 6
		case 7:
			binary.BigEndian.PutUint16(udp[2:], 123)
		}
	}
	return b
}

// The programs again, in Go.

func alu([]byte) uint64 {
	x := uint64(0x9e3779b97f4a7c15)
	for i := uint64(200); i > 0; i-- {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		x += i
	}
	return x
}

func fnv(memory []byte) uint64 {
	h := uint64(0xcbf29ce484222325)
	for _, b := range memory {
		h = (h ^ uint64(b)) * 0x100000001b3
	}
	return h
}

func checksum(memory []byte) uint64 {
	sum := uint32(0)
	for i := 0; i < len(memory); i += 2 {
		sum += uint32(binary.LittleEndian.Uint16(memory[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint64(^uint16(sum))
}

func collatz([]byte) uint64 {
	steps := uint64(0)
	for n := 1; n <= 30; n++ {
		for x := n; x != 1; steps++ {
			if x%2 == 0 {
				x /= 2
			} else {
				x = 3*x + 1
			}
		}
	}
	return steps
}

func tlv(memory []byte) uint64 {
	sum := uint64(0)
	for len(memory) >= 2 {
		kind, n := memory[0], int(memory[1])
		value := memory[2:][:n]
		memory = memory[2+n:]
		switch {
		case kind == 1 && n == 4:
			sum += uint64(binary.LittleEndian.Uint32(value))
		case kind == 2 && n == 2:
			sum ^= uint64(binary.BigEndian.Uint16(value))
		}
	}
	return sum
}

func isort([]byte) uint64 {
	var a []uint64
	for x := uint32(12345); len(a) < 32; {
		x = x*1103515245 + 12345
		a = append(a, uint64(x>>16&0x7fff))
	}
	slices.Sort(a)
	sum := uint64(0)
	for _, v := range a {
		sum = sum*31 + v
	}
	return sum
}

func matmul(memory []byte) uint64 {
	at := func(matrix, row, column int) uint32 {
		return binary.LittleEndian.Uint32(memory[1024*matrix+64*row+4*column:])
	}
	sum := uint64(0)
	for row := range 16 {
		for column := range 16 {
			cell := uint32(0)
			for k := range 16 {
				cell += at(0, row, k) * at(1, k, column)
			}
			sum = sum*31 + uint64(cell)
		}
	}
	return sum
}

func divmod([]byte) uint64 {
	sum, x := uint64(0), uint64(0x123456789abcdef1)
	for i := uint64(1); i <= 100; i++ {
		sum += x / i
		sum ^= x % i
		sum += uint64(uint32(x) / 7)
		sum ^= uint64(uint32(x) % uint32(i))
		sum += uint64(int64(x) / -3)
		x = x*0x5851f42d + i
	}
	return sum
}

func calls([]byte) uint64 {
	x := uint64(0)
	for i := uint64(1); i <= 100; i++ {
		y := i ^ x
		x = y*5 ^ y>>3
		x += i
	}
	return x
}

func squares([]byte) uint64 {
	sum := uint64(0)
	for i := range uint64(64) {
		sum += i * i
	}
	return sum
}

func callback([]byte) uint64 {
	x := uint64(0)
	for i := range uint64(100) {
		x = (x + 3*i) ^ i
	}
	return x + 100
}

func crc(memory []byte) uint64 { return uint64(crc32.ChecksumIEEE(memory)) }

func search(memory []byte) uint64 {
	sum := 0
	for x := uint32(0); x < 100_000; x += 1000 {
		sum += sort.Search(256, func(i int) bool { return binary.LittleEndian.Uint32(memory[4*i:]) >= x })
	}
	return uint64(sum)
}

// headers knows how frames were made: kinds 3, 5 and 7 of each eight do not count.
func headers([]byte) uint64 {
	sum := uint64(0)
	for i := range uint64(20) {
		if k := i % 8; k != 3 && k != 5 && k != 7 {
			sum += 1<<32 + 8 + i
		}
	}
	return sum
}
