// SPDX-License-Identifier: Apache-2.0
/*
 * What limits moves beside the rate of a node: targets, the cluster's rate, the breaker, pause, one
 * client.id over time; and what becomes known of moves (outcome.c).
 */
#include "select_rows.h"
#include "policy/breaker.h"
#include "policy/exclude.h"
#include "policy/share.h"

static size_t with(const struct rz_candidate *rows, size_t n, enum rz_reason reason)
{
	size_t i, k = 0;

	for (i = 0; i < n; i++)
		k += rows[i].reason == reason;
	return k;
}

/* Rows 0 to 9 go to one zone with two agents, rows 10 to 19 to another with one. */
static void test_target(void **state)
{
	struct rz_limits l = defaults;
	struct rz_candidate rows[20];
	struct rz_select *s;
	size_t i;

	(void)state;
	l.rates.node = 100;
	l.rates.per_target = 2;
	s = make(&l);
	many(rows, 20);
	for (i = 0; i < 20; i++)
		rows[i].target = i < 10 ? (struct rz_target){7, 2} : (struct rz_target){8, 1};
	run(s, rows, 20, T0);
	assert_int_equal(going(rows, 10), 4);
	assert_int_equal(with(rows, 10, RZ_REASON_TARGET_BUDGET), 6);
	assert_int_equal(going(rows + 10, 10), 2);
	assert_true(rz_select_backlog(s));
	/* what did not happen is given back to its target */
	rz_select_undo(s, &rows[10]);
	run(s, rows + 12, 8, T0);
	assert_int_equal(going(rows + 12, 8), 1);
	rz_select_free(s);
}

/* A thousand nodes with 1/1000 of a rate each: about as many go at once as the rate says. */
static void test_shares(void **state)
{
	size_t node, seconds, gone = 0, at_once = 0;

	(void)state;
	for (node = 0; node < 1000; node++) {
		struct rz_limits l = defaults;
		struct rz_candidate rows[3];
		struct rz_select *s;
		struct rz_moment m = {.share = 0.001};

		l.rates.cluster = 20;
		l.rates.phase = (double)node / 1000;
		s = make(&l);
		for (seconds = 0; seconds < 100; seconds++) {
			many(rows, 3);
			rows[0].client = rows[0].cookie = seconds * 10 + 1;
			rows[1].client = rows[1].cookie = seconds * 10 + 2;
			rows[2].client = rows[2].cookie = seconds * 10 + 3;
			m.now_ns = T0 + seconds * SECOND_NS;
			assert_int_equal(rz_select_run(s, rows, 3, &m), 0);
			assert_int_equal(with(rows, 3, RZ_REASON_CLUSTER_BUDGET) + going(rows, 3),
					 3);
			gone += going(rows, 3);
			at_once += seconds == 1 ? going(rows, 3) : 0;
		}
		rz_select_free(s);
	}
	assert_in_range(gone, 1900, 2000); /* 100 s at 20 a second */
	assert_in_range(at_once, 18, 22);
}

static void test_paused(void **state)
{
	struct rz_select *s = make(&defaults);
	struct rz_candidate rows[20];
	struct rz_moment m = {.now_ns = T0, .share = 1, .paused = true};

	(void)state;
	many(rows, 20);
	rz_select_run(s, rows, 20, &m);
	assert_int_equal(with(rows, 20, RZ_REASON_PAUSED), 20);
	assert_false(rz_select_backlog(s));
	m.paused = false; /* and it has cost nothing */
	rz_select_run(s, rows, 20, &m);
	assert_int_equal(going(rows, 20), 5);
	rz_select_free(s);
}

/* Ticks that come sooner, for others wait for the rate, are none more for one client.id. */
static void test_per_client(void **state)
{
	struct rz_limits l = defaults;
	struct rz_candidate rows[3];
	struct rz_select *s;
	size_t i, tick;

	(void)state;
	l.per_client_ns = 24 * SECOND_NS;
	s = make(&l);
	for (i = 0; i < 3; i++)
		rows[i] = row(i + 1, 7, T0 - HOUR_NS);
	for (tick = 0; tick < 24; tick++) {
		run(s, rows, 3, T0 + tick * SECOND_NS);
		assert_int_equal(going(rows, 3), tick == 0);
		assert_false(rz_select_backlog(s));
	}
	run(s, rows + 1, 2, T0 + 24 * SECOND_NS);
	assert_int_equal(rows[1].reason, RZ_REASON_NONE);
	rz_select_free(s);
}

