// SPDX-License-Identifier: Apache-2.0
/*
 * What happens in a random world, see model.h: between two ticks, and to those that a tick lets go.
 * Called by main.c.
 */
#include "model.h"

/* Often to the very moment at which something ends, or a nanosecond beside it. */
static void let_time_pass(struct run *r)
{
	const uint64_t edges[] = {r->limits.per_client_ns,     r->limits.cooldown_ns,
				  r->limits.outcome_ns,	       r->limits.breaker_for_ns,
				  r->settings.stable_for_ns,   2 * r->limits.cooldown_ns,
				  r->limits.give_up_for_ns,    r->settings.topology_max_age_ns,
				  r->limits.outcome_ns / 2,    4 * r->limits.outcome_ns,
				  r->limits.home_ready_wait_ns};
	uint32_t kind = below(r, 100);

	if (kind < 30)
		r->clock_ns += (27 + below(r, 7)) * SECOND_NS;
	else if (kind < 65)
		r->clock_ns += 900000000 + noise(r) % 200000000;
	else if (kind < 88)
		r->clock_ns += PICK(r, edges) + below(r, 3) - 1;
	else if (kind < 92)
		r->clock_ns += noise(r) % (3 * 3600 * SECOND_NS);
	else if (kind < 94)
		r->clock_ns += noise(r) % (40 * 86400 * SECOND_NS);
	else if (kind < 96 && r->clock_ns > 100 * SECOND_NS)
		r->clock_ns -= noise(r) % (90 * SECOND_NS);
}

static void change_topology(struct run *r)
{
	size_t i = below(r, (uint32_t)r->topo.n_agents);

	if (chance(r, 70)) {
		r->agents[i].ready = !r->agents[i].ready || chance(r, 50);
	} else if (chance(r, 50) && r->topo.n_agents > 3) { /* it is gone */
		memmove(&r->agents[i], &r->agents[i + 1],
			(--r->topo.n_agents - i) * sizeof(r->agents[0]));
	} else {
		strcpy(r->agents[i].zone, random_zone(r));
		r->agents[i].pod = 0;
	}
	look(r);
}

/* Some never rest, some send a request now and then, some hardly ever; often at the very moment
 * from which on it says something, or 10 ms beside it. */
static void carry_data(struct run *r, struct rz_conn *c, uint64_t before_ns)
{
	static const uint32_t often[] = {100, 100, 60, 20, 5};
	uint64_t half = r->limits.outcome_ns / 2, now = r->clock_ns, cs;

	if (!c->data_cs || !chance(r, often[c->cookie % COUNT(often)]))
		return;
	if (c->cookie % COUNT(often) > 1 && chance(r, 50))
		now = before_ns + noise(r) % (now > before_ns ? now - before_ns + 1 : 1);
	if (chance(r, 10))
		now = c->opened_ns + (half < 15 * SECOND_NS ? half : 15 * SECOND_NS) +
		      below(r, 3) * RZ_CS_NS - RZ_CS_NS;
	cs = now > c->opened_ns ? (now - c->opened_ns) / RZ_CS_NS + 1 : 1;
	if (now <= r->clock_ns && cs > c->data_cs)
		c->data_cs = (uint32_t)cs;
}

/* What the segment program makes of a mark, at a segment; and it reads. */
static void read_requests(struct run *r, struct rz_conn *c)
{
	uint32_t n = below(r, 90);

	if (chance(r, 30))
		return;
	if (c->park == RZ_PARK_WANTED || c->park == RZ_PARK_ENDING) {
		c->frame.unseen = c->park == RZ_PARK_ENDING ? RZ_UNSEEN_REQUESTS : 0;
		c->park = c->park == RZ_PARK_WANTED ? RZ_PARK_PARKED : RZ_PARK_ENDED;
		c->park_cs = r->clock_ns > c->opened_ns
				     ? (uint32_t)((r->clock_ns - c->opened_ns) / RZ_CS_NS + 1)
				     : 1;
	}
	if (c->park == RZ_PARK_PARKED)
		return;
	if (chance(r, 4)) /* its place was lost, and found again */
		c->frame.unseen = RZ_UNSEEN_REQUESTS;
	c->frame.requests += n;
	if (n > (r->seed % 9 ? 0 : 60)) /* in some worlds clients mostly say nothing */
		c->last_request_ns = r->clock_ns;
	c->frame.unseen -= n < c->frame.unseen ? n : c->frame.unseen;
}

