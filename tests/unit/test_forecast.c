// SPDX-License-Identifier: Apache-2.0
/* user/policy/forecast.c: whom enforcing would move, and when. */
#include "world.h"
#include "policy/forecast.h"

#define N_CONNS 40

struct fixture {
	struct test_world w;
	struct rz_conn conns[N_CONNS];
	struct rz_client_row clients[N_CONNS];
	struct rz_snapshot snap;
	struct rz_limits limits;
};

/* As many cross-zone connections, each of a client of its own. */
static void make(struct fixture *f, size_t n)
{
	size_t i;

	memset(f, 0, sizeof(*f));
	test_world_make(&f->w);
	f->w.settings.interval_ns = 30 * SECOND_NS;
	f->limits = (struct rz_limits){.rates = {.node = 5},
				       .per_client_ns = 24 * SECOND_NS,
				       .client_share = 0.4,
				       .cooldown_ns = MINUTE_NS,
				       .cooldown_max_ns = HOUR_NS,
				       .give_up_after = 3,
				       .give_up_for_ns = HOUR_NS,
				       .outcome_ns = 30 * SECOND_NS};
	for (i = 0; i < n; i++) {
		f->conns[i] = f->w.conn;
		f->conns[i].cookie = i + 1;
		f->conns[i].frame.client = i + 1;
		f->conns[i].frame.data_version = 12;
		f->clients[i] = (struct rz_client_row){i + 1, f->w.client};
	}
	f->snap = (struct rz_snapshot){.conns = f->conns,
				       .n_conns = n,
				       .clients = f->clients,
				       .n_clients = n,
				       .now_ns = NOW_NS};
}

static struct rz_forecast run(struct fixture *f, size_t visits)
{
	struct rz_world world = test_world_view(&f->w);
	struct rz_forecast ret;

	assert_int_equal(rz_forecast_run(&f->snap, &world, &f->limits, visits, &ret), 0);
	return ret;
}

static size_t gone_by(const struct rz_forecast *f, uint64_t after_ns)
{
	size_t i, n = 0;

	for (i = 0; i < f->n; i++)
		n += f->rows[i].after_ns <= after_ns;
	return n;
}

/* One client.id has one move an interval: the pace is the policy's own. */
static void test_one_client(void **state)
{
	struct rz_forecast r;
	struct fixture f;
	size_t i;

	(void)state;
	make(&f, 3);
	for (i = 0; i < 3; i++)
		f.conns[i].frame.client = 1;
	r = run(&f, RZ_FORECAST_VISITS);
	assert_int_equal(r.n, 3);
	assert_int_equal(rz_forecast_find(&r, 1)->after_ns, 0);
	assert_int_equal(rz_forecast_find(&r, 2)->after_ns, 30 * SECOND_NS);
	assert_int_equal(rz_forecast_find(&r, 3)->after_ns, 60 * SECOND_NS);
	assert_int_equal(r.last_ns, 60 * SECOND_NS);
	assert_int_equal(r.later, 0);
	assert_null(rz_forecast_find(&r, 4));
	rz_forecast_free(&r);
}

/* Whoever waits for a rate alone does so from second to second. Whether the daemon observes, and
 * whether it is paused, does not matter. */
static void test_rate(void **state)
{
	struct rz_forecast r;
	struct fixture f;

	(void)state;
	make(&f, 40);
	f.w.settings.mode = f.limits.mode = RZ_MODE_OBSERVE;
	f.w.settings.paused = 1;
	r = run(&f, RZ_FORECAST_VISITS);
	assert_int_equal(gone_by(&r, 0), 5);
	assert_int_equal(gone_by(&r, SECOND_NS), 10);
	assert_int_equal(gone_by(&r, 7 * SECOND_NS), 40);
	assert_int_equal(r.last_ns, 7 * SECOND_NS);
	rz_forecast_free(&r);
}

/* Rate 0 is no limit. */
static void test_no_rate(void **state)
{
	struct rz_forecast r;
	struct fixture f;

	(void)state;
	make(&f, 40);
	f.limits.rates.node = 0;
	r = run(&f, RZ_FORECAST_VISITS);
	assert_int_equal(gone_by(&r, 0), 40);
	rz_forecast_free(&r);
}

/* Whoever is kept has a verdict and no row; of what is too far away nothing is made up. */
static void test_kept_and_later(void **state)
{
	struct rz_forecast r;
	struct fixture f;

	(void)state;
	make(&f, 40);
	f.clients[0].client.opt_in = 0;
	r = run(&f, 100);
	assert_null(rz_forecast_find(&r, 1));
	assert_int_equal(r.tick->verdicts[0].reason, RZ_REASON_NOT_OPTED_IN);
	assert_int_equal(r.n, 39);
	assert_int_equal(gone_by(&r, 100 * HOUR_NS), 15); /* three ticks: 39, 34, 29 visits */
	assert_int_equal(r.later, 24);
	rz_forecast_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_client),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_no_rate),
		cmocka_unit_test(test_kept_and_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
