// SPDX-License-Identifier: Apache-2.0
/* user/policy/ledger.c, ledger_rows.c, ledger_sum.c: bytes, added up as differences. */
#include "policy/ledger.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR 490000U

struct pair {
	const char *client, *agent;
};
static const struct pair ab = {"a", "b"}, ba = {"b", "a"};

#define N_PLACES 4
static struct rz_counted_entry places[N_PLACES / RZ_COUNTED_EACH]; /* map counted */
static struct rz_roll *roll;

static struct rz_ledger *ledger(size_t zones, size_t clients)
{
	struct rz_ledger *l = NULL;

	memset(places, 0, sizeof(places));
	rz_roll_free(roll);
	assert_int_equal(rz_roll_new(places, N_PLACES, &roll), 0);
	assert_int_equal(rz_ledger_new(zones, clients, roll, &l), 0);
	return l;
}

static size_t places_taken(void)
{
	size_t i, n = 0;

	for (i = 0; i < N_PLACES; i++)
		n += rz_counted_get(places, i).cookie != 0;
	return n;
}

static void add(struct rz_ledger *l, const struct pair *p, uint64_t client,
		struct rz_ledger_more more)
{
	struct rz_ledger_entry e = {"default", p->client, p->agent, client, "app", more};

	assert_int_equal(rz_ledger_add(l, &e), 0);
}

static struct rz_ledger_sum sum_of(const struct rz_ledger *l, const struct pair *p)
{
	struct rz_ledger_zone_row *r, *next;

