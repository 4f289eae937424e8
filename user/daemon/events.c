// SPDX-License-Identifier: Apache-2.0
/*
 * What the daemon tells: each event goes into map events (or verdicts), where `rezone events` reads
 * it, and what an operator wants to read goes into the log as well.
 *
 * Comes in: events without number, time and client.id. Called by everything in user/daemon/.
 */
#include "daemon/daemon.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "kern/tally.h"
#include "out/event.h"

/* As the log calls an event of a connection; NULL: it stands in the ring alone. */
static const char *log_word(enum rz_event_type t)
{
	switch (t) {
	case RZ_EVENT_MOVE:
	case RZ_EVENT_LET_GO:
	case RZ_EVENT_REFUSED:
	case RZ_EVENT_OBSERVE:
		return "move";
	case RZ_EVENT_OUTCOME:
	case RZ_EVENT_GAVE_UP:
	case RZ_EVENT_LEFT:
	case RZ_EVENT_LEFT_CLOSED:
	case RZ_EVENT_FOLLOW_CLOSE:
	case RZ_EVENT_LET_THROUGH:
		return rz_event_name(t);
	default:
		return NULL;
	}
}

/* How the log begins the line of an event that is of no connection; NULL: who tells it logs more
 * than its text. */
static const struct {
	enum rz_log_level level;
	const char *begin;
} all_lines[RZ_EVENT_COUNT] = {
	[RZ_EVENT_FREEZE] = {RZ_LOG_WARN, "freeze: nobody is moved: "},
	[RZ_EVENT_THAW] = {RZ_LOG_INFO, "freeze: over "},
	[RZ_EVENT_PAUSE] = {RZ_LOG_INFO, "pause: nobody is moved, "},
	[RZ_EVENT_RESUME] = {RZ_LOG_INFO, "pause: over: "},
	[RZ_EVENT_BREAKER_OPEN] = {RZ_LOG_WARN, "breaker: "},
	[RZ_EVENT_BREAKER_CLOSED] = {RZ_LOG_INFO, "breaker: closed again "},
	[RZ_EVENT_RELOAD] = {RZ_LOG_INFO, "settings: read again, "},
	[RZ_EVENT_RELOAD_FAILED] = {RZ_LOG_ERROR, "settings: not taken, the old ones stay: "},
	[RZ_EVENT_RESET] = {RZ_LOG_INFO, "reset: "},
};

/* The keys of an event's line: the event's own, and `more`, which is taken over. */
static json_t *keys_of(const struct rz_event *e, json_t *more)
{
	json_t *keys = rz_event_json(e);

	if (keys && more)
		json_object_update(keys, more);
	json_decref(more);
	return keys;
}

static void log_conn(const struct rz_event *e)
{
	char client_at[RZ_ENDPOINT_TEXT], agent_at[RZ_ENDPOINT_TEXT];

	rz_endpoint_format(client_at, sizeof(client_at), e->tuple.client_addr,
			   e->tuple.client_port);
	rz_endpoint_format(agent_at, sizeof(agent_at), e->tuple.agent_addr, e->tuple.agent_port);
	rz_log_fields(RZ_LOG_INFO, rz_log_takes_fields(RZ_LOG_INFO) ? rz_event_json(e) : NULL,
		      "%s: %s at %s, zone %s -> %s, client.id \"%s\": %s", log_word(e->type),
		      client_at, agent_at, e->from_zone, e->to_zone, e->client_id, e->text);
}

static void add(struct rz_daemon *d, struct rz_event_ring *ring, struct rz_event *e)
{
	int err;

	e->time_ns = rz_wall_ns();
	err = ring->next ? rz_event_ring_add(ring, e) : 0;
	if (err)
		rz_tally_error(d->maps, RZ_PLACE_EVENT_INSERT, err);
}

struct rz_event rz_event_of(enum rz_event_type type, const struct rz_snapshot *snap,
			    uint64_t cookie, uint64_t client, const struct rz_tuple *tuple,
			    const char *from_zone, const char *to_zone)
{
	struct rz_event e = {.type = type, .cookie = cookie, .client = client, .tuple = *tuple};
	const struct rz_client *c = rz_snapshot_client(snap, client);

	rz_str_copy(e.client_id, sizeof(e.client_id), c ? c->id : "");
	rz_str_copy(e.from_zone, sizeof(e.from_zone), from_zone ? from_zone : "");
	rz_str_copy(e.to_zone, sizeof(e.to_zone), to_zone ? to_zone : "");
	return e;
}

