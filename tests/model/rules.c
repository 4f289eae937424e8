// SPDX-License-Identifier: Apache-2.0
/* One connection, judged naively, see model.h: docs/troubleshoot.md, "Reasons", row by row. */
#include <stdio.h>

#include "eye.h"

const struct rz_client *client_of(const struct run *r, size_t conn)
{
	size_t i;

	for (i = 0; i < MAX_CLIENTS; i++)
		if (r->clients[i].hash == r->conns[conn].frame.client)
			return r->unread[i] ? NULL : &r->clients[i].client;
	return NULL;
}

/* Whom a group serves: group.h. */
static bool serves(const char *group, const char *target, const char *wanted)
{
	const char *at = strchr(group, '@');
	bool produce, consume;
	char name[RZ_GROUP_SIZE], roles[RZ_GROUP_SIZE + 2];

	if (twist == TWIST_ROLES)
		return true;
	snprintf(name, sizeof(name), "%.*s", at ? (int)(at - group) : 63, group);
	if (*wanted && strcmp(name, wanted))
		return false;
	if (!at)
		return true;
	snprintf(roles, sizeof(roles), "+%s+", at + 1);
	produce = strstr(roles, "+proxy+") || strstr(roles, "+proxy-produce+");
	consume = strstr(roles, "+proxy+") || strstr(roles, "+proxy-consume+");
	if (!strcmp(target, "proxy"))
		return produce && consume;
	if (!strcmp(target, "proxy-produce"))
		return produce;
	if (!strcmp(target, "proxy-consume"))
		return consume;
	return !*target && (produce || consume);
}

/* Is `id` one of the words of `list`, in which '?' is any character and '*' any number of them? */
static bool like(const char *glob, const char *id)
{
	if (*glob == '*')
		return like(glob + 1, id) || (*id && like(glob, id + 1));
	if (!*glob || !*id)
		return !*glob && !*id;
	return (*glob == '?' || *glob == *id) && like(glob + 1, id + 1);
}

static bool is_excluded(const struct eye *e)
{
	const struct rz_settings *s = &e->r->settings;
	char list[RZ_EXCLUDE_SIZE], zone[RZ_ZONE_SIZE], *word;
	unsigned a, b;

	strcpy(list, s->exclude_clients);
	for (word = strtok(list, " "); word && e->client; word = strtok(NULL, " "))
		if (like(word, e->client->id))
			return true;
	/* of our own making: one /16 */
	if (sscanf(s->exclude_addresses, "%u.%u.0.0/16", &a, &b) == 2 && e->addr[12] == a &&
	    e->addr[13] == b)
		return true;
	strcpy(list, s->exclude_zones);
	for (word = strtok(list, ","); word; word = strtok(NULL, ",")) {
		through_aliases(e->r, word, zone);
		if (*e->client_zone && !strcmp(zone, e->client_zone))
			return true;
	}
	return false;
}

static bool peer_proxies(const struct eye *e)
{
	size_t i;

	for (i = 0; i < e->r->n_conns; i++)
		if (e->r->conns[i].frame.via == RZ_VIA_PROXY &&
		    !memcmp(e->r->conns[i].tuple.client_addr, e->conn->tuple.client_addr, 16))
			return true;
	return false;
}

/* Parked, or soon to be; or read again for less than 64 requests, or 10 s (--park-after if that is
 * less). */
static bool was_parked(const struct eye *e)
{
	const struct rz_conn *c = e->conn;
	uint64_t after = e->r->settings.park_after_ns, now = e->r->clock_ns;
	uint64_t since = c->opened_ns + (c->park_cs - 1ULL) * RZ_CS_NS;
	uint64_t least = after && after < 10 * SECOND_NS ? after : 10 * SECOND_NS;

	if (c->park != RZ_PARK_ENDED)
		return c->park != RZ_PARK_NO;
	return (c->frame.unseen && twist != TWIST_PARK_REQUESTS) ||
	       ((now < since || now - since < least) && twist != TWIST_PARK_TIME);
}

/* One line a rule. When it holds stands in docs/troubleshoot.md, "Reasons". */
#define RULE(name, holds)                                      \
	static bool name(const struct eye *e)                  \
	{                                                      \
		const struct rz_frame *f = &e->conn->frame;    \
		const struct rz_settings *s = &e->r->settings; \
		uint64_t now = e->r->clock_ns;                 \
		(void)f, (void)s, (void)now;                   \
		return holds;                                  \
	}
#define DATA(f)	      ((f)->produce || (f)->fetch)
#define AGE(now, was) ((now) > (was) ? (now) - (was) : 0)

