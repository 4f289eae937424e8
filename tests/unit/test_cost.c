// SPDX-License-Identifier: Apache-2.0
/* user/out/cost*.c, user/policy/saving.c: what crossed zones, what it cost, what moves have saved.
 */
#include "golden.h"
#include "printed.h"
#include "out/cost.h"

#define HOUR	 490000U
#define NOW_UNIX (HOUR * HOUR_NS + HOUR_NS / 2)
#define GB	 1000000000ULL

static struct rz_ledger_key zones[6] = {{"default", "b", "a"},
					{"other", "b", "a"},
					{"default", "a", "a"},
					{"default", "", "a"},
					{"default", "c", "a"}};
static struct rz_ledger_sum sums[6];
static struct rz_ledger_client_key clients[4];
static struct rz_ledger_client values[4];
static struct rz_saved saved[4];

static void add(struct rz_ledger_sum *s, uint32_t hour, uint64_t rx, uint64_t tx)
{
	struct rz_ledger_more more = {rx, tx, 0, 0, 0};

	rz_ledger_sum_add(s, hour, &more);
}

static struct rz_ledger_rows ledger(void)
{
	memset(sums, 0, sizeof(sums));
	memset(values, 0, sizeof(values));
	memset(saved, 0, sizeof(saved));
	add(&sums[0], HOUR - 49, 1000 * GB, 0); /* too old to be shown */
	add(&sums[0], HOUR - 48, GB, 0);
	add(&sums[0], HOUR - 1, 2 * GB, 3 * GB);
	add(&sums[0], HOUR, GB, GB);
	add(&sums[1], HOUR, GB / 2, 0);
	add(&sums[2], HOUR, 5 * GB, 5 * GB);
	add(&sums[3], HOUR, GB, 0);
	clients[0] = (struct rz_ledger_client_key){7, zones[0]};
	clients[1] = (struct rz_ledger_client_key){7, zones[2]};
	clients[2] = (struct rz_ledger_client_key){0, zones[3]};
	add(&values[0].sum, HOUR - 1, 2 * GB, 2 * GB);
	add(&values[1].sum, HOUR, 4 * GB, 0);
	add(&values[2].sum, HOUR, GB, 0);
	strcpy(values[0].id, "payments");
	strcpy(values[1].id, "payments");
	saved[0] = (struct rz_saved){.moved_unix_ns = NOW_UNIX - 10 * HOUR_NS,
				     .rx_bytes = 2 * GB,
				     .seen_ns = 2 * HOUR_NS,
				     .zones = zones[0],
				     .outcome = RZ_OUTCOME_HOME};
	saved[1] = saved[0];
	saved[1].outcome = RZ_OUTCOME_LEFT;
	saved[2] = saved[0];
	saved[2].outcome = RZ_OUTCOME_RETURNED;
	saved[3] = saved[0];
	saved[3].zones = zones[2]; /* it did not cross */
	return (struct rz_ledger_rows){.state = {.since_unix_ns = NOW_UNIX - 73 * HOUR_NS,
						 .since_ns = HOUR_NS,
						 .updated_unix_ns = NOW_UNIX,
						 .updated_ns = 74 * HOUR_NS},
				       .zones = zones,
				       .zones_sums = sums,
				       .n_zones = 5,
				       .clients = clients,
				       .clients_values = values,
				       .n_clients = 3,
				       .saved = saved,
				       .n_saved = 4};
}

static struct rz_cost_report made(const struct rz_ledger_rows *rows, const char *price)
{
	struct rz_cost_report r;
	struct rz_price p;
	char why[128];

	assert_int_equal(rz_price_parse(price, "", &p, why, sizeof(why)), 0);
	assert_int_equal(rz_cost_report_make(rows, &p, &r), 0);
	return r;
}

static const struct rz_cost_row *row(const struct rz_cost_report *r, enum rz_cost_by by, size_t i)
{
	assert_true(i < r->by[by].n);
	return &r->by[by].rows[i];
}

