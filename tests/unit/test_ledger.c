// SPDX-License-Identifier: Apache-2.0
/* user/policy/ledger.c: bytes of connections, added up as differences. */
#include "ledger_rows.h"

static size_t places_taken(void)
{
	size_t i, n = 0;

	for (i = 0; i < N_PLACES; i++)
		n += rz_counted_get(places, i).cookie != 0;
	return n;
}

static uint64_t all_bytes(const struct rz_ledger *l)
{
	struct rz_ledger_zone_row *r, *next;
	uint64_t n = 0;

	HASH_ITER (hh, l->zones, r, next)
		n += r->sum.rx_bytes + r->sum.tx_bytes;
	return n;
}

static struct rz_conn conn(uint64_t cookie, uint64_t rx, uint64_t tx)
{
	return (struct rz_conn){.cookie = cookie, .rx_bytes = rx, .tx_bytes = tx};
}

static struct rz_ledger_more open_one(struct rz_ledger *l, const struct rz_conn *c)
{
	uint32_t place;

	return rz_ledger_open(l, c, &place);
}

/* A tick with one open connection between these zones; none if its cookie is 0. */
static void tick(struct rz_ledger *l, uint32_t hour, struct rz_conn c, const struct pair *p)
{
	rz_ledger_begin(l, hour);
	if (c.cookie)
		add(l, p, 7, open_one(l, &c));
	rz_ledger_end(l);
}

static void differences(void **state)
{
	struct rz_ledger *l = ledger(16, 16);

	(void)state;
	tick(l, HOUR, conn(1, 100, 10), &ab);
	assert_int_equal(sum_of(l, &ab).rx_bytes, 100);
	tick(l, HOUR, conn(1, 250, 10), &ab);
	assert_int_equal(sum_of(l, &ab).rx_bytes, 250);
	assert_int_equal(sum_of(l, &ab).tx_bytes, 10);
	/* what was counted is not taken back */
	tick(l, HOUR, conn(1, 200, 10), &ab);
	assert_int_equal(sum_of(l, &ab).rx_bytes, 250);
	tick(l, HOUR, conn(1, 260, 10), &ab);
	assert_int_equal(sum_of(l, &ab).rx_bytes, 260);
	rz_ledger_free(l);
}

/* Of a connection's sums the low 51 bits are kept. */
static void petabytes(void **state)
{
	struct rz_conn c = conn(-1ULL, (1ULL << 51) - 100, 1ULL << 50);
	struct rz_ledger *l = ledger(16, 16);

	(void)state;
	c.frame.adopted = 1;
	tick(l, HOUR, c, &ab);
	c.rx_bytes += 300;
	c.tx_bytes += 1ULL << 49;
	tick(l, HOUR, c, &ab);
	assert_int_equal(sum_of(l, &ab).rx_bytes, 300);
	c.rx_bytes -= 50; /* what was counted is not taken back */
	c.tx_bytes += 1ULL << 49;
	c.frame.state = RZ_STATE_TLS;
	tick(l, HOUR, c, &ab);
	assert_int_equal(sum_of(l, &ab).rx_bytes, 300);
	assert_int_equal(sum_of(l, &ab).tx_bytes, 1ULL << 50);
	assert_int_equal(sum_of(l, &ab).tls_rx_bytes, 300);
	assert_int_equal(sum_of(l, &ab).tls_tx_bytes, 1ULL << 50);
	c.rx_bytes += 60; /* beyond 2^51 for good */
	tick(l, HOUR, c, &ab);
	assert_int_equal(sum_of(l, &ab).rx_bytes, 310);
	assert_int_equal(places_taken(), 2);
	rz_ledger_free(l);
}

/* Two zones are swapped in the topology: what was carried before stays where it was. */
static void zones_swapped(void **state)
{
	struct rz_ledger *l = ledger(16, 16);

	(void)state;
	tick(l, HOUR, conn(1, 1400, 60), &ab);
	tick(l, HOUR, conn(1, 1500, 60), &ba);
	assert_int_equal(sum_of(l, &ab).rx_bytes, 1400);
	assert_int_equal(sum_of(l, &ab).tx_bytes, 60);
	assert_int_equal(sum_of(l, &ba).rx_bytes, 100);
	assert_int_equal(sum_of(l, &ba).tx_bytes, 0);
	rz_ledger_free(l);
}

static struct rz_closed closed(uint64_t cookie, uint64_t rx, uint64_t tx)
{
	return (struct rz_closed){.cookie = cookie, .rx_bytes = rx, .tx_bytes = tx};
}

