// SPDX-License-Identifier: Apache-2.0
/*
 * What must never be, see model.h: no order of rules, no history, only what was promised. A third
 * look, for the second one may share a mistake with the first.
 */
#include "model.h"

static bool went(const struct row *row)
{
	return !row->home && row->reason == RZ_REASON_NONE;
}

/* It may be held on its next connection, and has no agent but this one to leave with something in
 * flight that would be written twice. */
static bool may_follow(const struct run *r, size_t conn, const struct look *l,
		       const struct opinion *o)
{
	const struct rz_frame *f = &r->conns[conn].frame;
	const struct rz_client *client = client_of(r, conn);
	bool at_one = client->leaders == RZ_LEADERS_ONE ||
		      (r->settings.leaders && client->leaders != RZ_LEADERS_MANY);

	return r->settings.hold_timeout_ns && !f->acks0 && f->via == RZ_VIA_NETWORK &&
	       (at_one || r->prints[conn].print.idempotent ||
		count_agents(r, l, o->there.group, NULL, true) -
				count_agents(r, l, o->there.group, o->there.zone, true) <=
			1);
}

/* All that protects a connection, in no order. */
static const char *protected_by(const struct run *r, size_t conn)
{
	const struct rz_conn *c = &r->conns[conn];
	const struct rz_frame *f = &c->frame;
	const struct rz_settings *s = &r->settings;
	const struct rz_client *client = client_of(r, conn);
	struct opinion o = judge(r, conn);
	const struct look *l = &r->looks[r->n_looks - 1];

	if (r->held[conn].held.left_ns)
		return "moved one that its client has left";
	if (c->park > RZ_PARK_ENDED || (c->park == RZ_PARK_ENDED && f->unseen))
		return "moved one of which nobody knows what it carries";
	if (f->state != RZ_STATE_DATA || f->tentative || !f->client || !client)
		return "moved one that is not identified";
	if (f->transaction || !(f->produce || f->fetch) ||
	    (f->acks0 && s->acks0 != RZ_ACKS0_MOVE) ||
	    (f->coordinator && s->shared == RZ_SHARED_SKIP))
		return "moved one that a reset harms";
	/* one that is like Java is believed to be Java where nobody saw its beginning; one like
	 * kafka-python 2.3 to be that where it began without a name */
	if (f->produce &&
	    (!f->software
		     ? f->data_version > 7 && !(r->prints[conn].print.produces > 1 &&
						(f->adopted || !r->prints[conn].print.leader_epoch))
		     : !strcmp(r->softwares[f->software - 1].software.version,
			       "2.16.0-rdkafka-2.16.0") &&
			       !may_follow(r, conn, l, &o)))
		return "moved a producer that may write twice";
	if (f->via == RZ_VIA_LOCAL && s->local_proxy != RZ_LOCAL_PROXY_MOVE)
		return "moved one behind a local proxy";
	if (f->several)
		return "moved one of several clients";
	if (f->software > N_SOFTWARES)
		return "moved one of whose library only the number is known";
	if (f->via == RZ_VIA_PROXY || client->host_override)
		return "moved one behind a load balancer";
	if (s->opt_in == RZ_OPT_IN_TAG && !client->opt_in)
		return "moved one that did not ask for it";
	if (s->opt_in == RZ_OPT_IN_ZONE && !*client->zone)
		return "moved one by its address";
	if (!*o.agent_zone || !*o.client_zone || !strcmp(o.agent_zone, o.client_zone))
		return "moved one that is at home, or nobody knows where";
	if (count_agents(r, l, o.there.group, o.there.zone, true) <
	    (s->min_agents ? s->min_agents : 1))
		return "moved one that has nowhere to go";
	if (r->status.frozen || r->status.topology_proved_ns + s->topology_max_age_ns < r->clock_ns)
		return "moved by a topology that cannot be trusted";
	if (r->clock_ns < c->opened_ns + s->min_age_ns)
		return "moved one that is too young";
	if (r->paused || r->limits.mode == RZ_MODE_OBSERVE)
		return "moved one while nobody was to be";
	return NULL;
}

/* Two moves of one client in an interval, of which neither was of many connections; one that was
 * brought back at once. */
static const char *again_too_soon(const struct run *r, const struct row *row)
{
	const struct tick *now = &r->ticks[r->n_ticks - 1];
	uint64_t rest = r->limits.cooldown_ns < r->limits.cooldown_max_ns
				? r->limits.cooldown_ns
				: r->limits.cooldown_max_ns;
	size_t i, k;

	for (i = 0; i < r->n_ticks; i++)
		for (k = 0; k < r->ticks[i].n; k++) {
			const struct row *m = &r->ticks[i].rows[k];

			if (m == row || !went(m) || m->client != row->client ||
			    memcmp(m->addr, row->addr, 16))
				continue;
			if (!(row->together || m->together) &&
			    (i + 1 == r->n_ticks ||
			     now->now_ns < r->ticks[i].now_ns + r->limits.per_client_ns))
				return "moved a client twice in an interval";
			if (m->fate == WENT && row->opened_ns > m->at_ns &&
			    now->now_ns < m->at_ns + rest && !row->twice)
				return "moved again what a move brought back, without a rest";
		}
	return NULL;
}

const char *broken_promise(const struct run *r)
{
	const struct tick *t = &r->ticks[r->n_ticks - 1];
	const char *broken = NULL;
	size_t i, conn;

	for (i = 0; i < t->n && !broken; i++) {
		if (!went(&t->rows[i]))
			continue;
		for (conn = 0; r->conns[conn].cookie != t->rows[i].cookie; conn++)
			;
		broken = protected_by(r, conn);
		if (!broken)
			broken = again_too_soon(r, &t->rows[i]);
	}
	return broken;
}

/* In any window: what the rate gives in it and in ten seconds more, and one. `target` -1: all. */
static bool keeps(const struct run *r, long double rate, int target)
{
	size_t i, j, k;

	for (i = 0; i < r->n_ticks; i++) {
		size_t moves = 0;

		for (j = i; j < r->n_ticks; j++) {
			long double span = (long double)(r->ticks[j].now_ns - r->ticks[i].now_ns);

			for (k = 0; k < r->ticks[j].n; k++)
				moves += went(&r->ticks[j].rows[k]) &&
					 r->ticks[j].rows[k].fate == WENT &&
					 (target < 0 || r->ticks[j].rows[k].target == target);
			if ((long double)moves > rate * (span / 1e9L + 10) + 1 + 1e-6L)
				return false;
		}
	}
	return true;
}

const char *broken_rate(const struct run *r)
{
	long double most[MAX_TARGETS] = {}, share = 0;
	size_t i, k;

	for (i = 0; i < r->n_ticks; i++) {
		if (r->ticks[i].share > share)
			share = r->ticks[i].share;
		for (k = 0; k < r->ticks[i].n; k++) {
			const struct row *row = &r->ticks[i].rows[k];

			if (!row->home && row->share > most[row->target])
				most[row->target] = row->share;
		}
	}
	if (!keeps(r, r->limits.rates.node, -1))
		return "more moves than the node's rate";
	if (r->limits.rates.cluster > 0 && !keeps(r, r->limits.rates.cluster * share, -1))
		return "more moves than this node's share of the cluster's rate";
	for (i = 0; i < r->n_targets && r->limits.rates.per_target > 0; i++)
		if (!keeps(r, r->limits.rates.per_target * most[i], (int)i))
			return "more moves towards a zone than this node's share of its rate";
	return NULL;
}
