/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a bug report says of the kernel and of rezone's maps and programs in it. Read only.
 *
 * Comes in: /proc, /sys, the pinned maps. Goes out: rows of text and numbers. Called by
 * cmd/facts.c.
 */
#ifndef RZ_KERN_FACTS_H
#define RZ_KERN_FACTS_H

#include <stddef.h>
#include <stdint.h>

struct rz_maps;

struct rz_fact {
	const char *name;
	char value[480]; /* "": it cannot be read */
};
#define RZ_FACTS_MAX 32
/* Returns how many. */
size_t rz_facts_read(struct rz_fact rows[static RZ_FACTS_MAX]);

struct rz_map_fact {
	const char *name;
	uint32_t id, type, key_size, value_size, max_entries;
	uint64_t entries; /* of an array all */
};
/* One row for each of rz_map_names[]; `rows` has room for rz_map_count. A map that cannot be asked
 * has id 0. */
void rz_map_facts_read(const struct rz_maps *m, struct rz_map_fact *rows);

struct rz_prog_fact {
	char name[17];
	uint32_t id, type;
	uint64_t loaded_ns;    /* CLOCK_BOOTTIME */
	uint64_t runs, run_ns; /* 0 unless kernel.bpf_stats_enabled */
	uint32_t insns_bytes;  /* after the verifier */
};
#define RZ_PROG_FACTS_MAX 64
/* Programs of this node whose name begins with rz_, of every rezone that runs. Returns how many. */
size_t rz_prog_facts_read(struct rz_prog_fact rows[static RZ_PROG_FACTS_MAX]);

#endif
