/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that are alike: of one client at one address, to one agent, in the same state. The
 * rules on which most connections fail look at nothing else (policy/rules.h), so a tick judges
 * alike ones once, and adds up what they have. Pure.
 *
 * Comes in: connections, one after the other. Goes out: a row for each kind, in the order in which
 * they first came. Called by kern/snapshot_read.c.
 */
#ifndef RZ_KERN_ALIKE_H
#define RZ_KERN_ALIKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rezone/conn.h>

/* No hidden padding: it is compared as bytes. */
struct rz_alike_key {
	uint64_t client; /* hash of the client.id */
	uint8_t client_addr[16], agent_addr[16];
	uint32_t netns, software;
	uint16_t agent_port;
	uint8_t state, tentative, several;
	uint8_t pad[3];
};
_Static_assert(sizeof(struct rz_alike_key) == 56, "rz_alike_key has no hidden padding");

struct rz_alike {
	struct rz_alike_key key;
	uint32_t conns;
	uint8_t members, writers,
		proxied; /* rows that they have in a snapshot's members, writers */
	/* Of those that a pass keeps (rz_named_note()); 0: of none. Only a client's latest and
	 * oldest say something (kern/named.h). */
	uint64_t asked_ns;  /* the latest time that one asked for metadata */
	uint64_t oldest_ns; /* when the oldest that has carried data was opened; 1: before rezone */
};

struct rz_alikes {
	struct rz_alike *rows;
	size_t n, room;
	uint32_t *index; /* a row's number + 1; 0: nobody's place */
	size_t n_index;
};

/* Counts this one; the number of its row. SIZE_MAX: no memory. */
size_t rz_alikes_see(struct rz_alikes *a, const struct rz_conn *c);
void rz_alikes_free(struct rz_alikes *a); /* its arrays */

/* A connection with what they have in common, and nothing else. */
struct rz_conn rz_alike_conn(const struct rz_alike *a);

#endif
