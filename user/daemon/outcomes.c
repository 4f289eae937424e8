// SPDX-License-Identifier: Apache-2.0
/*
 * What became of those that were moved.
 *
 * Comes in: moves that happened (daemon/moves.c), and what the policy found out about them at a
 * later tick. Goes out: a log line each, the counts in map settings, and word of the breaker. The
 * policy knows a client and its connection; whose addresses and zones they were is kept here.
 */
#include "daemon/daemon.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/map.h"
#include "base/str.h"

/* Beside the time in which an outcome is known: the policy may lack the memory for one. */
#define FORGET_NS (3600 * RZ_SECOND_NS)

struct rz_moved {
	uint64_t cookie;
	uint64_t moved_ns;
	struct rz_tuple tuple;
	char from[RZ_ZONE_SIZE], to[RZ_ZONE_SIZE];
	UT_hash_handle hh;
};

void rz_daemon_note_moved(struct rz_daemon *d, uint64_t cookie, const struct rz_tuple *tuple,
			  const char *from_zone, const char *to_zone, uint64_t at_ns)
{
	struct rz_moved *m;

	HASH_FIND(hh, d->moved, &cookie, sizeof(cookie), m);
	if (m || HASH_COUNT(d->moved) >= RZ_OUTCOMES_PENDING_MAX)
		return;
	m = calloc(1, sizeof(*m));
	if (!m)
		return;
	m->cookie = cookie;
	m->moved_ns = at_ns;
	m->tuple = *tuple;
	rz_str_copy(m->from, sizeof(m->from), from_zone);
	rz_str_copy(m->to, sizeof(m->to), to_zone);
	HASH_ADD(hh, d->moved, cookie, sizeof(m->cookie), m);
	if (!m->hh.tbl)
		free(m);
}

static void forget(struct rz_daemon *d, struct rz_moved *m)
{
	HASH_DEL(d->moved, m);
	free(m);
}

/* Those that were moved before. UINT64_MAX: all. */
static void forget_older(struct rz_daemon *d, uint64_t than_ns)
{
	struct rz_moved *m, *next;

	HASH_ITER (hh, d->moved, m, next)
		if (m->moved_ns < than_ns)
			forget(d, m);
}

void rz_daemon_outcomes_stop(struct rz_daemon *d)
{
	forget_older(d, UINT64_MAX);
}

static void tell(struct rz_daemon *d, const struct rz_snapshot *snap,
		 const struct rz_outcome_row *o)
{
	struct rz_moved *m;
	struct rz_event e;
	char after[32];

	if (o->outcome == RZ_OUTCOME_NONE)
		return; /* due, and open: the breaker's matter alone */
	d->settings.outcomes[o->outcome]++;
	HASH_FIND(hh, d->moved, &o->cookie, sizeof(o->cookie), m);
	if (!m)
		return;
	rz_duration_format(after, sizeof(after),
			   (o->known_ns - o->moved_ns) / 100000000ULL * 100000000ULL);
	e = rz_event_of(RZ_EVENT_OUTCOME, snap, o->cookie, o->client, &m->tuple, m->from, m->to);
	e.outcome = o->outcome;
	e.by_hand = o->by_hand;
	if (o->seen && o->outcome == RZ_OUTCOME_LEFT)
		snprintf(e.text, sizeof(e.text),
			 "%s; connection %llu, opened here since, is idle %s after the move",
			 rz_outcome_name(o->outcome), (unsigned long long)o->seen, after);
	else if (o->seen)
		snprintf(e.text, sizeof(e.text), "%s, %s after the move, as connection %llu",
			 rz_outcome_name(o->outcome), after, (unsigned long long)o->seen);
	else
		snprintf(e.text, sizeof(e.text), "%s, not seen here for %s",
			 rz_outcome_name(o->outcome), after);
	rz_daemon_tell(d, &e);
	forget(d, m);
}

static void tell_breaker(struct rz_daemon *d)
{
	uint64_t was = d->settings.breaker_until_ns;
	char span[32];

	d->settings.breaker_until_ns =
		rz_select_breaker_until(d->select, &d->settings.breaker_opened);
	rz_duration_format(span, sizeof(span), d->conf.breaker_for_ns);
	if (d->settings.breaker_until_ns && !was) {
		rz_daemon_tell_all(
			d, RZ_EVENT_BREAKER_OPEN,
			"nobody is moved for %s: too many of the latest moves were futile", span);
		rz_warn("breaker: nobody is moved for %s: %.0f %% or more of the latest moves were "
			"futile, their clients came back here; is the topology right, and can "
			"clients reach the agents of their zone?",
			span, d->conf.breaker);
	} else if (!d->settings.breaker_until_ns && was) {
		rz_daemon_tell_all(d, RZ_EVENT_BREAKER_CLOSED, "after %s", span);
		rz_info("breaker: closed again after %s", span);
	}
}

void rz_daemon_tell_outcomes(struct rz_daemon *d, const struct rz_snapshot *snap)
{
	const struct rz_outcome_row *rows;
	uint64_t old = RZ_OUTCOME_PATIENCE * d->conf.outcome_after_ns + FORGET_NS;
	size_t i, n;

	rows = rz_select_outcomes(d->select, &n);
	for (i = 0; i < n; i++)
		tell(d, snap, &rows[i]);
	tell_breaker(d);
	forget_older(d, snap->now_ns > old ? snap->now_ns - old : 0);
}
