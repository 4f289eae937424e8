// SPDX-License-Identifier: Apache-2.0
/* One connection, judged by itself, see classify.h. Pure. */
#include "policy/classify.h"

#include <string.h>

#include "policy/library.h"
#include "topo/group.h"

/* What is looked up once and asked by several rules. */
struct view {
	const struct rz_judged_conn *c;
	const struct rz_world *w;
	const struct rz_topo_agent *agent; /* NULL: the local address is no agent's */
	bool ambiguous; /* ... or nobody can tell whose: it is in several network namespaces */
	const struct rz_topo_zone
		*there;		 /* the client's zone in the agent's group; NULL: no agent in it */
	const char *client_zone; /* canonical; NULL if neither tag nor address tells */
	bool by_address;	 /* the address tells, there is no tag */
	const char *agent_zone;	 /* NULL if unknown */
	enum rz_kind kind;
	struct rz_library_way way;
};

static bool not_identified(const struct view *v)
{
	return !rz_frame_identified(&v->c->conn->frame, v->c->client);
}

/* Which of them shall it be moved for? All others would lose it too. */
static bool several(const struct view *v)
{
	return v->c->conn->frame.several;
}

static bool not_opted_in(const struct view *v)
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

static bool excluded(const struct view *v)
{
	const uint8_t *addr = v->c->client_addr ? v->c->client_addr : v->c->conn->tuple.client_addr;

	return rz_exclude_client(v->w->exclude, v->c->client->id) ||
	       rz_exclude_address(v->w->exclude, addr) ||
	       rz_exclude_zone(v->w->exclude, v->w->topo, v->client_zone);
}

static bool no_zone(const struct view *v)
{
	return !v->client_zone;
}

static bool zone_unknown(const struct view *v)
{
	return !rz_topo_zone_known(v->w->topo, v->w->zones, v->client_zone);
}

static bool ambiguous(const struct view *v)
{
	return v->ambiguous;
}

static bool not_an_agent(const struct view *v)
{
	return !v->agent;
}

static bool own_zone_unknown(const struct view *v)
{
	return !v->agent_zone;
}

static bool same_zone(const struct view *v)
{
	return !strcmp(v->agent_zone, v->client_zone);
}

/* The zone's own reasons, in their order; each row of the table below asks for one. */
static bool standing_is(const struct view *v, enum rz_reason reason)
{
	return rz_zone_standing(v->there, v->w->settings, v->w->status, v->w->now_ns) == reason;
}

static bool no_agent_there(const struct view *v)
{
	return standing_is(v, RZ_REASON_NO_AGENT_THERE);
}

static bool zone_not_stable(const struct view *v)
{
	return standing_is(v, RZ_REASON_ZONE_NOT_STABLE);
}

static bool topology_stale(const struct view *v)
{
	return standing_is(v, RZ_REASON_TOPOLOGY_STALE);
}

/* An agent that is not ready is going or coming; its clients are its own matter for that while. */
static bool agent_terminating(const struct view *v)
{
	return !v->agent->ready;
}

static bool not_data(const struct view *v)
{
	return v->c->conn->frame.state != RZ_STATE_DATA ||
	       (v->kind != RZ_KIND_DATA && v->kind != RZ_KIND_TRANSACTIONAL &&
		v->kind != RZ_KIND_ACKS0 && v->kind != RZ_KIND_SHARED);
}

/* A group may rebalance when a member loses the connection by which it is one. */
static bool shared(const struct view *v)
{
	const struct rz_frame *f =
		&v->c->conn->frame; /* a transaction beside it makes a kind too */
	enum rz_shared s = v->w->settings->shared;

	return (f->produce || f->fetch) && f->coordinator &&
	       (s == RZ_SHARED_SKIP || (s == RZ_SHARED_AUTO && !v->way.shared));
}

static bool too_young(const struct view *v)
{
	return v->w->now_ns < v->c->conn->opened_ns + v->w->settings->min_age_ns;
}

/* What is in flight of it is lost without a trace. */
static bool acks0(const struct view *v)
{
	return v->c->conn->frame.acks0 && v->w->settings->acks0 != RZ_ACKS0_MOVE;
}

/* A reset lands at whatever agent the load balancer likes: it told us so, or the client has been
 * told to call all agents by one name. */
static bool load_balancer(const struct view *v)
{
	/* of a beginning that was not seen, what is known of the peer */
	return v->c->conn->frame.via == RZ_VIA_PROXY ||
	       (v->c->conn->frame.adopted && v->c->peer_proxies) ||
	       (v->c->client && v->c->client->host_override);
}

/* What TCP says of answers says it of the proxy: the client may not have them yet. */
static bool local_proxy(const struct view *v)
{
	return v->c->conn->frame.via == RZ_VIA_LOCAL &&
	       v->w->settings->local_proxy != RZ_LOCAL_PROXY_MOVE;
}

static bool transactional(const struct view *v)
{
	return v->kind == RZ_KIND_TRANSACTIONAL;
}

/* It may be any library, also the one that bears least. */
static bool name_not_kept(const struct view *v)
{
	return v->c->conn->frame.software && !v->c->software;
}

