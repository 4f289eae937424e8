/* SPDX-License-Identifier: Apache-2.0 */
/* One connection as the rules of the naive statement look at it, see model.h: rules.c and
 * libraries.c. */
#ifndef TESTS_MODEL_EYE_H
#define TESTS_MODEL_EYE_H

#include "where.h"

struct eye {
	const struct run *r;
	const struct rz_conn *conn;
	const struct rz_client *client; /* NULL: not read */
	const struct rz_topo_agent *agent;
	uint8_t addr[16];
	char client_zone[RZ_ZONE_SIZE], agent_zone[RZ_ZONE_SIZE];
	bool by_address, ambiguous;
	size_t there, ready; /* agents of the client's zone that serve it */
	uint64_t ready_since_ns;
};

/* libraries.c: what its library bears. The library as it says itself: NULL, or "". */
const struct rz_software *says_of_itself(const struct eye *e);
const char *software_of(const struct eye *e);
/* Its library is to be found out by a hold. */
bool is_to_be_probed(const struct eye *e);
/* No way to end it is known to be borne well: of a producer, and of a reader. */
bool may_write_twice(const struct eye *e);
bool bears_nothing(const struct eye *e);

#endif
