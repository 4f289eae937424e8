// SPDX-License-Identifier: Apache-2.0
/*
 * Which network namespaces of this node the topology's agents are in (topo/place.h).
 *
 * Comes in: listening sockets (kern/listen.h) and the tracked connections. Goes out: d->places, and
 * by them `home` and `netns` of the agents in d->topo and map agents. Called by the tick before it
 * judges, and by daemon/topology.c for each new topology.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"
#include "kern/listen.h"

static struct rz_socket_place place_of(const struct rz_conn *c)
{
	struct rz_socket_place p = {.at.port = c->tuple.agent_port, .netns = c->netns};

	memcpy(p.at.addr, c->tuple.agent_addr, sizeof(p.at.addr));
	return p;
}

/* A connection to an agent's address in a network namespace that the latest look did not see. */
static bool is_news(const struct rz_daemon *d, const struct rz_snapshot *snap)
{
	size_t i;

	for (i = 0; i < snap->n_conns; i++) {
		struct rz_socket_place p = place_of(&snap->conns[i]);

		if (rz_topo_agent_at(d->topo, &p.at) && !rz_places_have(d->places, d->n_places, &p))
			return true;
	}
	return false;
}

/* An agent that no longer listens, but has connections still, is where they are. */
static int add_conns(const struct rz_snapshot *snap, struct rz_socket_place **places, size_t *n)
{
	struct rz_socket_place *all = realloc(*places, (*n + snap->n_conns + 1) * sizeof(*all));
	size_t i;

	if (!all)
		return -ENOMEM;
	*places = all;
	for (i = 0; i < snap->n_conns; i++)
		all[(*n)++] = place_of(&snap->conns[i]);
	return 0;
}

static int look(struct rz_daemon *d, const struct rz_snapshot *snap)
{
	_cleanup_free_ struct rz_socket_place *places = NULL;
	size_t n = 0;
	int err = rz_listen_read(d->conf.ports, d->conf.n_ports, rz_kern_cgroup(d->kern), &places,
				 &n);

	/* connections alone still tell most; a move into such a namespace could not be made anyway
	 */
	if (err && err != d->places_err)
		rz_warn("place: cannot see who listens in every network namespace: %s; an address "
			"that two of them have may go unnoticed (hostPID, CAP_SYS_ADMIN, "
			"rezone-enter)",
			strerror(-err));
	d->places_err = err;
	if (err == -ENOMEM || add_conns(snap, &places, &n))
		return -ENOMEM;
	free(d->places);
	d->n_places = rz_places_sort(places, n);
	d->places = RZ_TAKE_PTR(places);
	d->places_ns = rz_now_ns();
	return 0;
}

/* One line for each agent that has become ambiguous. */
static void tell(struct rz_daemon *d)
{
	char at[RZ_ENDPOINT_TEXT];
	size_t i, n = 0;

	for (i = 0; i < d->topo->n_agents; i++) {
		const struct rz_topo_agent *a = &d->topo->agents[i];

		if (a->home != RZ_HOME_AMBIGUOUS)
			continue;
		if (!n++)
			rz_endpoint_format(at, sizeof(at), a->at.addr, a->at.port);
	}
	if (n > d->n_ambiguous)
		rz_warn("place: %zu agents, %s among them, have an address that several network "
			"namespaces of this node have: clients of it are left alone",
			n, at);
	d->n_ambiguous = n;
}

void rz_daemon_place(struct rz_daemon *d, const struct rz_snapshot *snap)
{
	/* somebody else may begin to use an agent's address at any time */
	if (d->places && snap->now_ns < d->places_ns + rz_daemon_check_ns(d) && !is_news(d, snap))
		return;
	if (look(d, snap) || !rz_topo_place(d->topo, d->places, d->n_places))
		return;
	tell(d);
	rz_maps_write_topology(d->maps, d->topo, d->zones);
}