	HASH_ITER (hh, l->zones, r, next)
		if (!strcmp(r->key.client_zone, p->client) && !strcmp(r->key.agent_zone, p->agent))
			return r->sum;
	return (struct rz_ledger_sum){};
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
static void zones_are_full(void **state)
{
	static const struct pair pairs[] = {
		{"a", "a"}, {"a", "b"}, {"b", "a"}, {"b", "b"}, {"", ""}};
	struct rz_ledger_more ten = {10, 0, 0};
	struct rz_ledger *l = ledger(4, 16);
	size_t i;

	(void)state;
	rz_ledger_begin(l, HOUR);
	for (i = 0; i < 5; i++)
		add(l, &pairs[i], 7, ten);
	rz_ledger_end(l);
	assert_int_equal(HASH_COUNT(l->zones), 4);
	assert_int_equal(sum_of(l, &pairs[2]).rx_bytes, 10);
	assert_int_equal(sum_of(l, &pairs[3]).rx_bytes, 0);
	assert_int_equal(sum_of(l, &pairs[4]).rx_bytes, 20);
	rz_ledger_free(l);
}

static bool has_client(const struct rz_ledger *l, uint64_t client)
{
	struct rz_ledger_client_row *r, *next;

	HASH_ITER (hh, l->clients, r, next)
		if (r->key.client == client)
			return true;
	return false;
}

/* Clients that carry little never push out one that carries much; one that carries much comes in.
 */
static void busiest_clients_stay(void **state)
{
	struct rz_ledger_more much = {100000, 0, 0}, little = {3, 0, 0}, none = {0, 0, 1};
	struct rz_ledger *l = ledger(16, 4);
	uint64_t i;

	(void)state;
	rz_ledger_begin(l, HOUR);
	add(l, &ab, 1, much);
	add(l, &ab, 2, none);
	assert_false(has_client(l, 2)); /* nothing to be shown */
	for (i = 1000; i < 3000; i++)
		add(l, &ab, i, little);
	assert_int_equal(HASH_COUNT(l->clients), 4);
	assert_true(has_client(l, 1));
	add(l, &ab, 2, much);
	assert_true(has_client(l, 2));
	assert_true(has_client(l, 1));
	assert_int_equal(HASH_COUNT(l->clients), 4);
	rz_ledger_end(l);
	/* all of it is in the zones' row */
	assert_int_equal(sum_of(l, &ab).rx_bytes, 200000 + 2000 * 3);
	assert_int_equal(l->n_evicted, 0); /* none was in the map yet */
	/* two days later they have carried nothing for long */
	l->clients->stored = true;
	rz_ledger_begin(l, HOUR + 49);
	add(l, &ab, 3, little);
	assert_true(has_client(l, 3));
	rz_ledger_end(l);
	rz_ledger_free(l);
}

/* A row that is in the map is told of when it goes. */
static void evicted_is_told(void **state)
{
	struct rz_ledger_more ten = {10, 0, 0}, twenty = {20, 0, 0};
	struct rz_ledger *l = ledger(16, 1);

	(void)state;
	rz_ledger_begin(l, HOUR);
	add(l, &ab, 1, ten);
	l->clients->stored = true;
	add(l, &ab, 2, ten); /* no more than the one that is there */
	assert_true(has_client(l, 1));
	add(l, &ab, 2, twenty);
	assert_true(has_client(l, 2));
	assert_int_equal(l->n_evicted, 1);
	assert_int_equal(l->evicted[0].client, 1);
	rz_ledger_end(l);
	rz_ledger_free(l);
}

static uint64_t hours(const struct rz_ledger_sum *s, uint32_t hour, uint32_t n)
{
	return rz_ledger_sum_last(s, hour, n).rx_bytes;
}

static void hours_roll_over(void **state)
{
	struct rz_ledger_more one = {1, 0, 0};
	struct rz_ledger_sum s = {};
	uint32_t h;

	(void)state;
	for (h = HOUR; h < HOUR + 100; h++)
		rz_ledger_sum_add(&s, h, &one);
	assert_int_equal(s.rx_bytes, 100);
	assert_int_equal(hours(&s, HOUR + 99, 1), 1);
	assert_int_equal(hours(&s, HOUR + 99, 49), 49);
	assert_int_equal(rz_ledger_sum_hour(&s, HOUR + 51).rx_bytes, 1);
	assert_int_equal(rz_ledger_sum_hour(&s, HOUR + 49).rx_bytes,
			 0); /* its place is another's */
	/* nothing for ten hours */
	assert_int_equal(hours(&s, HOUR + 109, 49), 39);
}

/* The clock was a year ahead for a while, and goes back; then it is set back by two hours. */
static void clock_steps(void **state)
{
	struct rz_ledger_more five = {5, 0, 0};
	struct rz_ledger_sum s = {};

	(void)state;
	rz_ledger_sum_add(&s, HOUR, &five);
	rz_ledger_sum_add(&s, HOUR + 8760, &five);
	rz_ledger_sum_add(&s, HOUR + 1, &five);
	assert_int_equal(s.rx_bytes, 15); /* a total loses nothing */
	assert_int_equal(hours(&s, HOUR + 1, 49), 10);
	rz_ledger_sum_add(&s, HOUR - 1, &five);
	assert_int_equal(hours(&s, HOUR - 1, 49), 5); /* later ones do not count yet */
	rz_ledger_sum_add(&s, HOUR + 1, &five);
	assert_int_equal(rz_ledger_sum_hour(&s, HOUR + 1).rx_bytes, 10);
	assert_int_equal(hours(&s, HOUR + 1, 49), 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences),
		cmocka_unit_test(petabytes),
		cmocka_unit_test(zones_swapped),
		cmocka_unit_test(closes),
		cmocka_unit_test(record_comes_late),
		cmocka_unit_test(older_than_rezone),
		cmocka_unit_test(restarted),
		cmocka_unit_test(restarted_without_places),
		cmocka_unit_test(under_tls),
		cmocka_unit_test(places_are_full),
		cmocka_unit_test(seen_twice),
		cmocka_unit_test(zones_are_full),
		cmocka_unit_test(busiest_clients_stay),
		cmocka_unit_test(evicted_is_told),
		cmocka_unit_test(hours_roll_over),
		cmocka_unit_test(clock_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
