// SPDX-License-Identifier: Apache-2.0
/*
 * The framing stage in the kernel: client.ids of all lengths, none, and their zone. Run by
 * `make bpf-test`.
 */
#include "fixture.h"

static void ids_of_all_lengths(void **state)
{
	static const int lens[] = {-1, 0, 1, 254, 255, 256, 300, 3000};
	uint8_t r[4000], id[3000];
	size_t i, n, k;

	(void)state;
	for (i = 0; i < sizeof(id); i++)
		id[i] = (uint8_t)(i * 7 + 1);
	for (k = 0; k < sizeof(lens) / sizeof(lens[0]); k++) {
		struct rz_client_id kept;
		struct rz_conn c;
		size_t want = rz_request_id_kept(lens[k]);

		n = make_request(r, RZ_API_FETCH, 4, 7, id, lens[k], 3);
		open_conn();
		feed(SEQ0, r, n);
		c = conn();
		assert_int_equal(RZ_STATE_DATA, c.frame.state);
		assert_int_equal(lens[k], c.frame.client_id_len);
		assert_int_equal(SEQ0 + n, c.frame.next_seq);
		kept = client_id(&c);
		assert_int_equal(lens[k], kept.len);
		assert_memory_equal(id, kept.raw, want);
		assert_int_equal(0, kept.raw[want]);
	}
}

/* A null and an empty client.id are two different clients. */
static void null_is_not_empty(void **state)
{
	uint8_t r[64];
	uint64_t null_key;

	(void)state;
	open_conn();
	feed(SEQ0, r, make_request(r, RZ_API_FETCH, 4, 7, "", -1, 3));
	null_key = conn().frame.client;
	open_conn();
	feed(SEQ0, r, make_request(r, RZ_API_FETCH, 4, 7, "", 0, 3));
	assert_true(null_key && conn().frame.client && null_key != conn().frame.client);
}

/* As soon as user space has read an id, the connection's next request shows the zone. */
static void zone_comes_with_the_next_request(void **state)
{
	struct rz_client client = {.opt_in = 1, .zone = "us-east-1a"};
	uint8_t r[512];
	size_t n = make_request(r, RZ_API_FETCH, 4, 7, ID, strlen(ID), 30);
	struct rz_conn c;

	(void)state;
	forget_clients();
	open_conn();
	feed(SEQ0, r, n);
	c = conn();
	assert_string_equal("", c.zone);
	assert_int_equal(0, bpf_map_update_elem(bpf_map__fd(skel->maps.clients), &c.frame.client,
						&client, BPF_ANY));
	feed(SEQ0 + n, r, n);
	c = conn();
	assert_string_equal("us-east-1a", c.zone);
	assert_int_equal(1, c.frame.opt_in);
}

/* User space forgets the id of a connection that it did not see yet: the next request brings it
 * back, of a young connection at once. */
static void a_forgotten_id_comes_back(void **state)
{
	uint8_t r[512];
	size_t n = make_request(r, RZ_API_FETCH, 4, 7, ID, strlen(ID), 30);
	uint32_t at = SEQ0, i;

	(void)state;
	open_conn();
	for (i = 0; i < RZ_REQUESTS_FIRST; i++, at += n) {
		forget_clients();
		feed(at, r, n);
		assert_id(ID);
	}
	forget_clients();
	for (; i <= RZ_LOOK_AGAIN; i++, at += n)
		feed(at, r, n);
	assert_id(ID);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_of_all_lengths),
		cmocka_unit_test(null_is_not_empty),
		cmocka_unit_test(zone_comes_with_the_next_request),
		cmocka_unit_test(a_forgotten_id_comes_back),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "client id, IPv6" : "client id, IPv4", tests, setup,
					   teardown);
}
