// SPDX-License-Identifier: Apache-2.0
/* The rules of the policy's first half, see rules.h. Pure. */
#include "policy/rules.h"

#include <string.h>

#include "policy/park.h"
#include "policy/ready.h"

static bool left(const struct rz_view *v)
{
	return v->c->left;
}

static bool followed(const struct rz_view *v)
{
	return v->c->followed;
}

/* Never identified, but with a reason of its own. */
static bool mptcp(const struct rz_view *v)
{
	return v->c->conn->frame.state == RZ_STATE_MPTCP;
}

static bool not_identified(const struct rz_view *v)
{
	return !rz_frame_identified(&v->c->conn->frame, v->c->client);
}

/* Which of them shall it be moved for? All others would lose it too. */
static bool several(const struct rz_view *v)
{
	return v->c->conn->frame.several;
}

static bool not_opted_in(const struct rz_view *v)
{
	switch (v->w->settings->opt_in) {
	case RZ_OPT_IN_ZONE: /* a client without a zone has the next reason */
		return v->by_address;
	case RZ_OPT_IN_ANY:
		return false;
	default:
		return !v->c->client->opt_in;
	}
}

static bool excluded(const struct rz_view *v)
{
	const uint8_t *addr = v->c->client_addr ? v->c->client_addr : v->c->conn->tuple.client_addr;

	return rz_exclude_client(v->w->exclude, v->c->client->id) ||
	       rz_exclude_address(v->w->exclude, addr) ||
	       rz_exclude_zone(v->w->exclude, v->w->topo, v->client_zone);
}

static bool no_zone(const struct rz_view *v)
{
	return !v->client_zone;
}

static bool zone_unknown(const struct rz_view *v)
{
	return !rz_topo_zone_known(v->w->topo, v->w->zones, v->client_zone);
}

static bool ambiguous(const struct rz_view *v)
{
	return v->ambiguous;
}

static bool not_an_agent(const struct rz_view *v)
{
	return !v->agent;
}

static bool own_zone_unknown(const struct rz_view *v)
{
	return !v->agent_zone;
}

static bool same_zone(const struct rz_view *v)
{
	return !strcmp(v->agent_zone, v->client_zone);
}

static bool no_agent_there(const struct rz_view *v)
{
	return rz_ready_is_too_few(v->there, v->w->settings);
}

static bool zone_not_stable(const struct rz_view *v)
{
	return !rz_ready_is_stable(v->there, v->w->settings, v->w->now_ns);
}

static uint64_t zone_stable_ns(const struct rz_view *v)
{
	return rz_ready_stable_ns(v->there, v->w->settings);
}

static bool topology_stale(const struct rz_view *v)
{
	return rz_ready_topology_is_stale(v->w->settings, v->w->status, v->w->now_ns);
}

/* ---- the connection's ---- */

/* An agent that is not ready is going or coming; its clients are its own matter for that while. */
static bool agent_terminating(const struct rz_view *v)
{
	return !v->agent->ready;
}

/* What it carries now may be something else than what was read before. */
static bool parked(const struct rz_view *v)
{
	return !rz_park_is_known(v->c->conn, v->w->settings->park_after_ns, v->w->now_ns);
}

static bool not_data(const struct rz_view *v)
{
	return v->c->conn->frame.state != RZ_STATE_DATA ||
	       (v->kind != RZ_KIND_DATA && v->kind != RZ_KIND_TRANSACTIONAL &&
		v->kind != RZ_KIND_ACKS0 && v->kind != RZ_KIND_SHARED);
}

/* A group may rebalance when a member loses the connection by which it is one. */
static bool shared(const struct rz_view *v)
{
	const struct rz_frame *f =
		&v->c->conn->frame; /* a transaction beside it makes a kind too */
	enum rz_shared s = v->w->settings->shared;

	return (f->produce || f->fetch) && f->coordinator &&
	       (s == RZ_SHARED_SKIP || (s == RZ_SHARED_AUTO && !v->way.shared));
}