/* One move at T0 + 2 s; afterwards `seen` (same zone or not) from `from` to `to`, s after T0. */
static enum rz_outcome story(bool seen, bool same_zone, unsigned from, unsigned to,
			     uint64_t opened_ns, unsigned *known_s)
{
	struct rz_limits l = with_outcomes();
	struct rz_select *s = make(&l);
	struct rz_candidate c = row(1, 7, T0 - HOUR_NS), other = row(2, 7, opened_ns);
	enum rz_outcome ret = RZ_OUTCOME_NONE;
	const struct rz_outcome_row *known;
	unsigned t;
	size_t n;

	assert_int_equal(ask(s, c, T0), RZ_REASON_NONE);
	rz_select_moved(s, &c, T0 + 2 * SECOND_NS);
	other.same_zone = same_zone;
	for (t = 3; t < 120 && ret == RZ_OUTCOME_NONE; t++) {
		struct rz_candidate copy = other;

		run(s, &copy, seen && t >= from && t < to, T0 + t * SECOND_NS);
		known = rz_select_outcomes(s, &n);
		if (!n)
			continue;
		assert_int_equal(n, 1);
		assert_int_equal(known->cookie, 1);
		assert_int_equal(known->client, 7);
		assert_int_equal(known->moved_ns, T0 + 2 * SECOND_NS);
		ret = known->outcome;
		assert_int_equal(known->seen, ret == RZ_OUTCOME_LEFT ? 0 : 2);
		*known_s = t;
	}
	run(s, NULL, 0, T0 + 200 * SECOND_NS); /* told once */
	rz_select_outcomes(s, &n);
	assert_int_equal(n, 0);
	rz_select_free(s);
	return ret;
}

static void test_outcomes(void **state)
{
	uint64_t after = T0 + 4 * SECOND_NS, before = T0 + SECOND_NS;
	unsigned t = 0;

	(void)state;
	assert_int_equal(story(false, false, 0, 0, after, &t), RZ_OUTCOME_LEFT);
	assert_int_equal(t, 32);
	assert_int_equal(story(true, true, 5, 120, after, &t), RZ_OUTCOME_HOME);
	assert_int_equal(t, 5);
	assert_int_equal(story(true, false, 5, 120, after, &t), RZ_OUTCOME_RETURNED);
	assert_int_equal(t, 32);
	/* it came back, and then went home by itself */
	assert_int_equal(story(true, false, 5, 30, after, &t), RZ_OUTCOME_LEFT);
	/* opened between the decision and the reset: it says nothing */
	assert_int_equal(story(true, false, 3, 120, before, &t), RZ_OUTCOME_LEFT);
	assert_int_equal(story(true, true, 3, 120, before, &t), RZ_OUTCOME_LEFT);
}

/* A connection that the client opened between decision and reset does not make the round futile. */
static void test_round_begins_at_the_reset(void **state)
{
	struct rz_limits l = with_outcomes();
	struct rz_select *s = make(&l);
	struct rz_candidate c = row(1, 7, T0 - HOUR_NS);
	struct rz_candidate second = row(2, 7, T0 + 3 * SECOND_NS);

	(void)state;
	assert_int_equal(ask(s, c, T0), RZ_REASON_NONE);
	rz_select_moved(s, &c, T0 + 5 * SECOND_NS);
	assert_int_equal(ask(s, second, T0 + 30 * SECOND_NS), RZ_REASON_NONE);
	rz_select_free(s);
	s = make(&l); /* one from after it waits, and then was futile */
	assert_int_equal(ask(s, c, T0), RZ_REASON_NONE);
	rz_select_moved(s, &c, T0 + 2 * SECOND_NS);
	assert_int_equal(ask(s, second, T0 + 30 * SECOND_NS), RZ_REASON_COOLING_DOWN);
	assert_int_equal(ask(s, second, T0 + 61 * SECOND_NS), RZ_REASON_COOLING_DOWN);
	assert_int_equal(ask(s, second, T0 + 62 * SECOND_NS), RZ_REASON_COOLING_DOWN);
	assert_int_equal(ask(s, second, T0 + 122 * SECOND_NS), RZ_REASON_NONE);
	rz_select_free(s);
}

