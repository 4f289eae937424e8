// SPDX-License-Identifier: Apache-2.0
/*
 * What one client may take: names, ids, work. The hash seed, rooms and sizes are set here as user
 * space sets them (user/kern/load.c), but small. Run by `make bpf-test`.
 */
#include "fixture.h"

#define SEED  0x0123456789abcdefULL
#define ROOM  6	  /* of softwares, and of client_ids */
#define SHARE 4	  /* of them, of one address */
#define MANY  200 /* BPF_PROG_TEST_RUN takes no packet above a page */

static void make_small(void)
{
	struct rz_config *c = (struct rz_config *)&skel->rodata->rz_config;

	c->hash_seed = SEED;
	c->peer_client_ids = SHARE;
	c->peer_softwares = SHARE;
	bpf_map__set_max_entries(skel->maps.softwares, ROOM);
	bpf_map__set_max_entries(skel->maps.software_keys, ROOM);
}

static int small_setup(void **state)
{
	(void)state;
	return load_skel(make_small);
}

static void clear(struct bpf_map *m)
{
	uint8_t key[64];

	while (!bpf_map_get_next_key(bpf_map__fd(m), NULL, key))
		bpf_map_delete_elem(bpf_map__fd(m), key);
}

static void clear_all(void)
{
	clear(skel->maps.softwares);
	clear(skel->maps.software_keys);
	clear(skel->maps.client_ids);
	clear(skel->maps.peers);
}

/* A new connection from the address 10.0.0.`host`. */
static void open_from(uint8_t host)
{
	uint64_t cookie = 1;
	struct rz_conn c;

	open_conn();
	c = conn();
	memset(c.tuple.client_addr, 0, 16);
	memset(c.tuple.client_addr + 10, 0xff, 2);
	c.tuple.client_addr[12] = 10;
	c.tuple.client_addr[15] = host;
	assert_int_equal(0,
			 bpf_map_update_elem(bpf_map__fd(skel->maps.conns), &cookie, &c, BPF_ANY));
}

static size_t make_named(uint8_t *r, const char *name, const char *version)
{
	size_t n = strlen(name), v = strlen(version);
	size_t len = make_request(r, RZ_API_API_VERSIONS, 3, 7, "c", 1, 4 + n + v);
	uint8_t *p = r + 15;

	p[1] = (uint8_t)(n + 1);
	memcpy(p + 2, name, n);
	p[2 + n] = (uint8_t)(v + 1);
	memcpy(p + 3 + n, version, v);
	return len;
}

/* What a new connection from there says its library is; the number that it is kept under. */
static uint32_t name_from(uint8_t host, const char *name)
{
	uint8_t r[256];

	open_from(host);
	feed(SEQ0, r, make_named(r, name, "1"));
	assert_int_equal(1, conn().frame.requests);
	return conn().frame.software;
}

static const char *name_of(uint32_t number)
{
	static struct rz_software s;

	return bpf_map_lookup_elem(bpf_map__fd(skel->maps.softwares), &number, &s) ? "" : s.name;
}

/* Nobody takes a name away, and a name that is not kept is no "says nothing". */
static void names_of_one_address(void **state)
{
	uint64_t before = STAT(peer_softwares_full);
	uint32_t kgo, i;
	char name[16];

	(void)state;
	clear_all();
	kgo = name_from(1, "kgo");
	assert_string_equal("kgo", name_of(kgo));
	for (i = 0; i < SHARE; i++) {
		snprintf(name, sizeof(name), "evil-%u", i);
		assert_string_equal(name, name_of(name_from(2, name)));
	}
	assert_int_equal(RZ_SOFTWARE_UNKEPT, name_from(2, "one-more"));
	assert_int_equal(before + 1, STAT(peer_softwares_full));
	assert_int_equal(kgo, name_from(2, "kgo")); /* who is known is known to all */
	assert_string_equal("sarama", name_of(name_from(3, "sarama")));
}

static void names_of_many_addresses(void **state)
{
	uint64_t before = STAT(softwares_full);
	char name[16];
	uint8_t i;

	(void)state;
	clear_all();
	for (i = 0; i < ROOM; i++) {
		snprintf(name, sizeof(name), "evil-%u", i);
		assert_int_not_equal(RZ_SOFTWARE_UNKEPT, name_from(i, name));
	}
	assert_int_equal(RZ_SOFTWARE_UNKEPT, name_from(1, "kgo"));
	assert_int_equal(before + 1, STAT(softwares_full));
}

