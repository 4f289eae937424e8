// SPDX-License-Identifier: Apache-2.0
/*
 * user/policy/outcome.c and the part of client.c that leans on it, through select.c: a client that
 * was moved, and what it still does on a new connection to the agent that it came from.
 */
#include "select_rows.h"

#define MOVED_S	 2 /* after T0; the connection is opened a second later */
#define FOR_EVER 100000

static uint64_t at(unsigned s)
{
	return T0 + s * SECOND_NS;
}

/* The latest of these times, in seconds after T0, that has come. */
static uint64_t latest(const unsigned *requests, unsigned now_s)
{
	unsigned was = 0;

	for (; *requests && *requests <= now_s; requests++)
		was = *requests;
	return at(was);
}

/* Runs a tick each second until the outcome of the one move is known. `home_s`: when its client
 * opens a connection at home too, 0: never. */
struct story {
	const char *what;
	unsigned requests[8]; /* seconds after T0; from the first on it is open */
	unsigned closes_s;    /* 0: never */
	unsigned home_s;
	enum rz_outcome outcome;
	unsigned known_s;
	unsigned behind_s, candidate_s; /* left behind from then on, a candidate again; 0: never */
};

static const struct story stories[] = {
	{"two requests, then idle", {3, 11}, 0, 0, RZ_OUTCOME_LEFT, 122, 17, 0},
	{"... and closed before it is due", {3, 11}, 25, 0, RZ_OUTCOME_LEFT, 32, 17, 0},
	{"... and closed later", {3, 11}, 60, 0, RZ_OUTCOME_LEFT, 60, 17, 0},
	{"... and at home already", {3, 11}, 0, 5, RZ_OUTCOME_HOME, 32, 17, 0},
	{"... and at home later", {3, 11}, 0, 40, RZ_OUTCOME_HOME, 40, 17, 0},
	{"... and works here again, late", {3, 11, 200}, 0, 0, RZ_OUTCOME_LEFT, 122, 17, 200},
	{"it fetches every 10 s", {3, 13, 23, 33, 43}, 0, 0, RZ_OUTCOME_RETURNED, 32, 17, 23},
	{"... and is at home too", {3, 13, 23, 33, 43}, 0, 4, RZ_OUTCOME_RETURNED, 32, 17, 23},
	{"it fetches every 30 s", {3, 33, 63}, 0, 0, RZ_OUTCOME_RETURNED, 33, 17, 33},
	{"it writes every 40 s", {3, 43, 83}, 0, 0, RZ_OUTCOME_RETURNED, 43, 17, 43},
	{"the last moment of leaving", {3, 16}, 0, 0, RZ_OUTCOME_LEFT, 122, 17, 0},
	{"the first moment of staying", {3, 17}, 0, 0, RZ_OUTCOME_RETURNED, 32, 0, 0},
};

static void tell(const struct story *y)
{
	struct rz_limits l = with_outcomes();
	struct rz_select *s = make(&l);
	struct rz_candidate moved = row(1, 7, T0 - HOUR_NS);
	unsigned t, behind_s = 0, candidate_s = 0, known_s = 0, due = 0;
	enum rz_outcome outcome = RZ_OUTCOME_NONE;
	const struct rz_outcome_row *known;
	size_t i, n;

	assert_int_equal(ask(s, moved, T0), RZ_REASON_NONE);
	rz_select_moved(s, &moved, at(MOVED_S));
	for (t = y->requests[0]; t < 250; t++) {
		struct rz_candidate rows[2] = {row(2, 7, at(y->requests[0])),
					       row(3, 7, at(y->home_s))};
		bool closed = y->closes_s && t >= y->closes_s;

		rows[0].data_ns = latest(y->requests, t);
		rows[1].same_zone = true;
		if (closed)
			run(s, rows, 0, at(t));
		else
			run(s, rows, y->home_s && t >= y->home_s ? 2 : 1, at(t));
		if (!closed && rows[0].reason == RZ_REASON_LEFT_BEHIND)
			behind_s = behind_s ? behind_s : t;
		else if (!closed && behind_s)
			candidate_s = candidate_s ? candidate_s : t;
		known = rz_select_outcomes(s, &n);
		for (i = 0; i < n; i++) {
			assert_int_equal(known[i].moved_ns, at(MOVED_S));
			due += known[i].outcome == RZ_OUTCOME_NONE;
			if (known[i].outcome == RZ_OUTCOME_NONE)
				continue;
			assert_int_equal(outcome, RZ_OUTCOME_NONE); /* told once */
			assert_int_equal(known[i].late, due);
			outcome = known[i].outcome;
			known_s = t;
		}
	}
	if (outcome != y->outcome || known_s != y->known_s || behind_s != y->behind_s ||
	    candidate_s != y->candidate_s || due != (known_s > 32))
		fail_msg("%s: outcome %d at %u, left behind from %u to %u, due %u times", y->what,
			 outcome, known_s, behind_s, candidate_s, due);
	rz_select_free(s);
}

