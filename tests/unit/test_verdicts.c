// SPDX-License-Identifier: Apache-2.0
/* Verdicts that connections share: the same as each connection's own. */
#include "world.h"

#include "kern/named.h"
#include "policy/verdicts.h"

#define CONNS 20000

/* A number below `n`, the same ones in each run (xorshift). */
static unsigned below(uint64_t *state, unsigned n)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (unsigned)(*state >> 33) % n;
}

static bool seldom(uint64_t *state)
{
	return !below(state, 12);
}

static void assert_equal_text(const char *a, const char *b)
{
	assert_true(a == b || (a && b && !strcmp(a, b)));
}

static void assert_equal_verdicts(const struct rz_verdict *a, const struct rz_verdict *b)
{
	assert_int_equal(a->move, b->move);
	assert_int_equal(a->reason, b->reason);
	assert_int_equal(a->locality, b->locality);
	assert_int_equal(a->kind, b->kind);
	assert_equal_text(a->client_zone, b->client_zone);
	assert_int_equal(a->zone_by_address, b->zone_by_address);
	assert_equal_text(a->agent_zone, b->agent_zone);
	assert_equal_text(a->group, b->group);
	assert_ptr_equal(a->there, b->there);
	assert_memory_equal(&a->plan, &b->plan, sizeof(a->plan));
	assert_int_equal(a->expected_ns, b->expected_ns);
	assert_int_equal(a->known_by, b->known_by);
	assert_int_equal(a->home_was_ready, b->home_was_ready);
	assert_int_equal(a->reconnected, b->reconnected);
	assert_int_equal(a->ask, b->ask);
	assert_int_equal(a->lasts, b->lasts);
}
_Static_assert(sizeof(struct rz_plan) == 18, "rz_plan has no hidden padding");

/* The things that rules look at: mostly nothing speaks against the connection. */
static void any_frame(struct rz_frame *f, uint64_t *s)
{
	f->produce = !below(s, 3);
	f->fetch = !f->produce;
	f->data_version = (uint8_t)(7 + below(s, 6));
	f->coordinator = seldom(s);
	f->transaction = seldom(s);
	f->acks0 = seldom(s);
	f->adopted = !below(s, 3);
	f->tentative = seldom(s);
	f->several = seldom(s);
	f->unseen = seldom(s);
	f->software = seldom(s);
	f->via = seldom(s) ? RZ_VIA_LOCAL : RZ_VIA_NETWORK;
	f->state = seldom(s) ? RZ_STATE_TLS : RZ_STATE_DATA;
}

/* No rule looks at these. */
static void any_other(struct rz_conn *c, uint64_t *s)
{
	struct rz_frame *f = &c->frame;

	c->cookie = below(s, 1000);
	c->tuple.client_port = (uint16_t)below(s, 60000);
	c->last_request_ns = NOW_NS - below(s, 1000) * SECOND_NS;
	c->data_cs = below(s, 1000);
	c->metadata_cs = below(s, 1000);
	c->rx_bytes = below(s, 1000);
	c->tx_bytes = below(s, 1000);
	f->requests = f->answerable = below(s, 1000);
	f->next_seq = f->read_end = below(s, 1000);
	f->correlation_id = below(s, 1000);
	f->api_key = (int16_t)below(s, 20);
	f->have = (uint16_t)below(s, 10);
	f->skip = (uint16_t)below(s, 10);
}

static void any_conn(struct rz_conn *c, const struct test_world *w, uint64_t *s)
{
	static const uint64_t ages_ns[] = {0, SECOND_NS, 40 * SECOND_NS, MINUTE_NS, HOUR_NS};
	uint64_t ready_ns = w->rows[AGENT_B].ready_since_ns;

	test_conn(c);
	any_frame(&c->frame, s);
	any_other(c, s);
	memcpy(c->tuple.agent_addr, w->agents[below(s, N_AGENTS)].at.addr, 16);
	/* beside the moments that rules look at, or long before them */
	c->opened_ns = below(s, 2) ? w->now_ns - ages_ns[below(s, 5)] - below(s, 2)
				   : ready_ns + ages_ns[below(s, 5)] + below(s, 2) - SECOND_NS;
	c->park = seldom(s) ? (enum rz_park)below(s, RZ_PARK_COUNT) : RZ_PARK_NO;
	c->park_cs = below(s, 400);
}

