/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which network namespace of this node an agent is in. Pure.
 *
 * An address says little by itself: two networks of one node may use the same ones (two kind
 * clusters, tenants of a CNI), and an endpoint of another node may have an address that somebody
 * here has too. So a topology's agent is believed to be here only if sockets of exactly one network
 * namespace are at its address and port.
 *
 * Comes in: the places where sockets are (kern/listen.h, and the tracked connections). Goes out:
 * `home` and `netns` of each agent. Called by daemon/place.c.
 */
#ifndef RZ_TOPO_PLACE_H
#define RZ_TOPO_PLACE_H

#include "topo/topo.h"

/* Sockets of this network namespace listen, or are connected, at this local address. */
struct rz_socket_place {
	struct rz_endpoint at;
	uint32_t netns;
};

/* Sorts places and removes those that stand there twice; returns how many are left. */
size_t rz_places_sort(struct rz_socket_place *places, size_t n);
bool rz_places_have(const struct rz_socket_place *places, size_t n,
		    const struct rz_socket_place *p);

/*
 * Sets home and netns of every agent by the sorted places. An agent of which its source says that
 * it is on another node stays there, whoever has its address here. Returns whether anything
 * changed.
 */
bool rz_topo_place(struct rz_topo *t, const struct rz_socket_place *places, size_t n);

#endif
