// SPDX-License-Identifier: Apache-2.0
/* The product is asked about a tick, and its answers are compared with the naive ones, see
 * compare.h. */
#include "compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy/park.h"

enum rz_reason product_said(const void *ctx, uint64_t cookie)
{
	const struct product *p = ctx;
	size_t i;

	for (i = 0; i < p->snap.n_conns; i++)
		if (p->snap.conns[i].cookie == cookie)
			return p->tick->verdicts[i].reason;
	return RZ_REASON_NONE;
}

/* Which answer is the verdict's: of the first rule that has not passed; if that is `parked`, of the
 * first one behind it that lasts. */
static size_t that_decides(const struct rz_rule_answer *rules, size_t n)
{
	size_t first = 0, k;

	while (first < n && rules[first].answer == RZ_ANSWER_PASSED)
		first++;
	if (first == n || rules[first].reason != RZ_REASON_PARKED)
		return first;
	for (k = first; k < n && !rules[k].lasts; k++)
		;
	return k < n ? k : first;
}

/* Told rule by rule, the product says what its verdict says. */
static bool rules_agree(const struct product *p, const struct rz_world *w)
{
	struct rz_rule_answer rules[RZ_RULES_MAX];
	struct rz_endpoint proxied;
	size_t i, k, n;

	for (i = 0; i < p->snap.n_conns; i++) {
		struct rz_judged_conn j = rz_judged(&p->snap, &p->snap.conns[i], &proxied);
		enum rz_reason reason = rz_classify(&j, w).reason;

		n = rz_classify_rules(&j, w, rules);
		k = that_decides(rules, n);
		if (k < n ? rules[k].answer != RZ_ANSWER_FAILED || rules[k].reason != reason
			  : reason != RZ_REASON_NONE)
			return false;
	}
	return true;
}

/* Alike connections that are judged together are told what each of them is told alone. */
static bool early_agrees(struct product *p, const struct rz_world *w)
{
	struct rz_alikes seen_alike = {};
	bool ok = true;
	size_t i;

	for (i = 0; i < p->snap.n_conns && ok; i++) {
		const struct rz_conn *c = &p->snap.conns[i];
		size_t row = rz_alikes_see(&seen_alike, c);
		struct rz_conn any = rz_alike_conn(&seen_alike.rows[row]);
		struct rz_endpoint proxied;
		struct rz_judged_conn one = rz_judged(&p->snap, c, &proxied);
		struct rz_judged_conn j = {&any, rz_snapshot_client(&p->snap, any.frame.client),
					   .client_addr = one.client_addr, .left = one.left,
					   .followed = one.followed};
		struct rz_tick_early e = rz_tick_early(&j, w);
		struct rz_verdict v = rz_classify(&one, w);

		p->early += e.decided;
		ok = !e.decided ||
		     (v.reason == e.verdict.reason && v.lasts == e.verdict.lasts && !v.move &&
		      !v.expected_ns && v.agent_zone == e.verdict.from_zone &&
		      v.client_zone == e.verdict.to_zone);
	}
	rz_alikes_free(&seen_alike);
	return ok;
}

bool ask_product(struct run *r, struct rz_select *s, struct product *p)
{
	struct rz_world w = {.topo = &r->topo,
			     .zones = r->zones,
			     .settings = &r->settings,
			     .status = &r->status,
			     .now_ns = r->clock_ns,
			     .blocks = r->blocks,
			     .exclude = r->exclude};
	size_t i, n = 0;

	for (i = 0; i < MAX_CLIENTS; i++)
		if (!r->unread[i])
			p->clients[n++] = r->clients[i];
	p->snap = (struct rz_snapshot){.conns = r->conns,
				       .n_conns = r->n_conns,
				       .clients = p->clients,
				       .n_clients = n,
				       .proxied = r->proxied,
				       .n_proxied = r->n_conns,
				       .held = r->held,
				       .n_held = r->n_conns,
				       .prints = r->prints,
				       .n_prints = r->n_conns,
				       .softwares = r->softwares,
				       .n_softwares = N_SOFTWARES,
				       .named = r->named,
				       .n_named = r->n_named,
				       .now_ns = r->clock_ns};
	n = !rz_snapshot_find_members(&p->snap) &&
	    !rz_tick_run(&p->snap, &w, s, r->paused, &p->tick);
	p->rules_agree = n && rules_agree(p, &w);
	p->early_agree = n && early_agrees(p, &w);
	free(p->snap.members);
	free(p->snap.writers);
	return n;
}

