// SPDX-License-Identifier: Apache-2.0
/* `rezone explain` for people, see explain.h; for programs: explain_json.c. */
#include "out/explain.h"

#include <string.h>

#include "base/str.h"
#include "client/misread.h"
#include "out/event.h"
#include "out/table.h"
#include "policy/advice.h"

static void print_conn(FILE *f, const struct rz_conn_row *r)
{
	const struct rz_frame *frame = &r->conn->frame;
	const struct rz_verdict *v = &r->verdict;
	char age[32], rx[16], tx[16];

	rz_table_age(age, sizeof(age), r->age_s);
	rz_table_line(f, "connection", "%s in zone %s, at agent %s in zone %s; cookie %llu, %s %s",
		      r->client_at, v->client_zone ?: "?", r->agent_at, v->agent_zone ?: "?",
		      (unsigned long long)r->conn->cookie,
		      frame->adopted ? "older than rezone, seen for" : "open for", age);
	rz_table_bytes(rx, sizeof(rx), r->conn->rx_bytes);
	rz_table_bytes(tx, sizeof(tx), r->conn->tx_bytes);
	rz_table_line(f, "carries", "%s: %s from the client, %s to it, %u requests read; state %s",
		      rz_kind_name(v->kind), rx, tx, frame->requests, rz_state_name(frame->state));
}

static void print_client(FILE *f, const struct rz_explain *e)
{
	const struct rz_client *c = e->row->client;
	unsigned i;

	if (!c) {
		rz_table_line(f, "client.id", "not read");
		return;
	}
	rz_table_line(f, "client.id", "%s%s", c->is_null ? "(none)" : c->id,
		      c->truncated ? " (cut)" : "");
	if (e->row->verdict.zone_by_address)
		rz_table_line(f, "tag", "no zone; zone %s by its address",
			      e->row->verdict.client_zone);
	else if (c->zone[0])
		rz_table_line(f, "tag", "zone \"%s\", dialect %s; %s", c->zone,
			      rz_dialect_name(c->dialect), c->opt_in ? "opted in" : "not opted in");
	else
		rz_table_line(f, "tag", "no zone; %s", c->opt_in ? "opted in" : "not opted in");
	for (i = 0; i < RZ_MISREAD_COUNT; i++)
		if (e->misreads >> i & 1)
			rz_table_line(f, "", "may differ, %s: %s", rz_misread_name(i),
				      rz_misread_text(i));
}

static void print_library(FILE *f, const struct rz_conn_row *r)
{
	static const char *const how[RZ_KNOWN_COUNT] = {
		[RZ_KNOWN_SAID] = "said: the client named itself here",
		[RZ_KNOWN_SIBLING] = "sibling: another connection of the client named it",
		[RZ_KNOWN_FINGERPRINT] = "fingerprint: by the form of its requests",
		[RZ_KNOWN_PROBE] = "probe: by its requests, also those after a hold",
		[RZ_KNOWN_UNKNOWN] = "unknown: the strictest rule applies",
	};
	enum rz_known_by by = r->verdict.known_by;

	rz_table_line(f, "library", "%s%s%s%s%s", r->library, *r->library_version ? " " : "",
		      r->library_version, *r->library ? "; " : "",
		      by < RZ_KNOWN_COUNT ? how[by] : "?");
	if (r->agent_produce >= 0)
		rz_table_line(f, "", "its agent has Produce up to v%d, by its own answer",
			      r->agent_produce);
	else if (r->agent_silent)
		rz_table_line(f, "", "its agent was asked for its versions and did not say them");
	else if (r->verdict.ask)
		rz_table_line(f, "", "its agent is to be asked for its versions, which may tell");
}

static void print_rule(FILE *f, const struct rz_explain_view *v, const struct rz_rule_answer *r)
{
	static const char *const answers[] = {"passed", "FAILED", "-"};
	struct rz_advice a = rz_advice_on(r->reason);
	char in[32];

	fprintf(f, "  %-7s %s", answers[r->answer], a.rule);
	if (r->answer != RZ_ANSWER_FAILED) {
		putc('\n', f);
		return;
	}
	fprintf(f, " (%s)\n", rz_reason_name(r->reason));
	if (r->until_ns > v->snap->now_ns) {
		rz_table_age(in, sizeof(in), (double)(r->until_ns - v->snap->now_ns) / 1e9);
		fprintf(f, "          passes in %s\n", in);
	} else {
		fprintf(f, "          %s%s\n",
			a.who == RZ_WHO_OWNER	   ? "the client's owner: "
			: a.who == RZ_WHO_OPERATOR ? "the operator: "
						   : "",
			a.change);
	}
}