static void by_zones_and_group(void **state)
{
	struct rz_ledger_rows rows = ledger();
	struct rz_cost_report r = made(&rows, "aws");
	const struct rz_cost_row *z;

	(void)state;
	/* groups are together; what carried nothing in these hours is left out */
	assert_int_equal(r.by[RZ_COST_BY_ZONES].n, 3);
	z = row(&r, RZ_COST_BY_ZONES, 0);
	assert_string_equal(z->zones.client_zone, "b");
	assert_int_equal(z->bytes.rx[RZ_LOCALITY_CROSS], 4 * GB + GB / 2);
	assert_int_equal(z->bytes.tx[RZ_LOCALITY_CROSS], 4 * GB);
	assert_int_equal(z->hours[0].rx[RZ_LOCALITY_CROSS], GB);
	assert_int_equal(z->hours[RZ_COST_HOURS - 1].rx[RZ_LOCALITY_CROSS], GB + GB / 2);
	assert_float_equal(rz_cost_of(&r, &z->bytes), 8.5 * 0.02, 1e-9);
	assert_int_equal(r.by[RZ_COST_BY_GROUP].n, 2);
	z = row(&r, RZ_COST_BY_GROUP, 0);
	assert_string_equal(z->zones.group, "default");
	assert_int_equal(rz_cost_bytes_in(&z->bytes, RZ_LOCALITY_SAME), 10 * GB);
	/* bytes whose zones are not known cost nothing that anybody knows */
	assert_int_equal(rz_cost_bytes_in(&z->bytes, RZ_LOCALITY_UNKNOWN), GB);
	assert_float_equal(rz_cost_of(&r, &z->bytes), 8 * 0.02, 1e-9);
	/* 48 whole hours and half of the present one */
	assert_int_equal(r.covered_ns, 48 * HOUR_NS + HOUR_NS / 2);
	rz_cost_report_free(&r);
}

/* A client's rows are one; the others are all less those that have rows. */
static void by_client(void **state)
{
	struct rz_ledger_rows rows = ledger();
	struct rz_cost_report r = made(&rows, "aws");
	size_t i, others = 0;
	uint64_t sum = 0;

	(void)state;
	assert_int_equal(r.by[RZ_COST_BY_CLIENT].n, 3);
	for (i = 0; i < 3; i++) {
		const struct rz_cost_row *c = row(&r, RZ_COST_BY_CLIENT, i);

		sum += rz_cost_bytes_in(&c->bytes, RZ_LOCALITY_CROSS) +
		       rz_cost_bytes_in(&c->bytes, RZ_LOCALITY_SAME) +
		       rz_cost_bytes_in(&c->bytes, RZ_LOCALITY_UNKNOWN);
		if (c->who == RZ_COST_OTHERS) {
			others++;
			assert_int_equal(c->bytes.rx[RZ_LOCALITY_CROSS], 2 * GB + GB / 2);
			assert_int_equal(c->bytes.tx[RZ_LOCALITY_CROSS], 2 * GB);
			assert_int_equal(c->bytes.rx[RZ_LOCALITY_UNKNOWN], 0);
		} else if (c->who == RZ_COST_CLIENT) {
			assert_string_equal(c->id, "payments");
			assert_int_equal(rz_cost_bytes_in(&c->bytes, RZ_LOCALITY_CROSS), 4 * GB);
			assert_int_equal(rz_cost_bytes_in(&c->bytes, RZ_LOCALITY_SAME), 4 * GB);
		}
	}
	assert_int_equal(others, 1);
	assert_int_equal(sum, 19 * GB + GB / 2);
	rz_cost_report_free(&r);
}

/* Counting began 20 minutes ago: a month is by these 20 minutes, whatever the clock says. */
static void projected(void **state)
{
	struct rz_ledger_rows rows = ledger();
	struct rz_cost_report r;

	(void)state;
	rows.state.updated_ns = rows.state.since_ns + HOUR_NS / 3;
	rows.state.since_unix_ns = NOW_UNIX + 5 * HOUR_NS;
	r = made(&rows, "aws");
	assert_int_equal(r.covered_ns, HOUR_NS / 3);
	rz_cost_report_free(&r);
	rows.state.updated_ns = 0; /* no tick yet */
	r = made(&rows, "aws");
	assert_int_equal(r.covered_ns, 0);
	assert_float_equal(rz_price_month(rz_cost_of(&r, &r.all), r.covered_ns), 0, 0);
	rz_cost_report_free(&r);
}

/* At 1 GB an hour for 2 hours, 10 hours ago: 2 GB at least, 10 at most, or 20 with the one that
 * left. */