static void any_judged(struct rz_judged_conn *j, const struct test_world *w,
		       const struct rz_named *here, uint64_t *s)
{
	static const char *const libraries[] = {"kgo", "kafkajs", "aiokafka"};

	j->client = seldom(s) ? NULL : &w->client;
	j->software = below(s, 3) ? NULL : &w->software;
	j->prints = below(s, 2) ? 0 : rz_print_called(libraries[below(s, 3)]);
	j->may_be = j->prints;
	j->if_newer = seldom(s) ? rz_print_called("kgo") : 0;
	j->idempotent = below(s, 2);
	j->with_id = below(s, 2);
	j->probeable = seldom(s);
	j->probe.deep = seldom(s) ? rz_print_called("kafkajs") : 0;
	j->agent = (enum rz_agent_said)below(s, 3);
	j->known_by = (enum rz_known_by)below(s, RZ_KNOWN_COUNT);
	j->left = seldom(s) && seldom(s);
	j->followed = seldom(s) && seldom(s);
	j->other_writer = seldom(s);
	j->grouped = seldom(s);
	j->peer_proxies = seldom(s);
	j->here = below(s, 2) ? here : NULL;
	/* two zones: the one of another client, by its true address */
	j->client_addr = seldom(s) ? w->agents[below(s, N_AGENTS)].at.addr : NULL;
}

static void any_settings(struct test_world *w, uint64_t *s)
{
	w->settings.min_age_ns = below(s, 2) * MINUTE_NS;
	w->settings.grace_ns = below(s, 3) * 50 * SECOND_NS;
	w->settings.ask_agents = below(s, 2);
	w->settings.hold_timeout_ns = below(s, 3) * SECOND_NS;
	w->settings.mode = below(s, 2) ? RZ_MODE_ENFORCE : RZ_MODE_OBSERVE;
	w->settings.park_after_ns = MINUTE_NS;
	w->rows[AGENT_B].ready_since_ns = NOW_NS - (1 + below(s, 3)) * MINUTE_NS;
	w->rows[AGENT_B].seen_coming = true;
	w->rows[AGENT_B].ready = !seldom(s);
	strcpy(w->client.zone, below(s, 4) ? "b" : "");
	strcpy(w->software.name, "kgo");
	strcpy(w->software.version, "1.17.0");
}

/* The same connections again and again, in other company. */
static void test_same_as_alone(void **state)
{
	const struct rz_named here = {.since_ns = HOUR_NS, .oldest_ns = NOW_NS - SECOND_NS};
	uint64_t s = 4711;
	unsigned world, i, candidates = 0;

	(void)state;
	for (world = 0; world < 20; world++) {
		struct rz_verdicts *verdicts = NULL;
		struct rz_world view;
		struct test_world w;

		test_world_make(&w);
		any_settings(&w, &s);
		view = test_world_view(&w);
		assert_int_equal(rz_verdicts_new(&view, &verdicts), 0);
		for (i = 0; i < CONNS; i++) {
			struct rz_conn c;
			struct rz_judged_conn j = {.conn = &c};
			struct rz_verdict shared, own;
			size_t number;

			any_conn(&c, &w, &s);
			any_judged(&j, &w, &here, &s);
			shared = rz_verdicts_of(verdicts, &j, &number);
			own = rz_classify(&j, &view);
			assert_equal_verdicts(&shared, &own);
			candidates += own.move;
		}
		rz_verdicts_free(verdicts);
	}
	assert_true(candidates > CONNS);
	rz_verdicts_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_as_alone)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