/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): e->r is judge()'s, and never NULL */
RULE(left, e->r->held[e->conn - e->r->conns].held.left_ns)
RULE(followed, e->r->held[e->conn - e->r->conns].held.followed && !f->produce)
RULE(mptcp, f->state == RZ_STATE_MPTCP)
RULE(not_identified, !f->client || f->tentative || !e->client ||
			     !(f->state == RZ_STATE_IDENTIFIED || f->state == RZ_STATE_DATA))
RULE(several, f->several)
RULE(not_opted_in, s->opt_in == RZ_OPT_IN_TAG	 ? !e->client || !e->client->opt_in
		   : s->opt_in == RZ_OPT_IN_ZONE ? e->by_address
						 : false)
RULE(excluded, is_excluded(e))
RULE(no_zone, !*e->client_zone)
RULE(zone_unknown, !is_known(e->r, e->client_zone))
RULE(ambiguous, e->ambiguous)
RULE(not_an_agent, !e->agent)
RULE(own_zone_unknown, !*e->agent_zone)
RULE(same_zone, !strcmp(e->agent_zone, e->client_zone))
RULE(no_agent_there, e->ready < 1 || e->ready < s->min_agents)
RULE(not_stable, !e->ready_since_ns || AGE(now, e->ready_since_ns) < s->stable_for_ns ||
			 now < e->ready_since_ns)
RULE(stale, e->r->status.frozen || !e->r->status.topology_proved_ns ||
		    AGE(now, e->r->status.topology_proved_ns) > s->topology_max_age_ns)
RULE(terminating, e->agent && !e->agent->ready)
RULE(parked, was_parked(e))
/* a transaction has its own reason below */
RULE(not_data, f->state != RZ_STATE_DATA || (!f->transaction && !DATA(f)))
RULE(shared, DATA(f) && f->coordinator &&
		     (s->shared == RZ_SHARED_SKIP ||
		      (s->shared == RZ_SHARED_AUTO && strcmp(software_of(e), "sarama"))))
RULE(too_young, AGE(now, e->conn->opened_ns) < s->min_age_ns || now < e->conn->opened_ns)
RULE(acks0, f->acks0 && s->acks0 == RZ_ACKS0_SKIP)
RULE(transactional, f->transaction)
RULE(load_balancer, f->via == RZ_VIA_PROXY || (f->adopted && peer_proxies(e)) ||
			    (e->client && e->client->host_override))
RULE(local_proxy, f->via == RZ_VIA_LOCAL && s->local_proxy == RZ_LOCAL_PROXY_SKIP)
RULE(name_not_kept, f->software > N_SOFTWARES)
#define LEFT_ALONE (may_write_twice(e) || (s->close == RZ_CLOSE_AUTO && bears_nothing(e)))
#define EXPECTED(ready_ns, opened_ns) \
	(((ready_ns) > (opened_ns) ? (ready_ns) : (opened_ns)) + s->grace_ns)
RULE(library, now >= EXPECTED(e->ready_since_ns, e->conn->opened_ns) && LEFT_ALONE)
RULE(may_come, LEFT_ALONE)

