// SPDX-License-Identifier: Apache-2.0
/*
 * Clients that are followed after a move: what they write on their next connection to the agent
 * that they came from is dropped, and that connection is closed, too (move/follow.h). Those whose
 * next connection a move waits for are daemon/catch.c's.
 *
 * Comes in: map follow, which move/jobs.c fills before a close. Goes out: resets, by the same last
 * check under the lock as a move's (bpf/reset.bpf.h), and events that name the move. It goes on
 * through a pause and a freeze: it is the end of a move that was made, and what it keeps from the
 * agent would be executed twice. In mode observe nobody is closed; BPF lets go at the deadline.
 * Called by its own timer while anybody is followed.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "kern/conn.h"
#include "kern/follow.h"
#include "kern/live.h"
#include "move/close.h"
#include "move/follow.h"
#include "policy/reason.h"

#define STEP_NS (50 * 1000000ULL)
/* A client that is to be followed is here again by then, or will not be soon. */
#define BACK_NS (2 * RZ_SECOND_NS)
/* A stop waits no longer than for all follow-up closes. */
#define STOP_NS ((RZ_FOLLOW_CLOSES + 2) * (RZ_FOLLOW_WAIT_NS + RZ_SECOND_NS / 2))

static struct rz_follow_seen see(const struct rz_daemon *d, const struct rz_follow *e,
				 struct rz_conn *c)
{
	struct rz_held h = {};

	return (struct rz_follow_seen){
		.there = e->cookie && !rz_conn_read(d->maps->conns, e->cookie, c),
		.left = e->cookie && !bpf_map_lookup_elem(d->maps->held, &e->cookie, &h) &&
			h.left_ns};
}

static void tell_closed(struct rz_daemon *d, const struct rz_follow *e, const struct rz_conn *c,
			uint64_t now_ns)
{
	struct rz_event v = rz_daemon_followed_event(d, RZ_EVENT_FOLLOW_CLOSE, e, c, now_ns);

	snprintf(v.text, sizeof(v.text),
		 "reset after a hold of %u ms, %u of %u at most after its move: nothing of it was "
		 "executed",
		 v.held_ms, e->connections, RZ_FOLLOW_CLOSES);
	rz_daemon_tell(d, &v);
}

static void tell_stays(struct rz_daemon *d, const struct rz_follow *e, const struct rz_conn *c,
		       uint64_t now_ns)
{
	char why[64];

	snprintf(why, sizeof(why), "its client writes here after %u closes, too", e->connections);
	rz_daemon_let_through(d, e, c, why, now_ns);
}

/* Returns whether it must not be closed. False: it is, or is to be tried again. */
static bool close_it(struct rz_daemon *d, const struct rz_follow_row *r, const struct rz_conn *c,
		     uint64_t now_ns)
{
	const struct rz_follow *e = &r->follow;
	struct rz_job j = {.c = {.cookie = c->cookie,
				 .client = c->frame.client,
				 .netns = c->netns,
				 .tuple = c->tuple,
				 .plan = {.follow_up = true}}};
	struct rz_job *one = &j;
	struct rz_client client;

	if (!bpf_map_lookup_elem(d->maps->clients, &c->frame.client, &client))
		rz_str_copy(j.to_zone, sizeof(j.to_zone), client.zone);
	rz_follow_closes(d->maps, r, now_ns);
	rz_close_run(d->kern, &one, 1, d->counters.checks, now_ns);
	if (!j.error) {
		tell_closed(d, e, c, now_ns);
		rz_daemon_tally_moved(d, RZ_MOVED_MOVED, RZ_CLOSE_RESET, RZ_TRIGGER_FOLLOW,
				      j.to_zone);
		rz_daemon_tally_span(d, RZ_SPAN_HOLD, e->first_ns, now_ns);
	}
	if (!j.error || j.error == -EAGAIN || j.error == -ENOENT)
		return false;
	rz_daemon_let_through(
		d, e, c, j.check == RZ_CHECK_PASSED ? strerror(-j.error) : rz_check_text(j.check),
		now_ns);
	return true;
}

/* Returns whether it is over. */
static bool go_on(struct rz_daemon *d, const struct rz_follow_row *r, uint64_t now_ns)
{
	bool may_close = d->settings.mode == RZ_MODE_ENFORCE;
	struct rz_conn c;
	struct rz_follow_seen seen = see(d, &r->follow, &c);

	if (r->follow.software)
		return rz_daemon_catch_go_on(d, r, &seen, &c, now_ns);
	switch (rz_follow_decide(&r->follow, &seen, now_ns)) {
	case RZ_FOLLOW_WAIT:
		return false;
	case RZ_FOLLOW_CLOSE:
		return may_close && close_it(d, r, &c, now_ns);
	case RZ_FOLLOW_LET_THROUGH:
		tell_stays(d, &r->follow, &c, now_ns);
		return true;
	default:
		if (seen.there && !seen.left)
			rz_daemon_let_through(d, &r->follow, &c,
					      "it could not be closed while it was held", now_ns);
		return true;
	}
}

/* Is there still something to wait for, before the programs go? */
static bool is_open(const struct rz_daemon *d, const struct rz_follow *e, uint64_t now_ns)
{
	struct rz_conn c;
	struct rz_follow_seen seen = see(d, e, &c);

	return (seen.there && !seen.left) || now_ns < rz_follow_latest_ns(e) + BACK_NS;
}

/* One step. Returns how many are followed; *ret_open: how many of them a stop waits for. */
static size_t step(struct rz_daemon *d, size_t *ret_open)
{
	_cleanup_free_ struct rz_follow_row *rows = NULL;
	uint64_t now_ns = rz_now_ns();
	size_t i, n, stay = 0;

	*ret_open = 0;
	if (rz_follow_read(d->maps, &rows, &n))
		return 1;
	for (i = 0; i < n; i++) {
		if (go_on(d, &rows[i], now_ns)) {
			rz_follow_end(d->maps, &rows[i].key);
			continue;
		}
		stay++;
		*ret_open += is_open(d, &rows[i].follow, now_ns);
	}
	return stay;
}

int rz_daemon_follow_step(void *daemon)
{
	struct rz_daemon *d = daemon;
	size_t open;

	if (step(d, &open))
		return rz_loop_arm(d->follow_timer, STEP_NS);
	rz_kern_follow(d->kern, false);
	return 0;
}

void rz_daemon_follow_finish(struct rz_daemon *d)
{
	const struct timespec pause = {.tv_nsec = STEP_NS};
	uint64_t end_ns = rz_now_ns() + STOP_NS;
	size_t open;

	if (d->settings.mode != RZ_MODE_ENFORCE)
		return;
	while (step(d, &open) && open && rz_now_ns() < end_ns) {
		rz_daemon_look_at_left(d);
		nanosleep(&pause, NULL);
	}
}
