// SPDX-License-Identifier: Apache-2.0
/* user/policy/breaker.c: when it opens. test_limits.c has what it does. */
#include "select_rows.h"
#include "policy/breaker.h"

/* Exactly its share is enough, whatever a double makes of it. */
static void test_breaker_share(void **state)
{
	unsigned percent, n, futile, i;

	(void)state;
	for (percent = 1; percent <= 100; percent++)
		for (n = RZ_BREAKER_LEAST; n <= RZ_BREAKER_WINDOW; n++)
			for (futile = 0; futile <= n; futile++) {
				struct rz_breaker b = {.share = percent / 100.0};
				struct rz_outcome_row r = {.outcome = RZ_OUTCOME_LEFT};

				/* all that helped first, the futile ones behind them */
				for (b.n = 0; b.n < n - 1; b.n++) {
					b.votes[b.n].addr[0] = (uint8_t)(b.n + 1);
					b.votes[b.n].futile = b.n + futile >= n;
				}
				r.outcome = futile ? RZ_OUTCOME_RETURNED : RZ_OUTCOME_LEFT;
				rz_breaker_note(&b, &r, T0);
				i = futile * 100 >= percent * n;
				assert_int_equal(b.open, i);
			}
}

/* An operator's moves say nothing of the policy's choice. */
static void test_by_hand(void **state)
{
	struct rz_breaker b = {.share = 0.3};
	struct rz_outcome_row r = {.outcome = RZ_OUTCOME_RETURNED, .by_hand = true};
	unsigned i;

	(void)state;
	for (i = 0; i < RZ_BREAKER_WINDOW; i++)
		rz_breaker_note(&b, &r, T0);
	assert_false(b.open);
	assert_int_equal(b.n, 0);
}

/* An address's latest outcome replaces its earlier one; with 64 others it is the oldest that goes.
 */
static void test_vote(void **state)
{
	struct rz_breaker b = {.share = 0.2};
	struct rz_outcome_row r = {.outcome = RZ_OUTCOME_RETURNED};
	unsigned i;

	(void)state;
	for (i = 0; i < 100; i++)
		rz_breaker_note(&b, &r, T0);
	assert_int_equal(b.n, 1);
	r.outcome = RZ_OUTCOME_LEFT;
	for (r.addr[0] = 1; r.addr[0] <= RZ_BREAKER_WINDOW; r.addr[0]++)
		rz_breaker_note(&b, &r, T0);
	assert_int_equal(b.n, RZ_BREAKER_WINDOW);
	assert_int_equal(b.votes[0].addr[0], 1); /* 0 is gone */
	r.outcome = RZ_OUTCOME_RETURNED;
	for (r.addr[0] = 1; r.addr[0] <= 12; r.addr[0]++)
		rz_breaker_note(&b, &r, T0);
	assert_false(b.open);
	rz_breaker_note(&b, &r, T0); /* 13 of 64 */
	assert_true(b.open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_breaker_share),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_vote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
