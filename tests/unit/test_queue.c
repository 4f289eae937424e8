// SPDX-License-Identifier: Apache-2.0
/*
 * The order of user/policy/queue_order.c, which is found piece by piece, against the same order
 * stated plainly: everybody sorted by three keys. And user/policy/select.c, which stops to ask in
 * that order when nobody could go any more, against asking everybody.
 */
#include "unit.h"

#include "policy/budget.h"
#include "policy/queue.h"
#include "policy/select.h"

#define T0   (100 * HOUR_NS)
#define MOST 300

static uint64_t state = 1;

static unsigned below(unsigned n)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(state >> 33) % n;
}

/* As it is remembered plainly. */
struct plain {
	struct rz_candidate *row;
	size_t client, address; /* numbers */
	uint64_t from_ns;
	unsigned rank;
};

static int by_keys(const void *a, const void *b)
{
	const struct plain *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->from_ns != y->from_ns)
		return x->from_ns < y->from_ns ? -1 : 1;
	return x->row->cookie < y->row->cookie ? -1 : 1;
}

/* A world of candidates that come, wait and go. */
static struct world {
	size_t clients, addresses;
	struct rz_candidate rows[MOST];
	uint64_t since_ns[MOST]; /* of each cookie - 1; 0: it is no candidate */
	uint64_t client_turn_ns[MOST], address_turn_ns[MOST];
	struct plain plain[MOST];
	size_t n;
} w;

static size_t client_of(uint64_t cookie)
{
	return cookie * 7919 % w.clients;
}

/* A connection that was no candidate at a tick is forgotten. */
static void make_rows(uint64_t now_ns)
{
	size_t i;

	for (w.n = i = 0; i < MOST; i++) {
		size_t client = client_of(i + 1);
		uint32_t address = (uint32_t)(client % w.addresses);

		if (below(8) == 0)
			w.since_ns[i] = 0;
		else if (!w.since_ns[i])
			w.since_ns[i] = now_ns;
		if (!w.since_ns[i])
			continue;
		w.rows[w.n] = (struct rz_candidate){.cookie = i + 1,
						    .client = client + 1,
						    .opened_ns = T0 - HOUR_NS,
						    .data_ns = UINT64_MAX,
						    .target = {1 + client % 3, 1 + client % 3}};
		memcpy(w.rows[w.n].addr, &address, sizeof(address));
		w.plain[w.n] = (struct plain){&w.rows[w.n], client, address, w.since_ns[i], 0};
		if (w.client_turn_ns[client] > w.plain[w.n].from_ns)
			w.plain[w.n].from_ns = w.client_turn_ns[client];
		w.n++;
	}
}

static void sort_plainly(void)
{
	unsigned ranks[MOST] = {};
	size_t i;

	qsort(w.plain, w.n, sizeof(w.plain[0]), by_keys);
	for (i = 0; i < w.n; i++) {
		struct plain *p = &w.plain[i];

		p->rank = ranks[p->address]++;
		if (w.address_turn_ns[p->address] > p->from_ns)
			p->from_ns = w.address_turn_ns[p->address];
	}
	qsort(w.plain, w.n, sizeof(w.plain[0]), by_keys);
}

static void begin_world(unsigned kind)
{
	memset(&w, 0, sizeof(w));
	w.clients = 1 + below(kind % 2 ? 5 : MOST);
	w.addresses = 1 + below(kind % 3 ? (unsigned)w.clients : 2);
}

static void join_all(struct rz_queue *q, struct rz_rows *rows, uint32_t left[], uint64_t now_ns)
{
	bool first;
	size_t i;

	assert_int_equal(rz_rows_of(w.rows, w.n, rows), 0);
	assert_int_equal(rz_queue_begin(q, rows), 0);
	for (i = 0; i < w.n; i++) {
		rz_queue_client(q, i, &first);
		rz_queue_join(q, i, now_ns);
		left[i] = (uint32_t)i;
	}
}

/* Everybody is asked, and the first few have their turn as they are. */
static void test_order(void **unused)
{
	unsigned kind, tick;
	uint32_t left[MOST];
	size_t i, at, go;

	(void)unused;
	for (kind = 0; kind < 200; kind++) {
		struct rz_queue q = {};

		begin_world(kind);
		for (tick = 0; tick < 12; tick++) {
			uint64_t now_ns = T0 + tick * SECOND_NS;
			struct rz_queue_order order;
			struct rz_rows rows;

			make_rows(now_ns);
			sort_plainly();
			join_all(&q, &rows, left, now_ns);
			rz_queue_order(&q, left, w.n, &order);
			go = below(6);
			for (i = 0; i < w.n; i++) {
				assert_true(rz_queue_next(&order, &at));
				assert_int_equal(rows.rows[at].cookie, w.plain[i].row->cookie);
				if (i >= go)
					continue;
				rz_queue_went(rz_queue_turn_of(&q, at), now_ns);
				w.client_turn_ns[w.plain[i].client] = now_ns;
				w.address_turn_ns[w.plain[i].address] = now_ns;
			}
			assert_false(rz_queue_next(&order, &at));
			rz_queue_end(&q);
			rz_rows_free(&rows);
		}
		rz_queue_free(&q);
	}
}

/* A client has one turn in `per_client_ns`, and one a tick. */
static bool had_turn(const struct plain *p, uint64_t now_ns, uint64_t per_client_ns)
{
	uint64_t turn_ns = w.client_turn_ns[p->client];

	return turn_ns && (turn_ns == now_ns || now_ns < turn_ns + per_client_ns);
}

