// SPDX-License-Identifier: Apache-2.0
/* Events as lines, see event.h. */
#include "out/event.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <jansson.h>

#include "base/str.h"
#include "policy/reason.h"

#define TIME_TEXT 32

/* RFC 3339 in UTC, with milliseconds. */
static void time_text(char dst[static TIME_TEXT], uint64_t ns)
{
	time_t s = (time_t)(ns / 1000000000ULL);
	struct tm tm;
	size_t n;

	gmtime_r(&s, &tm);
	n = strftime(dst, TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(dst + n, TIME_TEXT - n, ".%03uZ", (unsigned)(ns / 1000000ULL % 1000));
}

static json_t *text_or_null(const char *s)
{
	return *s ? json_string(s) : json_null();
}

/* Numbers of a move mean nothing in another event. */
static json_t *number(bool known, json_int_t n)
{
	return known ? json_integer(n) : json_null();
}

static bool ends_a_move(enum rz_event_type t)
{
	return t == RZ_EVENT_MOVE || t == RZ_EVENT_LET_GO || t == RZ_EVENT_REFUSED;
}

static bool has_reason(const struct rz_event *e)
{
	return e->type == RZ_EVENT_VERDICT || e->reason != RZ_REASON_NONE;
}

static json_t *error_word(int error)
{
	const char *word = error ? strerrorname_np(-error) : NULL;

	return word ? json_string(word) : number(error, error);
}

int rz_event_print_json(FILE *f, const struct rz_event *e)
{
	char time[TIME_TEXT], client[RZ_ENDPOINT_TEXT] = "", agent[RZ_ENDPOINT_TEXT] = "";
	const char *reason = has_reason(e) ? rz_reason_name(e->reason) : NULL;
	const char *outcome = e->outcome ? rz_outcome_name(e->outcome) : NULL;
	const char *check = e->check ? rz_check_name(e->check) : NULL;
	bool move = ends_a_move(e->type);
	json_t *o;
	int err;

	time_text(time, e->time_ns);
	if (e->cookie) {
		rz_endpoint_format(client, sizeof(client), e->tuple.client_addr,
				   e->tuple.client_port);
		rz_endpoint_format(agent, sizeof(agent), e->tuple.agent_addr, e->tuple.agent_port);
	}
	o = json_pack(
		"{s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:s?, s:s?, s:b, s:o, s:o, s:o, "
		"s:o, s:s?, s:o}",
		"time", time, "event", rz_event_name(e->type), "seq", (json_int_t)e->seq, "cookie",
		number(e->cookie, (json_int_t)e->cookie), "client", text_or_null(client), "agent",
		text_or_null(agent), "client_id", text_or_null(e->client_id), "from_zone",
		text_or_null(e->from_zone), "to_zone", text_or_null(e->to_zone), "reason", reason,
		"outcome", outcome, "by_hand", e->by_hand, "waited_ms", number(move, e->waited_ms),
		"held_ms", number(move, e->held_ms), "held_segments",
		number(move, e->held_segments), "error", error_word(e->error), "check", check,
		"text", text_or_null(e->text));
	err = !o || json_dumpf(o, f, JSON_COMPACT) ? -ENOMEM : 0;
	putc('\n', f);
	json_decref(o);
	return err;
}

void rz_event_print_text(FILE *f, const struct rz_event *e)
{
	char time[TIME_TEXT], client[RZ_ENDPOINT_TEXT], agent[RZ_ENDPOINT_TEXT];

	time_text(time, e->time_ns);
	fprintf(f, "%s %-14s", time, rz_event_name(e->type));
	if (e->cookie) {
		rz_endpoint_format(client, sizeof(client), e->tuple.client_addr,
				   e->tuple.client_port);
		rz_endpoint_format(agent, sizeof(agent), e->tuple.agent_addr, e->tuple.agent_port);
		fprintf(f, " %s at %s, zone %s -> %s, \"%s\":", client, agent,
			*e->from_zone ? e->from_zone : "?", *e->to_zone ? e->to_zone : "?",
			e->client_id);
	}
	if (e->type == RZ_EVENT_VERDICT)
		fprintf(f, " %s", rz_reason_name(e->reason));
	fprintf(f, "%s%s\n", *e->text ? " " : "", e->text);
}
