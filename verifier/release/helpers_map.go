package release

// Maps, queues, ring buffers, local storage, timers, locks, dynptrs.
var mapHelpers = []Helper{
	{1, "map_lookup_elem", args{constMap, mapKey}, mapValueOrNull, PacketArgs},
	{2, "map_update_elem", args{constMap, mapKey, mapValue, anything}, integer, PacketArgs},
	{3, "map_delete_elem", args{constMap, mapKey}, integer, PacketArgs},
	{12, "tail_call", args{ctx, constMap, anything}, void, 0},
	{87, "map_push_elem", args{constMap, mapValue, anything}, integer, PacketArgs},
	{88, "map_pop_elem", args{constMap, valueOut}, integer, 0},
	{89, "map_peek_elem", args{constMap, valueOut}, integer, 0},
	{164, "for_each_map_elem", args{constMap, callback, stackOrNull, anything}, integer, 0},
	{195, "map_lookup_percpu_elem", args{constMap, mapKey, anything}, mapValueOrNull, PacketArgs},

	{81, "get_local_storage", args{constMap, scalar}, theMapValue, 0},
	{107, "sk_storage_get", args{constMap, btfSock, valueOrNull, anything}, mapValueOrNull, 0},
	{108, "sk_storage_delete", args{constMap, btfSock}, integer, 0},
	{145, "inode_storage_get", args{constMap, pointerOrNull("inode"), valueOrNull, anything}, mapValueOrNull, 0},
	{146, "inode_storage_delete", args{constMap, pointerOrNull("inode")}, integer, 0},
	{156, "task_storage_get", args{constMap, pointerOrNull("task_struct"), valueOrNull, anything}, mapValueOrNull, 0},
	{157, "task_storage_delete", args{constMap, pointerOrNull("task_struct")}, integer, 0},
	{210, "cgrp_storage_get", args{constMap, pointerOrNull("cgroup"), valueOrNull, anything}, mapValueOrNull, 0},
	{211, "cgrp_storage_delete", args{constMap, pointerOrNull("cgroup")}, integer, 0},

	{93, "spin_lock", args{spinLock}, void, 0},
	{94, "spin_unlock", args{spinLock}, void, 0},
	{169, "timer_init", args{timer, constMap, anything}, integer, GPL},
	{170, "timer_set_callback", args{timer, callback}, integer, GPL},
	{171, "timer_start", args{timer, anything, anything}, integer, GPL},
	{172, "timer_cancel", args{timer}, integer, GPL},
	{194, "kptr_xchg", args{{Kind: KptrField}, {Kind: BTFPtr, OrNull: true, Release: true}}, kptrOrNull, Acquires},

	{130, "ringbuf_output", args{constMap, memIn, sizeOrZero, anything}, integer, 0},
	{131, "ringbuf_reserve", args{constMap, allocSize, anything}, memOrNull, Acquires},
	{132, "ringbuf_submit", args{ringMem, anything}, void, 0},
	{133, "ringbuf_discard", args{ringMem, anything}, void, 0},
	{134, "ringbuf_query", args{constMap, anything}, integer, 0},
	{198, "ringbuf_reserve_dynptr", args{constMap, anything, anything, {Kind: Dynptr, BTF: "ringbuf", Access: Out}}, integer, Acquires},
	{199, "ringbuf_submit_dynptr", args{{Kind: Dynptr, BTF: "ringbuf", Release: true}, anything}, void, 0},
	{200, "ringbuf_discard_dynptr", args{{Kind: Dynptr, BTF: "ringbuf", Release: true}, anything}, void, 0},
	{209, "user_ringbuf_drain", args{constMap, callback, stackOrNull, anything}, integer, 0},

	{197, "dynptr_from_mem", args{{Kind: Mem, Access: Out, InMap: true}, sizeOrZero, anything, {Kind: Dynptr, BTF: "local", Access: Out}}, integer, 0},
	{201, "dynptr_read", args{memOut, sizeOrZero, dynptr, anything, anything}, integer, 0},
	{202, "dynptr_write", args{dynptr, anything, memIn, sizeOrZero, anything}, integer, 0},
	{203, "dynptr_data", args{dynptr, anything, allocSize}, dynptrMemOrNull, 0},
}
