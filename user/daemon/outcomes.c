// SPDX-License-Identifier: Apache-2.0
/*
 * What became of those that were moved.
 *
 * Comes in: what the policy found out at a tick about earlier moves (policy/client.h). Goes out: an
 * event and a log line each, the counts in map counters, and word of the breaker.
 */
#include "daemon/daemon.h"

#include <stdio.h>

#include "base/json.h"
#include "base/log.h"
#include "base/str.h"

static void tell(struct rz_daemon *d, const struct rz_snapshot *snap,
		 const struct rz_outcome_row *o)
{
	struct rz_event e;
	char after[32];

	if (o->outcome == RZ_OUTCOME_NONE)
		return; /* due, and open: the breaker's matter alone */
	d->counters.outcomes[o->outcome]++;
	rz_daemon_ledger_outcome(d, o->cookie, o->outcome);
	rz_duration_format(after, sizeof(after),
			   (o->known_ns - o->moved_ns) / 100000000ULL * 100000000ULL);
	e = rz_event_of(RZ_EVENT_OUTCOME, snap, o->cookie, o->client, &o->tuple, o->from_zone,
			o->to_zone);
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
}

static void tell_breaker(struct rz_daemon *d, const struct rz_snapshot *snap)
{
	uint64_t was = d->status.breaker_until_ns;
	char span[32];

	d->status.breaker_until_ns =
		rz_select_breaker_until(d->select, &d->counters.breaker_opened);
	rz_duration_format(span, sizeof(span), d->conf.breaker_for_ns);
	if (!d->status.breaker_until_ns || !was)
		d->status.breaker_since_ns = d->status.breaker_until_ns ? snap->now_ns : 0;
	if (d->status.breaker_until_ns && !was) {
		rz_daemon_tell_all(
			d, RZ_EVENT_BREAKER_OPEN,
			json_pack("{s:f, s:f}", "for_s",
				  (double)d->conf.breaker_for_ns / RZ_SECOND_NS, "futile_percent",
				  d->conf.breaker),
			"nobody is moved for %s: %.0f %% or more of the latest moves were futile, "
			"their clients came back here; is the topology right, and can clients "
			"reach the agents of their zone?",
			span, d->conf.breaker);
	} else if (!d->status.breaker_until_ns && was) {
		rz_daemon_tell_all(d, RZ_EVENT_BREAKER_CLOSED,
				   json_pack("{s:f}", "lasted_s",
					     (double)d->conf.breaker_for_ns / RZ_SECOND_NS),
				   "after %s", span);
	}
}

void rz_daemon_tell_outcomes(struct rz_daemon *d, const struct rz_snapshot *snap)
{
	const struct rz_outcome_row *rows;
	size_t i, n;

	rows = rz_select_outcomes(d->select, &n);
	for (i = 0; i < n; i++)
		tell(d, snap, &rows[i]);
	tell_breaker(d, snap);
}
