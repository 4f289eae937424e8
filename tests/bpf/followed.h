/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two connections of a client that is followed after a move, fed by BPF_PROG_TEST_RUN; needs root
 * and a kernel with BPF.
 */
#ifndef TESTS_BPF_FOLLOWED_H
#define TESTS_BPF_FOLLOWED_H

#include "fixture.h"
#include "body.h"

#include "base/clock.h"

#define SECOND	1000000000ULL
#define PASSED	1
#define DROPPED 0

/* Two connections of a client; the next byte that each sends. */
static uint32_t next_seq[3];

static inline void forget_all(int fd, size_t key_size)
{
	uint8_t key[64];

	assert_true(key_size <= sizeof(key));
	while (!bpf_map_get_next_key(fd, NULL, key))
		bpf_map_delete_elem(fd, key);
}

static inline struct rz_conn conn_of(uint64_t cookie)
{
	struct rz_conn c;

	assert_int_equal(0, bpf_map_lookup_elem_flags(bpf_map__fd(skel->maps.conns), &cookie, &c,
						      BPF_F_LOCK));
	return c;
}

/* A connection from this port, as rz_state makes it. */
static inline void opened(uint64_t cookie, uint64_t at_ns)
{
	struct rz_conn c = {.cookie = cookie, .netns = 7, .opened_ns = at_ns};

	c.tuple.client_addr[15] = 1;
	c.tuple.agent_addr[15] = 2;
	c.tuple.client_port = (__u16)(40000 + cookie);
	c.tuple.agent_port = 9092;
	c.frame.owner = (__u16)cookie;
	c.frame.next_seq = c.frame.read_end = SEQ0;
	c.frame.synced = 1;
	c.frame.api_key = -1;
	next_seq[cookie] = SEQ0;
	assert_int_equal(0,
			 bpf_map_update_elem(bpf_map__fd(skel->maps.conns), &cookie, &c, BPF_ANY));
}

/* `skipped` bytes in front of it are still on their way. */
static inline int send_after(uint64_t cookie, uint32_t skipped, const void *payload, size_t len)
{
	static uint8_t packet[8192];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .repeat = 1);

	skel->bss->rz_test_has_tcp = 1;
	skel->bss->rz_test_rcv_nxt = next_seq[cookie];
	skel->data->rz_test_cookie = cookie;
	opts.data_size_in = make_packet(packet, v6, next_seq[cookie] + skipped, payload, len);
	assert_int_equal(0,
			 bpf_prog_test_run_opts(bpf_program__fd(skel->progs.test_segment), &opts));
	return (int)opts.retval;
}

static inline int send_bytes(uint64_t cookie, const void *payload, size_t len)
{
	int verdict = send_after(cookie, 0, payload, len);

	if (verdict == PASSED)
		next_seq[cookie] += len;
	return verdict;
}

static inline size_t request_of(const char *id, uint8_t *r, int key)
{
	static uint32_t correlation_id;
	size_t n = make_request(r, key, 3, ++correlation_id, id, strlen(id), 12);

	if (key == RZ_API_PRODUCE)
		memcpy(r + n - 12, "\xff\xff\0\1", 4); /* acks=1 */
	return n;
}

static inline size_t request(uint8_t *r, int key)
{
	return request_of(ID, r, key);
}

static inline int ask(uint64_t cookie, int key)
{
	uint8_t r[512];

	return send_bytes(cookie, r, request(r, key));
}

static inline bool says(struct bpf_program *prog, uint64_t cookie)
{
	uint8_t packet[256];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .repeat = 1);

	skel->data->rz_test_cookie = cookie;
	opts.data_size_in = make_packet(packet, v6, 1, "x", 1);
	assert_int_equal(0, bpf_prog_test_run_opts(bpf_program__fd(prog), &opts));
	return opts.retval == 1;
}

static inline bool is_on(uint64_t cookie)
{
	return says(skel->progs.test_follow_is_on, cookie);
}

/* The client's key, of a connection that is identified. */
static inline struct rz_follow_key key_of(uint64_t cookie)
{
	struct rz_conn c = conn_of(cookie);
	struct rz_follow_key key = {.client = c.frame.client, .netns = c.netns};

	memcpy(key.client_addr, c.tuple.client_addr, 16);
	memcpy(key.agent_addr, c.tuple.agent_addr, 16);
	key.agent_port = c.tuple.agent_port;
	return key;
}

static struct rz_follow_key key;

static inline struct rz_follow entry(void)
{
	struct rz_follow e;

	assert_int_equal(
		0, bpf_map_lookup_elem_flags(bpf_map__fd(skel->maps.follow), &key, &e, BPF_F_LOCK));
	return e;
}

static inline void follow_until(uint64_t since_ns, uint64_t until_ns)
{
	struct rz_follow e = {.client = key.client,
			      .since_ns = since_ns,
			      .until_ns = until_ns,
			      .moved = 99,
			      .hold_ns = 90 * SECOND};

	skel->bss->rz_following = 1;
	assert_int_equal(0, bpf_map_update_elem(bpf_map__fd(skel->maps.follow), &key, &e, BPF_ANY));
}

/* A move has closed this client's connection a second ago; two new ones, 1 and 2, are open since.
 */
static inline int moved(void **state)
{
	uint64_t now_ns = rz_now_ns();

	(void)state;
	forget_pieces();
	forget_all(bpf_map__fd(skel->maps.follow), sizeof(struct rz_follow_key));
	forget_all(bpf_map__fd(skel->maps.held), sizeof(uint64_t));
	skel->bss->rz_following = 0;
	opened(1, now_ns - SECOND / 2);
	opened(2, now_ns - SECOND / 2);
	assert_int_equal(PASSED, ask(1, RZ_API_API_VERSIONS));
	assert_int_equal(PASSED, ask(2, RZ_API_API_VERSIONS));
	key = key_of(1);
	follow_until(now_ns - SECOND, now_ns + 60 * SECOND);
	return 0;
}

static inline int over(void **state)
{
	(void)state;
	skel->bss->rz_following = 0;
	skel->bss->rz_test_has_tcp = 0;
	skel->data->rz_test_cookie = 1;
	return 0;
}

#endif
