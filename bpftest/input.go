package bpftest

import (
	"encoding/binary"
	"fmt"
	"reflect"

	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Input is a part of what a program is run for.
type Input func(*building) error

// building is an input under construction.
type building struct {
	vm.Input
	info  *hook.Info
	order binary.ByteOrder
	arch  *hook.Arch
	at    uint64 // guest address of the memory
}

func (o *Object) input(l *vm.Loaded, parts []Input) (vm.Input, error) {
	b := &building{info: hook.Lookup(l.Type), order: o.object.Order.Binary(), arch: hook.AMD64, at: mem.DataBase}
	for _, part := range parts {
		if err := part(b); err != nil {
			return vm.Input{}, err
		}
	}
	return b.Input, nil
}

// Packet is the packet, from the first byte that the program sees: for xdp and tc that is
// the MAC header, for socket filters and control groups the network header. To cgroup_sockopt
// programs it is the option's value.
func Packet(b []byte) Input {
	return func(in *building) error {
		if !in.info.Packet {
			return fmt.Errorf("a %s program has no packet", in.info.Name)
		}
		in.Packet = b
		return nil
	}
}

// Context is the whole context: bytes, or a value to encode.
func Context(value any) Input {
	return func(in *building) (err error) {
		in.Context, err = encode(in.order, value)
		return err
	}
}

// Record is the record of a tracepoint, from its first common field on.
func Record(value any) Input { return Context(value) }

// Memory is what r1 points to, for programs of type mem.
func Memory(b []byte) Input {
	return func(in *building) error {
		in.Memory = b
		return nil
	}
}

// Seed is of the random numbers and of the clock.
func Seed(n uint64) Input {
	return func(in *building) error {
		in.Seed = n
		return nil
	}
}

// ARM64 has the registers of Args and Return behind it where arm64 has them. Objects that
// look into registers are compiled for one processor; without this it is amd64.
func ARM64() Input {
	return func(in *building) error {
		in.arch = hook.ARM64
		return nil
	}
}

// Field sets a field of the context, by its name in the UAPI's structure. The value has the
// field's size, or is a number that fits.
func Field(name string, value any) Input {
	return func(in *building) error {
		f, ok := in.info.Field(name)
		if !ok {
			return fmt.Errorf("the context of a %s program has no field %q", in.info.Name, name)
		}
		b, err := sized(in.order, value, int(f.Size))
		if err != nil {
			return fmt.Errorf("field %s: %w", name, err)
		}
		in.put(f.Off, b)
		return nil
	}
}

// Args are the arguments of a probed function or of a raw tracepoint: numbers, and text or
// bytes, which the program gets a pointer to. Text ends with a NUL.
func Args(values ...any) Input {
	return func(in *building) error {
		for i, v := range values {
			off := uint32(i) * 8
			if in.info.Context == hook.Registers {
				if i >= len(in.arch.Params) {
					return fmt.Errorf("argument %d: %s passes %d in registers", i, in.arch.Name, len(in.arch.Params))
				}
				off = in.arch.Params[i]
			} else if in.info.Context != hook.Args {
				return fmt.Errorf("a %s program has no arguments", in.info.Name)
			}
			b, err := in.word(v)
			if err != nil {
				return fmt.Errorf("argument %d: %w", i, err)
			}
			in.put(off, b)
		}
		return nil
	}
}

// Return is the result of the function that a kretprobe or uretprobe is behind.
func Return(value any) Input {
	return func(in *building) error {
		if in.info.Context != hook.Registers {
			return fmt.Errorf("a %s program has no registers", in.info.Name)
		}
		b, err := in.word(value)
		if err == nil {
			in.put(in.arch.Return, b)
		}
		return err
	}
}

// word is 8 bytes: a number, or the address of text or bytes.
func (in *building) word(value any) ([]byte, error) {
	switch v := value.(type) {
	case string:
		return in.pointer(append([]byte(v), 0)), nil
	case []byte:
		return in.pointer(v), nil
	}
	return sized(in.order, value, 8)
}

func (in *building) pointer(b []byte) []byte {
	at := in.at + uint64(len(in.Memory))
	in.Memory = append(in.Memory, b...)
	for len(in.Memory)%8 != 0 {
		in.Memory = append(in.Memory, 0)
	}
	word := make([]byte, 8)
	in.order.PutUint64(word, at)
	return word
}

func (in *building) put(off uint32, b []byte) {
	if need := int(off) + len(b); need > len(in.Context) {
		in.Context = append(in.Context, make([]byte, need-len(in.Context))...)
	}
	copy(in.Context[off:], b)
}

// encode gives the bytes of a value: bytes and text as they are, what else encoding/binary
// can write in the object's byte order.
func encode(order binary.ByteOrder, value any) ([]byte, error) {
	switch v := value.(type) {
	case []byte:
		return v, nil
	case string:
		return []byte(v), nil
	case int, uint:
		return nil, fmt.Errorf("%T has no fixed size: say uint32 or uint64", v)
	}
	n := binary.Size(value)
	if n < 0 {
		return nil, fmt.Errorf("%T has no fixed size", value)
	}
	b := make([]byte, n)
	_, err := binary.Encode(b, order, value)
	return b, err
}

// sized is encode for a value of which the size is known: numbers get it.
func sized(order binary.ByteOrder, value any, size int) ([]byte, error) {
	v := reflect.ValueOf(value)
	var n uint64
	switch {
	case v.CanInt():
		n = uint64(v.Int())
		if size < 8 && (v.Int() < -1<<(8*size-1) || v.Int() >= 1<<(8*size)) {
			return nil, fmt.Errorf("%d does not fit into %d bytes", value, size)
		}
	case v.CanUint():
		n = v.Uint()
		if size < 8 && n>>(8*size) != 0 {
			return nil, fmt.Errorf("%d does not fit into %d bytes", value, size)
		}
	default:
		b, err := encode(order, value)
		if err == nil && len(b) > size {
			err = fmt.Errorf("%d bytes, more than %d", len(b), size)
		}
		return b, err
	}
	b := make([]byte, 8)
	order.PutUint64(b, n)
	if order == binary.ByteOrder(binary.BigEndian) {
		return b[8-min(size, 8):], nil
	}
	return b[:min(size, 8)], nil
}
