// SPDX-License-Identifier: Apache-2.0
/* What the library of one connection bears, naively, see model.h: docs/clients.md, "What rezone
 * does with each library", and who may be held to find it out. */
#include "eye.h"

const struct rz_software *says_of_itself(const struct eye *e)
{
	uint32_t nr = e->conn->frame.software;

	return nr && nr <= N_SOFTWARES ? &e->r->softwares[nr - 1].software : NULL;
}

const char *software_of(const struct eye *e)
{
	return says_of_itself(e) ? says_of_itself(e)->name : "";
}

/* Does it write at one agent at a time, by its own word, or else by the operator's? Of what was cut
 * off an id nobody knows what it says. */
static bool writes_at_one(const struct eye *e)
{
	if (twist == TWIST_LEADERS)
		return false;
	if (e->client && (e->client->leaders || e->client->truncated))
		return e->client->leaders == RZ_LEADERS_ONE;
	return e->r->settings.leaders == RZ_GIVE_LEADERS_ONE;
}

/* It leaves every agent that is not at home. What it has in flight at another one than this is not
 * held, and is written again there, unless agents drop that. */
static bool leaves_others(const struct eye *e)
{
	return e->agent &&
	       count_agents(e->r, latest(e->r), e->agent->group, NULL, true) - e->ready > 1 &&
	       !writes_at_one(e) && !is_idempotent(&e->r->prints[e->conn - e->r->conns].print);
}

/* What its client writes on its next connection can be held, and is taken for nobody else's. */
static bool can_be_followed(const struct eye *e)
{
	const struct rz_conn *mine = e->conn;
	size_t i;

	if (!e->r->settings.hold_timeout_ns || mine->frame.acks0 ||
	    mine->frame.via != RZ_VIA_NETWORK || leaves_others(e))
		return false;
	for (i = 0; i < e->r->n_conns && twist != TWIST_OTHER_WRITER; i++) {
		const struct rz_conn *c = &e->r->conns[i];

		if (c != mine && c->frame.produce && c->frame.client == mine->frame.client &&
		    !memcmp(c->tuple.client_addr, mine->tuple.client_addr, 16))
			return false;
	}
	return true;
}

/* It would be left alone, unless its library turns out to be another one. */
bool is_to_be_probed(const struct eye *e)
{
	const struct rz_frame *f = &e->conn->frame;
	const struct rz_print_row *row = &e->r->prints[e->conn - e->r->conns];

	return f->produce && !f->acks0 && may_be_told(f, row, e->r->settings.ask_agents) &&
	       (!can_be_followed(e) || twist == TWIST_PROBE_MOVED) &&
	       (e->r->settings.hold_timeout_ns || twist == TWIST_PROBE_HOLDS) &&
	       (e->r->limits.mode == RZ_MODE_ENFORCE || twist == TWIST_PROBE_MODE);
}

/* An operator's --close says how, and does not change this. */
bool may_write_twice(const struct eye *e)
{
	enum bears b = writer_bears(&e->conn->frame, says_of_itself(e),
				    &e->r->prints[e->conn - e->r->conns]);

	return e->conn->frame.produce && !is_to_be_probed(e) &&
	       (b == BEARS_NOTHING || (b == BEARS_IF_FOLLOWED && !can_be_followed(e)));
}

/* A connection of the same client, that is seen here, carries group membership; or was not here for
 * long enough to show it. */
static bool is_member(const struct eye *e)
{
	bool member = e->conn->frame.adopted && twist != TWIST_HEARTBEATS &&
		      e->r->clock_ns < e->conn->opened_ns + 10 * SECOND_NS;
	size_t i;

	for (i = 0; i < e->r->n_conns; i++) {
		const struct rz_conn *c = &e->r->conns[i];

		member |= c->frame.coordinator && c->frame.client == e->conn->frame.client &&
			  !memcmp(c->tuple.client_addr, e->conn->tuple.client_addr, 16);
	}
	return member;
}

/* Java from 4.0, or kafkajs, which does not say what it is; a member of a group that may know of no
 * agent beside this one, of kafkajs of no two: neither way to end its connection is known to be
 * borne well. Of kafkajs that is known none is. */
bool bears_nothing(const struct eye *e)
{
	const struct rz_frame *f = &e->conn->frame;
	bool java = f->software && f->software <= N_SOFTWARES &&
		    !strcmp(software_of(e), "apache-kafka-java") &&
		    e->r->softwares[f->software - 1].software.version[0] == '4';
	bool like_kafkajs = !f->software && f->data_version >= 11;
	enum reads reads = reader_is(e->r, e->conn);
	size_t ready;

	if (f->produce || reads == READS_RDKAFKA)
		return false;
	if (reads == READS_KAFKAJS)
		return true;
	if (!java && !like_kafkajs)
		return false;
	like_kafkajs &= reads != READS_JAVA && f->data_version == 11;
	/* beside this one; Java bears it where it may know another one */
	ready = count_agents(e->r, latest(e->r), e->agent->group, NULL, true) - e->ready;
	/* of one that may be kafkajs the membership may be another node's to see */
	return (is_member(e) || like_kafkajs) && ready < (like_kafkajs ? 3 : 2);
}
