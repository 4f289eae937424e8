/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The maps that user space alone reads and writes (include/rezone/ipc.h and tally.h). They are here
 * because libbpf makes all maps of one object together; no program looks into them.
 */
#ifndef REZONE_BPF_IPC_H
#define REZONE_BPF_IPC_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <rezone/ipc.h>
#include <rezone/tally.h>

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RZ_BLOCKS_MAX);
	__type(key, struct rz_block_key);
	__type(value, struct rz_block_val);
} blocks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 32);
	__type(key, __u32);
	__type(value, struct rz_source_val);
} sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RZ_ZONES_MAX);
	__type(key, struct rz_zone_key);
	__type(value, struct rz_zone_val);
} zones SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RZ_ALIASES_MAX);
	__type(key, char[RZ_ZONE_SIZE]);
	__type(value, struct rz_alias_val);
} aliases SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rz_settings);
} settings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rz_status);
} status SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rz_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RZ_NAMED_MAX);
	__type(key, struct rz_named_key);
	__type(value, struct rz_named);
} named SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RZ_ORDERS_MAX);
	__type(key, __u64);
	__type(value, struct rz_order);
} orders SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RZ_EVENT_PIECES);
	__type(key, __u32);
	__type(value, struct rz_event_piece);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RZ_EVENT_PIECES);
	__type(key, __u32);
	__type(value, struct rz_event_piece);
} verdicts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RZ_TALLIES_MAX);
	__type(key, struct rz_moved_key);
	__type(value, __u64);
} moved SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RZ_TALLIES_MAX);
	__type(key, struct rz_arrival_key);
	__type(value, __u64);
} arrivals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RZ_SPAN_COUNT);
	__type(key, __u32);
	__type(value, struct rz_histogram);
} spans SEC(".maps");

/* The ledger of bytes (include/rezone/ledger.h). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rz_ledger_state);
} ledger SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RZ_ZONE_BYTES_MAX);
	__type(key, struct rz_ledger_key);
	__type(value, struct rz_ledger_sum);
} zone_bytes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RZ_CLIENT_BYTES_MAX);
	__type(key, struct rz_ledger_client_key);
	__type(value, struct rz_ledger_client);
} client_bytes SEC(".maps");

/* Written by the hundred thousand at a tick, so it is memory of the daemon's (Linux 5.5): a hash
 * map took 2 us for each connection. No program has it, so a larger one can take its place
 * (user/kern/ledger.c). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, RZ_COUNTED_FIRST / RZ_COUNTED_EACH);
	__type(key, __u32);
	__type(value, struct rz_counted_entry);
} counted SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RZ_SAVED_MAX);
	__type(key, __u64); /* socket cookie */
	__type(value, struct rz_saved);
} saved SEC(".maps");

#endif
