// SPDX-License-Identifier: Apache-2.0
/* One connection, judged by itself, see classify.h. Pure. */
#include "policy/classify.h"

#include <string.h>

#include "kern/named.h"
#include "policy/rules.h"
#include "topo/group.h"

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
static unsigned others(const struct rz_view *v)
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

/* What the client itself says counts more than what the operator says of all. Of an id that was cut
 * the part that says it may be missing. */
static bool writes_at_one(const struct rz_view *v)
{
	const struct rz_client *c = v->c->client;

	if (c && (c->leaders != RZ_LEADERS_UNSAID || c->truncated))
		return c->leaders == RZ_LEADERS_ONE;
	return v->w->settings->leaders == RZ_GIVE_LEADERS_ONE;
}

/* If it is one of these libraries; 0: any. */
static struct rz_library_way way(const struct rz_view *v, rz_print_names may_be, unsigned others)
{
	struct rz_library_case l = {.software = v->c->software,
				    .prints = may_be,
				    .idempotent = v->c->idempotent,
				    .frame = &v->c->conn->frame,
				    .at_one = writes_at_one(v),
				    .grouped = v->c->grouped,
				    .others = others};

	return rz_library_way(&l);
}

/* Following drops what the client writes on its next connection, until it can be closed: of a
 * producer that is not answered that would be lost, and an operator may want no holds. Nor may that
 * connection be taken for another one's. */
static bool can_follow(const struct rz_view *v)
{
	const struct rz_frame *f = &v->c->conn->frame;

	return v->w->settings->hold_timeout_ns && !v->c->other_writer && !f->acks0 &&
	       f->via == RZ_VIA_NETWORK;
}

/* If it turns out to be one of these, may it be held and closed? */
static bool bears_a_hold(const struct rz_view *v, rz_print_names names, unsigned others)
{
	struct rz_library_way w;

	if (!names)
		return false;
	w = way(v, names, others);
	return !w.alone && !w.gap_only && (!w.follow || can_follow(v));
}

/* To ask harms nobody, so a connection is asked for that is only watched, too. */
static bool is_to_be_asked_for(const struct rz_view *v, unsigned others)
{
	return v->w->settings->ask_agents && v->c->agent != RZ_AGENT_ANSWERED &&
	       v->c->if_newer != v->c->prints && (v->way.alone || v->way.gap_only) &&
	       bears_a_hold(v, v->c->if_newer, others);
}

/* A connection that is only watched is not held to find out what it is; nor is one before its agent
 * was asked, if that may tell. */
static bool is_to_be_probed(const struct rz_view *v, unsigned others)
{
	const struct rz_print_probe *p = &v->c->probe;

	return v->c->probeable && !(v->ask && v->c->agent == RZ_AGENT_UNASKED) &&
	       !v->c->conn->frame.acks0 && (v->way.alone || v->way.gap_only) &&
	       v->w->settings->hold_timeout_ns && v->w->settings->mode == RZ_MODE_ENFORCE &&
	       (bears_a_hold(v, p->deep, others) || bears_a_hold(v, p->several, others));
}

static void look_up_zones(struct rz_view *v)
{
	const struct rz_conn *conn = v->c->conn;
	struct rz_endpoint at = {.port = conn->tuple.agent_port};

	memcpy(at.addr, conn->tuple.agent_addr, sizeof(at.addr));
	v->agent = rz_topo_agent_in(v->w->topo, &at, conn->netns, &v->ambiguous);
	if (v->agent && v->agent->zone[0])
		v->agent_zone = v->agent->zone;
	else if (v->agent && v->w->topo->own_zone[0])
		v->agent_zone = v->w->topo->own_zone;
	v->client_zone = client_zone(v->c, v->w, &v->by_address);
}

/* Agents of the client's zone, too. */
static void look_up_early(struct rz_view *v)
{
	look_up_zones(v);
	/* agents of another group or role than the client asks for are none that it could use */
	if (v->agent && v->client_zone && (!v->c->client || serves(v->agent, v->c->client)))
		v->there = rz_topo_zone_find(v->w->zones, v->agent->group, v->client_zone);
}

