// SPDX-License-Identifier: Apache-2.0
/* One run of the policy, see tick.h. */
#include "policy/tick.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kern/named.h"
#include "policy/known.h"
#include "policy/pace.h"
#include "policy/ready.h"
#include "policy/roll.h"
#include "policy/share.h"
#include "policy/verdicts.h"

static struct rz_candidate as_candidate(const struct rz_conn *c, const struct rz_verdict *v)
{
	struct rz_candidate row = {.cookie = c->cookie,
				   .client = c->frame.client,
				   .software = c->frame.software,
				   .netns = c->netns,
				   .tuple = c->tuple,
				   .opened_ns = c->opened_ns,
				   .data_ns = rz_conn_time_ns(c, c->data_cs),
				   .request_ns = c->last_request_ns,
				   .plan = v->plan,
				   .known_by = v->known_by,
				   .home_was_ready = v->home_was_ready,
				   .reconnected = v->reconnected,
				   .from_zone = v->agent_zone ? v->agent_zone : "",
				   .to_zone = v->client_zone ? v->client_zone : ""};

	memcpy(row.addr, c->tuple.client_addr, sizeof(row.addr));
	return row;
}

/* Heartbeats come every 3 s (that is each library's default). Until three have had the time to
 * pass, a client that was here before rezone may be a group's member. */
#define HEARTBEATS_NS (10 * 1000000000ULL)

static bool may_be_grouped(const struct rz_snapshot *snap, const struct rz_conn *c)
{
	return rz_snapshot_grouped(snap, c) ||
	       (c->frame.adopted && snap->now_ns < c->opened_ns + HEARTBEATS_NS);
}

struct rz_judged_conn rz_judged(const struct rz_snapshot *snap, const struct rz_conn *c,
				struct rz_endpoint *proxied)
{
	struct rz_known known = rz_known_library(snap, c);

	return (struct rz_judged_conn){
		.conn = c,
		.client = rz_snapshot_client(snap, c->frame.client),
		.client_addr = rz_snapshot_proxied(snap, c, proxied) ? NULL : proxied->addr,
		.software = known.software,
		.known_by = known.by,
		.prints = known.prints,
		.may_be = known.may_be,
		.idempotent = known.idempotent,
		.with_id = known.with_id,
		.probeable = known.probeable,
		.probe = known.probe,
		.if_newer = known.if_newer,
		.agent = known.agent,
		.grouped = may_be_grouped(snap, c),
		.peer_proxies = rz_snapshot_peer_proxies(snap, c),
		.left = rz_snapshot_left(snap, c),
		.followed = rz_snapshot_followed(snap, c),
		.other_writer = rz_snapshot_other_writer(snap, c),
		.here = rz_named_of(snap, c),
	};
}

struct work {
	struct rz_tick *tick;
	const struct rz_snapshot *snap;
	const struct rz_world *world;
	const struct rz_select *select;
	struct rz_share *share;
	struct rz_verdicts *verdicts;
	struct rz_rows *rows;
	/* of each template: its latest kind with a shared verdict, and the latest without one that
	 * select is not told of, + 1 */
	uint32_t *kinds, *others;
};

/* That a client's metadata connection is at home says nothing of where its data flows. */
static bool is_home(const struct rz_verdict *v)
{
	return v->reason == RZ_REASON_SAME_ZONE && v->kind == RZ_KIND_DATA;
}

/* A data connection that the policy keeps tells what became of an operator's move of its client. */
static bool is_witness(const struct rz_verdict *v)
{
	return v->reason != RZ_REASON_NOT_IDENTIFIED &&
	       (v->kind == RZ_KIND_DATA || v->kind == RZ_KIND_SHARED);
}

static bool is_wanted(const struct rz_conn *c, const struct rz_verdict *v,
		      const struct rz_select *select)
{
	if (v->move)
		return true;
	return (is_home(v) || is_witness(v)) &&
	       rz_select_cares(select, c->frame.client, c->tuple.client_addr);
}

static struct rz_tick_verdict told(const struct rz_verdict *v, const struct rz_world *world)
{
	bool ready = rz_ready_reason(v->there, world->settings, world->status, world->now_ns) ==
		     RZ_REASON_NONE;