static uint64_t old_enough_ns(const struct rz_view *v)
{
	return v->c->conn->opened_ns + v->w->settings->min_age_ns;
}

static bool too_young(const struct rz_view *v)
{
	return v->w->now_ns < old_enough_ns(v);
}

/* What is in flight of it is lost without a trace. */
static bool acks0(const struct rz_view *v)
{
	return v->c->conn->frame.acks0 && v->w->settings->acks0 != RZ_ACKS0_MOVE;
}

/* A reset lands at whatever agent the load balancer likes: it told us so, or the client has been
 * told to call all agents by one name. */
static bool load_balancer(const struct rz_view *v)
{
	/* of a beginning that was not seen, what is known of the peer */
	return v->c->conn->frame.via == RZ_VIA_PROXY ||
	       (v->c->conn->frame.adopted && v->c->peer_proxies) ||
	       (v->c->client && v->c->client->host_override);
}

/* What TCP says of answers says it of the proxy: the client may not have them yet. */
static bool local_proxy(const struct rz_view *v)
{
	return v->c->conn->frame.via == RZ_VIA_LOCAL &&
	       v->w->settings->local_proxy != RZ_LOCAL_PROXY_MOVE;
}

static bool transactional(const struct rz_view *v)
{
	return v->kind == RZ_KIND_TRANSACTIONAL;
}

/* It may be any library, also the one that bears least. */
static bool name_not_kept(const struct rz_view *v)
{
	return v->c->conn->frame.software && !v->c->software;
}

/* Its library may write twice whichever way it is ended, and no setting changes that; unless it is
 * probed first whether it is that library. Or no way is known that it bears well: of that its
 * operator may know better, and --close says so. */
static bool left_to_library(const struct rz_view *v)
{
	if (v->way.alone)
		return !v->probe;
	return (v->w->settings->close == RZ_CLOSE_AUTO && v->way.close == RZ_CLOSE_AUTO);
}

/* By then its library has asked for metadata since its zone is ready; one that was opened later may
 * have been opened by what was known before. */
uint64_t rz_rules_expected_ns(const struct rz_view *v)
{
	uint64_t ready_ns = v->there->ready_since_ns, opened_ns = v->c->conn->opened_ns;

	return (ready_ns > opened_ns ? ready_ns : opened_ns) + v->w->settings->grace_ns;
}

/* It asks for metadata by itself, and has had the time to. */
static bool library(const struct rz_view *v)
{
	return left_to_library(v) && v->w->now_ns >= rz_rules_expected_ns(v);
}

static bool may_come(const struct rz_view *v)
{
	return left_to_library(v) && !(v->there && library(v));
}

/* ---- which of them last: a connection that fails such a rule is parked (park.h) ---- */

/* Until a setting, the topology, or what the client says of itself is another. */
static bool lasts(const struct rz_view *v)
{
	(void)v;
	return true;
}

/* TLS, or another protocol: nothing of it will ever be read. */
static bool not_identified_lasts(const struct rz_view *v)
{
	enum rz_state state = v->c->conn->frame.state;

	return state == RZ_STATE_TLS || state == RZ_STATE_NOT_KAFKA;
}

/* A name that may yet be learned from a sibling, or from its requests, may change what it bears; so
 * may one that it said, and for which there was no room yet. */
static bool name_is_settled(const struct rz_view *v)
{
	const struct rz_frame *f = &v->c->conn->frame;

	return v->c->software || (!f->adopted && !f->software);
}

/* Where its agent is decides which others its client knows. */
static bool library_lasts(const struct rz_view *v)
{
	return v->agent_zone && name_is_settled(v);
}

static bool shared_lasts(const struct rz_view *v)
{
	return v->w->settings->shared == RZ_SHARED_SKIP || name_is_settled(v);
}

/* Its own PROXY header, or its own client.id, says so; not another connection's. */
static bool load_balancer_lasts(const struct rz_view *v)
{
	return v->c->conn->frame.via == RZ_VIA_PROXY ||
	       (v->c->client && v->c->client->host_override);
}

