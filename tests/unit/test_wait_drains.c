// SPDX-License-Identifier: Apache-2.0
/* user/move/wait.c: the short pauses of a client whose library drains what it gets before the end.
 */
#include "wait.h"

static struct story drains(void)
{
	struct story s = begin();

	s.plan = (struct rz_plan){.close = RZ_CLOSE_FIN, .gap_only = true, .drains = true};
	s.e.deepest = 1;
	return s;
}

/* So many requests, as far apart as that, all answered at once. */
static void come(struct story *s, int n, uint64_t apart_ms)
{
	for (; n; n--) {
		s->e.whole.must++;
		then(s, apart_ms, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
	}
}

static void test_a_short_pause(void **state)
{
	struct story s = drains();

	(void)state;
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
	come(&s, 3, 100);
	then(&s, 49, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
	then(&s, 1, RZ_ACT_HOLD, 0);
	assert_true(s.w.bridge);
	then(&s, 10, RZ_ACT_TRY, 0);
	/* a request came meanwhile: not so in each of its pauses */
	s.e.held = s.e.fresh = 1;
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_HELD);
	come(&s, 1, 200);
	then(&s, 50, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
	come(&s, 3, 100);
	then(&s, 50, RZ_ACT_HOLD, 0);
}

/* Its requests must come one at a time and far apart, or it may be a stop. */
static void test_no_short_pause(void **state)
{
	struct story s;
	int i;

	(void)state;
	for (i = 0; i < 6; i++) {
		s = drains();
		s.plan.drains = i != 0;
		s.plan.acks0 = i == 1;			/* no response says that the agent has it */
		s.l.hold_ns = i == 2 ? 0 : s.l.hold_ns; /* nothing bridges check and FIN */
		s.e.deepest = i == 3 ? 2 : 1;
		then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
		come(&s, 3, i == 4 ? 99 : 100);
		if (i == 5) { /* two between two steps */
			s.e.whole.must++;
			come(&s, 1, 100);
		}
		then(&s, 399, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
		then(&s, 1, i == 1 || i == 2 ? RZ_ACT_TRY : RZ_ACT_HOLD, 0);
	}
}

/* Nobody knows what was before the first that is seen. */
static void test_the_first(void **state)
{
	struct story s = drains();

	(void)state;
	s.e.whole.must = 1;
	then(&s, 0, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
	come(&s, 2, 100);
	then(&s, 50, RZ_ACT_WAIT, RZ_CHECK_SETTLING);
	come(&s, 1, 50);
	then(&s, 50, RZ_ACT_HOLD, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_short_pause),
		cmocka_unit_test(test_no_short_pause),
		cmocka_unit_test(test_the_first),
	};

	return cmocka_run_group_tests_name("wait_drains", tests, NULL, NULL);
}
