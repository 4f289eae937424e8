/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection in the kernel, fed segments by BPF_PROG_TEST_RUN. Included by every test here.
 */
#ifndef TESTS_BPF_FIXTURE_H
#define TESTS_BPF_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kern/atomics.h"
#include "packet.h"
#include "rezone/config.h"
#include "rezone/kafka.h"
#include "rezone/responses.h"
#include "frame_test.skel.h"

#define SEQ0 1000u
#define ID   "app,warpstream_az=us-east-1a,warpstream_interzone_lb=true"

static struct frame_test_bpf *skel;
static bool v6;

static bool without_atomics;

/* As user/kern/load_beside.c. */
static inline int before_load(struct bpf_program *p, struct bpf_prog_load_opts *opts, long cookie)
{
	(void)opts;
	(void)cookie;
	return without_atomics ? rz_atomics_take_out(p) : 0;
}

/* Opens the programs: with `claims` as rezone does where the kernel can, else as on others. */
static inline int open_skel(bool claims)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, opts, .prog_prepare_load_fn = before_load);
	static int handler;

	if (!handler)
		handler =
			libbpf_register_prog_handler("cgroup_skb/ingress", BPF_PROG_TYPE_CGROUP_SKB,
						     BPF_CGROUP_INET_INGRESS, &opts);
	if (handler < 0)
		return -1;
	without_atomics = !claims;
	skel = frame_test_bpf__open();
	if (!skel)
		return -1;
	((struct rz_config *)&skel->rodata->rz_config)->claims = claims;
	return 0;
}

/* Opens them, has `change` done to them, if it is not NULL, and loads them. */
static inline int load_skel(void (*change)(void))
{
	int claims, err = -1;

	for (claims = 1; err && claims >= 0; claims--) {
		frame_test_bpf__destroy(skel);
		err = open_skel(claims);
		if (!err && change)
			change();
		if (!err)
			err = frame_test_bpf__load(skel);
	}
	return err;
}

static inline int setup(void **state)
{
	(void)state;
	return load_skel(NULL);
}

/* Has no CPU's scratch a user (bpf/scratch.bpf.h)? They are the first word. */
static inline bool scratch_is_free(void)
{
	size_t size = (bpf_map__value_size(skel->maps.scratch) + 7) / 8 * 8;
	int n = libbpf_num_possible_cpus(), i;
	uint8_t *all = n > 0 ? calloc(n, size) : NULL;
	uint32_t zero = 0, users = 0;
	bool read = all && !bpf_map_lookup_elem(bpf_map__fd(skel->maps.scratch), &zero, all);

	for (i = 0; read && i < n; i++)
		users |= *(uint32_t *)(void *)(all + i * size);
	free(all);
	return read && !users;
}

/* Whatever a test did: who has taken the scratch has given it back. */
static inline int teardown(void **state)
{
	bool is_free = scratch_is_free();

	(void)state;
	frame_test_bpf__destroy(skel);
	return is_free ? 0 : -1;
}

static inline size_t pieces_kept(void)
{
	uint8_t key[16], *prev = NULL;
	size_t n = 0;

	for (; !bpf_map_get_next_key(bpf_map__fd(skel->maps.partial), prev, key); prev = key)
		n++;
	return n;
}

static inline void forget_clients(void)
{
	int fds[] = {bpf_map__fd(skel->maps.client_ids), bpf_map__fd(skel->maps.clients)};
	uint64_t key;
	size_t i;

	for (i = 0; i < 2; i++)
		while (!bpf_map_get_next_key(fds[i], NULL, &key))
			bpf_map_delete_elem(fds[i], &key);
}

/* Of headers, the frames before the present one, and what came early. */
static inline void forget_pieces(void)
{
	static uint64_t none[2048];
	struct {
		uint64_t cookie;
		uint32_t end, generation;
	} key;
	uint32_t slot = 1;

	while (!bpf_map_get_next_key(bpf_map__fd(skel->maps.partial), NULL, &key))
		bpf_map_delete_elem(bpf_map__fd(skel->maps.partial), &key);
	bpf_map_update_elem(bpf_map__fd(skel->maps.undo), &slot, none, BPF_ANY);
	assert_true(bpf_map__value_size(skel->maps.early) <= sizeof(none));
	assert_int_equal(0,
			 bpf_map_update_elem(bpf_map__fd(skel->maps.early), &slot, none, BPF_ANY));
}