	return (struct rz_tick_verdict){v->reason, v->agent_zone, v->client_zone, v->expected_ns,
					v->lasts,  ready,	  v->ask};
}

struct rz_tick_early rz_tick_early(const struct rz_judged_conn *c, const struct rz_world *world)
{
	struct rz_verdict v;
	bool decided = rz_classify_early(c, world, &v);

	return (struct rz_tick_early){decided, told(&v, world)};
}

/* Adds the kind of all connections with this template (`conn`) and verdict. */
static size_t new_kind(struct work *w, const struct rz_conn *c, const struct rz_verdict *v,
		       uint32_t conn, bool wanted)
{
	struct rz_row_kind k = {.candidate = as_candidate(c, v),
				.verdict = told(v, w->world),
				.conn = conn,
				.wanted = wanted};

	k.candidate.same_zone = !v->move && v->locality == RZ_LOCALITY_SAME;
	k.candidate.witness = !v->move && !is_home(v);
	if (v->move)
		k.candidate.target = rz_share_target(w->share, v->there);
	return rz_rows_add_kind(w->rows, &k);
}

/* The kind that has this template and this shared verdict; SIZE_MAX: none yet. */
static size_t find_kind(const struct work *w, uint32_t conn, size_t number)
{
	uint32_t at = w->kinds[conn];

	while (at && w->rows->kinds[at - 1].number != number)
		at = w->rows->kinds[at - 1].next;
	return at ? at - 1 : SIZE_MAX;
}

static bool is_told_alike(const struct rz_tick_verdict *a, const struct rz_tick_verdict *b)
{
	return a->reason == b->reason && a->from_zone == b->from_zone && a->to_zone == b->to_zone &&
	       a->expected_ns == b->expected_ns && a->lasts == b->lasts &&
	       a->home_ready == b->home_ready && a->ask == b->ask;
}

/* Of what select is not told there is nothing but the verdict. Parked connections are judged each
 * by itself, and told alike. */
static size_t kind_by_itself(struct work *w, const struct rz_conn *c, const struct rz_verdict *v,
			     uint32_t conn)
{
	bool wanted = is_wanted(c, v, w->select);
	struct rz_tick_verdict t = told(v, w->world);
	uint32_t *other = &w->others[conn];
	size_t kind;

	if (!wanted && *other && is_told_alike(&w->rows->kinds[*other - 1].verdict, &t))
		return *other - 1;
	kind = new_kind(w, c, v, conn, wanted);
	if (!wanted && kind != SIZE_MAX)
		*other = (uint32_t)kind + 1;
	return kind;
}

/* The kind of a row; SIZE_MAX: no memory. */
static size_t kind_of(struct work *w, const struct rz_row *row, const struct rz_conn *c)
{
	struct rz_endpoint proxied;
	struct rz_judged_conn j = rz_judged(w->snap, c, &proxied);
	size_t number, kind;
	struct rz_verdict v = rz_verdicts_of(w->verdicts, &j, &number);

	w->tick->localities[v.locality]++;
	if (number == RZ_VERDICTS_MAX)
		return kind_by_itself(w, c, &v, row->kind);
	kind = find_kind(w, row->kind, number);
	if (kind != SIZE_MAX)
		return kind;
	kind = new_kind(w, c, &v, row->kind, is_wanted(c, &v, w->select));
	if (kind != SIZE_MAX) {
		w->rows->kinds[kind].number = (uint32_t)number;
		w->rows->kinds[kind].next = w->kinds[row->kind];
		w->kinds[row->kind] = (uint32_t)kind + 1;
	}
	return kind;
}

/* Judges every connection. 0 or -ENOMEM. */
static int classify_all(struct work *w)
{
	size_t i, kind;

	for (i = 0; i < w->rows->n; i++) {
		struct rz_row *row = &w->rows->rows[i];
		struct rz_conn c = rz_rows_conn(w->rows, row);

		kind = kind_of(w, row, &c);
		if (kind == SIZE_MAX)
			return -ENOMEM;
		rz_rows_judged(w->rows, row, kind);
	}
	return 0;
}