static void test_stories(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(stories) / sizeof(stories[0]); i++)
		tell(&stories[i]);
}

/* It never rests: found out as soon as it is due, by settings of any length. */
static void test_returned_in_time(void **state)
{
	static const unsigned afters[] = {0, 1, 2, 10, 30, 300};
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(afters) / sizeof(afters[0]); i++) {
		struct rz_limits l = with_outcomes();
		struct rz_candidate moved = row(1, 7, T0 - HOUR_NS);
		uint64_t due = T0 + 1 + afters[i] * SECOND_NS;
		struct rz_select *s;

		l.outcome_ns = afters[i] * SECOND_NS;
		s = make(&l);
		ask(s, moved, T0);
		rz_select_moved(s, &moved, T0 + 1);
		if (afters[i]) {
			ask(s, row(2, 7, T0 + 2), due - 1);
			rz_select_outcomes(s, &n);
			assert_int_equal(n, 0);
		}
		ask(s, row(2, 7, T0 + 2), due);
		assert_int_equal(rz_select_outcomes(s, &n)->outcome, RZ_OUTCOME_RETURNED);
		rz_select_free(s);
	}
}

/* Two processes with one client.id: the second leaves a connection behind too, later than the first
 * had to have left its own. */
static void test_two_of_a_client(void **state)
{
	struct rz_limits l = with_outcomes();
	struct rz_select *s = make(&l);
	struct rz_candidate a = row(1, 7, 1), b = row(2, 7, 1), rows[2] = {a, b};
	unsigned t, left = 0;
	size_t i, n;

	(void)state;
	run(s, rows, 2, T0);
	rz_select_moved(s, &a, at(1));
	rows[0] = row(3, 7, at(2));
	rows[0].data_ns = at(9);
	run(s, rows, 2, at(30));
	assert_int_equal(rows[0].reason, RZ_REASON_LEFT_BEHIND);
	assert_int_equal(rows[1].reason, RZ_REASON_NONE);
	rz_select_moved(s, &b, at(31));
	rows[1] = row(4, 7, at(32));
	rows[1].data_ns = at(39);
	for (t = 32; t < 200; t++) {
		const struct rz_outcome_row *known;

		run(s, rows, 2, at(t));
		assert_int_equal(rows[0].reason, RZ_REASON_LEFT_BEHIND);
		known = rz_select_outcomes(s, &n);
		for (i = 0; i < n; i++) {
			assert_int_not_equal(known[i].outcome, RZ_OUTCOME_RETURNED);
			left += known[i].outcome == RZ_OUTCOME_LEFT;
		}
	}
	assert_int_equal(left, 2);
	rz_select_free(s);
}

/* A client whose other connections follow every 10 s is back, and is found out in time. */
static void test_returned_while_others_follow(void **state)
{
	struct rz_limits l = with_outcomes();
	struct rz_select *s = make(&l);
	struct rz_candidate rows[5];
	size_t i, n;

	(void)state;
	for (i = 0; i < 5; i++)
		rows[i] = row(i + 1, 7, 1);
	for (i = 0; i < 4; i++) { /* each goes and comes back at once */
		run(s, rows, 5, at(10 * i));
		rz_select_outcomes(s, &n);
		assert_int_equal(n, i == 3);
		assert_int_equal(rows[i].reason, RZ_REASON_NONE);
		rz_select_moved(s, &rows[i], at(10 * i));
		rows[i] = row(10 + i, 7, at(10 * i) + 1);
	}
	run(s, rows, 5, at(40));
	assert_int_equal(rz_select_outcomes(s, &n)->outcome, RZ_OUTCOME_RETURNED);
	rz_select_free(s);
}

/* What was left behind makes no round futile, is remembered for as long as it is there, and is
 * moved at its next request like any other. */
static void test_left_behind_for_long(void **state)
{
	struct rz_limits l = with_outcomes();
	struct rz_select *s = make(&l);
	struct rz_candidate moved = row(1, 7, 1), behind = row(2, 7, at(1));
	unsigned t;

	(void)state;
	assert_int_equal(ask(s, moved, T0), RZ_REASON_NONE);
	rz_select_moved(s, &moved, T0);
	behind.data_ns = at(9);
	for (t = 30; t < 3 * 3600; t += 30)
		assert_int_equal(ask(s, behind, at(t)), RZ_REASON_LEFT_BEHIND);
	behind.data_ns = at(t);
	assert_int_equal(ask(s, behind, at(t)), RZ_REASON_NONE);
	rz_select_moved(s, &behind, at(t));
	/* back for good: the first futile round, twice the cooldown */
	assert_int_equal(ask(s, row(3, 7, at(t + 1)), at(t + 60)), RZ_REASON_COOLING_DOWN);
	assert_int_equal(ask(s, row(3, 7, at(t + 1)), at(t + 119)), RZ_REASON_COOLING_DOWN);
	assert_int_equal(ask(s, row(3, 7, at(t + 1)), at(t + 120)), RZ_REASON_NONE);
	assert_int_equal(rz_select_remembered(s), 1);
	run(s, NULL, 0, at(t + 3 * 3600)); /* no longer there */
	assert_int_equal(rz_select_remembered(s), 0);
	rz_select_free(s);
}

