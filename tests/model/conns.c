// SPDX-License-Identifier: Apache-2.0
/* Random connections, see model.h: what they have sent, how their requests look, who opened them.
 */
#include <stdio.h>

#include "model.h"

void ip4(uint8_t addr[16], unsigned a, unsigned b, unsigned c, unsigned d)
{
	memset(addr, 0, 16);
	addr[10] = addr[11] = 0xff;
	addr[12] = a;
	addr[13] = b;
	addr[14] = c;
	addr[15] = d;
}

/* Mostly data; now and then one thing is not as it should be. */
static void make_frame(struct run *r, struct rz_frame *f)
{
	f->client = r->clients[below(r, MAX_CLIENTS)].hash;
	f->state = RZ_STATE_DATA;
	f->fetch = chance(r, 50);
	f->produce = !f->fetch;
	f->metadata = chance(r, 50);
	switch (below(r, 40)) {
	case 0:
		f->client = 0;
		f->state = chance(r, 50) ? RZ_STATE_NEW : RZ_STATE_TLS;
		break;
	case 1:
		f->tentative = 1;
		break;
	case 2:
		f->state = below(r, RZ_STATE_COUNT);
		break;
	case 3:
		f->coordinator = 1;
		break;
	case 4:
		f->coordinator = chance(r, 50);
		f->produce = f->fetch = 0;
		break;
	case 5:
		f->acks0 = f->produce = 1;
		break;
	case 6:
		f->transaction = 1;
		f->acks0 = f->produce = chance(r, 20);
		break;
	case 7:
		f->state = RZ_STATE_MPTCP;
		break;
	}
	f->via = chance(r, 5) ? RZ_VIA_PROXY : chance(r, 5) ? RZ_VIA_LOCAL : RZ_VIA_NETWORK;
	f->several = chance(r, 3);
	f->data_version = f->produce || f->fetch ? 6 + below(r, chance(r, 50) ? 3 : 10) : 0;
	f->adopted = chance(r, 30);
	f->software = below(r, 2 * N_SOFTWARES); /* half say nothing */
	if (f->software > N_SOFTWARES)
		f->software = 0;
	if (chance(r, 3)) /* a name that is not kept, or not any more */
		f->software = chance(r, 50) ? RZ_SOFTWARE_UNKEPT : N_SOFTWARES + 1;
}

/* One that sends Fetch v10 is none of print_reader's. */
static void print_fits(struct run *r, const struct rz_conn *c)
{
	struct rz_print *p = &r->prints[c - r->conns].print;

	if (c->frame.data_version == 10 && p->fetches)
		memset(p, 0, sizeof(*p));
}

/* It fetches for a group, by a library that minds, and its group connection is there too. */
static void make_member(struct run *r, struct rz_conn *c)
{
	struct rz_conn *group;

	c->frame.software = below(r, 2); /* the first, or none */
	c->frame.data_version = 10 + below(r, 4);
	print_fits(r, c);
	c->frame.produce = c->frame.acks0 = c->frame.coordinator = 0;
	c->frame.fetch = 1;
	group = open_conn(r, c, false);
	if (!group)
		return;
	group->frame.fetch = 0;
	group->frame.coordinator = 1;
}

/* A reader with a connection for each partition, of a library that bears to lose several: not one
 * of print_reader's, which have a newer Fetch. */
static void make_reader(struct run *r, struct rz_conn *c)
{
	uint32_t i;

	c->frame.software = c->frame.produce = c->frame.acks0 = c->frame.coordinator = 0;
	c->frame.fetch = 1;
	c->frame.data_version = 10;
	print_fits(r, c);
	for (i = 1 + below(r, 9); i; i--)
		open_conn(r, c, false);
}

/* Like Java, but for one thing now and then. */
static void print_writer(struct run *r, struct rz_print *p)
{
	*p = (struct rz_print){.produces = 1 + below(r, 9),
			       .produce_timeout_ms = chance(r, 90) ? 30000 : 20000,
			       .leader_epoch = chance(r, 60)   ? -1
					       : chance(r, 80) ? 0
							       : 1,
			       .several = chance(r, 20),
			       .idempotent = chance(r, 50),
			       .timeouts_differ = chance(r, 5),
			       .batches_differ = chance(r, 5),
			       .versions = {[RZ_PRINT_OF_PRODUCE] = 9 + below(r, 2)}};
	if (!p->idempotent)
		p->producer_epoch = p->base_sequence = chance(r, 90) ? -1 : 1;
}

static struct rz_told tell_writer(struct run *r)
{
	return (struct rz_told){.unanswered = chance(r, 60) ? 0 : (__u8)(1 + below(r, 9)),
				.probed = chance(r, 40),
				.agent_has = chance(r, 40)   ? 0
					     : chance(r, 30) ? RZ_TOLD_NO_ANSWER
							     : 9 + below(r, 4)};
}

/* Like kafkajs, librdkafka up to 2.3, or Java at an agent with Fetch up to v11, likewise. */
static void print_reader(struct run *r, struct rz_print *p)
{
	static const struct rz_print like[] = {
		{.fetch_max_wait_ms = 5000, .fetch_max_bytes = 10485760, .isolation = 1},
		{.fetch_max_wait_ms = 500, .fetch_max_bytes = 52428800, .isolation = 1},
		{.fetch_max_wait_ms = 500, .fetch_max_bytes = 52428800, .session = 1},
	};

	*p = like[below(r, COUNT(like))];
	p->fetches = 1 + below(r, 9);
	p->fetch_min_bytes = 1;
	p->fetch_max_bytes += chance(r, 10);
	p->waits_differ = chance(r, 5);
	p->versions[RZ_PRINT_OF_FETCH] = 12;
}