static void closes(void **state)
{
	struct rz_ledger *l = ledger(16, 16);
	struct rz_closed c = closed(1, 130, 13), unseen = closed(2, 5, 6),
			 old = closed(3, 900, 900);

	(void)state;
	old.adopted = 1;
	tick(l, HOUR, conn(1, 100, 10), &ab);
	rz_ledger_begin(l, HOUR);
	add(l, &ab, 7, rz_ledger_closed(l, &c));
	/* opened and closed between two ticks */
	add(l, &ab, 7, rz_ledger_closed(l, &unseen));
	/* older than rezone, and never seen: nobody knows what of it is new */
	add(l, &ab, 7, rz_ledger_closed(l, &old));
	rz_ledger_end(l);
	assert_int_equal(sum_of(l, &ab).rx_bytes, 135);
	assert_int_equal(sum_of(l, &ab).tx_bytes, 19);
	assert_int_equal(sum_of(l, &ab).closed, 3);
	assert_int_equal(places_taken(), 0);
	assert_int_equal(roll->taken, 0);
	assert_int_equal(l->lost, 0);
	rz_ledger_free(l);
}

/* A connection closes between the reading of the records and of the snapshot: its record comes with
 * the next tick, and only then it is lost. */
static void record_comes_late(void **state)
{
	struct rz_ledger *l = ledger(16, 16);
	struct rz_closed c = closed(1, 130, 10);

	(void)state;
	tick(l, HOUR, conn(1, 100, 10), &ab);
	tick(l, HOUR, conn(0, 0, 0), &ab);
	assert_int_equal(places_taken(), 1);
	rz_ledger_begin(l, HOUR);
	add(l, &ab, 7, rz_ledger_closed(l, &c));
	rz_ledger_end(l);
	assert_int_equal(sum_of(l, &ab).rx_bytes, 130);
	assert_int_equal(l->lost, 0);
	/* no record at all */
	tick(l, HOUR, conn(4, 50, 0), &ab);
	tick(l, HOUR, conn(0, 0, 0), &ab);
	tick(l, HOUR, conn(0, 0, 0), &ab);
	assert_int_equal(l->lost, 1);
	assert_int_equal(places_taken(), 0);
	assert_int_equal(roll->taken, 0);
	assert_int_equal(sum_of(l, &ab).rx_bytes, 180);
	rz_ledger_free(l);
}

static void older_than_rezone(void **state)
{
	struct rz_ledger *l = ledger(16, 16);
	struct rz_conn c = conn(1, 1000000, 2000000);

	(void)state;
	c.frame.adopted = 1;
	tick(l, HOUR, c, &ab);
	assert_int_equal(all_bytes(l), 0);
	c.rx_bytes += 30;
	tick(l, HOUR, c, &ab);
	assert_int_equal(all_bytes(l), 30);
	assert_int_equal(rz_ledger_base(l, 1).rx_bytes, 1000000);
	assert_int_equal(rz_ledger_base(l, 1).tx_bytes, 2000000);
	assert_int_equal(rz_ledger_base(l, 2).rx_bytes, 0);
	assert_int_equal(places_taken(), 2);
	tick(l, HOUR, c, &ab);
	assert_int_equal(places_taken(), 2);
	/* under TLS, as is found later: of that, too, only what rezone saw */
	c.rx_bytes += 5;
	c.frame.state = RZ_STATE_TLS;
	tick(l, HOUR, c, &ab);
	assert_int_equal(sum_of(l, &ab).tls_rx_bytes, 35);
	assert_int_equal(sum_of(l, &ab).tls_tx_bytes, 0);
	/* both places go with it */
	tick(l, HOUR, conn(0, 0, 0), &ab);
	tick(l, HOUR, conn(0, 0, 0), &ab);
	assert_int_equal(places_taken(), 0);
	assert_int_equal(roll->taken, 0);
	rz_ledger_free(l);
}

/* A restart with --keep-pins: all is in the maps, and nothing is counted twice. */
static void restarted(void **state)
{
	struct rz_ledger *l = ledger(16, 16), *again;
	struct rz_roll *again_roll;
	struct rz_ledger_client_row *c;
	struct rz_ledger_zone_row *z;
	size_t i;

	(void)state;
	rz_ledger_begin(l, HOUR);
	for (i = 0; i < 3; i++) {
		struct rz_conn k = conn(10 + i, 100 * (i + 1), 0);

		add(l, &ab, 7, open_one(l, &k));
	}
	rz_ledger_end(l);
	assert_int_equal(rz_roll_new(places, N_PLACES, &again_roll), 0);
	assert_int_equal(rz_ledger_new(16, 16, again_roll, &again), 0);
	z = l->zones;
	assert_int_equal(rz_ledger_restore_zone(again, &z->key, &z->sum), 0);
	c = l->clients;
	assert_int_equal(rz_ledger_restore_client(again, &c->key, &c->value), 0);
	tick(again, HOUR + 1, conn(11, 210, 0), &ab);
	assert_int_equal(sum_of(again, &ab).rx_bytes, 610);
	assert_int_equal(HASH_COUNT(again->zones), 1);
	assert_int_equal(again->clients->value.sum.rx_bytes, 610);
	assert_string_equal(again->clients->value.id, "app");
	rz_ledger_free(l);
	rz_ledger_free(again);
	rz_roll_free(again_roll);
}