/* `futile` of `n` moves come back; returns the reason of a client that was never moved, after. */
static enum rz_reason after_moves(struct rz_select *s, size_t n, size_t futile, uint64_t t)
{
	struct rz_candidate rows[200];
	size_t i;

	many(rows, n);
	for (i = 0; i < n; i++)
		rows[i].client = rows[i].cookie = t / SECOND_NS * 1000 + i;
	run(s, rows, n, t);
	for (i = 0; i < n; i++) {
		assert_int_equal(rows[i].reason, RZ_REASON_NONE);
		rz_select_moved(s, &rows[i], t);
		rows[i].opened_ns = t + SECOND_NS;
		rows[i].cookie += 500;
	}
	run(s, rows, futile, t + 30 * SECOND_NS);
	return ask(s, row(1, 1, 1), t + 31 * SECOND_NS);
}

static void test_breaker(void **state)
{
	struct rz_limits l = with_outcomes();
	struct rz_select *s = make(&l);
	unsigned opened;

	(void)state;
	assert_int_equal(after_moves(s, 9, 9, T0), RZ_REASON_NONE); /* too few to say */
	rz_select_free(s);
	s = make(&l);
	assert_int_equal(after_moves(s, 100, 2, T0), RZ_REASON_NONE);
	assert_int_equal(rz_select_breaker_until(s, &opened), 0);
	rz_select_free(s);
	s = make(&l);
	assert_int_equal(after_moves(s, 10, 3, T0), RZ_REASON_BREAKER);
	assert_int_equal(rz_select_breaker_until(s, &opened), T0 + 30 * SECOND_NS + 30 * MINUTE_NS);
	assert_int_equal(opened, 1);
	assert_int_equal(ask(s, row(1, 1, 1), T0 + 30 * MINUTE_NS), RZ_REASON_BREAKER);
	assert_int_equal(ask(s, row(1, 1, 1), T0 + 31 * MINUTE_NS), RZ_REASON_NONE);
	assert_int_equal(rz_select_breaker_until(s, &opened), 0);
	/* what happened before is forgotten */
	assert_int_equal(after_moves(s, 9, 9, T0 + HOUR_NS), RZ_REASON_NONE);
	rz_select_free(s);
	l.breaker_share = 0;
	s = make(&l);
	assert_int_equal(after_moves(s, 100, 100, T0), RZ_REASON_NONE);
	rz_select_free(s);
}

static void ten_addresses(struct rz_breaker *b, struct rz_outcome_row *r, uint64_t now_ns)
{
	for (r->addr[15] = 1; r->addr[15] <= 10; r->addr[15]++)
		rz_breaker_note(b, r, now_ns);
}

/* Moves from before it opened, whose outcome is known after it closed, do not open it again. */
static void test_breaker_late(void **state)
{
	struct rz_breaker b = {.share = 0.3, .for_ns = MINUTE_NS};
	struct rz_outcome_row r = {.outcome = RZ_OUTCOME_RETURNED, .moved_ns = T0};

	(void)state;
	ten_addresses(&b, &r, T0);
	assert_true(rz_breaker_open(&b, T0));
	assert_false(rz_breaker_open(&b, T0 + MINUTE_NS));
	ten_addresses(&b, &r, T0 + MINUTE_NS);
	assert_false(rz_breaker_open(&b, T0 + MINUTE_NS));
	r.moved_ns = T0 + MINUTE_NS;
	ten_addresses(&b, &r, T0 + 2 * MINUTE_NS);
	assert_true(rz_breaker_open(&b, T0 + 2 * MINUTE_NS));
	assert_int_equal(b.opened, 2);
}