/* What a rule looks at, and a connection may not have. */
enum need {
	CLIENT = 1 << 0, /* its client.id has been read */
	ZONE = 1 << 1,	 /* the client's */
	AGENT = 1 << 2,
	OWN = 1 << 3,	/* the agent's zone */
	THERE = 1 << 4, /* agents of the client's zone that could take it in */
};

/* In the order of enum rz_reason, but for LEFT, FOLLOWED and MPTCP, which come first: nothing else
 * is known of such a connection; and for PARKED. A rule whose needs are not met is moot; a rule
 * above it has failed then. */
static const struct rule {
	enum rz_reason reason;
	bool protects; /* it is about harm; all others are about where a client had better be */
	unsigned needs;
	bool (*fails)(const struct rz_view *v);
	uint64_t (*until_ns)(const struct rz_view *v); /* NULL: time alone does not mend it */
	/* if it fails: no request of the connection mends it either; NULL: one may */
	bool (*lasts)(const struct rz_view *v);
} rules[] = {
	{RZ_REASON_LEFT, true, 0, left, NULL, NULL},
	{RZ_REASON_FOLLOWED, true, 0, followed, NULL, NULL},
	{RZ_REASON_MPTCP, true, 0, mptcp, NULL, lasts},
	{RZ_REASON_NOT_IDENTIFIED, true, 0, not_identified, NULL, not_identified_lasts},
	{RZ_REASON_SEVERAL, true, 0, several, NULL, lasts},
	{RZ_REASON_NOT_OPTED_IN, false, CLIENT, not_opted_in, NULL, lasts},
	{RZ_REASON_EXCLUDED, false, CLIENT, excluded, NULL, lasts},
	{RZ_REASON_NO_ZONE, false, 0, no_zone, NULL, lasts},
	{RZ_REASON_ZONE_UNKNOWN, false, ZONE, zone_unknown, NULL, NULL},
	{RZ_REASON_AMBIGUOUS, false, 0, ambiguous, NULL, NULL},
	{RZ_REASON_NOT_AN_AGENT, false, 0, not_an_agent, NULL, NULL},
	{RZ_REASON_OWN_ZONE_UNKNOWN, false, AGENT, own_zone_unknown, NULL, NULL},
	{RZ_REASON_SAME_ZONE, false, ZONE | OWN, same_zone, NULL, lasts},
	{RZ_REASON_NO_AGENT_THERE, false, ZONE | AGENT, no_agent_there, NULL, NULL},
	{RZ_REASON_ZONE_NOT_STABLE, false, THERE, zone_not_stable, zone_stable_ns, NULL},
	{RZ_REASON_TOPOLOGY_STALE, false, 0, topology_stale, NULL, NULL},
	{RZ_REASON_AGENT_TERMINATING, false, AGENT, agent_terminating, NULL, NULL},
	/* from here on: what one connection has of its own */
	{RZ_REASON_PARKED, true, 0, parked, NULL, NULL},
	{RZ_REASON_NOT_DATA, true, 0, not_data, NULL, NULL},
	{RZ_REASON_SHARED, true, 0, shared, NULL, shared_lasts},
	{RZ_REASON_TOO_YOUNG, false, 0, too_young, old_enough_ns, NULL},
	{RZ_REASON_ACKS0, true, 0, acks0, NULL, lasts},
	{RZ_REASON_TRANSACTIONAL, true, 0, transactional, NULL, lasts},
	{RZ_REASON_LOAD_BALANCER, false, 0, load_balancer, NULL, load_balancer_lasts},
	{RZ_REASON_LOCAL_PROXY, true, 0, local_proxy, NULL, lasts},
	{RZ_REASON_NAME_NOT_KEPT, true, 0, name_not_kept, NULL, NULL},
	{RZ_REASON_LIBRARY, true, THERE, library, NULL, library_lasts},
	{RZ_REASON_MAY_COME, true, 0, may_come, NULL, NULL},
};
#define N_RULES	     (sizeof(rules) / sizeof(rules[0]))
#define FIRST_OF_ONE RZ_REASON_PARKED /* the rules above it look at what alike ones share */
_Static_assert(N_RULES <= RZ_RULES_MAX, "there is room for every rule's answer");

