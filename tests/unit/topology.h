/* SPDX-License-Identifier: Apache-2.0 */
/* A topology read from a text, and its agents, for the tests of topo/. */
#ifndef TESTS_UNIT_TOPOLOGY_H
#define TESTS_UNIT_TOPOLOGY_H

#include "unit.h"

#include "base/str.h"
#include "topo/file.h"

static inline struct rz_topo *parsed(const char *text)
{
	struct rz_topo *t = NULL;
	char why[512];
	int err = rz_topo_parse(text, strlen(text), "t.yaml", &t, why, sizeof(why));

	if (err)
		print_error("%s\n", why);
	assert_int_equal(err, 0);
	return t;
}

static inline const struct rz_topo_agent *at(const struct rz_topo *t, const char *addr,
					     uint16_t port)
{
	struct rz_endpoint e = {.port = port};

	assert_int_equal(rz_addr_parse(addr, e.addr), 0);
	return rz_topo_agent_at(t, &e);
}

#endif
