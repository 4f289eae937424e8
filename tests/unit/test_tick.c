// SPDX-License-Identifier: Apache-2.0
/* user/policy/tick.c: classify and select over a whole snapshot. */
#include "world.h"
#include "policy/tick.h"

#define N_CONNS 6

struct test_tick {
	struct test_world w;
	struct rz_conn conns[N_CONNS];
	struct rz_client_row clients[2];
	struct rz_snapshot snap;
	struct rz_select *select;
};

/* Connections 1 to 6: two cross-zone data of client 1, one metadata of it; client 2 at home, twice;
 * one that nothing is known of. */
static void tick_make(struct test_tick *t, double rate)
{
	struct rz_limits limits = {.rates = {.node = rate},
				   .cooldown_ns = MINUTE_NS,
				   .cooldown_max_ns = HOUR_NS,
				   .give_up_after = 3,
				   .give_up_for_ns = HOUR_NS};
	size_t i;

	memset(t, 0, sizeof(*t));
	test_world_make(&t->w);
	for (i = 0; i < N_CONNS; i++) {
		t->conns[i] = t->w.conn;
		t->conns[i].cookie = i + 1;
		t->conns[i].tuple.client_port = 1000 + i;
		t->conns[i].frame.client = i < 3 ? 1 : i < 5 ? 2 : 0;
	}
	t->conns[2].frame.fetch = 0;
	t->conns[5].frame.state = RZ_STATE_NEW;
	t->clients[0] = (struct rz_client_row){1, t->w.client};
	t->clients[1] = (struct rz_client_row){2, t->w.client};
	strcpy(t->clients[1].client.zone, "a");
	t->snap = (struct rz_snapshot){.conns = t->conns,
				       .n_conns = N_CONNS,
				       .clients = t->clients,
				       .n_clients = 2,
				       .now_ns = t->w.now_ns};
	assert_int_equal(rz_select_new(&limits, &t->select), 0);
}

static struct rz_tick *run(struct test_tick *t)
{
	struct rz_world world = test_world_view(&t->w);
	struct rz_tick *ret = NULL;

	assert_int_equal(rz_tick_run(&t->snap, &world, t->select, false, &ret), 0);
	return ret;
}

static void test_whole(void **state)
{
	struct test_tick t;
	struct rz_tick *r;
	size_t i, sum = 0;

	(void)state;
	tick_make(&t, 5);
	r = run(&t);
	assert_int_equal(r->n_moves, 2);
	assert_int_equal(r->moves[0].cookie, 1);
	assert_int_equal(r->moves[0].reason, RZ_REASON_NONE);
	assert_int_equal(r->moves[1].cookie, 2);
	assert_int_equal(r->moves[1].reason, RZ_REASON_OVER_BUDGET); /* one a client and tick */
	assert_string_equal(r->moves[0].from_zone, "a");
	assert_string_equal(r->moves[0].to_zone, "b");
	assert_int_equal(r->moves[0].client, 1);
	assert_int_equal(r->moves[0].netns, t.conns[0].netns);
	assert_memory_equal(&r->moves[0].tuple, &t.conns[0].tuple, sizeof(struct rz_tuple));
	assert_int_equal(r->reasons[RZ_REASON_NONE], 1);
	assert_int_equal(r->reasons[RZ_REASON_OVER_BUDGET], 1);
	assert_int_equal(r->reasons[RZ_REASON_NOT_DATA], 1);
	assert_int_equal(r->reasons[RZ_REASON_SAME_ZONE], 2);
	assert_int_equal(r->reasons[RZ_REASON_NOT_IDENTIFIED], 1);
	for (i = 0; i < RZ_REASON_COUNT; i++)
		sum += r->reasons[i];
	assert_int_equal(sum, N_CONNS); /* each is counted once */
	assert_int_equal(r->localities[RZ_LOCALITY_CROSS], 3);
	assert_int_equal(r->localities[RZ_LOCALITY_SAME], 2);
	assert_int_equal(r->localities[RZ_LOCALITY_UNKNOWN], 1);
	assert_true(r->verdicts[0].home_ready); /* zone b */
	assert_true(r->verdicts[3].home_ready); /* zone a: it is there */
	assert_false(r->verdicts[5].home_ready);
	assert_ptr_equal(rz_tick_find(r, 2), &r->moves[1]);
	assert_null(rz_tick_find(r, 3));
	rz_tick_free(r);
	rz_select_free(t.select);
}