/* Another name under the very key of this one, as if a collision had been found. */
static void names_that_collide(void **state)
{
	uint64_t before = STAT(software_collisions), hash;
	struct rz_software_key k = {};
	struct rz_software s = {};

	(void)state;
	clear_all();
	k.number = name_from(1, "evil");
	strcpy(s.name, "kgo");
	strcpy(s.version, "1");
	hash = rz_body_software_hash(&s, SEED);
	assert_int_equal(
		0, bpf_map_update_elem(bpf_map__fd(skel->maps.software_keys), &hash, &k, BPF_ANY));
	assert_int_equal(RZ_SOFTWARE_UNKEPT, name_from(2, "kgo"));
	assert_int_equal(before + 1, STAT(software_collisions));
}

/* A number is given out once, also when its name was forgotten and comes again. */
static void numbers_are_new(void **state)
{
	uint32_t first, again;

	(void)state;
	clear_all();
	first = name_from(1, "kgo");
	clear_all();
	again = name_from(1, "kgo");
	assert_string_equal("kgo", name_of(again));
	assert_string_equal("", name_of(first));
	assert_int_not_equal(first, again);
}

/* A name that is longer than what is read, and one in a form that nobody knows. */
static void names_not_read(void **state)
{
	char name[120];
	uint8_t r[256];
	size_t n;

	(void)state;
	clear_all();
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = 0;
	assert_int_equal(RZ_SOFTWARE_UNKEPT, name_from(1, name));
	open_from(1);
	n = make_named(r, "kgo", "1");
	r[15] = 1; /* a tagged field */
	feed(SEQ0, r, n);
	assert_int_equal(RZ_SOFTWARE_UNKEPT, conn().frame.software);
	assert_int_equal(0, name_from(1, "") ==
				    RZ_SOFTWARE_UNKEPT); /* it says nothing: that is kept */
}

static size_t ids_kept(void)
{
	uint64_t key, *prev = NULL;
	size_t n = 0;

	for (; !bpf_map_get_next_key(bpf_map__fd(skel->maps.client_ids), prev, &key); prev = &key)
		n++;
	return n;
}

/* One segment full of requests, each with an id of its own, of `len` bytes. Returns what it cost.
 */
static uint32_t many_ids(int key, bool same)
{
	static uint8_t r[16 * MANY], packet[16 * MANY + 100];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .repeat = 1);
	size_t n = 0, i;

	for (i = 0; i < MANY; i++) {
		uint8_t id[2] = {(uint8_t)(same ? 0 : i >> 8), (uint8_t)(same ? 0 : i)};

		n += make_request(r + n, key, 2, i, id, 2, 0);
	}
	opts.data_size_in = make_packet(packet, v6, SEQ0, r, n);
	assert_int_equal(0,
			 bpf_prog_test_run_opts(bpf_program__fd(skel->progs.test_segment), &opts));
	assert_int_equal(MANY, conn().frame.requests);
	assert_int_equal(SEQ0 + n, conn().frame.next_seq);
	return opts.duration;
}

static uint32_t least(int key, bool same)
{
	uint32_t best = 0, took;
	int i;

	for (i = 0; i < 20; i++) {
		clear_all();
		open_from(1);
		took = many_ids(key, same);
		best = best && best < took ? best : took;
	}
	return best;
}

/* The frame is whole behind them all, and they took next to nothing. */
static void ids_of_one_connection(void **state)
{
	uint64_t before = STAT(ids_full);
	uint32_t same, others;

	(void)state;
	clear_all();
	open_from(1);
	many_ids(RZ_API_API_VERSIONS, false);
	assert_int_equal(RZ_REQUESTS_OF_OTHER_ID, ids_kept());
	assert_int_equal(1, conn().frame.several);
	assert_int_equal(before + 1, STAT(ids_full));
	clear_all();
	open_from(1);
	many_ids(RZ_API_METADATA, false);
	assert_int_equal(1, ids_kept());
	same = least(RZ_API_METADATA, true);
	others = least(RZ_API_API_VERSIONS, false);
	printf("    %d requests in one segment: %u us with one id, %u us with new ids\n", MANY,
	       same / 1000, others / 1000);
}

