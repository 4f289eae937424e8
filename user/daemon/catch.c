// SPDX-License-Identifier: Apache-2.0
/*
 * Clients whose next connection a move waits for (move/catch.h), from its first Produce to its
 * close, or to the word that it may not be closed.
 *
 * Comes in: entries of map follow that BPF has bound to a connection. Goes out: resets, by the last
 * check of a client that is followed (bpf/reset.bpf.h), events of moves, and word to the policy.
 * Whether it is still right to move the client is asked anew then, rates too: minutes may have
 * passed. If it is not, an event says why, the entry goes, and what was dropped comes again by TCP.
 * Called by daemon/follow.c, listen.c.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/str.h"
#include "kern/follow.h"
#include "move/close.h"
#include "policy/classify.h"
#include "policy/reason.h"

/* Why its client must not be moved now. NONE: anybody may be moved, and what is true of its client,
 * its agent and home still asks for it. Of the connection itself nothing is asked: what it has
 * carried is for the last check. */
static enum rz_reason why_not(const struct rz_daemon *d, const struct rz_conn *c,
			      const struct rz_client *client, uint64_t now_ns)
{
	struct rz_judged_conn judged = {.conn = c, .client = client};
	struct rz_world world = rz_daemon_world(d, now_ns);
	struct rz_verdict v;

	if (d->status.frozen)
		return RZ_REASON_TOPOLOGY_STALE;
	if (rz_daemon_is_paused(d))
		return RZ_REASON_PAUSED;
	rz_classify_early(&judged, &world, &v);
	return v.reason;
}

static struct rz_event event_of(const struct rz_daemon *d, const struct rz_job *j,
				enum rz_event_type type, const struct rz_follow *e,
				const struct rz_conn *c, uint64_t now_ns)
{
	struct rz_event v = rz_daemon_followed_event(d, type, e, c, now_ns);

	rz_str_copy(v.from_zone, sizeof(v.from_zone), j->from_zone);
	rz_str_copy(v.to_zone, sizeof(v.to_zone), j->to_zone);
	v.known_by = j->c.known_by;
	v.waited_ms = v.held_ms;
	v.move = 0; /* no earlier connection was closed */
	return v;
}

static void tell_moved(struct rz_daemon *d, const struct rz_job *j, const struct rz_follow *e,
		       const struct rz_conn *c, uint64_t now_ns)
{
	struct rz_event v = event_of(d, j, RZ_EVENT_MOVE, e, c, now_ns);

	snprintf(v.text, sizeof(v.text),
		 "reset after a hold of %u ms, before anything was executed on it: its client "
		 "writes on new connections only",
		 v.held_ms);
	rz_daemon_tell(d, &v);
	rz_daemon_tally_moved(d, RZ_MOVED_MOVED, RZ_CLOSE_RESET, RZ_TRIGGER_POLICY, j->to_zone);
	rz_daemon_tally_span(d, RZ_SPAN_HOLD, e->first_ns, now_ns);
	d->counters.moved++;
}

/* It came, and is let through: for this reason, or by what became of the job. */
static void tell_refused(struct rz_daemon *d, const struct rz_job *j, enum rz_reason reason,
			 const char *why, const struct rz_follow *e, const struct rz_conn *c,
			 uint64_t now_ns)
{
	struct rz_event v = event_of(d, j, RZ_EVENT_REFUSED, e, c, now_ns);

	v.reason = reason;
	v.error = reason == RZ_REASON_NONE ? j->error : -ECANCELED;
	v.check = j->check;
	snprintf(v.text, sizeof(v.text), "its client's next connection is let through: %s", why);
	rz_daemon_tell(d, &v);
	rz_daemon_tally_moved(d, RZ_MOVED_REFUSED, RZ_CLOSE_RESET, RZ_TRIGGER_POLICY, j->to_zone);
	d->counters.refused++;
}

void rz_daemon_catch_begin(struct rz_daemon *d, const struct rz_snapshot *snap,
			   const struct rz_job *j)
{
	struct rz_follow_key key = rz_follow_key_of(j->c.client, &j->c.tuple, j->c.netns);
	struct rz_saved carried;

	if (j->caught && rz_daemon_ledger_carried(d, snap, j->c.cookie, &carried))
		rz_catching_note(&d->catching, &key, &carried);
}

/* The connection that is closed has carried nothing. The one before it carried what its client
 * writes from the one's opening to now. */
static void count_saving(struct rz_daemon *d, const struct rz_caught *m, uint64_t cookie,
			 uint64_t now_ns)
{
	struct rz_saved carried = m->carried;

	if (!carried.seen_ns)
		return;
	carried.seen_ns = now_ns - m->c.opened_ns;
	rz_daemon_ledger_save(d, cookie, &carried);
}

