// SPDX-License-Identifier: Apache-2.0
/* Agents, connections and what is to happen when, see sim.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

struct event {
	uint32_t next, who;
	enum event_kind kind;
};

/* xorshift64* */
static uint64_t noise(struct sim *s)
{
	s->noise ^= s->noise >> 12;
	s->noise ^= s->noise << 25;
	s->noise ^= s->noise >> 27;
	return s->noise * 0x2545f4914f6cdd1dULL;
}

uint32_t below(struct sim *s, uint32_t n)
{
	return (uint32_t)((noise(s) >> 33) % n);
}

static void *get(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	if (!p)
		abort();
	return p;
}

/* Events. */

void at(struct sim *s, uint32_t step, enum event_kind kind, uint32_t who)
{
	uint32_t e = s->free_event;

	if (step <= s->step)
		step = s->step + 1;
	if (step >= STEPS(s->setup.seconds))
		return;
	if (e != NOBODY) {
		s->free_event = s->events[e].next;
	} else {
		if (s->n_events == s->events_room) {
			s->events_room = s->events_room * 2 + 1024;
			s->events = realloc(s->events, s->events_room * sizeof(*s->events));
			if (!s->events)
				abort();
		}
		e = s->n_events++;
	}
	s->events[e] = (struct event){s->wheel[step], who, kind};
	s->wheel[step] = e;
}

void happen(struct sim *s)
{
	uint32_t e = s->wheel[s->step], next;

	for (; e != NOBODY; e = next) {
		struct event now = s->events[e];

		next = now.next;
		s->events[e].next = s->free_event;
		s->free_event = e;
		if (now.kind == EVENT_TICK)
			node_tick(s, now.who);
		else if (now.kind == EVENT_REFRESH)
			client_refresh(s, now.who);
		else if (now.kind == EVENT_IDLE)
			client_idle(s, now.who);
		else
			client_open(s, now.who);
	}
}

/* Connections. */

static struct list *list_of(struct sim *s, const struct conn *c)
{
	struct agent *a = &s->agents[c->agent];

	return a->zone == s->clients[c->client].zone ? &a->home : &a->away;
}

void conn_close(struct sim *s, uint32_t conn)
{
	struct conn *c = &s->conns[conn];
	struct list *l;

	if (c->agent == NOBODY)
		return;
	l = list_of(s, c);
	l->conns[c->place] = l->conns[--l->n];
	s->conns[l->conns[c->place]].place = c->place;
	c->last_agent = c->agent;
	c->agent = NOBODY;
}

void conn_open(struct sim *s, uint32_t conn, uint32_t agent)
{
	struct conn *c = &s->conns[conn];
	struct list *l;

	conn_close(s, conn);
	c->agent = agent;
	c->opened_ns = s->now_ns;
	c->cookie = ++s->last_cookie << 24 | conn;
	l = list_of(s, c);
	if (l->n == l->room) {
		l->room = l->room * 2 + 64;
		l->conns = realloc(l->conns, l->room * sizeof(*l->conns));
		if (!l->conns)
			abort();
	}
	c->place = (uint32_t)l->n;
	l->conns[l->n++] = conn;
	if (l == &s->agents[agent].home && c->counts && !c->home_step)
		c->home_step = s->step;
	if (c->moved && l == &s->agents[agent].away)
		s->landed_away++;
	c->moved = false;
	if (agent == s->newest && s->asked_step)
		s->arrivals[s->step / 10]++;
}

void ask(struct sim *s, uint8_t zone)
{
	size_t i;

	s->asked_step = s->step;
	for (i = 0; i < s->n_conns; i++) {
		struct conn *c = &s->conns[i];

		c->counts = s->clients[c->client].zone == zone &&
			    (c->agent == NOBODY || s->agents[c->agent].zone != zone);
		c->home_step = 0;
	}
}

/* Agents. */

static void count_up(struct sim *s)
{
	size_t i;

	memset(s->n_up, 0, sizeof(s->n_up));
	for (i = 0; i < s->n_agents; i++)
		if (s->agents[i].up)
			s->up[s->agents[i].zone][s->n_up[s->agents[i].zone]++] = (uint32_t)i;
}

void agent_up(struct sim *s, uint32_t agent, bool listed)
{
	struct agent *a = &s->agents[agent];

	a->up = true;
	a->ready = listed;
	count_up(s);
	node_start(s, agent);
}

void agent_down(struct sim *s, uint32_t agent, bool listed)
{
	struct agent *a = &s->agents[agent];

	a->up = false;
	a->ready = listed;
	count_up(s);
	while (a->home.n)
		client_lost(s, a->home.conns[a->home.n - 1], false);
	while (a->away.n)
		client_lost(s, a->away.conns[a->away.n - 1], false);
}

/* Making one. */

static void make_agents(struct sim *s)
{
	static const char *const zones[N_ZONES] = {"a", "b", "c"};
	size_t z, i, n = 0;

	for (z = 0; z < N_ZONES; z++)
		s->n_agents += s->setup.agents[z];
	s->agents = get(s->n_agents, sizeof(*s->agents));
	s->topo.agents = get(s->n_agents, sizeof(*s->topo.agents));
	s->topo.n_agents = s->n_agents;
	for (z = 0; z < N_ZONES; z++) {
		s->up[z] = get(s->n_agents, sizeof(uint32_t));
		s->target_second[z] = get(s->setup.seconds, sizeof(uint32_t));
		for (i = 0; i < s->setup.agents[z]; i++, n++) {
			struct rz_topo_agent *t = &s->topo.agents[n];

			s->agents[n].zone = (uint8_t)z;
			s->agents[n].up = s->agents[n].ready = true;
			memset(&t->at.addr[10], 0xff, 2);
			t->at.addr[12] = 10;
			t->at.addr[13] = 200;
			t->at.addr[14] = (uint8_t)(n >> 8);
			t->at.addr[15] = (uint8_t)n;
			t->at.port = 9092;
			strcpy(t->zone, zones[z]);
			strcpy(t->group, "default");
		}
	}
	s->newest = (uint32_t)s->n_agents - 1;
	count_up(s);
}

