package release

// What most types of programs may call.
var baseHelpers = []Helper{
	{5, "ktime_get_ns", args{}, integer, 0},
	{6, "trace_printk", args{memIn, size}, integer, GPL},
	{7, "get_prandom_u32", args{}, integer, 0},
	{8, "get_smp_processor_id", args{}, cpuNumber, 0},
	{42, "get_numa_node_id", args{}, integer, 0},
	{105, "strtol", args{memIn, size, anything, longOut}, integer, 0},
	{106, "strtoul", args{memIn, size, anything, longOut}, integer, 0},
	{118, "jiffies64", args{}, integer, 0},
	{125, "ktime_get_boot_ns", args{}, integer, 0},
	{149, "snprintf_btf", args{memOut, size, memIn, size, anything}, integer, 0},
	{153, "per_cpu_ptr", args{{Kind: PerCPUVar}, anything}, memOrBTFOrNull, 0},
	{154, "this_cpu_ptr", args{{Kind: PerCPUVar}}, memOrBTF, 0},
	{160, "ktime_get_coarse_ns", args{}, integer, 0},
	{165, "snprintf", args{outOrNull, sizeOrZero, constStr, memInOrNull, sizeOrZero}, integer, GPL},
	{166, "sys_bpf", args{anything, memIn, size}, integer, 0},
	{167, "btf_find_by_name_kind", args{memIn, size, anything, anything}, integer, 0},
	{168, "sys_close", args{anything}, integer, 0},
	{177, "trace_vprintk", args{memIn, size, memInOrNull, sizeOrZero}, integer, GPL},
	{179, "kallsyms_lookup_name", args{memIn, sizeOrZero, anything, longOut}, integer, 0},
	{181, "loop", args{scalar, callback, stackOrNull, anything}, integer, 0},
	{182, "strncmp", args{memIn, size, constStr}, integer, 0},
	{186, "get_retval", args{}, integer, 0},
	{187, "set_retval", args{scalar}, integer, 0},
	{208, "ktime_get_tai_ns", args{}, integer, 0},
}