/* Its library may write twice whichever way it is ended, and no setting changes that. Or no way is
 * known that it bears well: of that its operator may know better, and --close says so. */
static bool left_to_library(const struct view *v)
{
	return v->way.alone ||
	       (v->w->settings->close == RZ_CLOSE_AUTO && v->way.close == RZ_CLOSE_AUTO);
}

/* By then its library has asked for metadata since its zone is ready; one that was opened later may
 * have been opened by what was known before. */
static uint64_t expected_ns(const struct view *v)
{
	uint64_t ready_ns = v->there->ready_since_ns, opened_ns = v->c->conn->opened_ns;

	return (ready_ns > opened_ns ? ready_ns : opened_ns) + v->w->settings->grace_ns;
}

/* It asks for metadata by itself, and has had the time to. */
static bool library(const struct view *v)
{
	return left_to_library(v) && v->there && v->w->now_ns >= expected_ns(v);
}

static bool may_come(const struct view *v)
{
	return left_to_library(v);
}

/* In the order of enum rz_reason; a rule may rely on those above it having said no. */
static const struct {
	enum rz_reason reason;
	bool (*holds)(const struct view *v);
} rules[] = {
	{RZ_REASON_NOT_IDENTIFIED, not_identified},
	{RZ_REASON_SEVERAL, several},
	{RZ_REASON_NOT_OPTED_IN, not_opted_in},
	{RZ_REASON_EXCLUDED, excluded},
	{RZ_REASON_NO_ZONE, no_zone},
	{RZ_REASON_ZONE_UNKNOWN, zone_unknown},
	{RZ_REASON_AMBIGUOUS, ambiguous},
	{RZ_REASON_NOT_AN_AGENT, not_an_agent},
	{RZ_REASON_OWN_ZONE_UNKNOWN, own_zone_unknown},
	{RZ_REASON_SAME_ZONE, same_zone},
	{RZ_REASON_NO_AGENT_THERE, no_agent_there},
	{RZ_REASON_ZONE_NOT_STABLE, zone_not_stable},
	{RZ_REASON_TOPOLOGY_STALE, topology_stale},
	{RZ_REASON_AGENT_TERMINATING, agent_terminating},
	{RZ_REASON_NOT_DATA, not_data},
	{RZ_REASON_SHARED, shared},
	{RZ_REASON_TOO_YOUNG, too_young},
	{RZ_REASON_ACKS0, acks0},
	{RZ_REASON_TRANSACTIONAL, transactional},
	{RZ_REASON_LOAD_BALANCER, load_balancer},
	{RZ_REASON_LOCAL_PROXY, local_proxy},
	{RZ_REASON_NAME_NOT_KEPT, name_not_kept},
	{RZ_REASON_LIBRARY, library},
	{RZ_REASON_MAY_COME, may_come},
};

/* The rules that are about harm; all others are about where a client had better be. */
static bool protects(enum rz_reason reason)
{
	return reason == RZ_REASON_NOT_IDENTIFIED || reason == RZ_REASON_SEVERAL ||
	       reason == RZ_REASON_NOT_DATA || reason == RZ_REASON_SHARED ||
	       reason == RZ_REASON_ACKS0 || reason == RZ_REASON_TRANSACTIONAL ||
	       reason == RZ_REASON_LOCAL_PROXY || reason == RZ_REASON_LIBRARY ||
	       reason == RZ_REASON_NAME_NOT_KEPT || reason == RZ_REASON_MAY_COME;
}

static enum rz_reason first_reason(const struct view *v, bool by_hand)
{
	size_t i;

	if (v->c->left)
		return RZ_REASON_LEFT;
	if (v->c->followed)
		return RZ_REASON_FOLLOWED;
	if (v->c->conn->frame.state ==
	    RZ_STATE_MPTCP) /* never identified, but with a reason of its own */
		return RZ_REASON_MPTCP;
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if ((!by_hand || protects(rules[i].reason)) && rules[i].holds(v))
			return rules[i].reason;
	return RZ_REASON_NONE;
}

/* A tag beats the address. A zone that nobody knows is returned as it was written. */
static const char *client_zone(const struct rz_judged_conn *c, const struct rz_world *w,
			       bool *ret_by_address)
{
	const char *written;
	bool last = false;

	if (c->client && c->client->zone[0]) {
		written = c->client->zone;
		last = c->client->zone_last;
	} else {
		written = rz_blocks_zone(w->blocks, c->client_addr ? c->client_addr
								   : c->conn->tuple.client_addr);
		*ret_by_address = written != NULL;
	}
	if (!written)
		return NULL;
	return rz_topo_meant(w->topo, w->zones, written, last);
}

static bool serves(const struct rz_topo_agent *a, const struct rz_client *c)
{
	return rz_group_serves(a->group, c->proxy_target, c->agent_group);
}

/* Ready agents that the client may know of, beside this one: none was in its own zone when it came
 * here from there. */
