/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topology: which agents there are, in which zone and group, which are ready, and what zones
 * are called. A value: made by a source (file.h), read by the policy, written to the maps by
 * user/kern/maps.c.
 */
#ifndef RZ_TOPO_TOPO_H
#define RZ_TOPO_TOPO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rezone/ipc.h>

#include "topo/zone.h"

struct rz_topo_agent {
	struct rz_endpoint at;	   /* the agent's own (local) address and port */
	char zone[RZ_ZONE_SIZE];   /* canonical */
	char group[RZ_GROUP_SIZE]; /* agents that stand in for one another; "default" if unnamed */
	bool ready;
	bool local;	   /* known to be on this node; sources that cannot know leave it false */
	uint8_t source;	   /* which source it is from: an index, for people */
	uint32_t pod;	   /* addresses with one number are one agent; 0: an agent by itself */
	enum rz_home home; /* sources set OTHER_NODE or leave it; rz_topo_place() the others */
	uint32_t netns;	   /* if it is HERE */
};

struct rz_topo_alias {
	char name[RZ_ZONE_SIZE];
	char zone[RZ_ZONE_SIZE]; /* canonical */
};

struct rz_topo {
	char own_zone[RZ_ZONE_SIZE];  /* this node's, canonical; "" if not known */
	struct rz_topo_agent *agents; /* sorted by `at`: rz_topo_sort() */
	size_t n_agents;
	struct rz_topo_alias *aliases;
	size_t n_aliases;
};

/* One group's agents of one zone, counted. */
struct rz_topo_zone {
	struct rz_zone_key key;
	uint32_t agents;
	uint32_t ready;
	uint64_t ready_since_ns; /* since when at least min_agents have been ready, 0 if they are
				    not */
	uint64_t left_ns;	 /* a name without agents, remembered: when it left the topology */
	bool seen_coming; /* ready_since_ns: it was not ready before. Else it may have been, for
			     it was so in the first topology */
};

struct rz_topo_zones {
	struct rz_topo_zone *rows; /* sorted by group, then zone; remembered names have group "" */
	size_t n;
};

void rz_topo_free(struct rz_topo *t); /* takes NULL */
void rz_topo_zones_free(struct rz_topo_zones *z);

/* Brings the agents into the order that rz_topo_agent_at() needs; each source ends with it. */
void rz_topo_sort(struct rz_topo *t);

/* The agent at this local address, or NULL. An agent listed with address :: or 0.0.0.0 is refused
 * by the sources, so the match is exact. */
const struct rz_topo_agent *rz_topo_agent_at(const struct rz_topo *t, const struct rz_endpoint *at);

/* Do bytes count under the same zones and groups by both? They may differ in readiness. */
bool rz_topo_same_zones(const struct rz_topo *a, const struct rz_topo *b);

/* "yes", "no", "ambiguous", "on another node"; "" if nobody has looked. */
const char *rz_home_name(enum rz_home h);

/*
 * The agent that has accepted a connection at this local address in this network namespace. NULL if
 * none has, or if nobody can tell: *ret_ambiguous. One of which nobody knows where it is
 * (RZ_HOME_UNCHECKED) is known by its address alone.
 */
const struct rz_topo_agent *rz_topo_agent_in(const struct rz_topo *t, const struct rz_endpoint *at,
					     uint32_t netns, bool *ret_ambiguous);

/* True if any agent, ready or not, or alias or the own zone names this canonical zone, or did
 * before (rz_topo_zones_remember). `zones` is the count of `t`. */
bool rz_topo_zone_known(const struct rz_topo *t, const struct rz_topo_zones *zones,
			const char *zone);

/*
 * The known canonical zone that `name` means, or NULL. Through the aliases; and, if that is none
 * and the name is the `last` of a client.id, without what a framework appended to the id
 * ("b-StreamThread-1"): cut at its last '-' again and again until a known zone is left, so the
 * longest one wins (as Inkless does). A name that is, or was, a zone's own is never cut into
 * another's. The result lives in `t` or `zones`.
 */
const char *rz_topo_resolve(const struct rz_topo *t, const struct rz_topo_zones *zones,
			    const char *name, bool last);
/* The same; `name` itself if nobody knows such a zone. */
const char *rz_topo_meant(const struct rz_topo *t, const struct rz_topo_zones *zones,
			  const char *name, bool last);

/*
 * Counts agents by group and zone; addresses of one pod are one agent, ready if all of them are.
 * Agents without a zone are counted under "". ready_since_ns is carried over from `old` (may be
 * NULL) for a zone that stays at or above `min_agents`, and is `now_ns` for one that just got
 * there; that was seen, if there is an `old`. 0 or -ENOMEM; *ret is written on success only.
 */
int rz_topo_zones_count(const struct rz_topo *t, const struct rz_topo_zones *old,
			uint32_t min_agents, uint64_t now_ns, struct rz_topo_zones **ret);

/* Do the maps have room for it? Else it would be applied in part. 0; -E2BIG with `why`; -ENOMEM. */
int rz_topo_fits(const struct rz_topo *t, char *why, size_t size);

/*
 * Adds the names that the topology before (`was`, `old`; either may be NULL) knew and `t` does not:
 * zones and aliases, as rows without agents. With them a zone that has just lost its last agent is
 * still told from another zone's name with something appended. At most RZ_ZONES_REMEMBERED, the
 * oldest are forgotten. 0 or -ENOMEM.
 */
#define RZ_ZONES_REMEMBERED 256
int rz_topo_zones_remember(struct rz_topo_zones *z, const struct rz_topo *t,
			   const struct rz_topo *was, const struct rz_topo_zones *old,
			   uint64_t now_ns);

/* Brings rows that were filled by hand into order. */
void rz_topo_zones_sort(struct rz_topo_zones *z);

/* Rows with agents. */
size_t rz_topo_zones_present(const struct rz_topo_zones *z);

/* All rows together. An agent with two addresses counts once; agents without a zone are in none. */
struct rz_topo_total {
	size_t agents, ready, zones;
};
struct rz_topo_total rz_topo_zones_total(const struct rz_topo_zones *z);

const struct rz_topo_zone *rz_topo_zone_find(const struct rz_topo_zones *z, const char *group,
					     const char *zone);

#endif
