/* SPDX-License-Identifier: Apache-2.0 */
/* Zones and agents of the naive statement, see model.h. */
#ifndef TESTS_MODEL_WHERE_H
#define TESTS_MODEL_WHERE_H

#include "model.h"

static inline const struct look *latest(const struct run *r)
{
	return &r->looks[r->n_looks - 1];
}

void through_aliases(const struct run *r, const char *name, char *zone);
/* An agent, an alias or the own zone has that name. */
bool is_known(const struct run *r, const char *zone);
/* What a tag means; `name` as it is, or through the aliases, if nobody knows it. */
void zone_by_name(const struct run *r, const char *name, bool last, char *zone);
/* Has this agent accepted this connection? */
enum standing { STANDING_NOT, STANDING_AGENT, STANDING_DOUBT };
enum standing who_is_at(const struct rz_topo_agent *a, const struct rz_conn *c);
bool zone_by_address(const struct run *r, const uint8_t *addr, char *name);
/* Since which look there have been enough ready agents, without a break; 0: there are not. */
bool was_seen_coming(const struct run *r, const char *group, const char *zone);
uint64_t enough_since(const struct run *r, const char *group, const char *zone);

#endif