/* In mode observe who went says so from then on. */
static enum rz_reason plain_reason(struct rz_budget *b, const struct plain *p, bool *observed,
				   uint64_t now_ns, uint64_t per_client_ns)
{
	enum rz_reason reason;

	if (*observed)
		return RZ_REASON_OBSERVING;
	if (had_turn(p, now_ns, per_client_ns))
		return RZ_REASON_OVER_BUDGET;
	reason = rz_budget_take(b, &p->row->target);
	if (reason != RZ_REASON_NONE)
		return reason;
	w.client_turn_ns[p->client] = w.address_turn_ns[p->address] = now_ns;
	*observed = true;
	return RZ_REASON_OBSERVING;
}

/* As select.c had it before it stopped early: who was observed, or had its client's turn, takes no
 * place; all others are asked in the order of the sort. */
static void decide_plainly(struct rz_budget *b, bool observed[MOST], enum rz_reason reasons[MOST],
			   uint64_t now_ns, uint64_t per_client_ns)
{
	size_t i, n = 0;

	for (i = 0; i < w.n; i++) {
		struct plain p = w.plain[i];
		size_t at = p.row->cookie - 1;

		if (observed[at])
			reasons[at] = RZ_REASON_OBSERVING;
		else if (had_turn(&p, now_ns, per_client_ns))
			reasons[at] = RZ_REASON_OVER_BUDGET;
		else
			w.plain[n++] = p;
	}
	w.n = n;
	sort_plainly();
	for (i = 0; i < n; i++) {
		size_t at = w.plain[i].row->cookie - 1;

		reasons[at] = plain_reason(b, &w.plain[i], &observed[at], now_ns, per_client_ns);
	}
}

static void test_decisions(void **unused)
{
	size_t given[RZ_REASON_COUNT] = {};
	unsigned kind, tick;
	size_t i, n;

	(void)unused;
	for (kind = 0; kind < 300; kind++) {
		struct rz_limits l = {.mode = RZ_MODE_OBSERVE,
				      .per_client_ns = below(4) * 5 * SECOND_NS,
				      .rates = {.node = below(4) * 2,
						.per_target = below(4),
						.cluster = below(3) * 3,
						.phase = 0.5}};
		bool observed[MOST] = {};
		struct rz_select *s = NULL;
		struct rz_budget *b = NULL;

		assert_int_equal(rz_select_new(&l, &s), 0);
		assert_int_equal(rz_budget_new(&l.rates, &b), 0);
		begin_world(kind);
		for (tick = 0; tick < 15; tick++) {
			uint64_t now_ns = T0 + tick * SECOND_NS;
			struct rz_moment m = {.now_ns = now_ns, .share = 1};
			enum rz_reason reasons[MOST];

			make_rows(now_ns);
			for (i = 0; i < MOST; i++)
				observed[i] &= w.since_ns[i] != 0;
			n = w.n;
			assert_int_equal(rz_select_run(s, w.rows, n, &m), 0);
			rz_budget_begin(b, now_ns, 1);
			decide_plainly(b, observed, reasons, now_ns, l.per_client_ns);
			for (i = 0; i < n; i++) {
				assert_int_equal(w.rows[i].reason, reasons[w.rows[i].cookie - 1]);
				given[w.rows[i].reason]++;
			}
			assert_int_equal(rz_select_backlog(s), rz_budget_backlog(b));
		}
		rz_select_free(s);
		rz_budget_free(b);
	}
	assert_true(given[RZ_REASON_OBSERVING] > 1000);
	assert_true(given[RZ_REASON_OVER_BUDGET] > 1000);
	assert_true(given[RZ_REASON_TARGET_BUDGET] > 1000);
	assert_true(given[RZ_REASON_CLUSTER_BUDGET] > 1000);
}

/* The memory beside the time stays with its connection, whoever comes and goes, and in
 * whatever order they join. */
static void test_remembers(void **unused)
{
	static const uint64_t ticks[][4] = {{1, 2, 3, 4}, {4, 2, 3, 1}, {2, 9, 4, 3}, {3, 2, 8, 7}};
	struct rz_queue q = {};
	unsigned i, k;

	(void)unused;
	for (i = 0; i < 4; i++) {
		struct rz_candidate candidates[4] = {};
		struct rz_rows rows;

		for (k = 0; k < 4; k++)
			candidates[k].cookie = ticks[i][k];
		assert_int_equal(rz_rows_of(candidates, 4, &rows), 0);
		assert_int_equal(rz_queue_begin(&q, &rows), 0);
		for (k = 0; k < 4; k++)
			rz_queue_join(&q, k, T0 + i);
		rz_queue_end(&q);
		rz_rows_free(&rows);
		if (i)
			continue;
		rz_queue_more(rz_queue_find(&q, 2))->let_go = 2;
		rz_queue_more(rz_queue_find(&q, 3))->let_go = 3;
		rz_queue_find(&q, 3)->observed = 1;
	}
	assert_int_equal(rz_queue_find(&q, 2)->more->let_go, 2);
	assert_int_equal(rz_queue_find(&q, 3)->more->let_go, 3);
	assert_true(rz_queue_find(&q, 3)->observed && !rz_queue_find(&q, 2)->observed);
	assert_int_equal(rz_queue_find(&q, 2)->since_ns, T0);
	assert_int_equal(rz_queue_find(&q, 7)->since_ns, T0 + 3);
	assert_null(rz_queue_find(&q, 8)->more);
	assert_null(rz_queue_find(&q, 1));
	rz_queue_free(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_decisions),
		cmocka_unit_test(test_remembers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