/* The job of closing this connection, in the place of the one that was let go. */
static struct rz_job job_of(const struct rz_caught *m, const struct rz_conn *c)
{
	struct rz_job j = {.c = m->c};

	rz_str_copy(j.from_zone, sizeof(j.from_zone), m->from_zone);
	rz_str_copy(j.to_zone, sizeof(j.to_zone), m->to_zone);
	j.c.cookie = c->cookie;
	j.c.tuple = c->tuple;
	j.c.opened_ns = c->opened_ns;
	j.c.plan.close = RZ_CLOSE_RESET;
	j.c.plan.follow_up = true;
	return j;
}

/* Returns whether it is over: closed, or not to be closed. */
static bool close_it(struct rz_daemon *d, const struct rz_caught *m, const struct rz_follow *e,
		     const struct rz_conn *c, uint64_t now_ns)
{
	enum rz_reason reason = RZ_REASON_NOT_IDENTIFIED;
	struct rz_job j = job_of(m, c), *one = &j;
	struct rz_client client;

	j.c.from_zone = j.from_zone;
	j.c.to_zone = j.to_zone;
	if (!bpf_map_lookup_elem(d->maps->clients, &c->frame.client, &client))
		reason = why_not(d, c, &client, now_ns);
	if (reason == RZ_REASON_NONE)
		reason = rz_select_late(d->select, &j.c, now_ns);
	if (reason != RZ_REASON_NONE) {
		tell_refused(d, &j, reason, rz_reason_name(reason), e, c, now_ns);
		return true;
	}
	rz_close_run(d->kern, &one, 1, d->counters.checks, now_ns);
	if (!j.error) {
		rz_select_moved_late(d->select, &j.c, now_ns);
		count_saving(d, m, c->cookie, now_ns);
		tell_moved(d, &j, e, c, now_ns);
		return true;
	}
	if (j.error == -EAGAIN || j.error == -ENOENT)
		return false;
	tell_refused(d, &j, RZ_REASON_NONE,
		     j.check == RZ_CHECK_PASSED ? strerror(-j.error) : rz_check_text(j.check), e, c,
		     now_ns);
	return true;
}

static void tell_too_late(struct rz_daemon *d, const struct rz_caught *m, const struct rz_follow *e,
			  const struct rz_conn *c, uint64_t now_ns)
{
	struct rz_job j = job_of(m, c);

	j.error = -ETIMEDOUT;
	tell_refused(d, &j, RZ_REASON_NONE, "it could not be closed while it was held", e, c,
		     now_ns);
}

bool rz_daemon_catch_go_on(struct rz_daemon *d, const struct rz_follow_row *r,
			   const struct rz_follow_seen *seen, const struct rz_conn *c,
			   uint64_t now_ns)
{
	const struct rz_caught *m = rz_catching_find(&d->catching, &r->key);
	enum rz_follow_act act = rz_catch_decide(&r->follow, seen, now_ns);
	bool over = !m || act == RZ_FOLLOW_END ||
		    (act == RZ_FOLLOW_CLOSE && close_it(d, m, &r->follow, c, now_ns));

	if (m && act == RZ_FOLLOW_END && seen->there && !seen->left)
		tell_too_late(d, m, &r->follow, c, now_ns);
	if (!m && seen->there && !seen->left)
		rz_daemon_let_through(d, &r->follow, c, "an earlier rezone waited for it", now_ns);
	if (over)
		rz_catching_end(&d->catching, &r->key);
	return over;
}

/* By the client, the agent and home alone: nobody knows the next connection yet. */
static bool is_waited_for_still(const struct rz_daemon *d, const struct rz_caught *m,
				uint64_t now_ns)
{
	struct rz_conn next = {.tuple = m->c.tuple,
			       .netns = m->c.netns,
			       .frame = {.state = RZ_STATE_DATA, .client = m->c.client}};
	struct rz_client client;

	return !bpf_map_lookup_elem(d->maps->clients, &m->c.client, &client) &&
	       why_not(d, &next, &client, now_ns) == RZ_REASON_NONE;
}

void rz_daemon_catch_judge_again(struct rz_daemon *d)
{
	size_t i = d->catching.n;
	uint64_t now_ns = rz_now_ns();

	while (i--) {
		const struct rz_caught *m = &d->catching.rows[i];
		struct rz_follow_key key = m->key;

		/* one that has come is decided on, and told of, at its next step */
		if (is_waited_for_still(d, m, now_ns) || rz_follow_has_come(d->maps, &key))
			continue;
		rz_catching_end(&d->catching, &key);
		rz_follow_end(d->maps, &key);
	}
}

void rz_daemon_catch_stop(struct rz_daemon *d)
{
	while (d->catching.n)
		rz_follow_end(d->maps, &d->catching.rows[--d->catching.n].key);
}