static void print_next(FILE *f, const struct rz_explain_view *v, const struct rz_explain *e)
{
	const char *reason = rz_reason_name(e->next.reason);
	uint64_t now = v->snap->now_ns, at_ns = e->next.at_ns;
	char in[32] = "0s";

	if (at_ns > now)
		rz_table_age(in, sizeof(in), (double)(at_ns - now) / 1e9);
	switch (e->next.kind) {
	case RZ_NEXT_NOW:
		rz_table_line(f, "next move", "under way: %s", e->row->phase ?: "begun");
		break;
	case RZ_NEXT_TICK:
		rz_table_line(f, "next move", "at the tick in %s at the earliest%s%s", in,
			      e->next.reason ? "; now " : "", e->next.reason ? reason : "");
		break;
	case RZ_NEXT_AT:
		rz_table_line(f, "next move", "in %s at the earliest: %s", in, reason);
		break;
	case RZ_NEXT_OPEN:
		rz_table_line(f, "next move", "later, nobody knows when: %s", reason);
		break;
	default:
		if (e->next.reason == RZ_REASON_SAME_ZONE)
			rz_table_line(f, "next move", "none: it is at home");
		else
			rz_table_line(f, "next move", "none before this changes: %s", reason);
		break;
	}
	if (e->row->verdict.expected_ns > now) {
		rz_table_age(in, sizeof(in), (double)(e->row->verdict.expected_ns - now) / 1e9);
		rz_table_line(f, "", "expected home by itself within %s", in);
	}
}

static void print_history(FILE *f, const struct rz_explain_view *v, const struct rz_explain *e)
{
	size_t i, n = 0, skip;

	for (i = 0; i < v->n_events; i++)
		n += rz_explain_is_of(&v->events[i], e->row->conn);
	rz_table_line(f, "history", "%s",
		      n ? "of this connection and its client" : "no event of this client is kept");
	skip = v->limit && n > v->limit ? n - v->limit : 0;
	if (skip)
		fprintf(f, "  (%zu older ones: rezone events)\n", skip);
	for (i = 0; i < v->n_events; i++) {
		if (!rz_explain_is_of(&v->events[i], e->row->conn) || (skip && skip--))
			continue;
		fputs("  ", f);
		rz_event_print_text(f, &v->events[i]);
	}
}

/* "keep: not opted in", "move", "would move: observing" */
static void print_verdict(FILE *f, const struct rz_conn_row *r)
{
	rz_table_line(f, "verdict", "%s: %s",
		      r->would_move ? "would move"
		      : r->move	    ? "move"
				    : "keep",
		      r->move && r->phase ? r->phase : rz_reason_name(r->reason));
	if (r->parked_s >= 0)
		rz_table_line(f, "parked",
			      "for %.0f s: nobody would move it, so its requests are not read",
			      r->parked_s);
}

static void print_one(FILE *f, const struct rz_explain_view *v, const struct rz_explain *e)
{
	char text[320];
	size_t i;

	print_conn(f, e->row);
	print_client(f, e);
	print_library(f, e->row);
	print_verdict(f, e->row);
	rz_table_line(f, "rules", "%s", "in the order in which rezone checks them");
	for (i = 0; i < e->n_rules; i++)
		print_rule(f, v, &e->rules[i]);
	if (e->row->verdict.move)
		rz_table_line(f, "its turn", "%s", "what rezone checks once all rules have passed");
	for (i = 0; e->row->verdict.move && i < RZ_TURN_MAX; i++)
		print_rule(f, v, &e->turn[i]);
	rz_explain_close(v, e, text, sizeof(text));
	rz_table_line(f, "close", "%s", text);
	if (e->by_hand == RZ_REASON_PARKED)
		rz_table_line(f, "", "%s", "`rezone reset` has its requests read again first");
	else if (e->by_hand)
		rz_table_line(f, "", "`rezone reset` would not move it either: %s",
			      rz_reason_name(e->by_hand));
	print_next(f, v, e);
	print_history(f, v, e);
}

/* The same is to be said of both, but for their addresses and bytes. */
static bool is_alike(const struct rz_explain *a, const struct rz_explain *b)
{
	const struct rz_conn *x = a->row->conn, *y = b->row->conn;
	size_t i;

	if (x->frame.client != y->frame.client || a->row->reason != b->row->reason ||
	    a->row->under_way != b->row->under_way || a->by_hand != b->by_hand ||
	    memcmp(x->tuple.client_addr, y->tuple.client_addr, sizeof(x->tuple.client_addr)) ||
	    memcmp(x->tuple.agent_addr, y->tuple.agent_addr, sizeof(x->tuple.agent_addr)) ||
	    !rz_plan_equal(&a->row->verdict.plan, &b->row->verdict.plan))
		return false;
	for (i = 0; i < a->n_rules; i++)
		if (a->rules[i].answer != b->rules[i].answer)
			return false;
	return true;
}

static bool is_told(const struct rz_explain_view *v, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (is_alike(&v->rows[k], &v->rows[i]))
			return true;
	return false;
}

static size_t count_alike(const struct rz_explain_view *v, size_t i)
{
	size_t k, n = 0;

	for (k = i + 1; k < v->n; k++)
		n += is_alike(&v->rows[i], &v->rows[k]);
	return n;
}

int rz_explain_print_text(FILE *f, const struct rz_explain_view *v)
{
	size_t i, alike, told = 0, rest = 0;

	for (i = 0; i < v->n; i++) {
		if (is_told(v, i))
			continue;
		if (v->limit && told >= v->limit) {
			rest++;
			continue;
		}
		if (told++)
			putc('\n', f);
		print_one(f, v, &v->rows[i]);
		alike = count_alike(v, i);
		if (alike)
			rz_table_line(f, "alike",
				      "%zu more connections of this client at this agent", alike);
	}
	if (rest)
		fprintf(f, "\nand %zu other kinds of connections (--limit, -o json)\n", rest);
	return 0;
}
