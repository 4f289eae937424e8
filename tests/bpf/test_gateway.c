// SPDX-License-Identifier: Apache-2.0
/* Requests of more than one client.id on one connection: a gateway's. Run by `make bpf-test`. */
#include "fixture.h"

#define LONG_MAX_ID 400

static uint32_t seq;

static void send_id(int key, const char *id, int len)
{
	uint8_t r[1024];
	size_t n = make_request(r, key, 3, 7, id, len, 12);

	feed(seq, r, n);
	seq += n;
}

static void send_from(int key, const char *id)
{
	send_id(key, id, id ? (int)strlen(id) : -1);
}

static void open_new(void)
{
	open_conn();
	seq = SEQ0;
}

static size_t ids_kept(void)
{
	uint64_t key, *prev = NULL;
	size_t n = 0;

	for (; !bpf_map_get_next_key(bpf_map__fd(skel->maps.client_ids), prev, &key); prev = &key)
		n++;
	return n;
}

/* Two ids that differ in one byte, wherever it is, and however long they are. */
static void one_byte_differs(void **state)
{
	char id[LONG_MAX_ID], other[LONG_MAX_ID];
	int len, at;

	(void)state;
	memset(id, 'a', sizeof(id));
	for (len = 1; len <= RZ_CLIENT_ID_KEPT; len += len < 20 ? 1 : 47)
		for (at = 0; at < len; at += len < 20 ? 1 : 13) {
			open_new();
			send_id(RZ_API_FETCH, id, len);
			send_id(RZ_API_FETCH, id, len);
			assert_int_equal(0, conn().frame.several);
			memcpy(other, id, sizeof(id));
			other[at] = 'b';
			send_id(RZ_API_FETCH, other, len);
			assert_int_equal(1, conn().frame.several);
		}
}

static void other_lengths(void **state)
{
	(void)state;
	open_new();
	send_from(RZ_API_FETCH, "one");
	send_from(RZ_API_FETCH, "other");
	assert_int_equal(1, conn().frame.several);
	open_new();
	send_from(RZ_API_FETCH, "one");
	send_from(RZ_API_METADATA, NULL);
	assert_int_equal(1, conn().frame.several);
}

/* Once is for good, and nothing more is kept of who speaks there. */
static void for_good(void **state)
{
	char id[16];
	size_t before;
	uint64_t first;
	int i;

	(void)state;
	forget_clients();
	open_new();
	send_from(RZ_API_PRODUCE, "first");
	first = conn().frame.client;
	before = ids_kept();
	for (i = 0; i < 200; i++) {
		snprintf(id, sizeof(id), "other-%d", i);
		send_from(RZ_API_PRODUCE, id);
	}
	assert_int_equal(before, ids_kept());
	assert_int_equal(first, conn().frame.client);
	for (i = 0; i < 100; i++)
		send_from(RZ_API_PRODUCE, "first");
	assert_int_equal(1, conn().frame.several);
	assert_int_equal(301, conn().frame.requests);
	assert_int_equal(seq, conn().frame.next_seq);
}

/* Some libraries ask for versions, or authenticate, without an id or with another. */
static void before_the_work_begins(void **state)
{
	(void)state;
	open_new();
	send_from(RZ_API_API_VERSIONS, NULL);
	send_from(RZ_API_SASL_HANDSHAKE, "admin");
	send_from(RZ_API_SASL_AUTHENTICATE, "admin");
	send_from(RZ_API_FETCH, ID);
	assert_int_equal(0, conn().frame.several);
	assert_id(ID);
}

/* Long after the first requests, and by turns: not each id is compared then, but no row is kept
 * step with. */
static void by_turns(void **state)
{
	uint32_t every, i;

	(void)state;
	for (every = 2; every < 20; every++) {
		open_new();
		for (i = 0; i < 100; i++)
			send_from(RZ_API_PRODUCE, "one");
		for (i = 0; i < 200 && !conn().frame.several; i++)
			send_from(RZ_API_PRODUCE, i % every ? "one" : "two");
		if (i == 200)
			fail_msg("each %u-th request was another's, and none was seen", every);
	}
}

/* What is found in mid-stream is the same. */
static void in_mid_stream(void **state)
{
	(void)state;
	open_conn_at(0, true);
	seq = SEQ0;
	send_from(RZ_API_FETCH, "one");
	send_from(RZ_API_FETCH, "two");
	assert_int_equal(1, conn().frame.several);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_byte_differs), cmocka_unit_test(other_lengths),
		cmocka_unit_test(for_good),	    cmocka_unit_test(before_the_work_begins),
		cmocka_unit_test(by_turns),	    cmocka_unit_test(in_mid_stream),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "gateway, IPv6" : "gateway, IPv4", tests, setup,
					   teardown);
}