static void look_up(struct rz_view *v)
{
	unsigned n;

	look_up_early(v);
	v->kind = rz_frame_kind(&v->c->conn->frame);
	n = others(v);
	v->way = way(v, v->c->may_be, n);
	if (v->way.follow && !can_follow(v))
		v->way.alone = true;
	v->ask = is_to_be_asked_for(v, n);
	v->probe = is_to_be_probed(v, n);
}

/* The setting, else the library's; of whoever is left alone it says nothing. */
static enum rz_close close_by(const struct rz_view *v)
{
	enum rz_close set = v->w->settings->close;

	if (set == RZ_CLOSE_AUTO)
		set = v->way.close;
	return set == RZ_CLOSE_AUTO ? RZ_CLOSE_RESET : set;
}

/* A first guess in mid-stream may be a message that looks like a header: it is no zone yet. Several
 * clients may be in several. */
static bool client_zone_counts(const struct rz_view *v)
{
	return !v->c->conn->frame.tentative && !v->c->conn->frame.several && v->client_zone &&
	       rz_topo_zone_known(v->w->topo, v->w->zones, v->client_zone);
}

static enum rz_locality locality(const struct rz_view *v)
{
	if (!v->agent_zone || !client_zone_counts(v))
		return RZ_LOCALITY_UNKNOWN;
	return strcmp(v->agent_zone, v->client_zone) ? RZ_LOCALITY_CROSS : RZ_LOCALITY_SAME;
}

struct rz_where rz_where_of(const struct rz_judged_conn *c, const struct rz_world *w)
{
	struct rz_view v = {.c = c, .w = w};

	look_up_zones(&v);
	return (struct rz_where){.group = v.agent ? v.agent->group : "",
				 .client_zone = client_zone_counts(&v) ? v.client_zone : "",
				 .agent_zone = v.agent_zone ? v.agent_zone : ""};
}

/* Since when its client's zone has been ready for stable-for. */
static uint64_t stable_ns(const struct rz_view *v)
{
	return v->there->ready_since_ns + v->w->settings->stable_for_ns;
}

static bool home_was_ready(const struct rz_view *v)
{
	return v->there && v->there->ready_since_ns && v->there->seen_coming &&
	       !v->c->conn->frame.adopted && v->c->conn->opened_ns > stable_ns(v);
}

/* A client that opens a new connection for each use, and is seen for the first time while rezone
 * itself is not here for as long as it remembers clients: it may have been here before. */
static bool may_have_been_here(const struct rz_view *v)
{
	return v->way.idles && v->c->software &&
	       v->c->here->since_ns < v->w->status->started_ns + RZ_NAMED_KEEP_NS;
}

/* A connection of which not all was read may have asked for metadata. One that the client has
 * beside an older one did not take that one's place: it may be one that ended elsewhere. */
static bool reconnected(const struct rz_view *v)
{
	const struct rz_named *here = v->c->here;

	return home_was_ready(v) && here && here->since_ns &&
	       (here->since_ns <= stable_ns(v) || may_have_been_here(v)) &&
	       here->asked_ns <= stable_ns(v) && here->oldest_ns > stable_ns(v) &&
	       !v->c->conn->frame.unseen;
}

/* A reader that is older than rezone may be franz-go's. kafka-go's, which alone sends Fetch v10, is
 * not, and lets each Fetch wait for longer. */
static bool only_while_busy(const struct rz_view *v)
{
	const struct rz_frame *f = &v->c->conn->frame;

	return !f->produce &&
	       (v->way.idles || (f->adopted && !v->c->software && f->data_version != 10));
}

/* A reader that is paused would not miss its connection, though it was busy a moment ago. */
static bool only_in_use(const struct rz_view *v)
{
	return !v->c->conn->frame.produce &&
	       (v->way.idles || v->c->prints & rz_print_called("kgo"));
}

