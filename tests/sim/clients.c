// SPDX-License-Identifier: Apache-2.0
/* What clients do, see sim.h. What each library does is from docs/clients.md and its own defaults.
 */
#include "sim.h"

/* clang-format off */
const struct library libraries[] = {
	/* name, thousandths, connections, refresh, whole, returns */
	{"Java", 300, 2, 300, true, 0},
	{"kafka-go Reader", 200, 8, 0, false, 0},
	{"librdkafka", 150, 2, 300, true, 0},
	{"franz-go", 100, 2, 300, true, 0},
	{"sarama", 80, 2, 600, true, 0},
	{"kafka-go Writer", 50, 2, 10, true, 0},
	{"kafka-python", 50, 2, 300, true, 0},
	{"kafkajs", 70, 2, 300, true, 5},
	{"one connection, and it never asks", 0, 1, 0, false, 0}, /* for a herd */
};
/* clang-format on */
const size_t n_libraries = COUNT(libraries);

/* What discovery gives: an agent of the client's own zone if there is one, else any. */
uint32_t pick_agent(struct sim *s, const struct client *c)
{
	size_t i, all = 0;
	uint32_t roll;

	if (s->n_up[c->zone])
		return s->up[c->zone][below(s, (uint32_t)s->n_up[c->zone])];
	for (i = 0; i < N_ZONES; i++)
		all += s->n_up[i];
	if (!all)
		return NOBODY;
	roll = below(s, (uint32_t)all);
	for (i = 0; roll >= s->n_up[i]; i++)
		roll -= (uint32_t)s->n_up[i];
	return s->up[i][roll];
}

static bool at_home(const struct sim *s, const struct client *c, uint32_t agent)
{
	return agent != NOBODY && s->agents[agent].zone == c->zone && s->agents[agent].up;
}

/* New metadata: who is away and has an agent at home goes there with all connections. */
static void follow_metadata(struct sim *s, struct client *c)
{
	uint32_t agent = pick_agent(s, c), i;

	if (c->ended || !at_home(s, c, agent))
		return;
	for (i = c->first; i < c->first + c->n; i++)
		if (!at_home(s, c, s->conns[i].agent) && !s->conns[i].loops)
			conn_open(s, i, agent);
}

void client_refresh(struct sim *s, uint32_t client)
{
	struct client *c = &s->clients[client];

	if (c->ended)
		return;
	follow_metadata(s, c);
	at(s, s->step + STEPS(libraries[c->library].refresh_s), EVENT_REFRESH, client);
}

/* It has been told what the topology is by now, or goes back to where it was. */
void client_open(struct sim *s, uint32_t conn)
{
	struct conn *n = &s->conns[conn];
	struct client *c = &s->clients[n->client];
	const struct library *l = &libraries[c->library];
	uint32_t agent = pick_agent(s, c);
	bool back = n->loops || (c->resets && c->resets <= l->returns) ||
		    (s->setup.back_to_same && !at_home(s, c, agent));

	if (c->ended || n->agent != NOBODY)
		return;
	if (back && n->last_agent != NOBODY && s->agents[n->last_agent].up)
		agent = n->last_agent;
	if (agent == NOBODY) {
		at(s, s->step + STEPS(5), EVENT_OPEN, conn);
		return;
	}
	conn_open(s, conn, agent);
	if (l->whole && !back)
		follow_metadata(s, c);
}

/* Its next write: on a new connection to where its last one was. */
void client_idle(struct sim *s, uint32_t client)
{
	const struct client *c = &s->clients[client];
	uint32_t i;

	for (i = c->first; i < c->first + c->n && !c->ended; i++)
		if (s->conns[i].agent != NOBODY && !at_home(s, c, s->conns[i].agent))
			conn_open(s, i, s->conns[i].agent);
	at(s, s->step + STEPS(40), EVENT_IDLE, client);
}

/* A connection is lost, by a reset of ours or because its agent went away. */
void client_lost(struct sim *s, uint32_t conn, bool by_us)
{
	struct conn *n = &s->conns[conn];
	struct client *c = &s->clients[n->client];
	uint32_t i;

	conn_close(s, conn);
	if (!by_us)
		c->resets = 0;
	if (by_us && below(s, 1000) < s->setup.leave) {
		c->ended = true;
		for (i = c->first; i < c->first + c->n; i++)
			conn_close(s, i);
		return;
	}
	if (by_us) {
		c->resets++;
		n->moved = true;
	}
	at(s, s->step + 1 + below(s, by_us ? STEPS(1.5) : STEPS(3)), EVENT_OPEN, conn);
}
