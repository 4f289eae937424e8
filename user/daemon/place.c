// SPDX-License-Identifier: Apache-2.0
/*
 * Which network namespaces of this node the topology's agents are in (topo/place.h).
 *
 * Comes in: listening sockets (kern/listen.h) and the tracked connections. Goes out: d->places, and
 * by them `home` and `netns` of the agents in d->topo and map agents. Called by the tick before it
 * reads the connections and by its pass (pass.c); daemon/topology.c uses d->places for each new
 * topology.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "kern/listen.h"

static struct rz_socket_place place_of(const struct rz_alike *a)
{
	struct rz_socket_place p = {.at.port = a->key.agent_port, .netns = a->key.netns};

	memcpy(p.at.addr, a->key.agent_addr, sizeof(p.at.addr));
	return p;
}

/* An agent that no longer listens, but has connections still, is where they are. */
static int add_conns(const struct rz_alikes *alike, struct rz_socket_place **places, size_t *n)
{
	struct rz_socket_place *all = realloc(*places, (*n + alike->n + 1) * sizeof(*all));
	size_t i;

	if (!all)
		return -ENOMEM;
	*places = all;
	for (i = 0; i < alike->n; i++)
		all[(*n)++] = place_of(&alike->rows[i]);
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
		rz_log_fields(RZ_LOG_WARN, json_pack("{s:o}", "error", rz_json_error(err)),
			      "place: cannot see who listens in every network namespace: %s; an "
			      "address that two of them have may go unnoticed (hostPID, "
			      "CAP_SYS_ADMIN, rezone-enter)",
			      strerror(-err));
	d->places_err = err;
	if (err == -ENOMEM || add_conns(&snap->alike, &places, &n))
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
		rz_log_fields(RZ_LOG_WARN,
			      json_pack("{s:I, s:s}", "agents", (json_int_t)n, "agent", at),
			      "place: %zu agents, %s among them, have an address that several "
			      "network namespaces of this node have: clients of it are left alone",
			      n, at);
	d->n_ambiguous = n;
}

/* By the places that are known now. */
static void publish(struct rz_daemon *d)
{
	if (!rz_topo_place(d->topo, d->places, d->n_places))
		return;
	tell(d);
	rz_maps_write_topology(d->maps, d->topo, d->zones);
}

void rz_daemon_place(struct rz_daemon *d, const struct rz_snapshot *snap)
{
	/* somebody else may begin to use an agent's address at any time */
	if (d->places && snap->now_ns < d->places_ns + rz_daemon_check_ns(d))
		return;
	if (!look(d, snap))
		publish(d);
}

/* One place more, which no look has seen. 0 or -ENOMEM. */
static int add_place(struct rz_daemon *d, const struct rz_socket_place *p)
{
	struct rz_socket_place *all = realloc(d->places, (d->n_places + 1) * sizeof(*all));

	if (!all)
		return -ENOMEM;
	all[d->n_places] = *p;
	d->places = all;
	d->n_places = rz_places_sort(all, d->n_places + 1);
	return 0;
}

bool rz_daemon_place_see(struct rz_daemon *d, const struct rz_snapshot *snap,
			 const struct rz_alike *a)
{
	bool looked = d->places_ns >= snap->now_ns; /* in this tick: it sees all up to this one */
	struct rz_socket_place p = place_of(a);

	if (!rz_topo_agent_at(d->topo, &p.at) || rz_places_have(d->places, d->n_places, &p))
		return false;
	if (looked ? add_place(d, &p) : look(d, snap))
		return false;
	publish(d);
	return true;
}