static void test_nothing(void **state)
{
	struct test_tick t;
	struct rz_tick *r;

	(void)state;
	tick_make(&t, 5);
	t.snap.conns = NULL;
	t.snap.n_conns = 0;
	r = run(&t);
	assert_int_equal(r->n_moves, 0);
	assert_null(rz_tick_find(r, 1));
	rz_tick_free(r);
	rz_tick_free(NULL);
	rz_select_free(t.select);
}

/* A move that did not happen may happen at the next tick; the queue goes on. */
static void test_undo(void **state)
{
	struct test_tick t;
	struct rz_tick *r;

	(void)state;
	tick_make(&t, 0.01); /* one token in all */
	r = run(&t);
	assert_int_equal(r->moves[0].reason, RZ_REASON_NONE);
	rz_tick_undo(t.select, &r->moves[0], RZ_UNDO_REFUSED, 0);
	rz_tick_free(r);
	r = run(&t);
	assert_int_equal(r->moves[0].reason, RZ_REASON_OVER_BUDGET);
	assert_int_equal(r->moves[1].reason, RZ_REASON_NONE);
	rz_tick_free(r);
	r = run(&t);
	assert_int_equal(r->reasons[RZ_REASON_NONE], 0); /* that one was moved */
	rz_tick_free(r);
	rz_select_free(t.select);
}

/* No memory for the moves of a tick: the one that it allowed has neither spent the only token nor
 * its client's turn. */
static void test_give_back(void **state)
{
	struct test_tick t;
	struct rz_tick *r;

	(void)state;
	tick_make(&t, 0.01);
	r = run(&t);
	assert_int_equal(r->reasons[RZ_REASON_NONE], 1);
	rz_tick_give_back(t.select, r);
	rz_tick_free(r);
	r = run(&t);
	assert_int_equal(r->reasons[RZ_REASON_NONE], 1);
	rz_tick_free(r);
	r = run(&t); /* not given back: there was no more than that token */
	assert_int_equal(r->reasons[RZ_REASON_NONE], 0);
	rz_tick_free(r);
	rz_select_free(t.select);
}

/* Client 1 is moved, comes back by a new connection, and is found futile unless its data is home.
 */
static void home_or_away(bool data_home, enum rz_reason expected)
{
	struct test_tick t;
	struct rz_tick *r;

	tick_make(&t, 5);
	t.snap.n_conns = 1;
	rz_tick_free(run(&t));
	t.w.now_ns += MINUTE_NS;
	t.w.status.topology_proved_ns = t.w.now_ns;
	t.conns[0].cookie = 11;
	t.conns[0].opened_ns = t.w.now_ns - SECOND_NS;
	r = run(&t); /* away: futile, and waits for twice the cooldown */
	assert_int_equal(r->moves[0].reason, RZ_REASON_COOLING_DOWN);
	rz_tick_free(r);
	/* a connection of the same client on the agent of its own zone, and none here */
	t.conns[0].frame.fetch = data_home;
	memcpy(t.conns[0].tuple.agent_addr, t.w.agents[AGENT_B].at.addr, 16);
	r = run(&t);
	assert_int_equal(r->reasons[RZ_REASON_SAME_ZONE], 1);
	rz_tick_free(r);
	t.conns[0].frame.fetch = 1;
	memcpy(t.conns[0].tuple.agent_addr, t.w.agents[AGENT_A].at.addr, 16);
	r = run(&t);
	assert_string_equal(rz_reason_name(r->moves[0].reason), rz_reason_name(expected));
	rz_tick_free(r);
	rz_select_free(t.select);
}

static void test_only_data_proves_home(void **state)
{
	(void)state;
	home_or_away(false, RZ_REASON_COOLING_DOWN);
	home_or_away(true, RZ_REASON_NONE);
}

