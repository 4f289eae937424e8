// SPDX-License-Identifier: Apache-2.0
/* A node's tick: the policy's own code over this node's connections, see sim.h. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define KEEP_NS (600 * SECOND_NS) /* RZ_NAMED_KEEP_NS */
#define MOVE_NS (SECOND_NS / 20)  /* before the client is back, at the next step at the earliest */

void topology_changed(struct sim *s)
{
	struct rz_topo_zones *old = s->zones;
	size_t i;

	for (i = 0; i < s->n_agents; i++)
		s->topo.agents[i].ready = s->agents[i].ready;
	if (rz_topo_zones_count(&s->topo, old, 1, s->now_ns, &s->zones))
		abort();
	rz_topo_zones_free(old);
}

static uint32_t jittered(struct sim *s, uint64_t ns)
{
	uint32_t steps = (uint32_t)(ns / STEP_NS);

	return steps * 9 / 10 + below(s, steps / 5 + 1);
}

void node_start(struct sim *s, uint32_t agent)
{
	struct agent *a = &s->agents[agent];
	struct rz_limits l = s->setup.limits;

	if (s->setup.without || a->select)
		return;
	l.per_client_ns = s->setup.interval_ns / 5 * 4;
	l.rates.phase = below(s, 1 << 20) / (double)(1 << 20);
	if (rz_select_new(&l, &a->select))
		abort();
	at(s, s->step + below(s, (uint32_t)(s->setup.interval_ns / STEP_NS)), EVENT_TICK, agent);
}

static void client_address(uint32_t client, uint8_t addr[16])
{
	memset(addr, 0, 16);
	memset(&addr[10], 0xff, 2);
	addr[12] = 10;
	addr[13] = (uint8_t)(client >> 16);
	addr[14] = (uint8_t)(client >> 8);
	addr[15] = (uint8_t)client;
}

/* As map conns has it: a data connection with nothing odd about it. */
static void as_row(struct sim *s, uint32_t conn, struct rz_conn *row)
{
	const struct conn *c = &s->conns[conn];
	uint32_t client = c->client;

	memset(row, 0, sizeof(*row));
	row->cookie = c->cookie;
	row->opened_ns = c->opened_ns;
	row->data_cs = (uint32_t)((s->now_ns - c->opened_ns) / RZ_CS_NS) + 1; /* it never rests */
	client_address(client, row->tuple.client_addr);
	memcpy(row->tuple.agent_addr, s->topo.agents[c->agent].at.addr, 16);
	row->tuple.agent_port = 9092;
	row->frame.client = s->apps[s->clients[client].app].hash;
	row->frame.state = RZ_STATE_DATA;
	row->frame.fetch = row->frame.metadata = 1;
	row->frame.software = s->setup.young;
}

static int by_cookie(const void *a, const void *b)
{
	uint64_t x = ((const struct rz_conn *)a)->cookie, y = ((const struct rz_conn *)b)->cookie;

	return x < y ? -1 : x > y;
}

static size_t fill_rows(struct sim *s, const struct agent *a)
{
	size_t i, n = a->away.n + (s->setup.all_rows ? a->home.n : 0);

	if (n > s->room) {
		s->room = n * 2;
		free(s->rows);
		s->rows = malloc(s->room * sizeof(*s->rows));
		if (!s->rows)
			abort();
	}
	for (i = 0; i < a->away.n; i++)
		as_row(s, a->away.conns[i], &s->rows[i]);
	for (; i < n; i++)
		as_row(s, a->home.conns[i - a->away.n], &s->rows[i]);
	qsort(s->rows, n, sizeof(*s->rows), by_cookie);
	return n;
}

void forget_here(struct agent *a)
{
	struct here *h, *next;

	HASH_ITER (hh, a->here, h, next) {
		HASH_DEL(a->here, h);
		free(h);
	}
}

static struct here *find_here(struct sim *s, struct agent *a, uint64_t client)
{
	struct here *h;

	HASH_FIND(hh, a->here, &client, sizeof(client), h);
	if (!h) {
		h = calloc(1, sizeof(*h));
		if (!h)
			abort();
		h->client = client;
		h->since_ns = s->now_ns;
		HASH_ADD(hh, a->here, client, sizeof(client), h);
	}
	return h;
}

static int by_key(const void *a, const void *b)
{
	const struct rz_named_row *x = a, *y = b;

	return memcmp(&x->key, &y->key, sizeof(x->key));
}

/* Since when clients are here. Where they have asked for metadata nobody sees here, for they ask
 * another agent: it is the worst that the rule can meet. */
