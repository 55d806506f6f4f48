package num

import "testing"

// TestString compares with lines that Linux 6.18 wrote of programs that make these
// values (for instance: r0 = anything; r0 &= 255).
func TestString(t *testing.T) {
	w := W64
	random := w.Unknown()
	for _, tt := range []struct {
		x    Scalar
		want string
	}{
		{random, "scalar()"},
		{w.ALU(And, random, w.Const(0xff)), "scalar(smin=smin32=0,smax=umax=smax32=umax32=255,var_off=(0x0; 0xff))"},
		{w.ALU(And, random, w.Const(0xffff)), "scalar(smin=smin32=0,smax=umax=smax32=umax32=0xffff,var_off=(0x0; 0xffff))"},
		{w.SignedRange(-128, 127), "scalar(smin=smin32=-128,smax=smax32=127)"},
		{w.SignedRange(-32769, 32766), "scalar(smin=0xffffffffffff7fff,smax=smax32=32766,smin32=0xffff7fff)"},
		{
			w.SignedRange(-1032769, -967234),
			"scalar(smin=0xfffffffffff03dbf,smax=0xfffffffffff13dbe,umin=0xfffffffffff03dbf,umax=0xfffffffffff13dbe," +
				"smin32=umin32=0xfff03dbf,smax32=umax32=0xfff13dbe,var_off=(0xfffffffffff00000; 0x1ffff))",
		},
		{
			w.UnsignedRange(40001, 72768),
			"scalar(smin=umin=smin32=umin32=0x9c41,smax=umax=smax32=umax32=0x11c40,var_off=(0x0; 0x1ffff))",
		},
		{
			w.UnsignedRange(0xfffee3c0, 0xffff63bf),
			"scalar(smin=umin=smin32=umin32=0xfffee3c0,smax=umax=smax32=umax32=0xffff63bf,var_off=(0xfffe0000; 0x1ffff))",
		},
		{w.Zext(random, 32), "scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff))"},
		{w.ALU(Rsh, random, w.Const(3)), "scalar(smin=0,smax=umax=0x1fffffffffffffff,var_off=(0x0; 0x1fffffffffffffff))"},
		{w.UnsignedRange(40000, ^uint64(0)), "scalar(umin=40000)"},
		{w.UnsignedRange(65536, ^uint64(0)), "scalar(umin=0x10000)"},
		{w.Const(0), "0"},
		{w.Const(32767), "32767"},
		{w.Const(32768), "0x8000"},
		{w.Const(^uint64(0) - 32767), "-32768"},
		{w.Const(^uint64(0) - 32768), "0xffffffffffff7fff"},
		{Bottom(), "bottom"},
	} {
		if got := tt.x.String(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}