static unsigned others(const struct view *v)
{
	const struct rz_topo_zones *z = v->w->zones;
	unsigned n = 0;
	bool elsewhere;
	size_t i;

	if (!v->agent_zone)
		return 0;
	elsewhere = v->client_zone && strcmp(v->agent_zone, v->client_zone);
	for (i = 0; i < z->n; i++)
		if (!strcmp(z->rows[i].key.group, v->agent->group) &&
		    !(elsewhere && !strcmp(z->rows[i].key.zone, v->client_zone)))
			n += z->rows[i].ready;
	return n ? n - 1 : 0;
}

static struct rz_library_way way(const struct view *v, unsigned others)
{
	struct rz_library_case l = {.software = v->c->software,
				    .frame = &v->c->conn->frame,
				    .grouped = v->c->grouped,
				    .others = others};

	return rz_library_way(&l);
}

/* Following drops what the client writes on its next connection, until it can be closed: of a
 * producer that is not answered that would be lost, and an operator may want no holds. Nor may that
 * connection be taken for another one's. */
static bool can_follow(const struct view *v)
{
	const struct rz_frame *f = &v->c->conn->frame;

	return v->w->settings->hold_timeout_ns && !v->c->other_writer && !f->acks0 &&
	       f->via == RZ_VIA_NETWORK;
}

static void look_up(struct view *v)
{
	const struct rz_conn *conn = v->c->conn;
	struct rz_endpoint at = {.port = conn->tuple.agent_port};

	memcpy(at.addr, conn->tuple.agent_addr, sizeof(at.addr));
	v->kind = rz_frame_kind(&conn->frame);
	v->agent = rz_topo_agent_in(v->w->topo, &at, conn->netns, &v->ambiguous);
	if (v->agent && v->agent->zone[0])
		v->agent_zone = v->agent->zone;
	else if (v->agent && v->w->topo->own_zone[0])
		v->agent_zone = v->w->topo->own_zone;
	v->client_zone = client_zone(v->c, v->w, &v->by_address);
	/* agents of another group or role than the client asks for are none that it could use */
	if (v->agent && v->client_zone && (!v->c->client || serves(v->agent, v->c->client)))
		v->there = rz_topo_zone_find(v->w->zones, v->agent->group, v->client_zone);
	v->way = way(v, others(v));
	if (v->way.follow && !can_follow(v))
		v->way.alone = true;
}

/* The setting, else the library's; of whoever is left alone it says nothing. */
static enum rz_close close_by(const struct view *v)
{
	enum rz_close set = v->w->settings->close;

	if (set == RZ_CLOSE_AUTO)
		set = v->way.close;
	return set == RZ_CLOSE_AUTO ? RZ_CLOSE_RESET : set;
}

enum rz_reason rz_zone_standing(const struct rz_topo_zone *z, const struct rz_settings *s,
				const struct rz_status *status, uint64_t now_ns)
{
	if (!z || !z->ready || z->ready < s->min_agents)
		return RZ_REASON_NO_AGENT_THERE;
	if (!z->ready_since_ns || now_ns < z->ready_since_ns + s->stable_for_ns)
		return RZ_REASON_ZONE_NOT_STABLE;
	if (status->frozen || !status->topology_proved_ns ||
	    now_ns > status->topology_proved_ns + s->topology_max_age_ns)
		return RZ_REASON_TOPOLOGY_STALE;
	return RZ_REASON_NONE;
}

/* A first guess in mid-stream may be a message that looks like a header: it is no zone yet. Several
 * clients may be in several. */
static enum rz_locality locality(const struct view *v)
{
	if (v->c->conn->frame.tentative || v->c->conn->frame.several)
		return RZ_LOCALITY_UNKNOWN;
	if (!v->agent_zone || !v->client_zone ||
	    !rz_topo_zone_known(v->w->topo, v->w->zones, v->client_zone))
		return RZ_LOCALITY_UNKNOWN;
	return strcmp(v->agent_zone, v->client_zone) ? RZ_LOCALITY_CROSS : RZ_LOCALITY_SAME;
}

struct rz_verdict rz_classify(const struct rz_judged_conn *c, const struct rz_world *w)
{
	struct view v = {.c = c, .w = w};
	struct rz_verdict ret = {};

	look_up(&v);
	ret.reason = first_reason(&v, false);
	ret.move = ret.reason == RZ_REASON_NONE;
	ret.locality = locality(&v);
	ret.kind = v.kind;
	ret.client_zone = v.client_zone;
	ret.zone_by_address = v.by_address;
	ret.agent_zone = v.agent_zone;
	ret.group = v.agent ? v.agent->group : NULL;
	ret.there = v.there;
	if (v.there && (ret.reason == RZ_REASON_LIBRARY || ret.reason == RZ_REASON_MAY_COME))
		ret.expected_ns = expected_ns(&v);
	ret.plan = (struct rz_plan){.close = close_by(&v),
				    .gap_only = v.way.gap_only,
				    .follow = v.way.follow,
				    .together = v.way.together,
				    .shared = v.kind == RZ_KIND_SHARED,
				    .acks0 = c->conn->frame.acks0};
	return ret;
}

enum rz_reason rz_classify_by_hand(const struct rz_judged_conn *c, const struct rz_world *w)
{
	struct view v = {.c = c, .w = w};

	look_up(&v);
	return first_reason(&v, true);
}