static void fill_named(struct sim *s, struct agent *a)
{
	struct here *h, *next;
	size_t i;

	HASH_ITER (hh, a->here, h, next) {
		h->oldest_ns = 0;
		if (s->now_ns < h->seen_ns + KEEP_NS)
			continue;
		HASH_DEL(a->here, h);
		free(h);
	}
	for (i = 0; i < a->away.n; i++) {
		const struct conn *c = &s->conns[a->away.conns[i]];

		h = find_here(s, a, c->client);
		h->seen_ns = s->now_ns;
		if (!h->oldest_ns || c->opened_ns < h->oldest_ns)
			h->oldest_ns = c->opened_ns;
	}
	s->n_named = 0;
	s->named = realloc(s->named, (HASH_COUNT(a->here) + 1) * sizeof(*s->named));
	if (!s->named)
		abort();
	HASH_ITER (hh, a->here, h, next) {
		struct rz_named_row *row = &s->named[s->n_named++];
		uint32_t client = (uint32_t)h->client;
		uint8_t addr[16];

		client_address(client, addr);
		*row = (struct rz_named_row){.key.client = s->apps[s->clients[client].app].hash,
					     .named = {.seen_ns = h->seen_ns,
						       .since_ns = h->since_ns,
						       .oldest_ns = h->oldest_ns}};
		memcpy(row->key.addr, addr, sizeof(addr));
	}
	qsort(s->named, s->n_named, sizeof(*s->named), by_key);
}

static void note_move(struct sim *s, struct agent *a, uint32_t conn)
{
	uint32_t second = s->step / 10;

	s->moves++;
	s->target_second[s->clients[s->conns[conn].client].zone][second]++;
	if (a->last_move_step / 10 != second)
		a->moves_in_second = 0;
	a->last_move_step = s->step;
	if (++a->moves_in_second > s->node_peak)
		s->node_peak = a->moves_in_second;
}

static void learn(struct sim *s, struct agent *a)
{
	const struct rz_outcome_row *known;
	size_t i, n;

	known = rz_select_outcomes(a->select, &n);
	for (i = 0; i < n; i++) {
		s->outcomes[known[i].outcome]++;
		s->futile += known[i].outcome == RZ_OUTCOME_RETURNED;
	}
}

static bool judge(struct sim *s, uint32_t agent)
{
	struct agent *a = &s->agents[agent];
	struct rz_world w = {.topo = &s->topo,
			     .zones = s->zones,
			     .settings = &s->settings,
			     .status = &s->status,
			     .now_ns = s->now_ns};
	struct rz_software_row franz_go = {1, {"kgo", "v1.22.2"}};
	struct rz_snapshot snap = {.clients = s->apps,
				   .n_clients = s->n_apps,
				   .softwares = &franz_go,
				   .n_softwares = 1,
				   .now_ns = s->now_ns};
	struct rz_tick *t;
	bool backlog;
	size_t i;

	snap.n_conns = fill_rows(s, a);
	snap.conns = s->rows;
	fill_named(s, a);
	snap.named = s->named;
	snap.n_named = s->n_named;
	s->topo.agents[agent].local = true;
	if (rz_tick_run(&snap, &w, a->select, false, &t))
		abort();
	s->topo.agents[agent].local = false;
	s->ticks++;
	s->judged += snap.n_conns;
	learn(s, a);
	memcpy(a->reasons, t->reasons, sizeof(a->reasons));
	for (i = 0; i < t->n_moves; i++) {
		uint32_t conn = (uint32_t)(t->moves[i].cookie & 0xffffff);

		if (t->moves[i].reason != RZ_REASON_NONE)
			continue;
		rz_select_moved(a->select, &t->moves[i], s->now_ns + MOVE_NS);
		note_move(s, a, conn);
		client_lost(s, conn, true);
	}
	backlog = t->backlog;
	rz_tick_free(t);
	return backlog;
}

void node_tick(struct sim *s, uint32_t agent)
{
	struct agent *a = &s->agents[agent];
	bool backlog = false;

	s->settings.stable_for_ns = s->setup.stable_for_ns;
	s->settings.topology_max_age_ns = 90 * SECOND_NS;
	s->status.topology_proved_ns = s->now_ns;
	s->status.started_ns = s->setup.young ? START_NS : 0;
	s->settings.min_agents = 1;
	if (a->up)
		backlog = judge(s, agent);
	at(s,
	   s->step + jittered(s, backlog && s->setup.interval_ns > SECOND_NS
					 ? SECOND_NS
					 : s->setup.interval_ns),
	   EVENT_TICK, agent);
}