void say(const struct run *r, const char *what)
{
	if (!quiet)
		printf("DIFFERENCE in world %" PRIu64 ", tick %zu: %s\n"
		       "    again: MODEL_SEED=%" PRIu64 " MODEL_RUNS=1 make model\n",
		       r->seed, r->n_ticks, what, r->seed);
}

static bool same_text(const char *product, const char *model)
{
	return !strcmp(product ? product : "", model);
}

static bool same_pace(const struct rz_plan *plan, const struct opinion *o)
{
	return plan->together == o->together && plan->busy == o->busy && plan->twice == o->twice;
}

bool agree(const struct run *r, const struct product *p, const struct opinion *o)
{
	const struct tick *t = &r->ticks[r->n_ticks - 1];
	size_t i, k, places[RZ_LOCALITY_COUNT] = {};
	char text[640];

	for (i = 0; i < r->n_conns; i++) {
		const struct rz_tick_verdict *v = &p->tick->verdicts[i];
		const struct rz_candidate *m = rz_tick_find(p->tick, r->conns[i].cookie);
		enum rz_reason reason = o[i].reason;

		for (k = 0; k < t->n; k++)
			if (t->rows[k].cookie == r->conns[i].cookie)
				reason = t->rows[k].reason;
		places[o[i].locality]++;
		if (rz_park_next(&r->conns[i], v->lasts, r->settings.park_after_ns, r->clock_ns) !=
		    o[i].park) {
			say(r, "who is parked");
			return false;
		}
		if (m && m->plan.gap_only != o[i].gap_only) {
			say(r, "who may be held");
			return false;
		}
		if (m &&
		    (m->plan.probe_only != o[i].probe_only || m->plan.probe != o[i].probe_only)) {
			say(r, "who is held to find out its library");
			return false;
		}
		if (m && m->plan.follow != o[i].follow) {
			say(r, "whose client is followed");
			return false;
		}
		if (m && !same_pace(&m->plan, &o[i])) {
			say(r, "who goes together, only while it is in use, or twice");
			return false;
		}
		if (v->reason == reason && same_text(v->from_zone, o[i].agent_zone) &&
		    same_text(v->to_zone, o[i].client_zone))
			continue;
		snprintf(text, sizeof(text),
			 "connection %" PRIu64 ": %s (%s to %s), naively %s (%s to %s)",
			 (uint64_t)r->conns[i].cookie, rz_reason_name(v->reason),
			 v->from_zone ? v->from_zone : "-", v->to_zone ? v->to_zone : "-",
			 rz_reason_name(reason), o[i].agent_zone, o[i].client_zone);
		say(r, text);
		return false;
	}
	if (memcmp(places, p->tick->localities, sizeof(places))) {
		say(r, "how many are at home");
		return false;
	}
	if (!p->rules_agree)
		say(r, "rules told one by one");
	if (!p->early_agree)
		say(r, "what alike connections are told");
	return p->rules_agree && p->early_agree;
}

bool agree_on_outcomes(const struct run *r, const struct rz_select *s)
{
	size_t i, n, naive[RZ_OUTCOME_COUNT], product[RZ_OUTCOME_COUNT] = {};
	const struct rz_outcome_row *known = rz_select_outcomes(s, &n);

	for (i = 0; i < n; i++)
		product[known[i].outcome]++;
	count_outcomes(r, naive);
	if (!memcmp(naive, product, sizeof(naive)))
		return true;
	say(r, "outcomes");
	return false;
}
