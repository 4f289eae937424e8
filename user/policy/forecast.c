// SPDX-License-Identifier: Apache-2.0
/* What enforcing would do from now on, see forecast.h. */
#include "policy/forecast.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/pace.h"

/* Ticks to come. */
struct course {
	struct rz_select *select;
	struct rz_candidate *rows; /* those that have not gone yet */
	size_t n;
	struct rz_moment moment;
	uint64_t began_ns, interval_ns;
	size_t visits; /* left */
};

/* Those that nothing but the pause keeps. */
static size_t take_candidates(const struct rz_tick *t, struct rz_candidate *rows)
{
	size_t i, n = 0;

	for (i = 0; i < t->n_moves; i++)
		if (t->moves[i].reason == RZ_REASON_PAUSED)
			rows[n++] = t->moves[i];
	return n;
}

static struct rz_forecast_row *row_of(struct rz_forecast *f, uint64_t cookie)
{
	return (struct rz_forecast_row *)rz_forecast_find(f, cookie);
}

/* One tick: who may go goes, and is not seen here again. */
static int step(struct course *c, struct rz_forecast *f)
{
	size_t i, left = 0;
	int err = rz_pace_count(c->rows, c->n);

	if (!err)
		err = rz_select_run(c->select, c->rows, c->n, &c->moment);
	for (i = 0; !err && i < c->n; i++) {
		struct rz_candidate *row = &c->rows[i];

		if (row->reason == RZ_REASON_NONE) {
			rz_select_moved(c->select, row, c->moment.now_ns);
			f->last_ns = c->moment.now_ns - c->began_ns;
			row_of(f, row->cookie)->after_ns = f->last_ns;
		} else {
			c->rows[left++] = *row;
		}
	}
	c->visits = c->visits > c->n ? c->visits - c->n : 0;
	c->n = err ? c->n : left;
	c->moment.now_ns += rz_tick_due_ns(rz_select_backlog(c->select), c->interval_ns);
	return err;
}

static int run(struct course *c, struct rz_forecast *f)
{
	size_t i;
	int err = 0;

	f->rows = calloc(c->n + 1, sizeof(*f->rows));
	if (!f->rows)
		return -ENOMEM;
	f->n = c->n;
	for (i = 0; i < c->n; i++) /* in the order of their cookies, as the tick has them */
		f->rows[i] = (struct rz_forecast_row){c->rows[i].cookie, RZ_FORECAST_LATER};
	while (!err && c->n && c->visits)
		err = step(c, f);
	f->later = c->n;
	return err;
}

int rz_forecast_run(const struct rz_snapshot *snap, const struct rz_world *world,
		    const struct rz_limits *limits, size_t visits, struct rz_forecast *ret)
{
	_cleanup_free_ struct rz_candidate *rows = calloc(snap->n_conns + 1, sizeof(*rows));
	struct rz_limits enforce = *limits;
	struct course c = {.rows = rows,
			   .began_ns = world->now_ns,
			   .interval_ns = world->settings->interval_ns,
			   .visits = visits};
	struct rz_forecast f = {};
	int err;

	enforce.mode = RZ_MODE_ENFORCE;
	err = rows ? rz_select_new(&enforce, &c.select) : -ENOMEM;
	if (!err)
		err = rz_tick_run(snap, world, c.select, true, &f.tick);
	if (!err) {
		c.n = take_candidates(f.tick, rows);
		c.moment = (struct rz_moment){.now_ns = world->now_ns, .share = f.tick->share};
		err = run(&c, &f);
	}
	rz_select_free(c.select);
	if (err)
		rz_forecast_free(&f);
	else
		*ret = f;
	return err;
}

void rz_forecast_free(struct rz_forecast *f)
{
	rz_tick_free(f->tick);
	free(f->rows);
	*f = (struct rz_forecast){};
}

static int by_cookie(const void *key, const void *row)
{
	uint64_t a = *(const uint64_t *)key, b = ((const struct rz_forecast_row *)row)->cookie;

	return a < b ? -1 : a > b;
}

const struct rz_forecast_row *rz_forecast_find(const struct rz_forecast *f, uint64_t cookie)
{
	return f->n ? bsearch(&cookie, f->rows, f->n, sizeof(*f->rows), by_cookie) : NULL;
}