static void saving(void **state)
{
	struct rz_ledger_rows rows = ledger();
	struct rz_saving s = rz_saving_of(rows.saved, rows.n_saved, NOW_UNIX);

	(void)state;
	assert_int_equal(s.moves, 3);
	assert_int_equal(s.home, 1);
	assert_int_equal(s.left, 1);
	assert_int_equal(s.returned, 1);
	assert_float_equal(s.least_rx, 2.0 * GB, 1);
	assert_float_equal(s.most_rx, 20.0 * GB, 1);
	assert_float_equal(s.least_tx + s.most_tx, 0, 0);
	/* it was an hour ago */
	saved[0].moved_unix_ns = NOW_UNIX - HOUR_NS;
	s = rz_saving_of(rows.saved, 1, NOW_UNIX);
	assert_float_equal(s.least_rx, 1.0 * GB, 1);
	assert_float_equal(s.most_rx, 1.0 * GB, 1);
	/* the clock was set back since */
	s = rz_saving_of(rows.saved, 1, NOW_UNIX - 2 * HOUR_NS);
	assert_float_equal(s.most_rx, 0, 0);
	/* never seen for any time: there is no rate */
	saved[0].seen_ns = 0;
	s = rz_saving_of(rows.saved, 1, NOW_UNIX);
	assert_int_equal(s.moves, 0);
}

/* Each order, by the first row of clients: payments crossed and stayed, the others crossed more. */
static void test_order(void **state)
{
	static const enum rz_cost_who first[RZ_COST_SORT_COUNT] = {
		[RZ_COST_SORT_COST] = RZ_COST_OTHERS,
		[RZ_COST_SORT_RX] = RZ_COST_OTHERS,
		[RZ_COST_SORT_TX] = RZ_COST_CLIENT,
		[RZ_COST_SORT_SAME] = RZ_COST_OTHERS,
		[RZ_COST_SORT_UNKNOWN] = RZ_COST_UNIDENTIFIED,
		[RZ_COST_SORT_NAME] = RZ_COST_CLIENT,
	};
	struct rz_ledger_rows rows = ledger();
	struct rz_cost_report r = made(&rows, "aws");
	int by;

	(void)state;
	for (by = 0; by < RZ_COST_SORT_COUNT; by++) {
		rz_cost_order(&r, by);
		assert_int_equal(row(&r, RZ_COST_BY_CLIENT, 0)->who, first[by]);
	}
	assert_int_equal(row(&r, RZ_COST_BY_HOUR, 0)->hour, HOUR - RZ_COST_HOURS + 1);
	rz_cost_order(&r, RZ_COST_SORT_RX);
	assert_int_equal(row(&r, RZ_COST_BY_HOUR, 0)->hour, HOUR - 1);
	assert_string_equal(row(&r, RZ_COST_BY_GROUP, 0)->zones.group, "default");
	rz_cost_order(&r, RZ_COST_SORT_NAME);
	assert_string_equal(row(&r, RZ_COST_BY_ZONES, 0)->zones.client_zone, "");
	rz_cost_report_free(&r);
	/* only the way to the agents costs, or nobody knows what: then the bytes decide */
	r = made(&rows, "0,1");
	rz_cost_order(&r, RZ_COST_SORT_COST);
	assert_int_equal(row(&r, RZ_COST_BY_HOUR, 0)->hour, HOUR - 1);
	rz_cost_report_free(&r);
}

static const char *text_of(const struct rz_cost_report *r, int by, bool json)
{
	return json ? PRINTED(rz_cost_print_json, r, 0) : PRINTED(rz_cost_print_text, r, by, 0);
}

static void test_golden(void **state)
{
	struct rz_ledger_rows rows = ledger();
	struct rz_cost_report r = made(&rows, "aws");

	(void)state;
	golden("cost.txt", text_of(&r, -1, false));
	golden("cost.json", text_of(&r, -1, true));
	rz_cost_report_free(&r);
	/* no price is known: no money anywhere */
	r = made(&rows, "off");
	golden("cost-unpriced.txt", text_of(&r, RZ_COST_BY_CLIENT, false));
	assert_null(strchr(text_of(&r, -1, false), '$'));
	rz_cost_report_free(&r);
	/* counted for three hours: the hours before are not shown as such in which nothing crossed
	 */
	memset(&sums[0], 0, sizeof(sums[0]));
	add(&sums[0], HOUR - 1, 2 * GB, 3 * GB);
	rows.state.since_unix_ns = NOW_UNIX - 3 * HOUR_NS;
	r = made(&rows, "aws");
	golden("cost-hours.txt", text_of(&r, RZ_COST_BY_HOUR, false));
	/* the dearest first; hours before counting began stay away, wherever they are */
	rz_cost_order(&r, RZ_COST_SORT_COST);
	golden("cost-hours-sorted.txt", PRINTED(rz_cost_print_text, &r, RZ_COST_BY_HOUR, 2));
	rz_cost_report_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_zones_and_group), cmocka_unit_test(by_client),
		cmocka_unit_test(projected),	      cmocka_unit_test(saving),
		cmocka_unit_test(test_order),	      cmocka_unit_test(test_golden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
