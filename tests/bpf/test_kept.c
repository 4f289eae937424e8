// SPDX-License-Identifier: Apache-2.0
/*
 * What the maps keep of a payload: headers, and no byte of a record. All maps are searched but
 * `scratch`, the working memory, which nobody reads. Run by `make bpf-test`.
 */
#include "fixture.h"

#include <sched.h>

#define RECORD 0xd7 /* of this byte all records here are made */
#define NAME   "never-leaves"
#define OTHER  "someone-else"

static const uint8_t run_of_record[4] = {RECORD, RECORD, RECORD, RECORD};

static void make_small(void)
{
	bpf_map__set_max_entries(skel->maps.conns, 1);
}

/* All segments on one CPU: its scratch remembers what it read before. Room for one connection. */
static int one_cpu_setup(void **state)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	(void)state;
	return sched_setaffinity(0, sizeof(one), &one) ? -1 : load_skel(make_small);
}

static bool map_has(const struct bpf_map *m, const void *what, size_t n)
{
	uint32_t type = bpf_map__type(m), size = bpf_map__value_size(m);
	bool per_cpu = type == BPF_MAP_TYPE_PERCPU_ARRAY;
	size_t all = per_cpu ? (size_t)((size + 7) / 8 * 8) * libbpf_num_possible_cpus() : size;
	uint8_t key[256], *prev = NULL, *value = calloc(1, all);
	bool found = false;

	assert_non_null(value);
	for (; !found && !bpf_map_get_next_key(bpf_map__fd(m), prev, key); prev = key)
		found = !bpf_map_lookup_elem(bpf_map__fd(m), key, value) &&
			memmem(value, all, what, n);
	free(value);
	return found;
}

/* The first map that has these bytes in a value, NULL if none has. */
static const char *kept_in(const void *what, size_t n)
{
	const struct bpf_map *m;

	bpf_object__for_each_map(m, skel->obj)
	{
		if (m == skel->maps.scratch || bpf_map__type(m) == BPF_MAP_TYPE_RINGBUF)
			continue;
		if (map_has(m, what, n))
			return bpf_map__name(m);
	}
	return NULL;
}

static void assert_no_record(void)
{
	const char *map = kept_in(run_of_record, sizeof(run_of_record));

	if (map)
		fail_msg("a record stands in map %s", map);
}

/* `n` bytes of a record, of which the first look like a request: its client.id is record too. */
static void make_trap(uint8_t *p, size_t n, int id_len, size_t size)
{
	memset(p, RECORD, n);
	put32(p, size - 4);
	put16(p + 4, RZ_API_PRODUCE);
	put16(p + 6, 4);
	put16(p + 12, id_len);
}

/* Found in mid-stream, in the midst of records: a guess keeps none of them, nor does a second one
 * at the very place that it named, if it names somebody else. */
static void guess_in_records(void **state)
{
	uint8_t p[1000];
	struct rz_conn c;

	(void)state;
	forget_clients();
	open_conn_at(0, true);
	make_trap(p, sizeof(p), 200, 300);
	make_trap(p + 300, 700, 100, 500);
	feed(SEQ0, p, 290);
	assert_int_equal(1, conn().frame.tentative);
	assert_no_record();
	feed(SEQ0 + 290, p + 290, 710);
	c = conn();
	assert_int_equal(0, c.frame.synced);
	assert_int_equal(0, c.frame.client);
	assert_no_record();
}

/* The same of a library's name. */
static void guess_names_a_library(void **state)
{
	uint8_t p[300];
	size_t n = make_request(p, RZ_API_API_VERSIONS, 3, 7, "c", 1, 60);

	(void)state;
	forget_clients();
	open_conn_at(0, true);
	p[16] = sizeof(NAME);
	memcpy(p + 17, NAME, sizeof(NAME) - 1);
	p[17 + sizeof(NAME) - 1] = 2;
	p[18 + sizeof(NAME) - 1] = '1';
	feed(SEQ0, p, n - 10);
	assert_int_equal(1, conn().frame.tentative);
	assert_null(kept_in(NAME, sizeof(NAME) - 1));
	/* once it is certain who speaks, the name is kept */
	memcpy(p + n, p, n);
	feed(SEQ0 + n - 10, p + n - 10, n + 10);
	assert_int_equal(0, conn().frame.tentative);
	assert_non_null(kept_in(NAME, sizeof(NAME) - 1));
}

/* Leaves the beginning of a record where headers are read: a client with a long id sends a request
 * without one. */
static void read_a_record(void)
{
	uint8_t r[600], id[200];
	size_t n;

	memset(id, 'c', sizeof(id));
	forget_clients();
	open_conn();
	n = make_request(r, RZ_API_PRODUCE, 3, 1, id, sizeof(id), 40);
	feed(SEQ0, r, n);
	put32(r, 10 + 300);
	put16(r + 12, 0xffff);
	memset(r + 14, RECORD, 300);
	feed(SEQ0 + n, r, 14 + 300);
	assert_int_equal(2, conn().frame.requests);
}

/* A header in two pieces, behind it. */
static void piece_of_a_header(void **state)
{
	uint8_t r[64];

	(void)state;
	read_a_record();
	open_conn();
	make_request(r, RZ_API_FETCH, 4, 1, "c", 1, 10);
	feed(SEQ0, r, 9);
	assert_int_equal(9, conn().frame.have);
	assert_int_equal(1, pieces_kept());
	assert_no_record();
}