static uint8_t library_of(struct sim *s)
{
	uint32_t roll = below(s, 1000);
	uint8_t i = 0;

	if (s->setup.library >= 0)
		return (uint8_t)s->setup.library;
	while (roll >= libraries[i].share)
		roll -= libraries[i++].share;
	return i;
}

/* Clients of one zone, until it has its share of the connections; ten have one client.id, those of
 * a herd one each unless it is said otherwise. */
static void make_clients(struct sim *s, uint8_t zone, size_t conns)
{
	size_t i, n, made = 0, a_name = s->setup.herd && zone == 2 ? s->setup.a_name : 10;
	uint8_t library = 0;

	for (i = 0; made < conns; i++) {
		struct client *c = &s->clients[s->n_clients];

		if (i % a_name == 0) {
			struct rz_client_row *app = &s->apps[s->n_apps++];

			app->hash = s->n_apps;
			app->client.opt_in = 1;
			app->client.zone[0] = (char)('a' + zone);
			snprintf(app->client.id, sizeof(app->client.id), "app-%zu", s->n_apps);
			library = library_of(s);
		}
		*c = (struct client){.app = (uint32_t)s->n_apps - 1,
				     .first = (uint32_t)s->n_conns,
				     .n = libraries[library].conns,
				     .library = library,
				     .zone = zone};
		for (n = 0; n < c->n; n++)
			s->conns[s->n_conns++] = (struct conn){
				.client = (uint32_t)s->n_clients,
				.agent = NOBODY,
				.last_agent = NOBODY,
				.loops = false,
			};
		made += c->n;
		s->n_clients++;
		if (libraries[library].refresh_s)
			at(s, below(s, STEPS(libraries[library].refresh_s)), EVENT_REFRESH,
			   (uint32_t)s->n_clients - 1);
		/* not from the noise: the other scenes are the same without it */
		c->idle = i % 1000 < s->setup.idle;
		if (c->idle)
			at(s, (uint32_t)(i % STEPS(40)), EVENT_IDLE, (uint32_t)s->n_clients - 1);
	}
}

static void place_all(struct sim *s)
{
	size_t i, k, herd = s->setup.herd;

	for (i = 0; i < s->n_clients; i++) {
		struct client *c = &s->clients[i];
		uint32_t agent = pick_agent(s, c);
		bool loops = below(s, 1000) < s->setup.one_of;

		if (herd && c->zone == N_ZONES - 1)
			agent = 0;
		for (k = 0; k < c->n; k++) {
			s->conns[c->first + k].loops = loops;
			conn_open(s, c->first + (uint32_t)k,
				  libraries[c->library].whole || (herd && c->zone == 2)
					  ? agent
					  : pick_agent(s, c));
			/* a herd has been there since before its zone was ready */
			s->conns[c->first + k].opened_ns -= (herd ? 7200 : 600) * SECOND_NS;
		}
	}
}

void sim_make(struct sim *s, const struct setup *setup)
{
	size_t i, steps = STEPS(setup->seconds);

	memset(s, 0, sizeof(*s));
	s->setup = *setup;
	s->noise = setup->seed * 0x9e3779b97f4a7c15ULL + 1;
	s->now_ns = START_NS;
	s->free_event = NOBODY;
	s->wheel = get(steps, sizeof(*s->wheel));
	memset(s->wheel, 0xff, steps * sizeof(*s->wheel));
	s->samples = get(setup->seconds / SAMPLE_EVERY + 1, sizeof(*s->samples));
	s->arrivals = get(setup->seconds, sizeof(uint32_t));
	s->herd_left = get(setup->seconds, sizeof(*s->herd_left));
	make_agents(s);
	s->clients = get(setup->conns + 30, sizeof(*s->clients));
	s->conns = get(setup->conns + 30, sizeof(*s->conns));
	s->apps = get(setup->conns / 10 + setup->herd + 3 * N_ZONES, sizeof(*s->apps));
	for (i = 0; i < N_ZONES; i++)
		make_clients(s, (uint8_t)i, setup->conns * setup->clients[i] / 1000);
	place_all(s);
}

void sim_free(struct sim *s)
{
	size_t i;

	for (i = 0; i < s->n_agents; i++) {
		free(s->agents[i].away.conns);
		free(s->agents[i].home.conns);
		forget_here(&s->agents[i]);
		rz_select_free(s->agents[i].select);
	}
	for (i = 0; i < N_ZONES; i++) {
		free(s->up[i]);
		free(s->target_second[i]);
	}
	rz_topo_zones_free(s->zones);
	free(s->topo.agents);
	free(s->agents);
	free(s->clients);
	free(s->conns);
	free(s->apps);
	free(s->rows);
	free(s->named);
	free(s->wheel);
	free(s->events);
	free(s->samples);
	free(s->arrivals);
	free(s->herd_left);
}