/* Once all connections were seen, it is known which agents are on this node. A pass has its alike
 * ones for that. */
static void see_all(struct work *w)
{
	const struct rz_snapshot *snap = w->snap;
	size_t i;

	for (i = 0; i < snap->alike.n; i++) {
		struct rz_conn c = rz_alike_conn(&snap->alike.rows[i]);

		rz_share_see(w->share, &c);
	}
	for (i = 0; !snap->alike.n && i < snap->n_conns; i++)
		rz_share_see(w->share, &snap->conns[i]);
}

/* 0 or -ENOMEM. */
static int judge_all(struct work *w)
{
	int err = rz_verdicts_new(w->world, &w->verdicts);

	w->kinds = calloc(w->rows->n_conns + 1, sizeof(*w->kinds));
	w->others = calloc(w->rows->n_conns + 1, sizeof(*w->others));
	if (!w->kinds || !w->others)
		err = -ENOMEM;
	if (!err)
		err = rz_share_new(w->world->topo, w->world->zones, &w->share);
	if (!err) {
		see_all(w);
		err = classify_all(w);
		w->tick->share = rz_share_all(w->share);
	}
	rz_share_free(w->share);
	rz_verdicts_free(w->verdicts);
	free(w->kinds);
	free(w->others);
	return err;
}

/* Counts, and makes moves of the candidates; `all`: also of those that wait. 0 or -ENOMEM. */
static int take_answers(struct rz_tick *t, const struct rz_rows *rows, bool all)
{
	size_t i, go = 0;

	for (i = 0; i < rows->n; i++) {
		const struct rz_row *row = &rows->rows[i];

		t->reasons[row->reason]++;
		t->candidates += rz_rows_is_candidate(rows, row);
		go += rz_rows_is_candidate(rows, row) && row->reason == RZ_REASON_NONE;
	}
	t->moves = calloc((all ? t->candidates : go) + 1, sizeof(*t->moves));
	if (!t->moves)
		return -ENOMEM;
	for (i = 0; i < rows->n; i++) {
		const struct rz_row *row = &rows->rows[i];

		if (rz_rows_is_candidate(rows, row) && (all || row->reason == RZ_REASON_NONE))
			t->moves[t->n_moves++] = rz_rows_candidate(rows, row);
	}
	return 0;
}

/* Nobody goes: what select has taken of rates and turns is given back. */
static void take_back(struct rz_select *select, const struct rz_rows *rows)
{
	size_t i;

	for (i = 0; i < rows->n; i++) {
		const struct rz_row *row = &rows->rows[i];
		struct rz_candidate c;

		if (!rz_rows_is_candidate(rows, row) || row->reason != RZ_REASON_NONE)
			continue;
		c = rz_rows_candidate(rows, row);
		rz_select_undo(select, &c);
	}
}

static int run(struct work *w, struct rz_select *select, bool paused, bool all)
{
	struct rz_moment moment = {.now_ns = w->world->now_ns, .paused = paused};
	int err = judge_all(w);

	moment.share = w->tick->share;
	if (!err)
		err = rz_pace_count_kinds(w->rows);
	if (!err)
		err = rz_select_rows(select, w->rows, &moment);
	if (!err) {
		err = take_answers(w->tick, w->rows, all);
		if (err)
			take_back(select, w->rows);
	}
	w->tick->backlog = rz_select_backlog(select);
	return err;
}

static int judge(const struct rz_snapshot *snap, const struct rz_world *world,
		 struct rz_select *select, bool paused, struct rz_rows *rows, bool all,
		 struct rz_tick **ret)
{
	struct rz_tick *t = calloc(1, sizeof(*t));
	struct work w = {.tick = t, .snap = snap, .world = world, .select = select, .rows = rows};
	int err = t ? run(&w, select, paused, all) : -ENOMEM;

	if (err)
		rz_tick_free(t);
	else
		*ret = t;
	return err;
}