/* The next connection is known by the name that it says, and by its first batch. */
static bool may_be_caught(const struct rz_view *v)
{
	const struct rz_frame *f = &v->c->conn->frame;

	return f->produce && v->way.idles && f->software && v->c->with_id && can_follow(v);
}

/* Of a view that all was looked up for. */
static struct rz_verdict verdict_of(const struct rz_view *v)
{
	struct rz_verdict ret = {};

	ret.reason = rz_rules_first(v, false);
	ret.move = ret.reason == RZ_REASON_NONE;
	ret.locality = locality(v);
	ret.kind = v->kind;
	ret.client_zone = v->client_zone;
	ret.zone_by_address = v->by_address;
	ret.agent_zone = v->agent_zone;
	ret.group = v->agent ? v->agent->group : NULL;
	ret.there = v->there;
	if (v->there && (ret.reason == RZ_REASON_LIBRARY || ret.reason == RZ_REASON_MAY_COME))
		ret.expected_ns = rz_rules_expected_ns(v);
	ret.known_by = v->c->known_by;
	ret.home_was_ready = home_was_ready(v);
	ret.reconnected = reconnected(v);
	ret.lasts = !ret.move && rz_rules_last(v);
	ret.ask = v->ask &&
		  (ret.move || ret.reason == RZ_REASON_LIBRARY || ret.reason == RZ_REASON_MAY_COME);
	ret.plan = (struct rz_plan){.close = close_by(v),
				    .gap_only = v->way.gap_only,
				    .needs_hold = v->way.needs_hold,
				    .follow = v->way.follow && !(v->probe && v->way.alone),
				    .together = v->way.together,
				    .drains = v->way.drains && close_by(v) == RZ_CLOSE_FIN,
				    .busy = only_while_busy(v),
				    .in_use = only_in_use(v),
				    .catches = may_be_caught(v),
				    .twice = v->way.twice,
				    .probe = v->probe,
				    .probe_only = v->probe && v->way.alone,
				    .tells_from = v->probe ? (uint8_t)v->c->probe.tells_from : 0,
				    .shared = v->kind == RZ_KIND_SHARED,
				    .acks0 = v->c->conn->frame.acks0};
	return ret;
}

struct rz_verdict rz_classify(const struct rz_judged_conn *c, const struct rz_world *w)
{
	struct rz_view v = {.c = c, .w = w};

	look_up(&v);
	return verdict_of(&v);
}

bool rz_classify_early(const struct rz_judged_conn *c, const struct rz_world *w,
		       struct rz_verdict *ret)
{
	struct rz_view v = {.c = c, .w = w};
	bool decided;

	look_up_early(&v);
	*ret = (struct rz_verdict){.client_zone = v.client_zone,
				   .agent_zone = v.agent_zone,
				   .group = v.agent ? v.agent->group : NULL,
				   .there = v.there};
	decided = rz_rules_early(&v, &ret->reason, &ret->lasts);
	ret->locality = locality(&v);
	return decided;
}

/* Of a view that all was looked up for. */
static enum rz_reason reason_by_hand(struct rz_view v)
{
	v.probe = false; /* an order by hand is to close it */
	return rz_rules_first(&v, true);
}

enum rz_reason rz_classify_by_hand(const struct rz_judged_conn *c, const struct rz_world *w)
{
	struct rz_view v = {.c = c, .w = w};

	look_up(&v);
	return reason_by_hand(v);
}

enum rz_reason rz_classify_order(const struct rz_judged_conn *c, const struct rz_world *w,
				 struct rz_verdict *ret)
{
	struct rz_view v = {.c = c, .w = w};
	enum rz_reason reason;

	look_up(&v);
	reason = reason_by_hand(v);
	if (reason == RZ_REASON_NONE)
		*ret = verdict_of(&v);
	return reason;
}

size_t rz_classify_rules(const struct rz_judged_conn *c, const struct rz_world *w,
			 struct rz_rule_answer ret[RZ_RULES_MAX])
{
	struct rz_view v = {.c = c, .w = w};

	look_up(&v);
	return rz_rules_all(&v, ret);
}
