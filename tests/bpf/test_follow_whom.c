// SPDX-License-Identifier: Apache-2.0
/*
 * A client that is followed after a move (bpf/follow.bpf.h): which of the connections that it opens
 * is followed, and until when. Run by `make bpf-test`.
 */
#include "followed.h"

/* Another connection with the same three keys is another one's: it passes, and stays its own. */
static void a_second_connection_is_not_followed(void **state)
{
	uint64_t second = 2;
	struct rz_held h;

	(void)state;
	assert_int_equal(DROPPED, ask(1, RZ_API_PRODUCE));
	assert_int_equal(PASSED, ask(2, RZ_API_PRODUCE));
	assert_int_equal(1, entry().cookie);
	assert_false(is_on(2));
	assert_true(is_on(1));
	/* nor does anything remember bytes of its that were not dropped */
	assert_int_not_equal(0, bpf_map_lookup_elem(bpf_map__fd(skel->maps.held), &second, &h));
}

/* ... but for one that comes after the first was closed, or after its client has left it. */
static void the_next_connection_is(void **state)
{
	uint64_t first = 1;

	(void)state;
	assert_int_equal(DROPPED, ask(1, RZ_API_PRODUCE));
	bpf_map_delete_elem(bpf_map__fd(skel->maps.conns), &first);
	bpf_map_delete_elem(bpf_map__fd(skel->maps.held), &first);
	assert_int_equal(DROPPED, ask(2, RZ_API_PRODUCE));
	assert_int_equal(2, entry().cookie);
	assert_int_equal(2, entry().connections);
	moved(NULL);
	assert_int_equal(DROPPED, ask(1, RZ_API_PRODUCE));
	assert_true(says(skel->progs.test_held_fin, 1));
	assert_int_equal(DROPPED, ask(2, RZ_API_PRODUCE));
	assert_int_equal(2, entry().cookie);
}

static void the_deadline_is_kept(void **state)
{
	uint64_t now_ns = rz_now_ns();

	(void)state;
	follow_until(now_ns - SECOND, now_ns - 1);
	assert_int_equal(PASSED, ask(1, RZ_API_PRODUCE));
	/* whatever the deadline says */
	moved(NULL);
	opened(1, now_ns);
	follow_until(now_ns - (RZ_FOLLOW_MAX_S + 1) * SECOND, now_ns + 600 * SECOND);
	assert_int_equal(PASSED, ask(1, RZ_API_PRODUCE));
	/* one that is held already goes on behind it */
	moved(NULL);
	assert_int_equal(DROPPED, ask(1, RZ_API_PRODUCE));
	follow_until(now_ns - SECOND, now_ns - 1);
	assert_false(is_on(1));
	assert_int_equal(PASSED, ask(1, RZ_API_PRODUCE));
	assert_int_equal(1, conn_of(1).frame.produce);
}

static void conn_with(void (*change)(struct rz_conn *c))
{
	struct rz_conn c;
	uint64_t cookie = 1;

	moved(NULL);
	c = conn_of(1);
	change(&c);
	assert_int_equal(0,
			 bpf_map_update_elem(bpf_map__fd(skel->maps.conns), &cookie, &c, BPF_ANY));
}

static void is_older(struct rz_conn *c)
{
	c->opened_ns -= 10 * SECOND;
}

static void is_elsewhere(struct rz_conn *c)
{
	c->tuple.client_addr[15] = 77;
}

static void is_in_another_netns(struct rz_conn *c)
{
	c->netns++;
}

static void has_written(struct rz_conn *c)
{
	c->frame.produce = 1;
}

static void has_done_other_things(struct rz_conn *c)
{
	c->frame.other = 1;
}

static void was_adopted(struct rz_conn *c)
{
	c->frame.adopted = 1;
}

static void is_a_balancer_s(struct rz_conn *c)
{
	c->frame.via = RZ_VIA_PROXY;
}

static void nobody_else_is_followed(void **state)
{
	static void (*const changes[])(struct rz_conn *) = {
		is_older,	is_elsewhere,	       is_in_another_netns,
		has_written,	has_done_other_things, was_adopted,
		is_a_balancer_s};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		conn_with(changes[i]);
		assert_int_equal(PASSED, ask(1, RZ_API_PRODUCE));
		assert_int_equal(0, entry().cookie);
	}
}

/* A gateway's connection: a hold of the client that is followed would hold the other one's requests
 * too, and the close at its end would hit both. */
static void two_clients_are_not_followed(void **state)
{
	uint8_t r[512];

	(void)state;
	assert_int_equal(PASSED, ask(1, RZ_API_FETCH));
	assert_int_equal(PASSED, send_bytes(1, r, request_of("another", r, RZ_API_METADATA)));
	assert_int_equal(1, conn_of(1).frame.several);
	assert_int_equal(PASSED, ask(1, RZ_API_PRODUCE));
	assert_int_equal(0, entry().cookie);
	/* it was not for the fetch */
	assert_int_equal(PASSED, ask(2, RZ_API_FETCH));
	assert_int_equal(DROPPED, ask(2, RZ_API_PRODUCE));
	assert_int_equal(2, entry().cookie);
}

int main(int argc, char **argv)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, moved, over)
	const struct CMUnitTest tests[] = {
		TEST(a_second_connection_is_not_followed),
		TEST(the_next_connection_is),
		TEST(the_deadline_is_kept),
		TEST(nobody_else_is_followed),
		TEST(two_clients_are_not_followed),
	};

	v6 = argc > 1 && !strcmp(argv[1], "ipv6");
	return cmocka_run_group_tests_name(v6 ? "follow whom, IPv6" : "follow whom, IPv4", tests,
					   setup, teardown);
}
