package kernelcmp

import (
	"fmt"
	"slices"

	"github.com/cilium/ebpf/btf"

	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// ofStorage reports whether maps of a type hold values of kernel objects, by their number in
// enum bpf_map_type. The kernel wants them to have BTF.
func ofStorage(t maps.Type) bool {
	return t == 24 || t == 28 || t == 29 || t == 32 // socket, inode, task, control group
}

// valueTypes makes BTF for a map: a key of plain bytes, and values with fields that the
// kernel knows by name and plain bytes around them.
func valueTypes(s *maps.Spec) (*btf.Handle, uint32, uint32, error) {
	b, err := btf.NewBuilder(nil, nil)
	if err != nil {
		return nil, 0, 0, err
	}
	var keyType btf.Type = btfU32
	if s.KeySize != 4 {
		keyType = bytesOf("key", s.KeySize)
	}
	key, err := b.Add(keyType)
	if err != nil {
		return nil, 0, 0, err
	}
	value, err := b.Add(fieldStruct(s))
	if err != nil {
		return nil, 0, 0, err
	}
	h, err := btf.NewHandle(b)
	return h, uint32(key), uint32(value), err
}

var btfU8 = &btf.Int{Name: "unsigned char", Size: 1}

func byteArray(n uint32) *btf.Array { return &btf.Array{Index: btfU32, Type: btfU8, Nelems: n} }

// bytesOf is a struct of n bytes that mean nothing.
func bytesOf(name string, n uint32) *btf.Struct {
	return &btf.Struct{Name: name, Size: n, Members: []btf.Member{{Name: "bytes", Type: byteArray(n)}}}
}

func fieldStruct(s *maps.Spec) *btf.Struct {
	value := &btf.Struct{Name: "value", Size: s.ValueSize}
	fields := slices.SortedFunc(slices.Values(s.Fields), func(a, b maps.Field) int { return int(a.Off) - int(b.Off) })
	at := uint32(0)
	fill := func(to uint32) {
		if at < to {
			value.Members = append(value.Members, btf.Member{Name: fmt.Sprintf("plain%d", at), Type: byteArray(to - at), Offset: btf.Bits(8 * at)})
		}
	}
	for _, f := range fields {
		fill(f.Off)
		at = f.Off + f.Kind.Size()
		value.Members = append(value.Members, btf.Member{Name: fmt.Sprintf("field%d", f.Off), Type: fieldType(f.Kind), Offset: btf.Bits(8 * f.Off)})
	}
	fill(s.ValueSize)
	return value
}

// fieldType is a struct that the kernel knows by its name and size.
func fieldType(k maps.FieldKind) *btf.Struct {
	if s := special[map[maps.FieldKind]string{maps.SpinLock: "lock", maps.Timer: "timer"}[k]]; s != nil {
		return s
	}
	t := &btf.Struct{Name: k.String(), Size: k.Size()}
	for off := uint32(0); off < k.Size(); off += 4 {
		t.Members = append(t.Members, btf.Member{Name: fmt.Sprintf("x%d", off), Type: btfU32, Offset: btf.Bits(8 * off)})
	}
	return t
}