/* There may be one for each client of a zone that appears. */
static bool is_one_of_many(enum rz_event_type t)
{
	return t == RZ_EVENT_VERDICT || t == RZ_EVENT_BY_ITSELF || t == RZ_EVENT_NOT_COME ||
	       t == RZ_EVENT_NOT_AWAITED;
}

void rz_daemon_tell(struct rz_daemon *d, struct rz_event *e)
{
	add(d, is_one_of_many(e->type) ? &d->verdicts : &d->events, e);
	if (log_word(e->type))
		log_conn(e);
}

static void gathered(struct rz_daemon *d, struct rz_event_ring *ring)
{
	int err;
	size_t failed = rz_event_ring_gathered(ring, &err);

	while (failed--)
		rz_tally_error(d->maps, RZ_PLACE_EVENT_INSERT, err);
}

void rz_daemon_tell_many(struct rz_daemon *d)
{
	rz_event_ring_gather(&d->events);
	rz_daemon_saved_gather(d);
	rz_log_gather();
}

void rz_daemon_told_many(struct rz_daemon *d)
{
	gathered(d, &d->events);
	rz_daemon_saved_gathered(d);
	rz_log_gathered();
}

void rz_daemon_tell_all(struct rz_daemon *d, enum rz_event_type type, json_t *more, const char *fmt,
			...)
{
	struct rz_event e = {.type = type};
	char text[512]; /* the event has less room than the line */
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	rz_str_copy(e.text, sizeof(e.text), text);
	add(d, &d->events, &e);
	if (all_lines[type].begin)
		rz_log_fields(all_lines[type].level, keys_of(&e, more), "%s%s",
			      all_lines[type].begin, text);
	else
		json_decref(more);
}

void rz_daemon_tell_setting(struct rz_daemon *d, struct rz_event *e, json_t *more)
{
	rz_daemon_tell(d, e);
	rz_log_fields(RZ_LOG_INFO, keys_of(e, more), "settings: %s: \"%s\" -> \"%s\", %s",
		      e->setting.key, e->setting.before, e->setting.after, e->text);
}

int rz_daemon_events_start(struct rz_daemon *d)
{
	int err = rz_event_ring_open(d->maps->events, &d->events);

	if (!err)
		err = rz_event_ring_open(d->maps->verdicts, &d->verdicts);
	return err ? rz_err(err, "run: maps events and verdicts: %s", strerror(-err)) : 0;
}

/* ---- verdicts ---- */

static void changed(struct rz_daemon *d, const struct rz_snapshot *snap, const struct rz_conn *c,
		    const struct rz_tick_verdict *now, enum rz_reason was)
{
	bool gave_up = now->reason == RZ_REASON_GAVE_UP;
	char span[32];
	struct rz_event e =
		rz_event_of(gave_up ? RZ_EVENT_GAVE_UP : RZ_EVENT_VERDICT, snap, c->cookie,
			    c->frame.client, &c->tuple, now->from_zone, now->to_zone);

	e.reason = now->reason;
	rz_duration_format(span, sizeof(span), d->conf.give_up_for_ns);
	if (gave_up)
		snprintf(e.text, sizeof(e.text),
			 "left alone for %s: %u rounds of moves in a row brought it back", span,
			 d->conf.give_up_after);
	else
		snprintf(e.text, sizeof(e.text), "(was: %s)", rz_reason_name(was));
	rz_daemon_tell(d, &e);
}

/* A connection's first verdict is no change. Counts the arrivals, too: what was counted is
 * remembered beside the verdict. */
void rz_daemon_tell_verdict(struct rz_daemon *d, const struct rz_snapshot *snap,
			    const struct rz_conn *c, struct rz_roll_note *note,
			    const struct rz_tick_verdict *v)
{
	if (v->reason != RZ_REASON_OBSERVING)
		note->observed = 0;
	if (note->judged && rz_reason_is_news((enum rz_reason)note->reason, v->reason))
		changed(d, snap, c, v, (enum rz_reason)note->reason);
	if (!note->arrived)
		note->arrived = rz_daemon_tally_arrival(d, snap, c, v);
	note->reason = v->reason;
	note->judged = 1;
}
