// SPDX-License-Identifier: Apache-2.0
/* user/policy/park.c, and the column `lasts` of user/policy/rules.c: who is parked, and when one
 * that was is judged again. */
#include "world.h"
#include "policy/park.h"

#define AFTER_NS (30 * SECOND_NS)

/* A connection of which enough was read. */
static struct rz_conn learned(void)
{
	struct rz_conn c;

	test_conn(&c);
	c.opened_ns = NOW_NS - AFTER_NS;
	c.frame.requests = RZ_PARK_REQUESTS;
	return c;
}

static enum rz_park next(const struct rz_conn *c, bool lasts)
{
	return rz_park_next(c, lasts, AFTER_NS, NOW_NS);
}

static void test_when_it_is_parked(void **state)
{
	struct rz_conn c = learned();

	(void)state;
	assert_int_equal(next(&c, true), RZ_PARK_WANTED);
	assert_int_equal(next(&c, false), RZ_PARK_NO);
	assert_int_equal(rz_park_next(&c, true, 0, NOW_NS), RZ_PARK_NO);
	c.opened_ns++;
	assert_int_equal(next(&c, true), RZ_PARK_NO);
	c.opened_ns--;
	c.frame.requests--;
	assert_int_equal(next(&c, true), RZ_PARK_NO);
	c.frame.state = RZ_STATE_TLS; /* of which none will be read */
	assert_int_equal(next(&c, true), RZ_PARK_WANTED);
	c = learned();
	c.frame.unseen = 1;
	assert_int_equal(next(&c, true), RZ_PARK_NO);
}

static void test_every_mark(void **state)
{
	/* by its mark: if the reason lasts, and if not */
	static const enum rz_park to[RZ_PARK_COUNT][2] = {
		[RZ_PARK_NO] = {RZ_PARK_WANTED, RZ_PARK_NO},
		[RZ_PARK_ENDED] = {RZ_PARK_NO, RZ_PARK_NO},
		[RZ_PARK_WANTED] = {RZ_PARK_WANTED, RZ_PARK_NO},
		[RZ_PARK_PARKED] = {RZ_PARK_PARKED, RZ_PARK_ENDING},
		[RZ_PARK_ENDING] = {RZ_PARK_PARKED, RZ_PARK_ENDING},
	};
	struct rz_conn c = learned();
	int mark;

	(void)state;
	for (mark = 0; mark < RZ_PARK_COUNT; mark++) {
		c.park = (enum rz_park)mark;
		assert_int_equal(next(&c, true), to[mark][0]);
		assert_int_equal(next(&c, false), to[mark][1]);
		/* switched off, none stays parked */
		assert_int_equal(rz_park_next(&c, true, 0, NOW_NS), to[mark][1]);
	}
}

/* Neither time alone nor requests alone are enough; the shorter of --park-after and 10 s is. */
static void test_read_again(void **state)
{
	struct rz_conn c = learned();
	uint64_t ended_ns = NOW_NS;

	(void)state;
	c.park = RZ_PARK_ENDED;
	c.park_cs = 1 + (uint32_t)((ended_ns - c.opened_ns) / RZ_CS_NS);
	assert_false(rz_park_is_known(&c, AFTER_NS, ended_ns + RZ_PARK_READ_NS - 1));
	assert_true(rz_park_is_known(&c, AFTER_NS, ended_ns + RZ_PARK_READ_NS));
	assert_true(rz_park_is_known(&c, SECOND_NS, ended_ns + SECOND_NS));
	assert_false(rz_park_is_known(&c, 0, ended_ns + SECOND_NS));
	c.frame.unseen = 1;
	assert_false(rz_park_is_known(&c, AFTER_NS, ended_ns + HOUR_NS));
	assert_int_equal(rz_park_next(&c, true, AFTER_NS, ended_ns + HOUR_NS), RZ_PARK_ENDED);
	/* and is parked again only after it has been read for as long as before */
	c.frame.unseen = 0;
	c.park = RZ_PARK_NO;
	assert_int_equal(rz_park_next(&c, true, AFTER_NS, ended_ns + AFTER_NS - 1), RZ_PARK_NO);
	assert_int_equal(rz_park_next(&c, true, AFTER_NS, ended_ns + AFTER_NS), RZ_PARK_WANTED);
}

/* ---- which reasons last ---- */

static void same_zone(struct test_world *w)
{
	strcpy(w->client.zone, "a");
}

static void not_opted_in(struct test_world *w)
{
	w->client.opt_in = 0;
}

static void excluded(struct test_world *w)
{
	strcpy(w->settings.exclude_zones, "b");
}

static void no_zone(struct test_world *w)
{
	w->client.zone[0] = '\0';
}

static void several(struct test_world *w)
{
	w->conn.frame.several = 1;
}

static void tls(struct test_world *w)
{
	w->conn.frame.state = RZ_STATE_TLS;
	w->conn.frame.client = 0;
	w->unread = true;
}

static void not_kafka(struct test_world *w)
{
	tls(w);
	w->conn.frame.state = RZ_STATE_NOT_KAFKA;
}

static void mptcp(struct test_world *w)
{
	w->conn.frame.state = RZ_STATE_MPTCP;
}

static void acks0(struct test_world *w)
{
	w->conn.frame.produce = w->conn.frame.acks0 = 1;
}

static void transactional(struct test_world *w)
{
	w->conn.frame.transaction = 1;
}

static void local_proxy(struct test_world *w)
{
	w->conn.frame.via = RZ_VIA_LOCAL;
}

static void proxied(struct test_world *w)
{
	w->conn.frame.via = RZ_VIA_PROXY;
}

static void peer_is_a_proxy(struct test_world *w)
{
	w->conn.frame.adopted = w->peer_proxies = 1;
}