/* An address whose room is full: its next client is not identified, and anybody else's is. */
static void ids_of_one_address(void **state)
{
	uint64_t before = STAT(peer_clients_full);
	uint8_t r[64];
	char id[8];
	int i;

	(void)state;
	clear_all();
	for (i = 0; i < SHARE; i++) {
		open_from(1);
		snprintf(id, sizeof(id), "%d", i);
		feed(SEQ0, r, make_request(r, RZ_API_METADATA, 2, 1, id, 1, 0));
		assert_id(id);
	}
	open_from(1);
	feed(SEQ0, r, make_request(r, RZ_API_METADATA, 2, 1, "x", 1, 0));
	assert_int_equal(0, conn().frame.client);
	assert_int_equal(before + 1, STAT(peer_clients_full));
	open_from(2);
	feed(SEQ0, r, make_request(r, RZ_API_METADATA, 2, 1, "x", 1, 0));
	assert_id("x");
	/* now that it is kept it is anybody's */
	open_from(1);
	feed(SEQ0, r, make_request(r, RZ_API_METADATA, 2, 1, "x", 1, 0));
	assert_id("x");
}

/* Bytes that come before their connection has a socket: of them all no more is kept than of one
 * address, for theirs may be a lie. */
static void ids_before_a_socket(void **state)
{
	struct rz_peer_key shared = {};
	struct rz_peer has = {.client_ids = SHARE - 1};
	uint64_t before = STAT(peer_clients_full);
	int fd = bpf_map__fd(skel->maps.peers);
	static uint8_t r[64], packet[256];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .repeat = 1);
	int i;

	(void)state;
	clear_all();
	assert_int_equal(0, bpf_map_update_elem(fd, &shared, &has, BPF_ANY));
	for (i = 0; i < 3; i++) {
		uint8_t id = (uint8_t)('a' + i);
		size_t n = make_request(r, RZ_API_METADATA, 2, 1, &id, 1, 0);

		opts.data_size_in = make_packet(packet, v6, SEQ0, r, n);
		assert_int_equal(0, bpf_prog_test_run_opts(
					    bpf_program__fd(skel->progs.test_opening), &opts));
		assert_int_equal(1, opts.retval);
	}
	assert_int_equal(1, ids_kept());
	assert_int_equal(before + 2, STAT(peer_clients_full));
	assert_int_equal(0, bpf_map_lookup_elem(fd, &shared, &has));
	assert_int_equal(SHARE, has.client_ids);
}

/* Asked again and again in one segment, refused once. */
static void refused_once_a_segment(void **state)
{
	uint64_t before = STAT(peer_clients_full);
	struct rz_peer_key key = {{[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 9}};
	struct rz_peer full = {.client_ids = SHARE};

	(void)state;
	clear_all();
	open_from(9);
	assert_int_equal(0,
			 bpf_map_update_elem(bpf_map__fd(skel->maps.peers), &key, &full, BPF_ANY));
	many_ids(RZ_API_METADATA, false);
	assert_int_equal(before + 1, STAT(peer_clients_full));
	assert_int_equal(0, conn().frame.client);
}

/* Noise in mid-stream is looked at ever less; a client in it is found all the same, and then each
 * segment counts again. */
static void search_slows_down(void **state)
{
	uint64_t before = STAT(backed_off), passed;
	uint8_t noise[1000], r[64];
	uint32_t seq = SEQ0, i;
	size_t n;

	(void)state;
	clear_all();
	memset(noise, 0xee, sizeof(noise));
	open_conn_at(0, true);
	for (i = 0; i < RZ_MISSES_FREE; i++, seq += sizeof(noise))
		feed(seq, noise, sizeof(noise));
	assert_int_equal(before, STAT(backed_off));
	for (i = 0; i < 2000; i++, seq += sizeof(noise))
		feed(seq, noise, sizeof(noise));
	passed = STAT(backed_off) - before;
	assert_true(passed > 1700 && passed < 1950);
	n = make_request(r, RZ_API_FETCH, 4, 1, "late", 4, 8);
	for (i = 0; i < 200 && !conn().frame.client; i++, seq += n)
		feed(seq, r, n);
	feed(seq, r, n);
	assert_id("late");
	assert_int_equal(0, conn().misses);
	printf("    %u of 2000 segments of noise passed over, the client found at its request %u\n",
	       (unsigned)passed, i);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_one_address),	  cmocka_unit_test(names_of_many_addresses),
		cmocka_unit_test(names_that_collide),	  cmocka_unit_test(numbers_are_new),
		cmocka_unit_test(names_not_read),	  cmocka_unit_test(ids_of_one_connection),
		cmocka_unit_test(ids_of_one_address),	  cmocka_unit_test(ids_before_a_socket),
		cmocka_unit_test(refused_once_a_segment), cmocka_unit_test(search_slows_down),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "room, IPv6" : "room, IPv4", tests, small_setup,
					   teardown);
}