static inline void open_conn_at(uint32_t seq, bool adopted)
{
	struct rz_conn c = {.cookie = 1};
	uint64_t cookie = 1;

	c.frame.owner = 1;
	c.frame.next_seq = c.frame.read_end = seq;
	c.frame.synced = !adopted;
	c.frame.adopted = adopted;
	c.frame.api_key = -1;
	forget_pieces();
	assert_int_equal(0,
			 bpf_map_update_elem(bpf_map__fd(skel->maps.conns), &cookie, &c, BPF_ANY));
}

static inline void open_conn(void)
{
	open_conn_at(SEQ0, false);
}

static inline struct rz_conn conn(void)
{
	struct rz_conn c;
	uint64_t cookie = 1;

	assert_int_equal(0, bpf_map_lookup_elem_flags(bpf_map__fd(skel->maps.conns), &cookie, &c,
						      BPF_F_LOCK));
	return c;
}

/* Does the segment pass? Else it is dropped. */
static inline bool feed_passes(uint32_t seq, const void *payload, size_t len)
{
	static uint8_t packet[8192];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .repeat = 1);

	opts.data_size_in = make_packet(packet, v6, seq, payload, len);
	assert_int_equal(0,
			 bpf_prog_test_run_opts(bpf_program__fd(skel->progs.test_segment), &opts));
	return opts.retval == 1;
}

static inline void feed(uint32_t seq, const void *payload, size_t len)
{
	assert_true(feed_passes(seq, payload, len));
}

static inline uint64_t stat_of(size_t offset)
{
	struct rz_stats all[256] = {};
	uint64_t sum = 0;
	__u32 zero = 0;
	int i;

	assert_int_equal(0, bpf_map_lookup_elem(bpf_map__fd(skel->maps.stats), &zero, all));
	for (i = 0; i < 256; i++)
		sum += *(uint64_t *)(void *)((char *)&all[i] + offset);
	return sum;
}
#define STAT(field) stat_of(offsetof(struct rz_stats, field))

/* What the agent sends. */
static inline void feed_out(uint32_t seq, const void *payload, size_t len)
{
	static uint8_t packet[65536];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .repeat = 1);

	opts.data_size_in = make_packet(packet, v6, seq, payload, len);
	assert_int_equal(0,
			 bpf_prog_test_run_opts(bpf_program__fd(skel->progs.test_response), &opts));
	assert_int_equal(1, opts.retval);
}

/* What user space does: changes the mark, if it is what was seen. */
static inline void mark(enum rz_park from, enum rz_park to)
{
	uint8_t packet[64] = {[12] = 0x08, [14] = 0x45};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet));

	skel->bss->rz_park_orders[0] = (struct rz_park_order){1, from, to, {}};
	skel->bss->rz_park_n = 1;
	assert_int_equal(0, bpf_prog_test_run_opts(bpf_program__fd(skel->progs.test_park), &opts));
}

/* Pieces in map early, of anybody: there is none but connection 1. */
static inline bool kept_early(void)
{
	static uint64_t slot[2048];
	uint32_t key = 1, i;

	assert_int_equal(0, bpf_map_lookup_elem(bpf_map__fd(skel->maps.early), &key, slot));
	for (i = 2; i < bpf_map__value_size(skel->maps.early) / 8; i++)
		if (slot[i])
			return true;
	return false;
}

static inline size_t make_response(uint8_t *p, uint32_t correlation_id, size_t body)
{
	put32(p, 4 + body);
	put32(p + 4, correlation_id);
	memset(p + 8, 0x11, body);
	return 8 + body;
}

/* The connection's client.id as kept, or fails. */
static inline struct rz_client_id client_id(const struct rz_conn *c)
{
	struct rz_client_id id;

	assert_int_equal(
		0, bpf_map_lookup_elem(bpf_map__fd(skel->maps.client_ids), &c->frame.client, &id));
	return id;
}

static inline void assert_id(const char *want)
{
	struct rz_conn c = conn();
	struct rz_client_id id = client_id(&c);

	assert_int_equal(strlen(want), id.len);
	assert_memory_equal(want, id.raw, strlen(want));
	assert_int_equal(c.frame.client,
			 rz_request_id_hash(id.raw, id.len, skel->rodata->rz_config.hash_seed));
}

#endif
