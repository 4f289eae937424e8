/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is never moved, because the operator said so. Pure.
 *
 * Comes in: three texts, as the settings and map `settings` have them. Goes out: whether a
 * connection is excluded. Called by policy/classify.c; made by daemon/life.c and by the commands
 * that judge as the daemon does.
 */
#ifndef RZ_POLICY_EXCLUDE_H
#define RZ_POLICY_EXCLUDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rezone/types.h>

struct rz_exclude;

/*
 * clients: globs (fnmatch(3): * ? [...]) of client ids, separated by spaces; a space in an id is
 * matched by '?'. addresses: CIDR blocks of clients, separated by commas. zones: names of zones
 * nobody is moved into, separated by commas, such as those under a zonal shift. Any may be "". 0;
 * -EINVAL with `why`, what is wrong and how to mend it; -ENOMEM.
 */
int rz_exclude_new(const char *clients, const char *addresses, const char *zones,
		   struct rz_exclude **ret, char *why, size_t size);
void rz_exclude_free(struct rz_exclude *e); /* takes NULL */

/* `id` is fit to be printed, as map clients has it; NULL, or a NULL `e`, matches nothing. */
bool rz_exclude_client(const struct rz_exclude *e, const char *id);
bool rz_exclude_address(const struct rz_exclude *e, const uint8_t addr[16]);
/* `zone` is canonical; the names in the list go through the aliases of `topo`. */
struct rz_topo;
bool rz_exclude_zone(const struct rz_exclude *e, const struct rz_topo *topo, const char *zone);

#endif