static unsigned known(const struct rz_view *v)
{
	return (v->c->client ? CLIENT : 0) | (v->client_zone ? ZONE : 0) | (v->agent ? AGENT : 0) |
	       (v->agent_zone ? OWN : 0) | (v->there ? THERE : 0);
}

static enum rz_answer ask(const struct rule *r, const struct rz_view *v)
{
	if (r->needs & ~known(v))
		return RZ_ANSWER_MOOT;
	return r->fails(v) ? RZ_ANSWER_FAILED : RZ_ANSWER_PASSED;
}

/* The first rule from `at` on that fails; `lasting`: the first that fails in a way that lasts;
 * N_RULES: none. */
static size_t failing(const struct rz_view *v, size_t at, bool by_hand, bool lasting)
{
	for (; at < N_RULES; at++) {
		const struct rule *r = &rules[at];

		if ((by_hand && !r->protects) || (lasting && !r->lasts) ||
		    ask(r, v) != RZ_ANSWER_FAILED)
			continue;
		if (!lasting || r->lasts(v))
			break;
	}
	return at;
}

enum rz_reason rz_rules_first(const struct rz_view *v, bool by_hand)
{
	size_t at = failing(v, 0, by_hand, false), behind;

	/* `parked` sounds as if time would mend it; acks=0, say, will be so as long as it is */
	if (at < N_RULES && rules[at].reason == RZ_REASON_PARKED) {
		behind = failing(v, at + 1, by_hand, true);
		at = behind < N_RULES ? behind : at;
	}
	return at < N_RULES ? rules[at].reason : RZ_REASON_NONE;
}

/* Whoever is held, or is not identified, is judged by that alone. */
static bool is_last_word(enum rz_reason reason)
{
	return reason == RZ_REASON_LEFT || reason == RZ_REASON_FOLLOWED ||
	       reason == RZ_REASON_NOT_IDENTIFIED;
}

bool rz_rules_last(const struct rz_view *v)
{
	size_t i;

	for (i = 0; i < N_RULES; i++) {
		const struct rule *r = &rules[i];

		if (ask(r, v) != RZ_ANSWER_FAILED)
			continue;
		if (r->lasts && r->lasts(v))
			return true;
		if (is_last_word(r->reason))
			return false;
	}
	return false;
}

bool rz_rules_early(const struct rz_view *v, enum rz_reason *ret, bool *ret_lasts)
{
	size_t i;

	*ret = RZ_REASON_NONE;
	*ret_lasts = false;
	for (i = 0; rules[i].reason != FIRST_OF_ONE; i++) {
		const struct rule *r = &rules[i];

		if (ask(r, v) != RZ_ANSWER_FAILED)
			continue;
		if (*ret == RZ_REASON_NONE)
			*ret = r->reason;
		*ret_lasts = r->lasts && r->lasts(v);
		if (*ret_lasts || is_last_word(r->reason))
			return true;
	}
	return false;
}

size_t rz_rules_all(const struct rz_view *v, struct rz_rule_answer ret[RZ_RULES_MAX])
{
	size_t i;

	for (i = 0; i < N_RULES; i++) {
		const struct rule *r = &rules[i];
		enum rz_answer answer = ask(r, v);
		bool failed = answer == RZ_ANSWER_FAILED;

		ret[i] = (struct rz_rule_answer){.reason = r->reason,
						 .answer = answer,
						 .protects = r->protects,
						 .until_ns =
							 failed && r->until_ns ? r->until_ns(v) : 0,
						 .lasts = failed && r->lasts && r->lasts(v)};
	}
	return N_RULES;
}
