// SPDX-License-Identifier: Apache-2.0
/* `rezone explain` for programs, see explain.h. Keys and words are contracts (docs/json.md). */
#include "out/explain.h"

#include "base/json.h"
#include "base/str.h"
#include "client/misread.h"
#include "out/conn_json.h"
#include "out/event.h"
#include "policy/advice.h"

/* A moment of CLOCK_MONOTONIC as one of the clock; 0: not known. */
static json_t *moment(const struct rz_explain_view *v, uint64_t at_ns)
{
	uint64_t now = v->snap->now_ns;
	char time[RZ_TIME_TEXT];

	if (!at_ns)
		return json_null();
	rz_time_format(time, at_ns < now ? v->wall_ns - (now - at_ns) : v->wall_ns + (at_ns - now));
	return json_string(time);
}

static json_t *rules_array(const struct rz_explain_view *v, const struct rz_rule_answer *rules,
			   size_t n)
{
	static const char *const answers[] = {"passed", "failed", "moot"};
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < n; i++) {
		const struct rz_rule_answer *r = &rules[i];
		struct rz_advice a = rz_advice_on(r->reason);

		json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:b, s:b, s:o, s:s, s:s}",
						     "reason", rz_reason_name(r->reason), "answer",
						     answers[r->answer], "rule", a.rule,
						     "by_hand_too", r->protects, "lasts", r->lasts,
						     "until", moment(v, r->until_ns), "who",
						     rz_who_name(a.who), "change", a.change));
	}
	return all;
}

static json_t *tag_object(const struct rz_explain *e)
{
	const struct rz_client *c = e->row->client;
	json_t *may_differ = json_array();
	unsigned i;

	for (i = 0; i < RZ_MISREAD_COUNT; i++)
		if (e->misreads >> i & 1)
			json_array_append_new(may_differ,
					      json_pack("{s:s, s:s}", "case", rz_misread_name(i),
							"text", rz_misread_text(i)));
	return json_pack("{s:o, s:o}", "zone_written", rz_json_text(c ? c->zone : NULL),
			 "may_differ", may_differ);
}

static json_t *close_object(const struct rz_explain_view *v, const struct rz_explain *e)
{
	const struct rz_plan *p = &e->row->verdict.plan;
	char text[320];

	rz_explain_close(v, e, text, sizeof(text));
	return json_pack("{s:s, s:b, s:b, s:b, s:b, s:o, s:s, s:o}", "how",
			 p->close == RZ_CLOSE_FIN ? "fin" : "reset", "gap_only",
			 rz_plan_gap_only(p), "needs_hold", p->needs_hold, "probe", p->probe,
			 "follow", p->follow, "agent_produce",
			 e->row->agent_produce >= 0 ? json_integer(e->row->agent_produce)
						    : json_null(),
			 "text", text, "by_hand",
			 e->by_hand ? json_string(rz_reason_name(e->by_hand)) : json_null());
}

static json_t *history_array(const struct rz_explain_view *v, const struct rz_explain *e)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < v->n_events; i++) {
		if (!rz_explain_is_of(&v->events[i], e->row->conn))
			continue;
		json_array_append_new(all, rz_event_json(&v->events[i]));
		if (v->limit && json_array_size(all) > v->limit)
			json_array_remove(all, 0);
	}
	return all;
}

static json_t *next_object(const struct rz_explain_view *v, const struct rz_explain *e)
{
	return json_pack("{s:s, s:o, s:o}", "kind", rz_next_name(e->next.kind), "at",
			 moment(v, e->next.at_ns), "reason",
			 e->next.reason ? json_string(rz_reason_name(e->next.reason))
					: json_null());
}

int rz_explain_print_json(FILE *f, const struct rz_explain_view *v)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < v->n && (!v->limit || i < v->limit); i++) {
		const struct rz_explain *e = &v->rows[i];

		json_array_append_new(all,
				      json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "connection",
						rz_conn_json(e->row), "rules",
						rules_array(v, e->rules, e->n_rules), "turn",
						rules_array(v, e->turn, RZ_TURN_MAX), "tag",
						tag_object(e), "close", close_object(v, e), "next",
						next_object(v, e), "history", history_array(v, e)));
	}
	return rz_json_print(f, all, false);
}