/* Of a third of them nothing is known. */
static void make_print(struct run *r, struct rz_print_row *row)
{
	memset(row, 0, sizeof(*row));
	if (chance(r, 33))
		return;
	if (chance(r, 50)) {
		print_writer(r, &row->print);
		row->told = tell_writer(r);
	} else if (chance(r, 80)) {
		print_reader(r, &row->print);
	} else { /* kafkajs's group */
		row->print.versions[RZ_PRINT_OF_OFFSET_COMMIT] = 6;
	}
}

/* A writer that is older than rezone, and may be librdkafka or kafka-python. */
static void make_older_writer(struct run *r, struct rz_conn *c)
{
	struct rz_print_row *row = &r->prints[c - r->conns];
	struct rz_frame *f = &c->frame;

	*f = (struct rz_frame){.client = f->client,
			       .state = RZ_STATE_DATA,
			       .produce = 1,
			       .adopted = 1,
			       .acks0 = chance(r, 5),
			       .data_version = 8 + below(r, 2)};
	row->print = (struct rz_print){.produces = 2,
				       .produce_timeout_ms = 30000,
				       .producer_epoch = -1,
				       .base_sequence = -1,
				       .several = chance(r, 10),
				       .versions = {[RZ_PRINT_OF_PRODUCE] = 9}};
	row->told = (struct rz_told){.unanswered = chance(r, 10) ? 8 : 7, .probed = chance(r, 10)};
}

/* A reader of librdkafka, which says so. */
static void make_rdkafka_reader(struct run *r, struct rz_conn *c)
{
	c->frame = (struct rz_frame){.client = c->frame.client,
				     .state = RZ_STATE_DATA,
				     .fetch = 1,
				     .software = 5,
				     .data_version = 11};
	r->prints[c - r->conns].print = (struct rz_print){};
	r->prints[c - r->conns].told = (struct rz_told){};
}

/* A new connection; of this client to its own zone or away, if `like` is not NULL. */
struct rz_conn *open_conn(struct run *r, const struct rz_conn *like, bool home)
{
	size_t i, n = r->topo.n_agents < 4 ? r->topo.n_agents : 4;
	struct rz_proxied_row *p;
	struct rz_held_row *held;
	struct rz_conn *c;

	if (r->n_conns == MAX_CONNS)
		return NULL;
	c = &r->conns[r->n_conns];
	held = &r->held[r->n_conns];
	p = &r->proxied[r->n_conns++];
	memset(c, 0, sizeof(*c));
	memset(p, 0, sizeof(*p));
	make_print(r, &r->prints[r->n_conns - 1]);
	*held = (struct rz_held_row){
		.held = {.since_ns = 1, .left_ns = chance(r, 2), .followed = chance(r, 2)}};
	c->cookie = p->cookie = held->cookie = r->prints[r->n_conns - 1].cookie = r->last_cookie +=
		1 + below(r, 5);
	c->opened_ns = r->clock_ns + (like ? below(r, 3) * SECOND_NS / 2 : 0);
	/* the breaker wants ten addresses; few of them have several connections of a client each */
	ip4(c->tuple.client_addr, 10, 1 + below(r, 2), below(r, 4),
	    7 + (r->seed % 3 ? 0 : below(r, 4)));
	/* few agents are on one node */
	i = chance(r, 75) ? 0 : below(r, (uint32_t)n);
	memcpy(c->tuple.agent_addr, r->agents[i].at.addr, 16);
	c->tuple.agent_port = chance(r, 98) ? 9092 : 9093;
	make_frame(r, &c->frame);
	if (like) {
		memcpy(c->tuple.client_addr, like->tuple.client_addr, 16);
		memcpy(c->tuple.agent_addr, like->tuple.agent_addr, 16);
		c->tuple.agent_port = like->tuple.agent_port;
		c->frame = like->frame;
	}
	print_fits(r, c);
	for (i = 0; i < r->topo.n_agents && home; i++)
		if (!strcmp(r->agents[i].zone, "b"))
			memcpy(c->tuple.agent_addr, r->agents[i].at.addr, 16);
	snprintf((char *)p->proxied.raw, sizeof(p->proxied.raw),
		 "PROXY TCP4 10.%u.%u.9 10.0.0.1 7 8\r\n", 1 + below(r, 2), below(r, 4));
	p->proxied.len = (uint8_t)strlen((char *)p->proxied.raw);
	c->data_cs = c->frame.produce || c->frame.fetch;
	if (!like && chance(r, 20))
		make_member(r, c);
	else if (!like && chance(r, 8))
		make_reader(r, c);
	else if (!like && r->seed % 4 == 3 && chance(r, 20)) /* the other worlds are as without */
		make_older_writer(r, c);
	else if (!like && r->seed % 4 == 3 && chance(r, 30)) /* likewise */
		make_rdkafka_reader(r, c);
	return c;
}

void close_conn(struct run *r, size_t i)
{
	memmove(&r->conns[i], &r->conns[i + 1], (--r->n_conns - i) * sizeof(r->conns[0]));
	memmove(&r->held[i], &r->held[i + 1], (r->n_conns - i) * sizeof(r->held[0]));
	memmove(&r->prints[i], &r->prints[i + 1], (r->n_conns - i) * sizeof(r->prints[0]));
	memmove(&r->proxied[i], &r->proxied[i + 1], (r->n_conns - i) * sizeof(r->proxied[0]));
}
