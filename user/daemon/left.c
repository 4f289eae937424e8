// SPDX-License-Identifier: Apache-2.0
/*
 * Clients that have left a connection while it was held: they have closed it, and ask again on
 * another. What was held back never reaches the agent (bpf/hold.bpf.h, map held), so the agent's
 * socket has nothing more to do. Its client may still read: it has shut down one side only, and
 * waits for answers.
 *
 * Comes in: map held. Goes out: an event when one is seen first; once all its answers are out, and
 * its client has had the time to read them, a reset, by the same look under the lock as a move
 * (bpf/reset.bpf.h), and an event. Nobody is closed in mode observe, or while the operator or the
 * settings pause moves: they stay as they are. Called every second by daemon/wake.c.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <stdlib.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "kern/conn.h"
#include "kern/held.h"
#include "kern/live.h"
#include "kern/watch.h"
#include "move/close.h"

/* Nothing is seen of a client that has left, so it may not be running: see SILENT_TIMES of
 * move/wait.c. */
#define SETTLE_TIMES 4

struct rz_left {
	uint64_t cookie;
	uint64_t quiet_ns; /* since when all has been answered, 0: it has not */
	uint32_t settled;  /* number of the latest request whose response was out then */
	bool followed;	   /* it has sent nothing that would have to be answered (map follow) */
	bool told;
};

static struct rz_left *find(const struct rz_daemon *d, uint64_t cookie)
{
	size_t i;

	for (i = 0; i < d->n_left; i++)
		if (d->left[i].cookie == cookie)
			return &d->left[i];
	return NULL;
}

/* Those of map held that clients have left, with what was known of them. */
static int remember(struct rz_daemon *d, const struct rz_held_row *rows, size_t n)
{
	struct rz_left *left = calloc(n + 1, sizeof(*left));
	size_t i, k = 0;

	if (!left)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		const struct rz_left *was = find(d, rows[i].cookie);

		if (!rows[i].held.left_ns)
			continue;
		left[k] = was ? *was : (struct rz_left){.cookie = rows[i].cookie};
		left[k++].followed = rows[i].held.followed;
	}
	free(d->left);
	d->left = left;
	d->n_left = k;
	return 0;
}

static void tell(struct rz_daemon *d, enum rz_event_type type, const struct rz_conn *c,
		 const char *text)
{
	static const struct rz_snapshot none;
	struct rz_event e =
		rz_event_of(type, &none, c->cookie, c->frame.client, &c->tuple, NULL, NULL);
	struct rz_client client;

	if (!bpf_map_lookup_elem(d->maps->clients, &c->frame.client, &client)) {
		rz_str_copy(e.client_id, sizeof(e.client_id), client.id);
		rz_str_copy(e.to_zone, sizeof(e.to_zone), client.zone);
	}
	e.reason = RZ_REASON_LEFT;
	rz_str_copy(e.text, sizeof(e.text), text);
	rz_daemon_tell(d, &e);
}

/* All responses are out that must be, for long enough. Whether the latest request is whole the last
 * check knows, if it is the walk's. */
static bool has_settled(const struct rz_daemon *d, struct rz_left *l, uint64_t now_ns)
{
	struct rz_responses_seen r;
	struct rz_move_evidence e;

	if (l->followed)
		return true;
	rz_evidence_read(d->maps, l->cookie, &e);
	r = rz_evidence_responses(&e, rz_kern_can_walk(d->kern));
	if (!e.tracked || !e.watched || r.out != RZ_CHECK_PASSED) {
		l->quiet_ns = 0;
		return false;
	}
	if (!l->quiet_ns || l->settled != r.must) {
		l->quiet_ns = now_ns;
		l->settled = r.must;
	}
	return now_ns >= l->quiet_ns + d->conf.settle_ns * SETTLE_TIMES;
}

static void close_it(struct rz_daemon *d, const struct rz_left *l, const struct rz_conn *c,
		     uint64_t now_ns)
{
	struct rz_job j = {.c = {.cookie = l->cookie,
				 .client = c->frame.client,
				 .netns = c->netns,
				 .tuple = c->tuple,
				 .plan = {.shared = true, .left = true, .follow_up = l->followed}},
			   .gap = !l->followed,
			   .wait = {.settled = l->settled}};
	struct rz_job *one = &j;
	struct rz_client client;

	if (!bpf_map_lookup_elem(d->maps->clients, &c->frame.client, &client))
		rz_str_copy(j.to_zone, sizeof(j.to_zone), client.zone);
	rz_close_run(d->kern, &one, 1, d->counters.checks, now_ns);
	if (!j.error)
		tell(d, RZ_EVENT_LEFT_CLOSED, c,
		     "closed: all answers were out, what was held back was discarded");
}

static void look_at(struct rz_daemon *d, struct rz_left *l, uint64_t now_ns)
{
	bool may_close = d->settings.mode == RZ_MODE_ENFORCE && !rz_daemon_is_paused(d);
	struct rz_conn c;

	if (rz_conn_read(d->maps->conns, l->cookie, &c))
		return;
	if (!l->told)
		tell(d, RZ_EVENT_LEFT, &c,
		     "the client closed it while it was held: what was held back is discarded");
	l->told = true;
	if (may_close && !rz_daemon_moves_has(d, l->cookie) && has_settled(d, l, now_ns))
		close_it(d, l, &c, now_ns);
}

void rz_daemon_look_at_left(struct rz_daemon *d)
{
	_cleanup_free_ struct rz_held_row *rows = NULL;
	uint64_t now_ns = rz_now_ns();
	size_t i, n;

	if (rz_held_read(d->maps, &rows, &n) || remember(d, rows, n))
		return;
	for (i = 0; i < d->n_left; i++)
		look_at(d, &d->left[i], now_ns);
	rz_held_sweep(d->maps, rows, n, now_ns);
	if (d->moves)
		return;
	rz_kern_watch_no_more(d->kern, d->listening.rows, d->listening.n);
	if (!n)
		rz_kern_held_none(d->kern);
}