void time_passes(struct run *r)
{
	struct rz_status *s = &r->status;
	uint64_t before_ns = r->clock_ns;
	size_t i;

	let_time_pass(r);
	for (i = 0; i < r->n_conns; i++) {
		read_requests(r, &r->conns[i]);
		carry_data(r, &r->conns[i], before_ns);
	}
	if (chance(r, 12))
		change_topology(r);
	if (chance(r, 90))
		s->topology_proved_ns = r->clock_ns - below(r, 20) * SECOND_NS / 10;
	else if (chance(r, 20))
		s->topology_proved_ns = 0;
	if (s->frozen || chance(r, 3))
		s->frozen = chance(r, 60) ? RZ_FREEZE_NONE : 1 + below(r, RZ_FREEZE_COUNT - 1);
	if (r->paused || chance(r, 3))
		r->paused = chance(r, 40);
	for (i = 0; i < MAX_CLIENTS; i++)
		if (r->unread[i])
			r->unread[i] = chance(r, 80);
	for (i = r->n_conns; i-- > 0;)
		if (chance(r, 2))
			close_conn(r, i);
	for (i = below(r, 4); i; i--)
		open_conn(r, NULL, chance(r, 10));
	for (i = 0; i < r->n_conns; i++) {
		r->conns[i].frame.tentative &= chance(r, 70);
		if (r->conns[i].frame.state == RZ_STATE_IDENTIFIED && chance(r, 30))
			r->conns[i].frame.state = RZ_STATE_DATA;
	}
}

/* After a move: it comes back, comes home, does both, or is not seen here again. */
static void react(struct run *r, size_t conn, uint32_t loyal)
{
	struct rz_conn was = r->conns[conn];

	close_conn(r, conn);
	if (chance(r, 15)) /* it calls itself otherwise */
		was.frame.client = r->clients[below(r, MAX_CLIENTS)].hash;
	if (chance(r, loyal))
		open_conn(r, &was, false);
	if (chance(r, 20))
		open_conn(r, &was, true);
}

void they_go(struct run *r, struct rz_select *s, const struct rz_tick *tick)
{
	struct tick *t = &r->ticks[r->n_ticks - 1];
	uint32_t loyal = (uint32_t)(r->seed % 4) * 30; /* how many of this world come back */
	uint64_t ended_ns = t->now_ns; /* moves are told of in the order in which they end */
	size_t i, k;

	for (i = 0; i < t->n; i++) {
		struct row *row = &t->rows[i];
		const struct rz_candidate *m = rz_tick_find(tick, row->cookie);

		if (row->home || row->reason != RZ_REASON_NONE)
			continue;
		row->fate = chance(r, 80)   ? WENT
			    : chance(r, 50) ? UNDONE
			    : chance(r, 50) ? SILENT
					    : LET_GO;
		row->at_ns = t->now_ns + (chance(r, 50) ? 0 : noise(r) % (6 * SECOND_NS));
		if (row->at_ns < ended_ns)
			row->at_ns = ended_ns;
		ended_ns = row->at_ns;
		/* not from the noise: the other worlds are the same without it */
		if ((row->fate == SILENT || (row->fate != WENT && r->seed % 9 == 0)) &&
		    r->limits.listen_ns && row->cookie % 4)
			row->fate = LISTENED;
		if (row->fate != WENT) {
			rz_tick_undo(s, m,
				     row->fate == LET_GO     ? RZ_UNDO_LET_GO
				     : row->fate == SILENT   ? RZ_UNDO_SILENT
				     : row->fate == LISTENED ? RZ_UNDO_LISTENED
							     : RZ_UNDO_REFUSED,
				     row->at_ns);
			continue;
		}
		rz_select_moved(s, m, row->at_ns);
		if (r->clock_ns < row->at_ns)
			r->clock_ns = row->at_ns;
		for (k = 0; r->conns[k].cookie != row->cookie; k++)
			;
		react(r, k, loyal);
	}
}