/* The run before had no place for some: what they carry until this one sees them may be counted
 * already, so none of it is counted again. */
static void restarted_without_places(void **state)
{
	struct rz_ledger *l = ledger(16, 16);
	struct rz_conn old = conn(1, 100, 0), young = conn(2, 100, 0);
	struct rz_closed c = closed(3, 100, 0);

	(void)state;
	l->unplaced_ns = 1000;
	old.opened_ns = 999;
	young.opened_ns = 1000;
	rz_ledger_begin(l, HOUR);
	add(l, &ab, 7, rz_ledger_closed(l, &c));
	add(l, &ab, 7, open_one(l, &old));
	add(l, &ab, 7, open_one(l, &young));
	rz_ledger_end(l);
	assert_int_equal(all_bytes(l), 100);
	old.rx_bytes += 7;
	tick(l, HOUR, old, &ab);
	assert_int_equal(all_bytes(l), 107);
	/* all that are open have been seen now */
	c.cookie = 4;
	rz_ledger_begin(l, HOUR);
	add(l, &ab, 7, rz_ledger_closed(l, &c));
	rz_ledger_end(l);
	assert_int_equal(all_bytes(l), 207);
	rz_ledger_free(l);
}

/* More connections than places: all are counted, and the next run is to know it. Places are used
 * again. */
static void places_are_full(void **state)
{
	struct rz_ledger *l = ledger(16, 16);
	uint64_t round, i;

	(void)state;
	for (round = 1; round <= 3; round++) {
		rz_ledger_begin(l, HOUR);
		for (i = 0; i < 6; i++) {
			struct rz_conn c = conn(round * 10 + i, 100, 0);

			add(l, &ab, 7, open_one(l, &c));
		}
		rz_ledger_end(l);
		assert_int_equal(all_bytes(l), 600 * round);
		assert_false(rz_roll_is_whole(roll));
		assert_int_equal(places_taken(), N_PLACES);
		tick(l, HOUR, conn(0, 0, 0), &ab);
		tick(l, HOUR, conn(0, 0, 0), &ab);
		assert_int_equal(places_taken(), 0);
	}
	rz_ledger_free(l);
}

static void under_tls(void **state)
{
	struct rz_ledger *l = ledger(16, 16);
	struct rz_closed r = closed(1, 130, 13);
	struct rz_conn c = conn(1, 100, 10);

	(void)state;
	r.tls = 1;
	tick(l, HOUR, conn(1, 40, 10), &ab); /* not known yet */
	assert_int_equal(sum_of(l, &ab).tls_rx_bytes, 0);
	c.frame.state = RZ_STATE_TLS;
	tick(l, HOUR, c, &ab);
	assert_int_equal(sum_of(l, &ab).tls_rx_bytes, 100);
	tick(l, HOUR, c, &ab);
	assert_int_equal(sum_of(l, &ab).tls_rx_bytes, 100);
	tick(l, HOUR, conn(2, 1000, 0), &ab);
	rz_ledger_begin(l, HOUR);
	add(l, &ab, 7, rz_ledger_closed(l, &r));
	rz_ledger_end(l);
	assert_int_equal(sum_of(l, &ab).rx_bytes, 1130);
	assert_int_equal(sum_of(l, &ab).tls_rx_bytes, 130);
	assert_int_equal(sum_of(l, &ab).tls_tx_bytes, 13);
	rz_ledger_free(l);
}

/* A map that changes while it is read may show an entry twice. */
static void seen_twice(void **state)
{
	struct rz_ledger *l = ledger(16, 16);
	struct rz_conn c = conn(1, 100, 0);

	(void)state;
	rz_ledger_begin(l, HOUR);
	add(l, &ab, 7, open_one(l, &c));
	add(l, &ab, 7, open_one(l, &c));
	rz_ledger_end(l);
	assert_int_equal(all_bytes(l), 100);
	assert_int_equal(roll->taken, 1);
	rz_ledger_free(l);
}

/* Where the zones have no room, the bytes are in the row of what is not known. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences),	     cmocka_unit_test(petabytes),
		cmocka_unit_test(zones_swapped),     cmocka_unit_test(closes),
		cmocka_unit_test(record_comes_late), cmocka_unit_test(older_than_rezone),
		cmocka_unit_test(restarted),	     cmocka_unit_test(restarted_without_places),
		cmocka_unit_test(under_tls),	     cmocka_unit_test(places_are_full),
		cmocka_unit_test(seen_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