/* Home may come, and then it is one that acks=0 keeps; so it is parked today. */
static void acks0_and_no_home(struct test_world *w)
{
	acks0(w);
	w->rows[AGENT_B].ready = 0;
}

static void no_home(struct test_world *w)
{
	w->rows[AGENT_B].ready = 0;
}

static void zone_unknown(struct test_world *w)
{
	strcpy(w->client.zone, "us-east-1x");
}

static void not_an_agent(struct test_world *w)
{
	w->conn.tuple.agent_port++;
}

static void frozen(struct test_world *w)
{
	w->status.frozen = RZ_FREEZE_STALE;
}

static void young(struct test_world *w)
{
	w->settings.min_age_ns = HOUR_NS;
}

static void desynced_at_home(struct test_world *w)
{
	same_zone(w);
	w->conn.frame.state = RZ_STATE_DESYNCED;
}

static void guess_at_home(struct test_world *w)
{
	same_zone(w);
	w->conn.frame.tentative = 1;
}

static void left_at_home(struct test_world *w)
{
	same_zone(w);
	w->left = true;
}

static void followed_at_home(struct test_world *w)
{
	same_zone(w);
	w->followed = true;
}

static void metadata_alone(struct test_world *w)
{
	w->conn.frame.fetch = 0;
}

/* A producer of which nobody knows how it bears a close. */
static void nameless_writer(struct test_world *w)
{
	w->conn.frame.produce = 1;
	w->conn.frame.data_version = 9;
	w->conn.opened_ns = NOW_NS - HOUR_NS;
}

static void nameless_older_writer(struct test_world *w)
{
	nameless_writer(w);
	w->conn.frame.adopted = 1;
}

static void writer_that_may_come(struct test_world *w)
{
	nameless_writer(w);
	w->settings.grace_ns = 2 * HOUR_NS;
}

static void group_of_older(struct test_world *w)
{
	w->conn.frame.coordinator = w->conn.frame.adopted = 1;
}

static void group_skipped(struct test_world *w)
{
	group_of_older(w);
	w->settings.shared = RZ_SHARED_SKIP;
}

static const struct {
	const char *name;
	void (*change)(struct test_world *w);
	bool lasts;
} cases[] = {
#define CASE(f, lasts)       \
	{                    \
#f, f, lasts \
	}
	CASE(same_zone, true),
	CASE(not_opted_in, true),
	CASE(excluded, true),
	CASE(no_zone, true),
	CASE(several, true),
	CASE(tls, true),
	CASE(not_kafka, true),
	CASE(mptcp, true),
	CASE(acks0, true),
	CASE(transactional, true),
	CASE(local_proxy, true),
	CASE(proxied, true),
	CASE(peer_is_a_proxy, false),
	CASE(acks0_and_no_home, true),
	CASE(no_home, false),
	CASE(zone_unknown, false),
	CASE(not_an_agent, false),
	CASE(frozen, false),
	CASE(young, false),
	CASE(desynced_at_home, false),
	CASE(guess_at_home, false),
	CASE(left_at_home, false),
	CASE(followed_at_home, false),
	CASE(metadata_alone, false),
	CASE(nameless_writer, true),
	CASE(nameless_older_writer, false),
	CASE(writer_that_may_come, false),
	CASE(group_of_older, false),
	CASE(group_skipped, true),
};

/* Reading its requests would not mend what lasts, so that is told, and not that it is parked. */
static void test_what_is_told(void **state)
{
	static const struct {
		void (*change)(struct test_world *w);
		enum rz_reason told;
	} rows[] = {
		{same_zone, RZ_REASON_SAME_ZONE},
		{acks0_and_no_home, RZ_REASON_NO_AGENT_THERE},
		{acks0, RZ_REASON_ACKS0},
		{transactional, RZ_REASON_TRANSACTIONAL},
		{proxied, RZ_REASON_LOAD_BALANCER},
		{local_proxy, RZ_REASON_LOCAL_PROXY},
		{nameless_writer, RZ_REASON_LIBRARY},
		{group_skipped, RZ_REASON_SHARED},
		/* of these it may be another one once it is read */
		{metadata_alone, RZ_REASON_PARKED},
		{young, RZ_REASON_PARKED},
		{peer_is_a_proxy, RZ_REASON_PARKED},
		{nameless_older_writer, RZ_REASON_PARKED},
		{group_of_older, RZ_REASON_PARKED},
	};
	struct test_world w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		test_world_make(&w);
		rows[i].change(&w);
		w.conn.park = RZ_PARK_PARKED;
		assert_int_equal(test_classify(&w).reason, rows[i].told);
	}
	/* also behind one that was so when it was last read */
	test_world_make(&w);
	acks0(&w);
	metadata_alone(&w);
	w.conn.park = RZ_PARK_PARKED;
	assert_int_equal(test_classify(&w).reason, RZ_REASON_ACKS0);
}

static void test_which_last(void **state)
{
	struct rz_verdict v;
	struct test_world w;
	size_t i;

	(void)state;
	test_world_make(&w);
	v = test_classify(&w);
	assert_true(v.move);
	assert_false(v.lasts);
	for (i = 0; i < COUNT(cases); i++) {
		test_world_make(&w);
		cases[i].change(&w);
		v = test_classify(&w);
		print_message("%s: %s\n", cases[i].name, rz_reason_name(v.reason));
		assert_false(v.move);
		assert_int_equal(v.lasts, cases[i].lasts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_when_it_is_parked), cmocka_unit_test(test_every_mark),
		cmocka_unit_test(test_read_again),	  cmocka_unit_test(test_which_last),
		cmocka_unit_test(test_what_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
