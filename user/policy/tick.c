// SPDX-License-Identifier: Apache-2.0
/* One run of the policy, see tick.h. */
#include "policy/tick.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static struct rz_candidate as_candidate(const struct rz_conn *c)
{
	struct rz_candidate row = {
		.cookie = c->cookie, .client = c->frame.client, .opened_ns = c->opened_ns};

	memcpy(row.addr, c->tuple.client_addr, sizeof(row.addr));
	return row;
}

static struct rz_tick_move as_move(const struct rz_conn *c, const struct rz_verdict *v)
{
	return (struct rz_tick_move){.cookie = c->cookie,
				     .client = c->frame.client,
				     .netns = c->netns,
				     .tuple = c->tuple,
				     .opened_ns = c->opened_ns,
				     .unnamed = c->frame.produce && !c->frame.software,
				     .from_zone = v->agent_zone,
				     .to_zone = v->client_zone};
}

struct work {
	struct rz_tick *tick;
	struct rz_candidate *rows; /* candidates, and those at home */
	size_t *move_of;	   /* row -> index into tick->moves */
	size_t n;
};

/* That a client's metadata connection is at home says nothing of where its data flows. */
static bool is_home(const struct rz_verdict *v)
{
	return v->reason == RZ_REASON_SAME_ZONE && v->kind == RZ_KIND_DATA;
}

/* Judges every connection; collects what select wants to hear of. */
static void classify_all(struct work *w, const struct rz_snapshot *snap,
			 const struct rz_world *world)
{
	size_t i;

	for (i = 0; i < snap->n_conns; i++) {
		const struct rz_conn *c = &snap->conns[i];
		struct rz_judged_conn j = {c, rz_snapshot_client(snap, c->frame.client)};
		struct rz_endpoint proxied;
		struct rz_verdict v;

		if (!rz_snapshot_proxied(snap, c, &proxied))
			j.client_addr = proxied.addr;
		v = rz_classify(&j, world);

		w->tick->localities[v.locality]++;
		if (!v.move)
			w->tick->reasons[v.reason]++;
		if (!v.move && !is_home(&v))
			continue;
		w->rows[w->n] = as_candidate(c);
		w->rows[w->n].same_zone = !v.move;
		if (v.move) {
			w->move_of[w->n] = w->tick->n_moves;
			w->tick->moves[w->tick->n_moves++] = as_move(c, &v);
		}
		w->n++;
	}
}

static void take_answers(struct work *w)
{
	size_t i;

	for (i = 0; i < w->n; i++) {
		if (w->rows[i].same_zone)
			continue;
		w->tick->moves[w->move_of[i]].reason = w->rows[i].reason;
		w->tick->reasons[w->rows[i].reason]++;
	}
}

int rz_tick_run(const struct rz_snapshot *snap, const struct rz_world *world,
		struct rz_select *select, struct rz_tick **ret)
{
	_cleanup_free_ struct rz_candidate *rows = calloc(snap->n_conns + 1, sizeof(*rows));
	_cleanup_free_ size_t *move_of = calloc(snap->n_conns + 1, sizeof(*move_of));
	struct rz_tick *t = calloc(1, sizeof(*t));
	struct work w = {t, rows, move_of, 0};
	int err;

	if (t)
		t->moves = calloc(snap->n_conns + 1, sizeof(*t->moves));
	if (!rows || !move_of || !t || !t->moves) {
		rz_tick_free(t);
		return -ENOMEM;
	}
	classify_all(&w, snap, world);
	err = rz_select_run(select, rows, w.n, world->now_ns);
	if (err) {
		rz_tick_free(t);
		return err;
	}
	take_answers(&w);
	*ret = t;
	return 0;
}

void rz_tick_free(struct rz_tick *t)
{
	if (!t)
		return;
	free(t->moves);
	free(t);
}

static int by_cookie(const void *key, const void *row)
{
	uint64_t a = *(const uint64_t *)key, b = ((const struct rz_tick_move *)row)->cookie;

	return a < b ? -1 : a > b;
}

const struct rz_tick_move *rz_tick_find(const struct rz_tick *t, uint64_t cookie)
{
	return t->n_moves ? bsearch(&cookie, t->moves, t->n_moves, sizeof(*t->moves), by_cookie)
			  : NULL;
}

void rz_tick_undo(struct rz_select *select, const struct rz_tick_move *m, bool let_go)
{
	struct rz_candidate row = {
		.cookie = m->cookie, .client = m->client, .opened_ns = m->opened_ns};

	memcpy(row.addr, m->tuple.client_addr, sizeof(row.addr));
	if (let_go)
		rz_select_let_go(select, &row);
	else
		rz_select_undo(select, &row);
}