/* A round that ends before it is known whether the client stays does not let it go at once. */
static void test_too_early(void **state)
{
	struct rz_limits l = with_outcomes();
	struct rz_select *s = make(&l);
	struct rz_candidate rows[2] = {row(1, 7, 1), row(2, 7, 1)}, back = row(3, 7, at(52));

	(void)state;
	run(s, rows, 2, T0);
	rz_select_moved(s, &rows[0], T0);
	run(s, rows + 1, 1, at(50));
	assert_int_equal(rows[1].reason, RZ_REASON_NONE);
	rz_select_moved(s, &rows[1], at(50));
	back.data_ns = at(55);
	assert_int_equal(ask(s, back, at(61)), RZ_REASON_COOLING_DOWN);
	assert_int_equal(ask(s, back, at(65)), RZ_REASON_LEFT_BEHIND);
	back.data_ns = at(66);
	assert_int_equal(ask(s, back, at(66)), RZ_REASON_COOLING_DOWN); /* futile */
	assert_int_equal(ask(s, back, at(50 + 119)), RZ_REASON_COOLING_DOWN);
	assert_int_equal(ask(s, back, at(50 + 120)), RZ_REASON_NONE);
	rz_select_free(s);
}

/* The policy has not moved this client; an operator has. Mode observe never moves one. */
static void test_by_hand(void **state)
{
	static const enum rz_mode modes[] = {RZ_MODE_ENFORCE, RZ_MODE_OBSERVE};
	struct rz_candidate moved = row(1, 7, 1), behind = row(2, 7, at(3));
	size_t i;

	(void)state;
	behind.data_ns = at(9);
	for (i = 0; i < 2; i++) {
		struct rz_limits l = with_outcomes();
		struct rz_select *s;

		l.mode = modes[i];
		s = make(&l);
		run(s, NULL, 0, T0);
		rz_select_moved(s, &moved, at(2));
		assert_int_equal(ask(s, behind, at(20)), RZ_REASON_LEFT_BEHIND);
		behind.data_ns = at(25);
		assert_int_equal(ask(s, behind, at(25)), i ? RZ_REASON_OBSERVING : RZ_REASON_NONE);
		behind.data_ns = at(9);
		rz_select_free(s);
	}
}

/* `idle` clients leave a connection behind, `busy` ones stay: does the breaker open? The idle ones'
 * next request comes at `again_s`. */
static bool opens(size_t idle, size_t busy, unsigned again_s)
{
	struct rz_limits l = with_outcomes();
	struct rz_select *s = make(&l);
	struct rz_candidate rows[64];
	unsigned opened, t;
	size_t i;

	many(rows, idle + busy);
	run(s, rows, idle + busy, T0);
	for (i = 0; i < idle + busy; i++) {
		rz_select_moved(s, &rows[i], T0);
		rows[i].opened_ns = at(1);
		rows[i].cookie += 500;
	}
	for (t = 30; t < 300; t += 15) {
		for (i = 0; i < idle; i++)
			rows[i].data_ns = at(t < again_s ? 9 : t);
		run(s, rows, idle + busy, at(t));
	}
	rz_select_breaker_until(s, &opened);
	rz_select_free(s);
	return opened;
}

static void test_breaker(void **state)
{
	(void)state;
	assert_true(opens(0, 10, FOR_EVER));
	assert_false(opens(14, 0, FOR_EVER));
	/* the first ten to be known are futile, and a quarter of all */
	assert_false(opens(30, 10, FOR_EVER));
	assert_true(opens(20, 10, FOR_EVER));
	/* clients that seldom write are found out later */
	assert_true(opens(14, 0, 60));
	assert_false(opens(14, 0, 200)); /* they had left, as far as could be told */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stories),
		cmocka_unit_test(test_returned_in_time),
		cmocka_unit_test(test_two_of_a_client),
		cmocka_unit_test(test_returned_while_others_follow),
		cmocka_unit_test(test_left_behind_for_long),
		cmocka_unit_test(test_too_early),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_breaker),
	};

	return cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL);
}
