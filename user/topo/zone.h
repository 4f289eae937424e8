/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A zone's name: what it may look like, its canonical form, its order. Pure.
 *
 * Called by whoever takes a name from outside (the topology file, Kubernetes, the cloud, settings,
 * tags in a client.id), and by topo.c.
 */
#ifndef RZ_TOPO_ZONE_H
#define RZ_TOPO_ZONE_H

#include <stdbool.h>
#include <stddef.h>

#include <rezone/types.h>

#define RZ_ZONE_NAME_MAX 128
/* The same for people, in messages that refuse a name. */
#define RZ_ZONE_FORM	 "1 to 128 letters, digits, dots, dashes or underscores"

/* Are these `len` bytes a zone's name: 1 to RZ_ZONE_NAME_MAX of A-Z a-z 0-9 . _ - ? */
bool rz_zone_valid(const char *name, size_t len);

struct rz_topo;
struct rz_zone_key;

/* `name` through the aliases; the name itself if it is none. Zone names compare exactly. */
const char *rz_zone_canonical(const struct rz_topo *t, const char *name);

/* Replaces a name by its canonical one. */
void rz_zone_canonicalise(const struct rz_topo *t, char name[RZ_ZONE_SIZE]);

/* As strcmp(): by group, then by zone. */
int rz_zone_order(const struct rz_zone_key *a, const struct rz_zone_key *b);

#endif
