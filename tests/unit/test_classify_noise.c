// SPDX-License-Identifier: Apache-2.0
/*
 * user/policy/classify.c against a second, naive statement of when a connection may be moved, on
 * 300,000 worlds made of noise.
 */
#include "world.h"

/* May it be moved? Said as a person would, in any order, without a look at classify.c. */
static bool naive(const struct test_world *w)
{
	const struct rz_frame *f = &w->conn.frame;
	const char *zone = w->client.zone, *home = NULL;
	size_t i, k, ready = 0;
	bool local = false, local_ready = false;

	if (!strcmp(zone, "bz-1") && w->topo.n_aliases)
		zone = "b";
	for (i = 0; i < w->topo.n_agents; i++) {
		const struct rz_topo_agent *a = &w->agents[i];

		if (memcmp(a->at.addr, w->conn.tuple.agent_addr, 16) ||
		    a->at.port != w->conn.tuple.agent_port)
			continue;
		local = true;
		local_ready = a->ready;
		home = a->zone;
		for (k = 0; k < w->zones.n; k++)
			if (!strcmp(w->rows[k].key.zone, zone) &&
			    !strcmp(w->rows[k].key.group, a->group) && w->rows[k].ready_since_ns &&
			    w->rows[k].ready_since_ns + w->settings.stable_for_ns <= w->now_ns)
				ready = w->rows[k].ready;
	}
	return f->state == RZ_STATE_DATA && f->client && !f->tentative && !w->unread &&
	       (w->client.opt_in || w->settings.opt_in == RZ_OPT_IN_ZONE ||
		w->settings.opt_in == RZ_OPT_IN_ANY) &&
	       zone[0] && local && local_ready && home[0] && strcmp(home, zone) && ready &&
	       ready >= w->settings.min_agents && w->status.topology_proved_ns &&
	       w->status.topology_proved_ns + w->settings.topology_max_age_ns >= w->now_ns &&
	       (f->produce || f->fetch) && !f->coordinator && !f->transaction && !f->acks0 &&
	       f->via == RZ_VIA_NETWORK && w->conn.opened_ns + w->settings.min_age_ns <= w->now_ns;
}

static void shake_conn(struct test_world *w, uint64_t *seed)
{
	struct rz_frame *f = &w->conn.frame;

#define ONE_IN(n) (!noise_below(seed, n))
	if (ONE_IN(6))
		f->state = noise_below(seed, RZ_STATE_COUNT);
	if (ONE_IN(12))
		f->client = 0;
	if (ONE_IN(8))
		f->tentative = 1;
	if (ONE_IN(8))
		w->unread = true;
	if (ONE_IN(3))
		f->produce = noise(seed) & 1;
	if (ONE_IN(3))
		f->fetch = noise(seed) & 1;
	if (ONE_IN(6))
		f->coordinator = 1;
	if (ONE_IN(8))
		f->transaction = 1;
	if (ONE_IN(8))
		f->acks0 = 1;
	if (ONE_IN(8))
		f->via = noise_below(seed, RZ_VIA_COUNT);
	if (ONE_IN(4))
		memcpy(w->conn.tuple.agent_addr, w->agents[noise_below(seed, N_AGENTS)].at.addr,
		       16);
	if (ONE_IN(10))
		w->conn.tuple.agent_port = 1;
	if (ONE_IN(6))
		w->conn.opened_ns = w->now_ns - noise_below(seed, 3) * SECOND_NS;
}

static void shake_rest(struct test_world *w, uint64_t *seed)
{
	static const char *const zones[] = {"", "a", "b", "c", "bz-1", "x"};
	size_t i;

	if (ONE_IN(3))
		strcpy(w->client.zone, zones[noise_below(seed, COUNT(zones))]);
	if (ONE_IN(4))
		w->client.opt_in = 0;
	w->settings.opt_in = noise_below(seed, RZ_OPT_IN_COUNT);
	w->settings.min_agents = noise_below(seed, 3);
	if (ONE_IN(4))
		w->settings.min_age_ns = SECOND_NS;
	if (ONE_IN(8))
		w->status.topology_proved_ns = ONE_IN(2) ? 0 : w->now_ns - 91 * SECOND_NS;
	for (i = 0; i < N_AGENTS; i++) {
		if (ONE_IN(4))
			w->agents[i].ready = noise(seed) & 1;
		if (ONE_IN(8))
			strcpy(w->agents[i].group, "g2");
		if (ONE_IN(8))
			strcpy(w->rows[i].key.group, "a");
		if (ONE_IN(4))
			w->rows[i].ready = noise_below(seed, 4);
		if (ONE_IN(6))
			w->rows[i].ready_since_ns =
				ONE_IN(2) ? 0 : w->now_ns - noise_below(seed, 60) * SECOND_NS;
	}
	if (ONE_IN(12))
		w->topo.n_aliases = 0;
	if (ONE_IN(12))
		w->zones.n = 2;
}

static int row_order(const void *a, const void *b)
{
	const struct rz_topo_zone *x = a, *y = b;
	int d = strcmp(x->key.group, y->key.group);

	return d ? d : strcmp(x->key.zone, y->key.zone);
}

static void test_naive_agrees(void **state)
{
	uint64_t seed = 7;
	size_t round, moved = 0;

	(void)state;
	for (round = 0; round < 300000; round++) {
		struct test_world w;
		struct rz_verdict v;

		test_world_make(&w);
		shake_conn(&w, &seed);
		shake_rest(&w, &seed);
		qsort(w.rows, w.zones.n, sizeof(w.rows[0]), row_order);
		v = test_classify(&w);
		assert_int_equal(v.move, naive(&w));
		assert_int_equal(v.move, v.reason == RZ_REASON_NONE);
		if (v.move)
			assert_int_equal(v.locality, RZ_LOCALITY_CROSS);
		if (v.reason == RZ_REASON_SAME_ZONE)
			assert_int_equal(v.locality, RZ_LOCALITY_SAME);
		moved += v.move;
	}
	assert_true(moved > 3000); /* else the noise would prove little */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_naive_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