int rz_tick_rows(const struct rz_snapshot *snap, const struct rz_world *world,
		 struct rz_select *select, bool paused, struct rz_rows *rows, struct rz_tick **ret)
{
	return judge(snap, world, select, paused, rows, false, ret);
}

int rz_tick_run(const struct rz_snapshot *snap, const struct rz_world *world,
		struct rz_select *select, bool paused, struct rz_tick **ret)
{
	struct rz_rows rows = {};
	struct rz_tick *t = NULL;
	uint32_t like = 0;
	size_t i;
	int err = 0;

	for (i = 0; !err && i < snap->n_conns; i++)
		err = rz_rows_add(&rows, &snap->conns[i], RZ_ROLL_NONE, &like);
	if (!err)
		err = judge(snap, world, select, paused, &rows, true, &t);
	if (!err)
		t->verdicts = calloc(snap->n_conns + 1, sizeof(*t->verdicts));
	if (!err && !t->verdicts) {
		rz_tick_give_back(select, t);
		err = -ENOMEM;
	}
	for (i = 0; !err && i < rows.n; i++)
		t->verdicts[i] = rz_rows_verdict(&rows, &rows.rows[i]);
	rz_rows_free(&rows);
	if (err)
		rz_tick_free(t);
	else
		*ret = t;
	return err;
}

static int by_order(const void *a, const void *b)
{
	uint64_t x = ((const struct rz_candidate *)a)->cookie;
	uint64_t y = ((const struct rz_candidate *)b)->cookie;

	return x < y ? -1 : x > y;
}

int rz_tick_by_hand(const struct rz_snapshot *snap, const struct rz_world *world,
		    const struct rz_order_row *orders, size_t n, struct rz_tick **ret)
{
	struct rz_tick *t = calloc(1, sizeof(*t));
	size_t i;

	if (t)
		t->moves = calloc(n + 1, sizeof(*t->moves));
	if (!t || !t->moves) {
		rz_tick_free(t);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++) {
		const struct rz_conn *c = rz_snapshot_conn(snap, orders[i].cookie);
		struct rz_endpoint proxied;
		struct rz_judged_conn j;
		struct rz_verdict v;

		if (!c || c->frame.client != orders[i].order.client)
			continue;
		j = rz_judged(snap, c, &proxied);
		if (rz_classify_order(&j, world, &v) != RZ_REASON_NONE)
			continue;
		t->moves[t->n_moves] = as_candidate(c, &v);
		t->moves[t->n_moves].by_hand = true;
		t->moves[t->n_moves].plan.probe = false;
		t->moves[t->n_moves].plan.in_use = false;
		t->moves[t->n_moves++].plan.at_once = orders[i].order.now;
	}
	qsort(t->moves, t->n_moves, sizeof(*t->moves), by_order);
	*ret = t;
	return 0;
}

void rz_tick_give_back(struct rz_select *select, const struct rz_tick *t)
{
	size_t i;

	for (i = 0; i < t->n_moves; i++)
		if (t->moves[i].reason == RZ_REASON_NONE && !t->moves[i].by_hand)
			rz_select_undo(select, &t->moves[i]);
}

void rz_tick_free(struct rz_tick *t)
{
	if (!t)
		return;
	free(t->moves);
	free(t->verdicts);
	free(t);
}

static int by_cookie(const void *key, const void *row)
{
	uint64_t a = *(const uint64_t *)key, b = ((const struct rz_candidate *)row)->cookie;

	return a < b ? -1 : a > b;
}

const struct rz_candidate *rz_tick_find(const struct rz_tick *t, uint64_t cookie)
{
	return t->n_moves ? bsearch(&cookie, t->moves, t->n_moves, sizeof(*t->moves), by_cookie)
			  : NULL;
}

void rz_tick_undo(struct rz_select *select, const struct rz_candidate *m, enum rz_undone why,
		  uint64_t at_ns)
{
	if (why == RZ_UNDO_REFUSED)
		rz_select_undo(select, m);
	else if (why == RZ_UNDO_LISTENED)
		rz_select_listen(select, m, at_ns);
	else
		rz_select_let_go(select, m, why == RZ_UNDO_SILENT, at_ns);
}