/* What list shows for the same snapshot is what the tick counts (policy/classify.h's promise). */
static void test_counts_are_classify(void **state)
{
	struct test_tick t;
	struct rz_tick *r;
	size_t i, candidates = 0;

	(void)state;
	tick_make(&t, 5);
	r = run(&t);
	for (i = 0; i < N_CONNS; i++) {
		struct rz_world world = test_world_view(&t.w);
		struct rz_judged_conn j = {&t.conns[i],
					   rz_snapshot_client(&t.snap, t.conns[i].frame.client)};
		struct rz_verdict v = rz_classify(&j, &world);

		candidates += v.move;
		assert_int_equal(v.move, rz_tick_find(r, t.conns[i].cookie) != NULL);
	}
	assert_int_equal(candidates, r->n_moves);
	rz_tick_free(r);
	rz_select_free(t.select);
}

/* What became of an operator's move of a client that the policy keeps: its new connection is to the
 * agent that it came from, to the one of its own zone, or nowhere; and of one without a zone. */
enum back { BACK_AWAY, BACK_HOME, BACK_NOWHERE };

static const struct by_hand {
	const char *what;
	bool opted_in, has_zone, by_hand;
	enum back back;
	enum rz_outcome outcome;
} by_hands[] = {
	{"not opted in, came back", false, true, true, BACK_AWAY, RZ_OUTCOME_RETURNED},
	{"not opted in, came home", false, true, true, BACK_HOME, RZ_OUTCOME_HOME},
	{"not opted in, left", false, true, true, BACK_NOWHERE, RZ_OUTCOME_LEFT},
	{"no zone, came back", false, false, true, BACK_AWAY, RZ_OUTCOME_RETURNED},
	{"opted in, came back", true, true, true, BACK_AWAY, RZ_OUTCOME_RETURNED},
	{"opted in, came home", true, true, true, BACK_HOME, RZ_OUTCOME_HOME},
	{"the policy's, opted out since", false, true, false, BACK_AWAY, RZ_OUTCOME_LEFT},
};

static void by_hand_story(const struct by_hand *y)
{
	const struct rz_outcome_row *known;
	struct rz_candidate m;
	struct test_tick t;
	size_t n;

	tick_make(&t, 5);
	t.snap.n_conns = 1;
	t.clients[0].client.opt_in = y->opted_in;
	if (!y->has_zone)
		t.clients[0].client.zone[0] = '\0';
	m = (struct rz_candidate){.cookie = 99,
				  .client = 1,
				  .opened_ns = t.conns[0].opened_ns,
				  .by_hand = y->by_hand};
	memcpy(m.addr, t.conns[0].tuple.client_addr, sizeof(m.addr));
	rz_tick_free(run(&t));
	rz_select_moved(t.select, &m, t.w.now_ns);
	t.conns[0].opened_ns = t.w.now_ns + SECOND_NS;
	t.w.now_ns += 2 * MINUTE_NS; /* with no outcome_ns each is due at once */
	t.w.status.topology_proved_ns = t.snap.now_ns = t.w.now_ns;
	t.conns[0].data_cs = (uint32_t)((t.w.now_ns - t.conns[0].opened_ns) / RZ_CS_NS);
	if (y->back == BACK_HOME)
		memcpy(t.conns[0].tuple.agent_addr, t.w.agents[AGENT_B].at.addr, 16);
	if (y->back == BACK_NOWHERE)
		t.snap.n_conns = 0;
	rz_tick_free(run(&t));
	known = rz_select_outcomes(t.select, &n);
	if (n != 1 || known[0].outcome != y->outcome || known[0].by_hand != y->by_hand)
		fail_msg("%s: %zu outcomes, the first %d", y->what, n, n ? known[0].outcome : -1);
	rz_select_free(t.select);
}

static void test_by_hand(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(by_hands) / sizeof(by_hands[0]); i++)
		by_hand_story(&by_hands[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_undo),
		cmocka_unit_test(test_give_back),
		cmocka_unit_test(test_only_data_proves_home),
		cmocka_unit_test(test_counts_are_classify),
		cmocka_unit_test(test_by_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
