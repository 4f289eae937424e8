// SPDX-License-Identifier: Apache-2.0
/*
 * How much room the maps have, and what of it one client may take (bpf/room.bpf.h).
 *
 * Comes in: the opened object, and the daemon's settings. Goes out: sizes of maps, and the
 * programs' read-only data. Called by load.c, before the load.
 */
#include <string.h>
#include <bpf/libbpf.h>

#include "kern/load_inside.h"
#include "rezone/config.h"

/* What one client may take of the maps that all share. */
static int32_t share(uint32_t room, uint32_t part)
{
	return (int32_t)((room / part) ?: 1);
}

/* How many entries a map has room for that some connections only have one in at a time. */
static uint32_t some(const struct rz_load_opts *o, uint32_t part)
{
	uint32_t n = o->max_connections / part;

	n = n > RZ_SOME_LEAST ? n : RZ_SOME_LEAST;
	return n < o->max_connections ? n : o->max_connections;
}

/* From how many on it is kept for the few; 0: there is room for all. */
static int32_t half(const struct rz_load_opts *o, uint32_t part)
{
	uint32_t n = some(o, part);

	return n < o->max_connections ? (int32_t)(n / 2) : 0;
}

static uint32_t prints_share(const struct rz_load_opts *o)
{
	return o->parks ? RZ_PRINTS_SHARE : 1;
}

void rz_load_fill_rodata(struct rz_kern *k, const struct rz_load_opts *o, bool claims)
{
	/* const volatile for BPF; before the load it is ours to write */
	struct rz_config *c = (struct rz_config *)&k->skel->rodata->rz_config;

	c->n_ports = o->n_ports;
	memcpy(c->ports, o->ports, o->n_ports * sizeof(c->ports[0]));
	c->hash_seed = k->seed;
	c->peer_conns = share(o->max_connections, RZ_PEER_SHARE);
	c->peer_client_ids = share(o->max_clients, RZ_PEER_SHARE);
	c->peer_softwares = share(RZ_SOFTWARES_MAX, RZ_PEER_SHARE);
	c->strangers = share(o->max_connections, RZ_STRANGER_SHARE);
	c->prints_half = half(o, prints_share(o));
	c->partial_half = half(o, RZ_PARTIAL_SHARE);
	c->few = share(some(o, RZ_PARTIAL_SHARE), RZ_FEW_PART);
	c->claims = claims;
}

void rz_load_size_maps(struct rz_kern *k, const struct rz_load_opts *o)
{
	bpf_map__set_max_entries(k->skel->maps.conns, o->max_connections);
	bpf_map__set_max_entries(k->skel->maps.moves, some(o, RZ_MOVES_SHARE));
	bpf_map__set_max_entries(k->skel->maps.partial, some(o, RZ_PARTIAL_SHARE));
	bpf_map__set_max_entries(k->skel->maps.proxied, some(o, RZ_PROXIED_SHARE));
	bpf_map__set_max_entries(k->skel->maps.prints, some(o, prints_share(o)));
	bpf_map__set_max_entries(k->skel->maps.told, some(o, prints_share(o)));
	bpf_map__set_max_entries(k->skel->maps.clients, o->max_clients);
	bpf_map__set_max_entries(k->skel->maps.client_ids, o->max_clients);
	bpf_map__set_max_entries(k->skel->maps.client_traffic, o->max_clients);
}