static const struct {
	enum rz_reason reason;
	bool (*holds)(const struct eye *e);
} rules[] = {
	{RZ_REASON_LEFT, left},
	{RZ_REASON_FOLLOWED, followed},
	{RZ_REASON_MPTCP, mptcp},
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
	{RZ_REASON_ZONE_NOT_STABLE, not_stable},
	{RZ_REASON_TOPOLOGY_STALE, stale},
	{RZ_REASON_AGENT_TERMINATING, terminating},
	{RZ_REASON_PARKED, parked},
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

/* Of what one connection has of its own: what reading its requests would not mend; else NONE. */
static enum rz_reason lasting_of_its_own(const struct eye *e)
{
	const struct rz_frame *f = &e->conn->frame;
	bool named =
		says_of_itself(e) || (!f->adopted && !f->software) || twist == TWIST_PARK_NAMELESS;
	const struct {
		enum rz_reason reason;
		bool keeps;
	} all[] = {
		{RZ_REASON_SHARED, shared(e) && (named || e->r->settings.shared == RZ_SHARED_SKIP)},
		{RZ_REASON_ACKS0, acks0(e)},
		{RZ_REASON_TRANSACTIONAL, transactional(e)},
		{RZ_REASON_LOAD_BALANCER, f->via == RZ_VIA_PROXY || e->client->host_override},
		{RZ_REASON_LOCAL_PROXY, local_proxy(e)},
		{RZ_REASON_LIBRARY, e->there && *e->agent_zone && named && library(e)},
	};
	size_t i;

	for (i = 0; i < COUNT(all); i++)
		if (all[i].keeps && twist != TWIST_RULE + (unsigned)all[i].reason)
			return all[i].reason;
	return RZ_REASON_NONE;
}

/* docs/concepts.md, "Parked connections": would nobody move it, whatever it sends? */
static bool lasts(const struct eye *e)
{
	const struct rz_frame *f = &e->conn->frame;

	if (left(e) || followed(e))
		return false;
	if (mptcp(e))
		return true;
	if (not_identified(e))
		return f->state == RZ_STATE_TLS || f->state == RZ_STATE_NOT_KAFKA;
	if (several(e) || not_opted_in(e) || excluded(e) || no_zone(e))
		return true;
	if (*e->agent_zone && same_zone(e) && twist != TWIST_PARK_HOME)
		return true;
	return lasting_of_its_own(e) != RZ_REASON_NONE;
}

/* What becomes of its mark. */
static enum rz_park mark(const struct eye *e, bool keep)
{
	const struct rz_conn *c = e->conn;
	uint64_t after = e->r->settings.park_after_ns, now = e->r->clock_ns;
	uint64_t since = c->opened_ns + (c->park_cs ? (c->park_cs - 1ULL) * RZ_CS_NS : 0);
	bool reads = c->frame.state != RZ_STATE_TLS && c->frame.state != RZ_STATE_NOT_KAFKA &&
		     c->frame.state != RZ_STATE_MPTCP;
	bool enough = now >= since && now - since >= after &&
		      !(reads && (c->frame.requests < 64 || c->frame.unseen));

	keep &= after > 0;
	if (c->park == RZ_PARK_ENDED)
		return was_parked(e) ? RZ_PARK_ENDED : RZ_PARK_NO;
	if (c->park == RZ_PARK_PARKED || c->park == RZ_PARK_ENDING)
		return keep ? RZ_PARK_PARKED : RZ_PARK_ENDING;
	return keep && (c->park == RZ_PARK_WANTED || enough) ? RZ_PARK_WANTED : RZ_PARK_NO;
}

bool has_rule(enum rz_reason reason)
{
	size_t i;

	for (i = 0; i < COUNT(rules); i++)
		if (rules[i].reason == reason)
			return true;
	return false;
}

/* Its zone: a tag beats the address, and a PROXY header's address the connection's. */
static void look_at_client(struct eye *e, size_t conn)
{
	const struct rz_proxied *p = &e->r->proxied[conn].proxied;
	char name[RZ_ZONE_SIZE] = "";
	unsigned a, b, c, d;

	memcpy(e->addr, e->conn->tuple.client_addr, 16);
	if (e->conn->frame.via == RZ_VIA_PROXY && twist != TWIST_PROXY_ADDRESS &&
	    sscanf((const char *)p->raw, "PROXY TCP4 %u.%u.%u.%u", &a, &b, &c, &d) == 4) {
		e->addr[12] = a;
		e->addr[13] = b;
		e->addr[14] = c;
		e->addr[15] = d;
	}
	if (e->client)
		strcpy(name, e->client->zone);
	if (!*name || twist == TWIST_TAG_BEATS_ADDRESS)
		e->by_address = zone_by_address(e->r, e->addr, name);
	if (*name)
		zone_by_name(e->r, name, !e->by_address && e->client && e->client->zone_last,
			     e->client_zone);
}

static void look_at_agent(struct eye *e)
{
	const struct look *l = latest(e->r);
	size_t i;

	for (i = 0; i < l->n; i++) {
		enum standing s = who_is_at(&l->agents[i], e->conn);

		e->ambiguous |= s == STANDING_DOUBT;
		if (s == STANDING_AGENT)
			e->agent = &l->agents[i];
	}
	if (e->agent)
		strcpy(e->agent_zone, *e->agent->zone ? e->agent->zone : e->r->topo.own_zone);
	if (!e->agent || !*e->client_zone ||
	    (e->client &&
	     !serves(e->agent->group, e->client->proxy_target, e->client->agent_group)))
		return;
	e->there = count_agents(e->r, l, e->agent->group, e->client_zone, false);
	e->ready = count_agents(e->r, l, e->agent->group, e->client_zone, true);
	e->ready_since_ns = enough_since(e->r, e->agent->group, e->client_zone);
}

/* It may have been: it is seen for the first time before rezone is here for the ten minutes for
 * which it remembers clients, and its library opens a new connection for each use. */
static bool may_have_been_here(const struct eye *e, const struct rz_named *n)
{
	return says_of_itself(e) && !strcmp(software_of(e), "kgo") &&
	       n->since_ns < e->r->status.started_ns + 600 * SECOND_NS &&
	       twist != TWIST_RECONNECTED_YOUNG;
}

/* Its client was here before home had been ready for long enough, and has not asked since. */
static bool reconnected(const struct eye *e)
{
	uint64_t ready_ns = e->ready_since_ns + e->r->settings.stable_for_ns;
	const struct rz_named_row *n;
	size_t i;

	for (i = 0; i < e->r->n_named; i++) {
		n = &e->r->named[i];
		if (n->key.client != e->conn->frame.client || n->key.netns != e->conn->netns ||
		    memcmp(n->key.addr, e->conn->tuple.client_addr, 16))
			continue;
		return n->named.since_ns &&
		       (n->named.since_ns <= ready_ns || may_have_been_here(e, &n->named) ||
			twist == TWIST_RECONNECTED_SINCE) &&
		       (n->named.asked_ns <= ready_ns || twist == TWIST_RECONNECTED_ASKED) &&
		       (n->named.oldest_ns > ready_ns || twist == TWIST_RECONNECTED_BESIDE) &&
		       (!e->conn->frame.unseen || twist == TWIST_RECONNECTED_READ);
	}
	return false;
}

struct opinion judge(const struct run *r, size_t conn)
{
	struct eye e = {.r = r, .conn = &r->conns[conn], .client = client_of(r, conn)};
	struct opinion o = {.reason = RZ_REASON_NONE};
	const struct rz_frame *f = &e.conn->frame;
	size_t i;

	look_at_client(&e, conn);
	look_at_agent(&e);
	for (i = 0; i < COUNT(rules) && o.reason == RZ_REASON_NONE; i++)
		if (twist != TWIST_RULE + (unsigned)rules[i].reason && rules[i].holds(&e))
			o.reason = rules[i].reason;
	if (o.reason == RZ_REASON_PARKED && twist != TWIST_PARK_HIDES &&
	    lasting_of_its_own(&e) != RZ_REASON_NONE)
		o.reason = lasting_of_its_own(&e);
	o.park = mark(&e, o.reason != RZ_REASON_NONE && lasts(&e));
	o.home = o.reason == RZ_REASON_SAME_ZONE && DATA(f) && !f->coordinator && !f->acks0 &&
		 !f->transaction;
	o.probe_only = is_to_be_probed(&e);
	o.follow = f->produce && !o.probe_only &&
		   writer_bears(f, says_of_itself(&e), &r->prints[conn]) == BEARS_IF_FOLLOWED;
	o.gap_only =
		f->produce && writer_bears(f, says_of_itself(&e), &r->prints[conn]) == BEARS_GAP;
	o.together = !f->produce && !f->software &&
		     (f->data_version == 10 || twist == TWIST_KAFKA_GO_READS) &&
		     reader_is(r, e.conn) != READS_KAFKAJS;
	o.busy = !f->produce && (says_of_itself(&e) ? !strcmp(software_of(&e), "kgo")
						    : f->adopted && twist != TWIST_BUSY_OLDER &&
							      (f->data_version != 10 ||
							       twist == TWIST_BUSY_KAFKA_GO));
	o.twice = !f->produce && says_of_itself(&e) &&
		  (librdkafka(says_of_itself(&e)) >= 1000 || twist == TWIST_TWICE_ANY);
	o.locality = f->tentative || f->several || !*e.agent_zone || !is_known(r, e.client_zone)
			     ? RZ_LOCALITY_UNKNOWN
		     : strcmp(e.agent_zone, e.client_zone) ? RZ_LOCALITY_CROSS
							   : RZ_LOCALITY_SAME;
	o.home_was_ready =
		e.ready_since_ns && was_seen_coming(r, e.agent->group, e.client_zone) &&
		(!f->adopted || twist == TWIST_CHOSE_ADOPTED) &&
		e.conn->opened_ns >
			e.ready_since_ns +
				(twist == TWIST_CHOSE_STABLE ? 0 : r->settings.stable_for_ns);
	o.reconnected = o.home_was_ready && reconnected(&e);
	strcpy(o.client_zone, e.client_zone);
	strcpy(o.agent_zone, e.agent_zone);
	if (e.agent) {
		strcpy(o.there.group, e.agent->group);
		strcpy(o.there.zone, e.client_zone);
	}
	return o;
}