static void agent(struct rz_topo_agent *a, uint8_t host, const char *zone, uint32_t pod)
{
	*a = (struct rz_topo_agent){
		.at = {.addr = {[10] = 0xff, [11] = 0xff, 10, 0, 0, host}, .port = 9092},
		.group = "default",
		.ready = true,
		.pod = pod};
	strcpy(a->zone, zone);
}

/* Ten agents; those at .1 and .2 are one pod, in zone a, and here; zone b has four, two ready. */
static void test_share(void **state)
{
	struct rz_topo_agent agents[11] = {};
	struct rz_topo topo = {.agents = agents, .n_agents = 11};
	struct rz_topo_zones *zones = NULL;
	struct rz_conn conn = {
		.netns = 7,
		.tuple = {.agent_addr = {[10] = 0xff, [11] = 0xff, 10, 0, 0, 1},
			  .agent_port = 9092},
	};
	const struct rz_topo_zone *b;
	struct rz_share *s = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < 11; i++)
		agent(&agents[i], (uint8_t)(i + 1), i < 7 ? "a" : "b", i < 2 ? 1 : 0);
	agents[9].ready = agents[10].ready = false;
	assert_int_equal(rz_topo_zones_count(&topo, NULL, 1, T0, &zones), 0);
	b = rz_topo_zone_find(zones, "default", "b");
	assert_int_equal(rz_share_new(&topo, zones, &s), 0);
	rz_share_see(s, &conn);
	conn.tuple.agent_addr[15] = 2;
	rz_share_see(s, &conn);
	/* somebody else who has an agent's address makes it no agent of this node */
	agents[2].home = RZ_HOME_OTHER_NODE;
	conn.tuple.agent_addr[15] = 3;
	rz_share_see(s, &conn);
	assert_float_equal(rz_share_all(s), 0.1, 1e-9);
	/* two ready agents there; one of the six in zone a is here */
	assert_float_equal(rz_share_target(s, b).share, 2.0 / 6, 1e-9);
	assert_int_not_equal(rz_share_target(s, b).key,
			     rz_share_target(s, rz_topo_zone_find(zones, "default", "a")).key);
	rz_share_free(s);
	rz_topo_zones_free(zones);
}

static void test_exclude_refused(void **state)
{
	static const struct {
		const char *clients, *addresses, *zones, *why;
	} rows[] = {
		{"", "10.0.0.0/33", "", "10.0.0.0 "},
		{"", "", "a,b/c", "b/c"},
	};
	struct rz_exclude *e = NULL;
	char why[160], *text = test_malloc(RZ_EXCLUDE_SIZE + 1);
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(rz_exclude_new(rows[i].clients, rows[i].addresses, rows[i].zones,
						&e, why, sizeof(why)),
				 -EINVAL);
		assert_non_null(strstr(why, rows[i].why));
	}
	memset(text, 'x', RZ_EXCLUDE_SIZE);
	text[RZ_EXCLUDE_SIZE] = 0;
	assert_int_equal(rz_exclude_new(text, "", "", &e, why, sizeof(why)), -E2BIG);
	test_free(text);
	assert_null(e);
	assert_false(rz_exclude_client(NULL, "x"));
	assert_int_equal(rz_exclude_new(" a?b  c* ", "", "", &e, why, sizeof(why)), 0);
	assert_true(rz_exclude_client(e, "a b"));
	assert_true(rz_exclude_client(e, "c,d=e"));
	assert_false(rz_exclude_client(e, "ab"));
	assert_false(rz_exclude_client(e, NULL));
	rz_exclude_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_target),	 cmocka_unit_test(test_shares),
		cmocka_unit_test(test_paused),	 cmocka_unit_test(test_per_client),
		cmocka_unit_test(test_outcomes), cmocka_unit_test(test_round_begins_at_the_reset),
		cmocka_unit_test(test_breaker),	 cmocka_unit_test(test_breaker_late),
		cmocka_unit_test(test_share),	 cmocka_unit_test(test_exclude_refused),
	};

	return cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL);
}
