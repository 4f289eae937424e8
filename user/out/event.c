// SPDX-License-Identifier: Apache-2.0
/* Events as lines, see event.h. */
#include "out/event.h"

#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "policy/reason.h"

/* Numbers of a move mean nothing in another event. */
static bool ends_a_move(enum rz_event_type t)
{
	return t == RZ_EVENT_MOVE || t == RZ_EVENT_LET_GO || t == RZ_EVENT_REFUSED ||
	       t == RZ_EVENT_FOLLOW_CLOSE || t == RZ_EVENT_LET_THROUGH;
}

/* How its library is known decides how a connection is closed, and says nothing of other events. */
static bool has_library(const struct rz_event *e)
{
	return ends_a_move(e->type) || e->type == RZ_EVENT_HOLD || e->type == RZ_EVENT_OBSERVE;
}

static bool has_reason(const struct rz_event *e)
{
	return e->type == RZ_EVENT_VERDICT || e->reason != RZ_REASON_NONE;
}

/* It has values before and after, which share their place with client_id. */
static bool is_change(const struct rz_event *e)
{
	return e->type == RZ_EVENT_SETTING || e->type == RZ_EVENT_TOPOLOGY;
}

static const char *client_id_of(const struct rz_event *e)
{
	return is_change(e) ? NULL : e->client_id;
}

static json_t *change_text(const struct rz_event *e, const char *text)
{
	return is_change(e) ? json_string(text) : json_null();
}

json_t *rz_event_json(const struct rz_event *e)
{
	char time[RZ_TIME_TEXT], client[RZ_ENDPOINT_TEXT] = "", agent[RZ_ENDPOINT_TEXT] = "";
	const char *reason = has_reason(e) ? rz_reason_name(e->reason) : NULL;
	const char *outcome = e->outcome ? rz_outcome_name(e->outcome) : NULL;
	const char *known_by = has_library(e) ? rz_known_by_name(e->known_by) : NULL;
	const char *check = e->check ? rz_check_name(e->check) : NULL;
	bool move = ends_a_move(e->type);

	rz_time_format(time, e->time_ns);
	if (e->cookie) {
		rz_endpoint_format(client, sizeof(client), e->tuple.client_addr,
				   e->tuple.client_port);
		rz_endpoint_format(agent, sizeof(agent), e->tuple.agent_addr, e->tuple.agent_port);
	}
	return json_pack(
		"{s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:s?, s:s?, s:b, s:o, s:o, s:o, "
		"s:o, s:s?, s:s?, s:o, s:o, s:o, s:o, s:o}",
		"time", time, "event", rz_event_name(e->type), "seq", (json_int_t)e->seq, "cookie",
		rz_json_number(e->cookie, (json_int_t)e->cookie), "client", rz_json_text(client),
		"agent", rz_json_text(agent), "client_id", rz_json_text(client_id_of(e)),
		"from_zone", rz_json_text(e->from_zone), "to_zone", rz_json_text(e->to_zone),
		"reason", reason, "outcome", outcome, "by_hand", e->by_hand, "waited_ms",
		rz_json_number(move, e->waited_ms), "held_ms", rz_json_number(move, e->held_ms),
		"held_segments", rz_json_number(move, e->held_segments), "error",
		rz_json_error(e->error), "check", check, "library_known_by", known_by, "text",
		rz_json_text(e->text), "setting",
		rz_json_text(is_change(e) ? e->setting.key : NULL), "before",
		change_text(e, e->setting.before), "after", change_text(e, e->setting.after),
		"move", rz_json_number(e->move, (json_int_t)e->move));
}

int rz_event_print_json(FILE *f, const struct rz_event *e)
{
	return rz_json_print(f, rz_event_json(e), true);
}

void rz_event_print_text(FILE *f, const struct rz_event *e)
{
	char time[RZ_TIME_TEXT], client[RZ_ENDPOINT_TEXT], agent[RZ_ENDPOINT_TEXT];

	rz_time_format(time, e->time_ns);
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
	if (is_change(e))
		fprintf(f, " %s%s\"%s\" -> \"%s\"%s", e->setting.key, *e->setting.key ? ": " : "",
			e->setting.before, e->setting.after, *e->text ? "," : "");
	fprintf(f, "%s%s\n", *e->text ? " " : "", e->text);
}