static void proxy_header(void **state)
{
	static const char line[] = "PROXY UNKNOWN\r\n";
	struct rz_proxied p;
	uint64_t cookie = 1;

	(void)state;
	read_a_record();
	open_conn();
	feed(SEQ0, line, strlen(line));
	assert_int_equal(RZ_VIA_PROXY, conn().frame.via);
	assert_int_equal(0, bpf_map_lookup_elem(bpf_map__fd(skel->maps.proxied), &cookie, &p));
	assert_int_equal(strlen(line), p.len);
	assert_memory_equal(line, p.raw, strlen(line));
	assert_no_record();
	bpf_map_delete_elem(bpf_map__fd(skel->maps.proxied), &cookie);
}

static void forget_openings(void)
{
	uint8_t key[64];

	while (!bpf_map_get_next_key(bpf_map__fd(skel->maps.openings), NULL, key))
		bpf_map_delete_elem(bpf_map__fd(skel->maps.openings), key);
}

static void feed_opening(const void *payload, size_t len)
{
	static uint8_t packet[1024];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .repeat = 1);

	opts.data_size_in = make_packet(packet, v6, SEQ0, payload, len);
	assert_int_equal(0,
			 bpf_prog_test_run_opts(bpf_program__fd(skel->progs.test_opening), &opts));
	assert_int_equal(1, opts.retval);
}

/* Before a connection has a socket: behind a record, and behind another one's piece. */
static void opening(void **state)
{
	static const char line[] = "PROXY UNKNOWN\r\n";
	uint8_t r[128];
	size_t n = strlen(line);

	(void)state;
	read_a_record();
	memcpy(r, line, n);
	make_request(r + n, RZ_API_FETCH, 4, 1, OTHER OTHER, 2 * strlen(OTHER), 10);
	feed_opening(r, n + 14 + strlen(OTHER));
	assert_string_equal("openings", kept_in(OTHER, strlen(OTHER)));
	assert_no_record();
	forget_openings();
	forget_clients();
	n = make_request(r, RZ_API_FETCH, 4, 1, "c", 1, 10);
	feed_opening(r, n);
	assert_null(kept_in(OTHER, strlen(OTHER)));
	forget_openings();
}

/* A connection that had no socket when its first bytes came gets its entry, if there is room. */
static bool put(uint64_t cookie, uint64_t opened_ns)
{
	static uint8_t packet[128];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .repeat = 1);
	struct rz_conn c = {.cookie = cookie, .seq_base = SEQ0, .opened_ns = opened_ns};

	opts.data_size_in = make_packet(packet, v6, SEQ0, "", 1);
	if (!v6)
		memset(c.tuple.client_addr + 10, 0xff, 2), memset(c.tuple.agent_addr + 10, 0xff, 2);
	c.frame.synced = 1;
	c.frame.owner = (uint16_t)cookie;
	c.frame.next_seq = SEQ0;
	memcpy(skel->bss->rz_test_conn, &c, sizeof(c));
	assert_int_equal(0, bpf_prog_test_run_opts(bpf_program__fd(skel->progs.test_put), &opts));
	return opts.retval;
}

/* What an opening brings is kept beside the entry of its connection; if there is no room for that,
 * nothing of it is. */
static void opening_without_room(void **state)
{
	uint8_t r[128];
	size_t n = (size_t)snprintf((char *)r, sizeof(r), "PROXY UNKNOWN\r\n");
	uint64_t cookie = 1;
	struct rz_proxied p;
	struct rz_conn c;

	(void)state;
	make_request(r + n, RZ_API_FETCH, 4, 1, "c", 1, 10);
	open_conn();
	feed_opening(r, n + 9);
	assert_false(put(7, 0));
	assert_int_equal(0, pieces_kept());
	assert_int_not_equal(0,
			     bpf_map_get_next_key(bpf_map__fd(skel->maps.proxied), NULL, &cookie));
	bpf_map_delete_elem(bpf_map__fd(skel->maps.conns), &cookie);
	assert_true(put(cookie, UINT64_MAX / 2)); /* much later: another connection's */
	assert_int_equal(0, conn().frame.have);
	bpf_map_delete_elem(bpf_map__fd(skel->maps.conns), &cookie);
	cookie = 7;
	assert_true(put(cookie, 0));
	assert_int_equal(1, pieces_kept());
	assert_int_equal(0, bpf_map_lookup_elem(bpf_map__fd(skel->maps.proxied), &cookie, &p));
	assert_int_equal(n, p.len);
	assert_int_equal(0, bpf_map_lookup_elem(bpf_map__fd(skel->maps.conns), &cookie, &c));
	assert_int_equal(9, c.frame.have);
	assert_int_not_equal(0, bpf_map_get_next_key(bpf_map__fd(skel->maps.openings), NULL, r));
	bpf_map_delete_elem(bpf_map__fd(skel->maps.conns), &cookie);
	bpf_map_delete_elem(bpf_map__fd(skel->maps.proxied), &cookie);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guess_in_records),  cmocka_unit_test(guess_names_a_library),
		cmocka_unit_test(piece_of_a_header), cmocka_unit_test(proxy_header),
		cmocka_unit_test(opening),	     cmocka_unit_test(opening_without_room),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "what is kept, IPv6" : "what is kept, IPv4", tests,
					   one_cpu_setup, teardown);
}
