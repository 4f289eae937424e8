// SPDX-License-Identifier: Apache-2.0
/*
 * What became of those that were left to their library.
 *
 * Comes in: the connections of a tick with their verdicts. Goes out: an event each, and the counts
 * in map counters. Called by daemon/pass.c and daemon/tick.c.
 */
#include "daemon/daemon.h"

#include <stdio.h>

#include "base/json.h"
#include "base/log.h"
#include "base/str.h"

static bool is_data(const struct rz_conn *c)
{
	enum rz_kind kind = rz_frame_kind(&c->frame);

	return kind == RZ_KIND_DATA || kind == RZ_KIND_SHARED;
}

static struct rz_await_conn conn_of(const struct rz_conn *c, const struct rz_tick_verdict *v)
{
	return (struct rz_await_conn){
		.key = rz_client_key(c->frame.client, c->tuple.client_addr),
		.cookie = c->cookie,
		.tuple = c->tuple,
		.from_zone = v->from_zone,
		.to_zone = v->to_zone,
		.data_ns = rz_conn_time_ns(c, c->data_cs),
		.expected_ns = v->expected_ns,
		.home = v->reason == RZ_REASON_SAME_ZONE,
		.reason = v->reason,
	};
}

/* Its zone has no agent any more, say: nobody knows what becomes of it. */
static void tell_cancelled(struct rz_daemon *d, const struct rz_snapshot *snap,
			   const struct rz_await_row *r)
{
	struct rz_event e = rz_event_of(RZ_EVENT_NOT_AWAITED, snap, r->cookie, r->client, &r->tuple,
					r->from_zone, r->to_zone);

	e.reason = r->reason;
	snprintf(e.text, sizeof(e.text), "waited for no more: %s", rz_reason_name(r->reason));
	rz_daemon_tell(d, &e);
}

static void tell(struct rz_daemon *d, const struct rz_snapshot *snap, const struct rz_await_row *r)
{
	bool late = r->outcome == RZ_OUTCOME_NONE;
	struct rz_event e = rz_event_of(late ? RZ_EVENT_NOT_COME : RZ_EVENT_BY_ITSELF, snap,
					r->cookie, r->client, &r->tuple, r->from_zone, r->to_zone);
	char span[32];

	d->counters.not_come += late;
	d->counters.by_itself_home += r->outcome == RZ_OUTCOME_HOME;
	d->counters.by_itself_left += r->outcome == RZ_OUTCOME_LEFT;
	rz_duration_format(span, sizeof(span),
			   (snap->now_ns - r->since_ns) / 1000000000ULL * 1000000000ULL);
	e.outcome = r->outcome;
	if (late) {
		e.reason = RZ_REASON_LIBRARY;
		rz_str_copy(e.text, sizeof(e.text),
			    "still here: its library did not bring it home within --grace");
	} else {
		snprintf(e.text, sizeof(e.text), "%s by itself, waited for %s",
			 rz_outcome_name(r->outcome), span);
	}
	rz_daemon_tell(d, &e);
}

void rz_daemon_await_see(struct rz_daemon *d, const struct rz_conn *c,
			 const struct rz_tick_verdict *v)
{
	struct rz_await_conn seen = conn_of(c, v);

	if (is_data(c) && v->reason != RZ_REASON_NOT_IDENTIFIED)
		rz_await_see(d->await, &seen);
}

void rz_daemon_await_tell(struct rz_daemon *d, const struct rz_snapshot *snap)
{
	const struct rz_await_row *rows;
	size_t i, n, late = 0;

	rows = rz_await_settle(d->await, &n);
	for (i = 0; i < n; i++) {
		if (rows[i].cancelled) {
			tell_cancelled(d, snap, &rows[i]);
			continue;
		}
		late += rows[i].outcome == RZ_OUTCOME_NONE;
		tell(d, snap, &rows[i]);
	}
	d->counters.awaited = rz_await_count(d->await);
	if (late)
		rz_log_fields(RZ_LOG_INFO, json_pack("{s:I}", "clients", (json_int_t)late),
			      "%zu clients did not come home by themselves within --grace: "
			      "`rezone events -e not-come`",
			      late);
}
